//go:build linux

package lab

import (
	"bytes"
	"errors"
	"fmt"
	"os/exec"
	"time"

	"golang.org/x/sys/unix"
)

// Process is a program that runs on a host.
type Process struct {
	cmd  *exec.Cmd
	done chan struct{}
	err  error
}

// Start runs a command made by Command and does not wait for it. The lab ends it
// at the latest when it closes.
func (h *Host) Start(cmd *exec.Cmd) (*Process, error) {
	p := &Process{cmd: cmd, done: make(chan struct{})}
	h.world.mu.Lock()
	defer h.world.mu.Unlock()
	if err := h.Do(cmd.Start); err != nil {
		return nil, fmt.Errorf("start %s: %w", cmd.Args[0], err)
	}
	h.world.running = append(h.world.running, p)
	go func() {
		if p.err = cmd.Wait(); errors.Is(p.err, exec.ErrWaitDelay) {
			p.err = nil // it ended well, only a daemon of its has not
		}
		close(p.done)
	}()
	return p, nil
}

// Wait waits for the program to end by itself and tells how it did.
func (p *Process) Wait() error {
	<-p.done
	return p.err
}

// Running says whether the program has not ended yet.
func (p *Process) Running() bool {
	select {
	case <-p.done:
		return false
	default:
		return true
	}
}

// Stop asks the program to end and, after five seconds, makes it.
func (p *Process) Stop() {
	_ = p.cmd.Process.Signal(unix.SIGTERM)
	select {
	case <-p.done:
	case <-time.After(5 * time.Second):
		_ = p.cmd.Process.Kill()
		<-p.done
	}
}

// Run runs a command to its end, at most for the given time, and gives what it
// printed on either output. A program that takes longer is killed.
func (h *Host) Run(cmd *exec.Cmd, limit time.Duration) (string, error) {
	var out bytes.Buffer
	if cmd.Stdout == nil {
		cmd.Stdout = &out
	}
	if cmd.Stderr == nil {
		cmd.Stderr = &out
	}
	cmd.WaitDelay = time.Second // a daemon that it left must not hold its output open
	p, err := h.Start(cmd)
	if err != nil {
		return "", err
	}
	select {
	case <-p.done:
		return out.String(), p.err
	case <-time.After(limit):
		_ = p.cmd.Process.Kill()
		<-p.done
		return out.String(), fmt.Errorf("%s did not end in %v", cmd.Args[0], limit)
	}
}
