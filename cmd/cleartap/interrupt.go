package main

import (
	"context"
	"os"
	"os/signal"
	"slices"
	"syscall"
	"time"

	"cleartap/capture"
)

// lastWords is how long a scan of standard input reads on after an interrupt. Ctrl-C
// reaches all programs of a pipe; what the one before writes as it ends is still read.
const lastWords = 3 * time.Second

// untilHangup gives a context that also ends when the terminal of the scan goes away, so
// that its files are completed. Under nohup the scan goes on.
func untilHangup(ctx context.Context) (context.Context, context.CancelFunc) {
	if signal.Ignored(syscall.SIGHUP) {
		return context.WithCancel(ctx)
	}
	return signal.NotifyContext(ctx, syscall.SIGHUP)
}

// patient gives the context of a scan. It ends with ctx; of standard input alone it ends
// after lastWords, or at a second signal, so that the end of the input mostly comes first.
func patient(ctx context.Context, paths []string) (context.Context, context.CancelFunc) {
	ctx, done := untilHangup(ctx)
	if !slices.Equal(paths, []string{capture.Stdin}) {
		return ctx, done
	}
	slow, cancel := context.WithCancel(context.WithoutCancel(ctx))
	stop := context.AfterFunc(ctx, func() {
		again, forget := signal.NotifyContext(slow, os.Interrupt, syscall.SIGTERM)
		defer forget()
		defer cancel()
		select {
		case <-again.Done():
		case <-time.After(lastWords):
		}
	})
	return slow, func() { stop(); cancel(); done() }
}

// endedByUser reports whether a problem is only that standard input was cut off where the
// user ended the scan.
func endedByUser(ctx context.Context, p *capture.Problem) bool {
	return p.Path == capture.Stdin && p.Kind == capture.Truncated && ctx.Err() != nil
}
