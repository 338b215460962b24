//go:build linux

package lab

import (
	"context"
	"fmt"
	"net"
	"net/netip"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

// Host is a machine of the lab: a network and a host name of its own. It is one
// locked thread of this process that lives in those namespaces.
type Host struct {
	Name  string // fully qualified
	world *world
	calls chan func()
	net   *os.File
}

// newHost starts the host's thread. It ends when h.calls is closed.
func newHost(w *world, name string) (*Host, error) {
	h := &Host{Name: name, world: w, calls: make(chan func())}
	ready := make(chan error)
	onThread(func() {
		err := h.enter()
		ready <- err
		if err != nil {
			return
		}
		for call := range h.calls {
			call()
		}
	})
	if err := <-ready; err != nil {
		return nil, fmt.Errorf("make host %s: %w", name, err)
	}
	return h, nil
}

func (h *Host) enter() error {
	if err := h.world.enter(); err != nil {
		return err
	}
	if err := h.world.settle(); err != nil {
		return err
	}
	if err := unix.Unshare(unix.CLONE_NEWNET | unix.CLONE_NEWUTS); err != nil {
		return fmt.Errorf("unshare: %w", err)
	}
	if err := unix.Sethostname([]byte(h.Name)); err != nil {
		return err
	}
	var err error
	h.net, err = os.Open("/proc/thread-self/ns/net")
	return err
}

func (h *Host) close() {
	close(h.calls)
	_ = h.net.Close()
}

// Do runs f on the host's thread: sockets that f itself opens are on the host's
// network, goroutines that it starts are not. Calls run one at a time.
func (h *Host) Do(f func() error) error {
	done := make(chan error)
	h.calls <- func() { done <- f() }
	return <-done
}

// Dial connects from the host. local may be the zero AddrPort.
func (h *Host) Dial(local, to netip.AddrPort) (net.Conn, error) {
	d := net.Dialer{Timeout: 10 * time.Second}
	if local.IsValid() {
		d.LocalAddr = net.TCPAddrFromAddrPort(local)
	}
	var c net.Conn
	err := h.Do(func() (err error) {
		c, err = d.DialContext(context.Background(), "tcp", to.String())
		return err
	})
	return c, err
}

// Listen opens a TCP listener on the host.
func (h *Host) Listen(at netip.AddrPort) (net.Listener, error) {
	var l net.Listener
	err := h.Do(func() (err error) {
		l, err = net.Listen("tcp", at.String())
		return err
	})
	return l, err
}

// Command prepares a program of the lab's root, named by its full path, with an
// environment of its own that holds nothing of this process's.
func (h *Host) Command(path string, args ...string) *exec.Cmd {
	return &exec.Cmd{
		Path: path, Args: append([]string{filepath.Base(path)}, args...), Dir: "/",
		Env:         []string{"PATH=/usr/sbin:/usr/bin", "HOME=/root", "LANG=C.UTF-8", "TERM=vt100", "TZ=UTC", "USER=root", "LOGNAME=root"},
		SysProcAttr: &unix.SysProcAttr{Chroot: h.world.root, Setsid: true},
	}
}

// As makes the command run as the unprivileged account "person".
func As(cmd *exec.Cmd) *exec.Cmd {
	cmd.SysProcAttr.Credential = &syscall.Credential{Uid: 1001, Gid: 1001}
	cmd.Dir = "/home/person"
	cmd.Env = append(cmd.Env, "HOME=/home/person", "USER=person", "LOGNAME=person")
	return cmd
}
