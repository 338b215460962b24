//go:build !linux

package main

import "runtime/debug"

// harden makes a fatal error print no values.
func harden() { debug.SetTraceback("none") }
