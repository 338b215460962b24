package main

import (
	"fmt"
	"strings"

	"github.com/urfave/cli/v2"

	"cleartap/internal/config"
	"cleartap/output/spool"
)

// spoolWords are the things that can be done with a spool.
var spoolWords = []string{"status", "verify", "dump", "replay", "repair", "dead-letter"}

// spoolCommand looks into the spool of a live sensor, and mends it.
func spoolCommand(std *streams) *cli.Command {
	file := &cli.StringFlag{Category: categoryRun, Name: "config", Aliases: []string{"c"}, Usage: "the spool of the sensor that `FILE` configures (default: " + config.DefaultPath + ", if it is there)"}
	asJSON := &cli.BoolFlag{Category: categoryRun, Name: "json", Usage: "print JSON"}
	sink := &cli.StringFlag{Category: categoryRun, Name: "sink", Usage: "`NAME` of the output"}
	from := &cli.StringFlag{Category: categoryRun, Name: "from", Usage: "begin with record `N` (default: the oldest)"}
	requeue := &cli.StringFlag{Category: categoryRun, Name: "file", Usage: "append the alerts of a segment `FILE`, one of the quarantine or of another spool, for all sinks"}
	word := func(name, text string, action func(*cli.Context, *streams, string) error, flags ...cli.Flag) *cli.Command {
		return &cli.Command{Name: name, Usage: text, ArgsUsage: "[FOLDER]", Flags: append([]cli.Flag{file}, flags...), Action: func(c *cli.Context) error {
			dir, err := spoolFolder(c)
			if err != nil {
				return err
			}
			return action(c, std, dir)
		}}
	}
	parent := &cli.Command{
		Name:      "spool",
		Usage:     "look at alerts that wait for outputs, or mend them",
		ArgsUsage: "status | verify | dump | replay | repair | dead-letter",
		Description: "status, verify, dump and dead-letter only look, and may run beside the sensor. replay and repair write: stop the sensor first. " +
			"The folder is the one that the configuration names, or the argument. Exits with 4 when alerts are damaged.",
		Subcommands: []*cli.Command{
			word("status", "tell what waits for which output", spoolStatus, asJSON),
			word("verify", "read everything and tell what is damaged", spoolVerify, asJSON),
			word("dump", "print the alerts, a line of JSON for each", spoolDump, from),
			word("replay", "have alerts sent to an output again", spoolReplay, sink, from, requeue),
			word("repair", "take out what is damaged, keep the rest", spoolRepair, asJSON),
			word("dead-letter", "list what an output refused for good", spoolDead, sink, asJSON),
		},
		Action: func(c *cli.Context) error { return wantWord(c, "spool", spoolWords...) },
	}
	subcommands(parent)
	return parent
}

// spoolFolder finds the folder: the argument, or that of the configuration.
func spoolFolder(c *cli.Context) (string, error) {
	switch name := c.Args().First(); {
	case c.NArg() > 1 || c.NArg() == 1 && c.IsSet("config"):
		return "", usage("spool %s: one folder at a time", c.Command.Name)
	case strings.HasPrefix(name, "-"):
		return "", usage("spool %s: %s stands behind the folder: flags go in front", c.Command.Name, name)
	case name != "":
		return name, nil
	}
	l, err := loadConfig(configPath(c), nil)
	if err != nil {
		return "", err
	}
	return l.Spool.Dir, nil
}

// spoolFault is the error of a spool that cannot be used as asked.
func spoolFault(err error) error {
	if err == nil {
		return nil
	}
	return &outcome{exitFailed, err.Error()}
}

func spoolVerify(c *cli.Context, std *streams, dir string) error {
	r, err := spool.Verify(dir)
	if err != nil {
		return spoolFault(err)
	}
	if err := printSpool(c, std, r, true); err != nil {
		return err
	}
	return spoolSound(r)
}

// spoolSound is the error of a spool that is not in order.
func spoolSound(r *spool.Report) error {
	switch {
	case r.Sound():
		return nil
	case r.Newer != "":
		return &outcome{exitPartial, fmt.Sprintf("%s: %s was written by a newer cleartap: use that version", r.Dir, r.Newer)}
	case r.Running:
		return &outcome{exitPartial, fmt.Sprintf("%s: not in order; the sensor passes over what is damaged; cleartap spool repair, with the sensor stopped, takes it out", r.Dir)}
	}
	return &outcome{exitPartial, fmt.Sprintf("%s: not in order: cleartap spool repair %s", r.Dir, r.Dir)}
}

func spoolStatus(c *cli.Context, std *streams, dir string) error {
	r, err := spool.Verify(dir)
	if err != nil {
		return spoolFault(err)
	}
	return printSpool(c, std, r, false)
}

func spoolRepair(c *cli.Context, std *streams, dir string) error {
	r, err := spool.Repair(dir, func(e spool.Event) { fmt.Fprintf(std.err, "cleartap: %s\n", printable(e.String())) })
	if err != nil {
		return spoolFault(err)
	}
	if err := printSpool(c, std, r, false); err != nil {
		return err
	}
	return spoolSound(r)
}

func spoolReplay(c *cli.Context, std *streams, dir string) error {
	from, err := spoolNumber(c)
	if err != nil {
		return err
	}
	var n int
	switch file, sink := c.String("file"), c.String("sink"); {
	case file != "" && (sink != "" || from > 0):
		return usage("spool replay: --file goes to all sinks: give it without --sink and --from")
	case file != "":
		n, err = spool.Requeue(c.Context, dir, file)
	case sink == "":
		return usage("spool replay: which output? give --sink NAME; cleartap spool status lists them")
	default:
		n, err = spool.Replay(dir, sink, from)
	}
	if err != nil {
		return spoolFault(err)
	}
	_, err = fmt.Fprintf(std.out, "%s will be sent when the sensor runs again\n", count(n, "record"))
	return err
}
