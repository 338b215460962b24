// Package detectors understands mail dialogues. It is the third stage of the
// line: ordered bytes in, observations out. The engine cuts the bytes of a flow
// into units (lines, literals), a Protocol follows the dialogue, and what it
// learns leaves as an Observation. Its invariant: no observation has a field
// that can hold a secret, an encoding of one, or a raw line.
package detectors

import (
	"net/netip"

	"cleartap/capture"
	"cleartap/detectors/secret"
	"cleartap/reassembly"
)

// Protocol describes one mail protocol to the engine. It is data: the list of
// all of them is in detectors/all.
type Protocol struct {
	Name  string   // as in network.protocol: "smtp", "pop3", "imap", ...
	Ports []uint16 // where it is at home: a hint when bytes do not decide
	// Claim says whether a flow that began with these bytes speaks the protocol.
	// Either side may be empty: not seen yet, or a capture of one direction.
	Claim func(client, server []byte) Claim
	// New makes a session. Sessions are used again: the engine calls Start for
	// each conversation.
	New func() Session
	// Layer says that the protocol is no dialogue but TLS: it is asked no Claim, and
	// its sessions, which are Readers, take over where TLS begins. Without one in the list
	// a flow is left there.
	Layer bool
}

func (p *Protocol) String() string { return p.Name }

// Claim is a protocol's answer to a flow's first bytes.
type Claim uint8

// The answers of Protocol.Claim.
const (
	NotYet Claim = iota // could be, more bytes will tell
	No                  // not this protocol
	AtHome              // possible; believed only on one of the protocol's ports
	Weak                // looks like it; believed on one of the protocol's ports, or when nobody else claims it
	Yes                 // this protocol
)

// Session follows one dialogue. The engine calls it with one unit after the
// other: a line without its line end, a literal, or what the session asked
// for. A unit is valid during the call; a session keeps no slice of it.
type Session interface {
	// Start begins a new dialogue. It must leave nothing of the one before.
	Start(c *Conversation)
	// Unit is the next unit of direction d. See Conversation.Truncated.
	Unit(d reassembly.Dir, unit []byte)
	// Gap says that bytes of direction d are missing: the next unit begins
	// after the next line end.
	Gap(d reassembly.Dir)
	// Close says that the dialogue is over. Attempts without an outcome are
	// settled by the engine.
	Close()
}

// Reader is a Session that takes bytes as they come, in place of units.
type Reader interface {
	Session
	// Read takes the next bytes of direction d. m is the place of p's first byte; p
	// is valid during the call.
	Read(d reassembly.Dir, m capture.Mark, p []byte)
}

// Attempt is one login attempt as a session reports it: identity, mechanism and
// place, never the secret.
type Attempt struct {
	Command   Command
	Mechanism Mechanism
	Class     Class
	Identity  string        // authentication identity as sent (authcid); empty if it could not be read
	Authzid   string        // authorization identity, if one was sent
	Realm     string        // realm or domain, if one was sent
	Secret    secret.Secret // that a secret was sent; holds nothing of it
	Weak      bool          // the exchange is weaker than its mechanism promises (SCRAM iterations, NTLMv1, ...)
	Sealed    bool          // after COMPRESS or UNAUTHENTICATE, where other tools do not look (CT-CRED-011)
}

// Observation is one thing learnt from a flow. What only some kinds have is behind
// a pointer: nobody changes it once it was reported, so that a copy of the
// observation may keep it.
type Observation struct {
	Kind      Kind
	Flow      reassembly.Flow
	Protocol  string
	Mark      capture.Mark   // place of the last byte of what was observed: for a login, of the secret
	Decided   capture.Mark   // place that decided it: for a login, of the reply
	Sides     int            // 1 when only one direction was seen
	Gap       bool           // bytes were missing before it
	Attempt   Attempt        // Kind Login
	Number    int            // Kind Login: which attempt of the flow, from 1
	Result    Result         // Kind Login
	Reply     Reply          // Kind Login: the server's status, from a closed list
	Ambiguous bool           // segments disagreed about bytes of the client's commands
	Proxy     netip.AddrPort // client that a PROXY preface or XCLIENT announced; zero if none

	Server  *Server  // Kind Greeting; Kind Offered: what the greeting said, nil if it was not seen
	Offer   *Offer   // Kind Offered
	Upgrade *Upgrade // Kind Upgraded
	TLS     *TLS     // Kind Handshake
	Oddity  *Oddity  // Kinds Injection, Referral, ServerAlert
	Summary *Summary // Kind Ended
}

// Kind tells what was observed.
type Kind uint8

// The kinds of observation. All but Login and Conflict are about the server, the way
// to TLS and TLS itself; they are reported as soon as they are known, in the order
// in which they became known, and Ended is the last of a flow.
const (
	Login       Kind = iota + 1 // a login attempt
	Conflict                    // TCP segments with different bytes for the same place, in a line of the client or what the server says to a login
	Greeting                    // what a server says of itself: in its greeting, later in CAPA IMPLEMENTATION or ID
	Offered                     // a list of what a server offers before TLS, or the refusal to give one
	Upgraded                    // how a wish for TLS ended: STARTTLS refused, taken up, not followed, aborted; or TLS from the first byte
	Handshake                   // a TLS handshake, as far as it can be read: once a flow, when no more of it will be read
	Injection                   // text where only TLS may be: behind STARTTLS, or behind the server's go-ahead
	Preauth                     // an IMAP server that greets with PREAUTH before TLS
	Referral                    // a server that sends the client elsewhere before TLS
	ServerAlert                 // an IMAP server that has the client show a text to the user before TLS
	PlainPort                   // a server that greets in clear on a port of implicit TLS
	Ended                       // the flow is over, or nothing more is to be learnt from it: a summary
	Guessing                    // what detectors/signals tells of many logins together, see Attack
	Exposed                     // what the inventory tells of a server, see Exposure
	Regression                  // a server stopped offering TLS, see Downgrade
	Fallback                    // a login in clear after a failed try at TLS, see Downgrade
)

var kindNames = []string{
	Login: "login", Conflict: "conflict", Greeting: "greeting", Offered: "offered", Upgraded: "upgraded", Handshake: "handshake",
	Injection: "injection", Preauth: "preauth", Referral: "referral", ServerAlert: "server alert", PlainPort: "plain port", Ended: "ended",
	Guessing: "guessing", Exposed: "exposed", Regression: "regression", Fallback: "fallback",
}

func (k Kind) String() string { return nameOf(kindNames, int(k)) }
