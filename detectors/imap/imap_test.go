package imap_test

import (
	"testing"

	"cleartap/detectors/dialogtest"
	"cleartap/detectors/imap"
)

func TestDialogues(t *testing.T) { dialogtest.Run(t, &imap.Protocol) }

func FuzzIMAP(f *testing.F) { dialogtest.Fuzz(f, &imap.Protocol) }

const opening = `
S: * OK [CAPABILITY IMAP4rev1] ready
C: a NOOP
S: a OK done`

// A command costs no allocation, nor does what is skipped.
func TestCommandsAllocateNothing(t *testing.T) {
	if n := dialogtest.Allocations(t, &imap.Protocol, opening, `
C: b NOOP
S: b OK done
C: c SELECT INBOX
S: * FLAGS (x)
S: * 1 EXISTS
S: c NO no
C: d APPEND x {5+}
C: 12345
S: d NO no
C: e FETCH 1 BODY[]
S: * 1 FETCH (BODY[] {5}
S: 12345)
S: e OK
C: f IDLE
S: + idling
C: DONE
S: f OK`); n > 0 {
		t.Errorf("a round of commands allocates %v times", n)
	}
}

// A failed login costs its identity: the string, and what the report of it takes.
func TestLoginsAllocateNames(t *testing.T) {
	if n := dialogtest.Allocations(t, &imap.Protocol, opening, `
C: a LOGIN alice S3cr3t-Canary
S: a NO [AUTHENTICATIONFAILED] no`); n > 1 {
		t.Errorf("a login allocates %v times", n)
	}
}
