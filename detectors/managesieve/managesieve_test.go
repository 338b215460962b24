package managesieve_test

import (
	"testing"

	"cleartap/detectors/dialogtest"
	"cleartap/detectors/managesieve"
)

func TestDialogues(t *testing.T) { dialogtest.Run(t, &managesieve.Protocol) }

func FuzzManageSieve(f *testing.F) { dialogtest.Fuzz(f, &managesieve.Protocol) }

const opening = `
S: "IMPLEMENTATION" "x"
S: OK
C: NOOP
S: OK`

// A command costs no allocation, nor does what is skipped.
func TestCommandsAllocateNothing(t *testing.T) {
	if n := dialogtest.Allocations(t, &managesieve.Protocol, opening, `
C: NOOP
S: OK
C: PUTSCRIPT "x" {5+}
C: 12345
S: NO
C: GETSCRIPT "x"
S: {5}
S: 12345
S: OK
C: LISTSCRIPTS
S: "x" ACTIVE
S: OK`); n > 0 {
		t.Errorf("a round of commands allocates %v times", n)
	}
}

// A failed login costs its identity: the string, and what the report of it takes.
func TestLoginsAllocateNames(t *testing.T) {
	if n := dialogtest.Allocations(t, &managesieve.Protocol, opening, `
C: AUTHENTICATE "PLAIN" "AGFsaWNlAFMzY3IzdC1DYW5hcnk="
S: NO "no"`); n > 1 {
		t.Errorf("a login allocates %v times", n)
	}
}
