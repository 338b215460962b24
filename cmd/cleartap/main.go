// Command cleartap finds mail credentials that were sent without TLS, in
// captures. It wires the stages of internal/sensor to the outputs and is the
// only place that knows flags, files and terminals. Its invariant: standard
// output carries data only; all else goes to standard error.
package main

import (
	"context"
	"os"
	"os/signal"
	"syscall"
)

func main() {
	harden()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	context.AfterFunc(ctx, stop)   // the first signal ends the scan, the second one the program
	signal.Ignore(syscall.SIGPIPE) // a reader that went away is an error of write, which we can tell from others
	os.Exit(run(ctx, os.Args, os.Stdin, os.Stdout, os.Stderr))
}
