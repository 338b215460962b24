//go:build unix

package main

import (
	"context"
	"os"
	"os/signal"
	"syscall"
)

// signals turns SIGHUP and SIGUSR1 into calls on the goroutine of the sensor. It
// gives what ends it.
func (s *listening) signals(ctx context.Context, control chan<- func()) (stop func()) {
	in := make(chan os.Signal, 8)
	signal.Notify(in, syscall.SIGHUP, syscall.SIGUSR1)
	ctx, cancel := context.WithCancel(ctx)
	go func() {
		for {
			select {
			case <-ctx.Done():
				return
			case got := <-in:
				f := s.statistics
				if got == syscall.SIGHUP {
					f = s.reload
				}
				select {
				case control <- f:
				case <-ctx.Done():
					return
				}
			}
		}
	}()
	return func() {
		signal.Stop(in)
		cancel()
	}
}
