package main

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/urfave/cli/v2"

	"cleartap/internal/config"
	"cleartap/output"
	"cleartap/output/delivery"
)

// testCommand tries what is configured.
func testCommand(std *streams) *cli.Command {
	flags := []cli.Flag{
		&cli.StringFlag{Category: categoryRun, Name: "config", Aliases: []string{"c"}, Usage: "try the outputs of `FILE` (default: " + config.DefaultPath + ", if it is there and no sink is named)"},
		&cli.StringFlag{Category: categoryRun, Name: "wait", Usage: "`TIME` to wait for each acknowledgement (default: 30s)"},
	}
	parent := &cli.Command{
		Name:        "test",
		Usage:       "send a marked alert through each output",
		ArgsUsage:   "output",
		Description: "The alert is of no traffic: its severity is info, its tag is test, its addresses are those of examples. Exits with 4 when an output did not acknowledge it.",
		Subcommands: []*cli.Command{{
			Name: "output", Usage: "send a marked alert through each output and await its acknowledgement", Flags: append(flags, remoteFlags()...),
			Action: func(c *cli.Context) error { return testOutput(c, std) },
		}},
		Action: func(c *cli.Context) error { return wantWord(c, "test", "output") },
	}
	subcommands(parent)
	return parent
}

func testOutput(c *cli.Context, std *streams) error {
	if c.NArg() > 0 {
		return usage("test output: %q: want flags only", c.Args().First())
	}
	wait, err := span(c, "wait", sendWait)
	if err != nil {
		return err
	}
	l, err := outputsToTest(c)
	if err != nil {
		return err
	}
	policy, err := livePolicy(l)
	if err != nil {
		return &outcome{exitConfig, err.Error()}
	}
	failed := 0
	for i := range l.Outputs {
		o := &l.Outputs[i]
		a := output.Synthetic(time.Now(), &policy)
		begun := time.Now()
		if err := tryOutput(c.Context, o, &a, wait); err != nil {
			failed++
			fmt.Fprintf(std.out, "FAIL  %s: %s\n", o.Name, printable(err.Error()))
			continue
		}
		said := fmt.Sprintf(arrival(o), time.Since(begun).Round(time.Millisecond))
		fmt.Fprintf(std.out, "ok    %s: the alert %s %s\n", o.Name, a.Event.ID, said)
	}
	if failed > 0 {
		return &outcome{code: exitPartial}
	}
	return nil
}

// arrival says what is known of an alert that went to an output without a fault: syslog
// has no acknowledgements. A duration stands in it.
func arrival(o *config.Output) string {
	switch spec := o.Spec.(type) {
	case *config.File:
		return "was written after %v"
	case *config.Syslog:
		switch {
		case strings.HasPrefix(spec.URL, "udp:"):
			return "was sent after %v; over UDP nobody can tell whether it arrived"
		case strings.HasPrefix(spec.URL, "unix:"):
			return "was handed to the local socket after %v; what reads it acknowledges nothing"
		}
		return "was received by the other host after %v; syslog does not tell what became of it there"
	}
	return "was acknowledged after %v"
}

// outputsToTest gives the configuration, and in its outputs those to try: of the
// command line, or else of the file.
func outputsToTest(c *cli.Context) (*config.Loaded, error) {
	named, err := remotes(c)
	if err != nil {
		return nil, err
	}
	path := configPath(c)
	if len(named) > 0 && !c.IsSet("config") {
		path = ""
	}
	l, err := loadConfig(path, nil)
	if err != nil {
		return nil, err
	}
	for _, r := range named {
		r.Name = remoteName(r.Name, l.Outputs)
		l.Outputs = append(l.Outputs, r)
	}
	if len(l.Outputs) == 0 {
		return nil, usage("test output: there is none: name a sink, such as --elasticsearch URL, or a configuration with outputs")
	}
	return l, nil
}

// tryOutput sends an alert to one output and waits for its acknowledgement.
func tryOutput(ctx context.Context, o *config.Output, a *output.Alert, wait time.Duration) error {
	sink, err := openRemote(o)
	if err != nil {
		return err
	}
	q, why := delivery.NewQueue(0, 0), ""
	run := delivery.Start(delivery.Config{Name: o.Name, Sink: sink, Source: q, GiveUp: wait, Notify: func(e delivery.Event) { why = e.Text }})
	if err := q.Put(ctx, output.NewRecord(a)); err != nil {
		return err
	}
	q.Close()
	_ = run.Drain(ctx) // the figures tell
	if run.Stats().Delivered == 1 {
		return nil
	}
	if why == "" {
		why = "no acknowledgement came"
	}
	return fmt.Errorf("%s", why)
}
