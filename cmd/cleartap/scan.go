package main

import (
	"strings"

	"github.com/urfave/cli/v2"
)

// The categories of scan's flags, in the order of its help.
const (
	categoryOutput  = "Output"
	categoryInput   = "Input and detection"
	categoryPrivacy = "Privacy"
	categoryRun     = "Run"
)

// scanCommand reads captures and prints the logins in them.
func scanCommand(std *streams) *cli.Command {
	return &cli.Command{
		Name:      "scan",
		Usage:     "find cleartext mail logins in captures",
		ArgsUsage: "PATH... (file, folder, or - for standard input)",
		Description: "Reads pcap and pcapng, also gzip and zstd, folders with all that is below them. Prints a table on a terminal, JSON lines elsewhere; " +
			"what was read and what could not be is told on standard error. Passwords are never printed. " +
			"Ctrl-C ends a pipe from the front: what the program before still writes is read.",
		Flags:  scanFlags(),
		Action: func(c *cli.Context) error { return scan(c, std) },
	}
}

func scanFlags() []cli.Flag {
	text := func(category, name, usage string, aliases ...string) cli.Flag {
		return &cli.StringFlag{Category: category, Name: name, Usage: usage, Aliases: aliases}
	}
	list := func(category, name, usage string, aliases ...string) cli.Flag {
		return &cli.StringSliceFlag{Category: category, Name: name, Usage: usage, Aliases: aliases}
	}
	flag := func(category, name, usage string, aliases ...string) cli.Flag {
		return &cli.BoolFlag{Category: category, Name: name, Usage: usage, Aliases: aliases}
	}
	return append([]cli.Flag{
		text(categoryOutput, "format", "`FORMAT` of standard output: table, jsonl, csv, or none for the summary alone (default: table on a terminal, else jsonl)", "f"),
		list(categoryOutput, "output", "write to `FILE` as well, in the format of its ending: .jsonl, .csv, .eve.json, .ocsf.json or .txt (repeatable)", "o"),
		text(categoryOutput, "color", "`WHEN` to colour the table: auto, always or never"),
		text(categoryOutput, "rule-base", "`URL` in front of docs/rules/ID.md in rule.reference"),
		text(categoryInput, "ports", "`PORTS` to look at: any, mail, or a list such as mail,8025,2600-2700 (default: any)", "p"),
		text(categoryInput, "merge", "`HOW` files belong together: auto joins the files of a rotation, all merges everything by time, none (default: auto)"),
		list(categoryInput, "net", "report flows with an end in `CIDR` only (repeatable)"),
		list(categoryInput, "exclude-net", "report no flow with an end in `CIDR` (repeatable)"),
		text(categoryInput, "bpf", "look at packets that `EXPR` lets pass, in the language of tcpdump, as tcpdump -r does"),
		text(categoryInput, "bpf-file", "the same by what tcpdump -ddd printed into `FILE`"),
		list(categoryInput, "home-net", "`CIDR` that is inside, for network.direction (repeatable; default: private addresses)"),
		list(categoryInput, "geoip", "learn where addresses are from `FILE`, in MaxMind's format (repeatable)"),
		text(categoryInput, "outcome-wait", "`TIME` of the capture to wait for a server's reply (default: 60s)"),
		text(categoryPrivacy, "usernames", "`HOW` to show user names: auto masks those of failed logins, full, masked, pseudonym, none (default: auto)"),
		text(categoryPrivacy, "clients", "`HOW` to show client addresses: full, prefix, pseudonym (default: full)"),
		text(categoryPrivacy, "pseudonym-key", "`FILE` with the key of pseudonyms, 32 bytes or more, readable by its owner alone"),
		flag(categoryPrivacy, "secret-marks", "tell equal passwords from different ones, by a hash under a random key that never leaves memory"),
		text(categoryRun, "config", "take exceptions, and what no flag says, from `FILE`; never its outputs (default: no configuration)", "c"),
		text(categoryRun, "fail-on", "exit with 3 on findings of `SEVERITY` or worse: never, info, low, medium, high, critical (default: never)"),
		text(categoryRun, "jobs", "`N` captures read at a time (default: one per core)", "j"),
		text(categoryRun, "max-memory", "`SIZE` of what may be kept in memory (default: 256MiB)"),
		text(categoryRun, "progress", "`WHEN` to show progress: auto on a terminal, plain a line every 10 s, off (default: auto)"),
		flag(categoryRun, "quiet", "no progress and no summary; problems are still told", "q"),
		flag(categoryRun, "verbose", "tell of each capture (--log-level info)", "v"),
		text(categoryRun, "log-level", "`LEVEL` of what is told on the way: error, warn, info, debug (default: warn)"),
		text(categoryRemote, "send-wait", "give a sink up that took nothing for `TIME` (default: 30s)"),
	}, remoteFlags()...)
}

// scan is the command's action.
func scan(c *cli.Context, std *streams) error {
	if err := checkArguments(c); err != nil {
		return err
	}
	o, err := scanOptions(c, std)
	if err != nil {
		return err
	}
	return runScan(c.Context, o, std)
}

// checkArguments refuses what the flag parser passes over: flags after the
// first path would silently be paths.
func checkArguments(c *cli.Context) error {
	if c.NArg() == 0 {
		return usage("%s: nothing to read: name a capture, a folder, or - for standard input; see cleartap %s --help", c.Command.Name, c.Command.Name)
	}
	stdin := 0
	for _, arg := range c.Args().Slice() {
		switch {
		case arg == "":
			return usage("%s: an empty path among the arguments", c.Command.Name)
		case arg == "-":
			if stdin++; stdin > 1 {
				return usage("%s: standard input (-) can be read once only", c.Command.Name)
			}
		case strings.HasPrefix(arg, "-"):
			return usage("%s: %s among the paths: put flags in front of them, and write a file of that name as ./%s", c.Command.Name, arg, arg)
		}
	}
	return nil
}
