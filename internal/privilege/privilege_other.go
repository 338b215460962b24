//go:build !linux

package privilege

import (
	"errors"
	"os"
)

// Become fails where a user was named: only Linux can do it here.
func Become(name string) error {
	if name == "" {
		return nil
	}
	return errors.New("--user works on Linux only")
}

// Drop gives up nothing: only Linux can do it here.
func Drop(cfg Config) (State, error) {
	s := State{User: os.Geteuid()}
	if cfg.Mode == Required {
		return s, errors.New("--sandbox required works on Linux only")
	}
	return s, nil
}

// Hint tells how to get the right to capture.
func Hint() string { return "capturing needs the rights of an administrator" }

// CanCapture reports whether the process may open packet sockets, as far as that is known.
func CanCapture() bool { return true }

// Prefer fails: only Linux can do it here.
func Prefer(int) error { return errors.New("process.nice works on Linux only") }
