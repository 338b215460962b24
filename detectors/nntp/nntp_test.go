package nntp_test

import (
	"testing"

	"cleartap/detectors/dialogtest"
	"cleartap/detectors/nntp"
)

func TestDialogues(t *testing.T) { dialogtest.Run(t, &nntp.Protocol) }

func FuzzNNTP(f *testing.F) { dialogtest.Fuzz(f, &nntp.Protocol) }

const opening = `
S: 200 ready
C: MODE READER
S: 200 ok`

// A command costs no allocation, nor does what is skipped.
func TestCommandsAllocateNothing(t *testing.T) {
	if n := dialogtest.Allocations(t, &nntp.Protocol, opening, `
C: GROUP x
S: 211 1 1 1 x
C: ARTICLE 1
S: 220 1 <1@example.org>
S: 281 text
S: .
C: POST
S: 340 go
C: AUTHINFO PASS x
C: .
S: 240 ok`); n > 0 {
		t.Errorf("a round of commands allocates %v times", n)
	}
}

// A failed login costs its identity: the string, and what the report of it takes.
func TestLoginsAllocateNames(t *testing.T) {
	if n := dialogtest.Allocations(t, &nntp.Protocol, opening, `
C: AUTHINFO USER alice
S: 381 ok
C: AUTHINFO PASS S3cr3t-Canary
S: 481 no`); n > 1 {
		t.Errorf("a login allocates %v times", n)
	}
}
