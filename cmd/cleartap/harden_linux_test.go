package main

import (
	"fmt"
	"os"
	"regexp"
	"testing"

	"golang.org/x/sys/unix"
)

// The process leaves no core dump, and no other process of the user may look into it.
func TestHarden(t *testing.T) {
	harden()
	dumpable, err := unix.PrctlRetInt(unix.PR_GET_DUMPABLE, 0, 0, 0, 0)
	if err != nil || dumpable != 0 {
		t.Errorf("dumpable %d, %v", dumpable, err)
	}
	s := start(t, "-")
	limits, err := os.ReadFile(fmt.Sprintf("/proc/%d/limits", s.Process.Pid))
	if err != nil {
		t.Fatal(err)
	}
	if !regexp.MustCompile(`Max core file size +0 +0 `).Match(limits) {
		t.Errorf("limits: %s", limits)
	}
	s.in.Close()
	if code := s.code(t); code != exitDone {
		t.Errorf("exit code %d: %s", code, s.errors.String())
	}
}
