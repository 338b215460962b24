package main

import (
	"runtime/debug"

	"golang.org/x/sys/unix"
)

// harden keeps what is in memory from leaving by a crash: no core dump, no other
// process of the user may look in, and a fatal error prints no values. What the
// system refuses is not needed to work, so errors are passed over.
func harden() {
	debug.SetTraceback("none")
	_ = unix.Prctl(unix.PR_SET_DUMPABLE, 0, 0, 0, 0)
	_ = unix.Setrlimit(unix.RLIMIT_CORE, &unix.Rlimit{})
}
