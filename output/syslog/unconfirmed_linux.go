package syslog

import (
	"net"
	"syscall"

	"golang.org/x/sys/unix"
)

// unconfirmed is how many bytes the other kernel has not confirmed yet (tcp(7),
// SIOCOUTQ). Of a local socket: how many the receiver has not read.
func unconfirmed(c net.Conn) int {
	sc, ok := c.(syscall.Conn)
	if !ok {
		return 0
	}
	raw, err := sc.SyscallConn()
	if err != nil {
		return 0
	}
	n := 0
	_ = raw.Control(func(fd uintptr) { // a closed connection is seen by its reader
		n, _ = unix.IoctlGetInt(int(fd), unix.SIOCOUTQ)
	})
	return n
}

// patient bounds how long a silent peer holds what was written, in milliseconds.
func patient(fd uintptr, millis int) {
	_ = unix.SetsockoptInt(int(fd), unix.IPPROTO_TCP, unix.TCP_USER_TIMEOUT, millis) // without it, it takes longer
}

// pending is an error that the socket has kept for the next call.
func pending(c net.Conn) error {
	sc, ok := c.(syscall.Conn)
	if !ok {
		return nil
	}
	raw, err := sc.SyscallConn()
	if err != nil {
		return err
	}
	n := 0
	_ = raw.Control(func(fd uintptr) { n, _ = unix.GetsockoptInt(int(fd), unix.SOL_SOCKET, unix.SO_ERROR) })
	if n != 0 {
		return syscall.Errno(n)
	}
	return nil
}
