//go:build !(linux || darwin || freebsd || netbsd || openbsd || dragonfly)

package spool

import (
	"errors"
	"io/fs"
	"os"
)

// modesMatter says whether the mode of a file tells who may use it.
const modesMatter = false

const safely = 0

// owner knows nothing here, so that all files have the same one.
func owner(fs.FileInfo) (uid, gid int) { return os.Geteuid(), os.Getegid() }

func links(fs.FileInfo) int { return 1 }

// lock refuses: without a lock two sensors could share a spool.
func lock(*os.File) error { return errors.ErrUnsupported }

func lockShared(*os.File) error { return errors.ErrUnsupported }

func noRoom(error) bool { return false }
