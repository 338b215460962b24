package smtp_test

import (
	"testing"

	"cleartap/detectors/dialogtest"
	"cleartap/detectors/smtp"
)

func TestDialogues(t *testing.T) { dialogtest.Run(t, &smtp.Protocol) }

func FuzzSMTP(f *testing.F) { dialogtest.Fuzz(f, &smtp.Protocol) }

const opening = `
S: 220 mx ESMTP
C: EHLO x
S: 250-mx
S: 250 AUTH PLAIN`

// A command costs no allocation, nor does what is skipped.
func TestCommandsAllocateNothing(t *testing.T) {
	if n := dialogtest.Allocations(t, &smtp.Protocol, opening, `
C: NOOP
S: 250 ok
C: MAIL FROM:<a@example.org>
C: RCPT TO:<b@example.org>
C: RCPT TO:<c@example.org>
C: DATA
S: 250 ok
S: 250 ok
S: 550 no
S: 354 go
C: AUTH PLAIN AGFsaWNlAFMzY3IzdC1DYW5hcnk=
C: .
S: 250 ok
C: BDAT 5 LAST
C:= 12345
S: 250 ok
C: EHLO x
S: 250-mx
S: 250-STARTTLS
S: 250 AUTH PLAIN`); n > 0 {
		t.Errorf("a round of commands allocates %v times", n)
	}
}

// A failed login costs its identity: the string, and what the report of it takes.
func TestLoginsAllocateNames(t *testing.T) {
	if n := dialogtest.Allocations(t, &smtp.Protocol, opening, `
C: AUTH PLAIN AGFsaWNlAFMzY3IzdC1DYW5hcnk=
S: 535 5.7.8 no`); n > 1 {
		t.Errorf("a login allocates %v times", n)
	}
}
