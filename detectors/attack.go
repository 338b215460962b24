package detectors

import (
	"net/netip"

	"cleartap/capture"
)

// Attack is what many logins have in common. It goes with a Finding of kind Guessing,
// which is about no single login: Flow names the client where there is one, with port
// 0, and the server where there is one; Attempt.Identity is the account where there is
// one, or the one that was broken into; Mark is the place of the last login.
type Attack struct {
	State    AttackState
	Start    capture.Nanos // of its first login, rounded down to seconds
	Origin   capture.Mark  // of the login that made it an attack: its reports have it in common
	Window   capture.Nanos // in which so many logins are one; what event.start and event.end tell is how long it went on
	Sources  int           // addresses that logins came from
	Accounts int           // names that were tried
	Attempts int           // logins that were refused or accepted
	Failures int           // of these, how many were refused
	Network  netip.Prefix  // where all sources are, if the attack is a network's; else not valid
	Shown    bool          // the account failed at least five times: its name is no password in the wrong box
}

// AttackState tells where an attack stands.
type AttackState uint8

// The states of an attack.
const (
	AttackStart     AttackState = iota + 1 // it became one
	AttackGrowing                          // it grew to twice what was told last
	AttackSucceeded                        // a login was accepted
	AttackEnded                            // nothing more came, or the capture is over
)

func (s AttackState) String() string {
	return nameOf([]string{AttackStart: "start", AttackGrowing: "growing", AttackSucceeded: "succeeded", AttackEnded: "ended"}, int(s))
}

// ShownFailures is how often an account must have failed for its name to be shown: by
// then it is no password that somebody typed into the wrong box.
const ShownFailures = 5
