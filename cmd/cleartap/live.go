package main

import (
	"errors"
	"os"
	"strconv"
	"strings"

	"github.com/urfave/cli/v2"

	"cleartap/internal/config"
)

const categoryLive = "Capture"

// liveCommand listens on interfaces.
func liveCommand(std *streams) *cli.Command {
	return &cli.Command{
		Name:    "live",
		Aliases: []string{"run", "watch"},
		Usage:   "listen on a mirror port and report cleartext mail logins",
		Description: "Reads " + config.DefaultPath + " if it is there. Without outputs in it, alerts go to standard output. " +
			"SIGHUP reads the configuration again and opens files anew, SIGUSR1 prints statistics, SIGTERM ends after what is under way was told.",
		Flags:  liveFlags(),
		Action: func(c *cli.Context) error { return live(c, std) },
	}
}

// liveSettings maps flags to settings of the configuration.
var liveSettings = []struct{ flag, path string }{
	{"interface", "capture.interfaces"}, {"ports", "capture.ports"}, {"net", "capture.net"}, {"exclude-net", "capture.exclude_net"},
	{"bpf", "capture.bpf"}, {"bpf-file", "capture.bpf_file"}, {"capture", "capture.method"}, {"ring", "capture.ring"}, {"workers", "capture.workers"},
	{"snaplen", "capture.snaplen"}, {"home-net", "privacy.home_net"}, {"usernames", "privacy.usernames"}, {"clients", "privacy.clients"},
	{"pseudonym-key", "privacy.pseudonym_key_file"}, {"suppress", "alerts.suppress"}, {"alert-rate", "alerts.rate"}, {"rule-base", "alerts.rule_base"},
	{"outcome-wait", "detect.outcome_wait"}, {"max-memory", "limits.memory"}, {"stats-interval", "health.interval"}, {"user", "process.user"},
	{"sandbox", "process.sandbox"}, {"inventory", "inventory.path"}, {"signals-state", "signals.state"}, {"spool", "spool.dir"}, {"sensor-name", "sensor.name"}, {"log-level", "log.level"}, {"log-format", "log.format"},
}

func liveFlags() []cli.Flag {
	text := func(category, name, usage string, aliases ...string) cli.Flag {
		return &cli.StringFlag{Category: category, Name: name, Usage: usage, Aliases: aliases}
	}
	list := func(category, name, usage string, aliases ...string) cli.Flag {
		return &cli.StringSliceFlag{Category: category, Name: name, Usage: usage, Aliases: aliases}
	}
	return append([]cli.Flag{
		list(categoryLive, "interface", "listen on `NAME`; repeat for more; NAME+NAME joins the two outputs of a tap", "i"),
		text(categoryLive, "ports", "TCP `PORTS`: mail, any, or a list such as mail,8025 (default: mail)", "p"),
		list(categoryLive, "net", "report flows with an end in `CIDR` only (repeatable)"),
		list(categoryLive, "exclude-net", "report no flow with an end in `CIDR` (repeatable)"),
		text(categoryLive, "bpf", "narrow what is captured by `EXPR` in the language of tcpdump"),
		text(categoryLive, "bpf-file", "the same by what tcpdump -ddd printed into `FILE`"),
		text(categoryLive, "ring", "`SIZE` of the kernel's memory for frames, for each worker (default: 64MiB)"),
		text(categoryLive, "workers", "`N` workers share an interface's flows (default: one for two cores)"),
		text(categoryLive, "snaplen", "keep `N` bytes of a frame (default: all)"),
		text(categoryLive, "capture", "`HOW` to capture: afpacket, or libpcap where it was built in (default: afpacket)"),
		&cli.BoolFlag{Category: categoryLive, Name: "promiscuous", Value: true, Usage: "receive frames for other hosts too (default: true)"},
		&cli.BoolFlag{Category: categoryLive, Name: "no-tunnels", Usage: "do not look into VXLAN, GRE, ERSPAN and other tunnels"},
		text(categoryOutput, "format", "`FORMAT` of standard output: table, jsonl, csv, or none (default: table on a terminal, else jsonl)", "f"),
		list(categoryOutput, "output", "write to `FILE`, in the format of its ending: .jsonl, .csv, .eve.json or .ocsf.json; it is begun anew at 100MiB (repeatable)", "o"),
		text(categoryOutput, "color", "`WHEN` to colour the table: auto, always or never"),
		text(categoryOutput, "suppress", "tell the same login once in `TIME`, with a count; 0 tells each (default: 1h)"),
		text(categoryOutput, "alert-rate", "`N` alerts a second at most (default: 100)"),
		text(categoryOutput, "stats-interval", "`TIME` between health records (default: 1m)"),
		text(categoryOutput, "rule-base", "`URL` in front of docs/rules/ID.md in rule.reference"),
		text(categoryOutput, "sensor-name", "`NAME` of this sensor in alerts (default: the host's)"),
		list(categoryPrivacy, "home-net", "`CIDR` that is inside, for network.direction (repeatable; default: private addresses)"),
		text(categoryPrivacy, "usernames", "`HOW` to show user names: auto masks those of failed logins, full, masked, pseudonym, none (default: auto)"),
		text(categoryPrivacy, "clients", "`HOW` to show client addresses: full, prefix, pseudonym (default: full)"),
		text(categoryPrivacy, "pseudonym-key", "`FILE` with the key of pseudonyms, 32 bytes or more, readable by its owner alone"),
		&cli.BoolFlag{Category: categoryPrivacy, Name: "secret-marks", Usage: "tell equal passwords from different ones, by a hash under a random key that never leaves memory"},
		text(categoryRun, "config", "read `FILE` (default: "+config.DefaultPath+", if it is there)", "c"),
		text(categoryRun, "inventory", "keep the servers that are seen in `FILE`, for cleartap inventory --db (default: where systemd lets state be kept, else in memory)"),
		text(categoryRun, "signals-state", "keep what was learnt of clients and attacks in `FILE`, over a restart (default: as above)"),
		text(categoryRun, "user", "become `NAME` when the interfaces are open"),
		text(categoryRun, "sandbox", "`HOW` rights are given up: auto, required, off (default: auto)"),
		text(categoryRun, "outcome-wait", "`TIME` to wait for a server's reply (default: 10s)"),
		text(categoryRun, "max-memory", "`SIZE` of what may be kept in memory, rings aside (default: 256MiB)"),
		text(categoryRun, "log-level", "`LEVEL` of what is told on standard error: error, warn, info, debug (default: info)"),
		text(categoryRun, "log-format", "`FORMAT` of it: text or json (default: text)"),
		text(categoryRemote, "spool", "`FOLDER` where alerts wait for sinks (default: /var/lib/cleartap/spool)"),
	}, remoteFlags()...)
}

// live is the command's action.
func live(c *cli.Context, std *streams) error {
	if c.NArg() > 0 {
		return usage("live: %q: interfaces are named by -i, captures are read by cleartap scan", c.Args().First())
	}
	o, err := liveOptions(c, std)
	if err != nil {
		return err
	}
	return runLive(c.Context, o, std)
}

// liveOptions is what the command line of live asks for.
type liveOpts struct {
	path   string // of the configuration
	flags  []config.Flag
	format string
	colour bool
	loaded *config.Loaded
	named  []config.Output // sinks of the command line
}

// load reads the configuration and adds the sinks of the command line.
func (o *liveOpts) load() (*config.Loaded, error) {
	l, err := loadConfig(o.path, o.flags)
	if err != nil {
		return nil, err
	}
	for _, r := range o.named {
		r.Name = remoteName(r.Name, l.Outputs)
		l.Outputs = append(l.Outputs, r)
	}
	return l, nil
}

func liveOptions(c *cli.Context, std *streams) (*liveOpts, error) {
	o := &liveOpts{path: configPath(c), flags: settingFlags(c)}
	unset := "jsonl"
	if isTerminal(std.out) {
		unset = "table"
	}
	var err error
	if o.format, err = choice(c, "format", unset, "table", "jsonl", "csv", "none"); err != nil {
		return nil, err
	}
	colour, err := choice(c, "color", "auto", "auto", "always", "never")
	if err != nil {
		return nil, err
	}
	o.colour = useColour(colour, std.out)
	if o.named, err = remotes(c); err != nil {
		return nil, err
	}
	if o.loaded, err = o.load(); err != nil {
		return nil, err
	}
	if len(o.loaded.Capture.Interfaces) == 0 {
		return nil, usage("live: no interface: name one with -i, or in capture.interfaces of %s; cleartap interfaces lists them", config.DefaultPath)
	}
	return o, nil
}

// configPath is the configuration to read: --config, CLEARTAP_CONFIG, the usual
// place if there is one there.
func configPath(c *cli.Context) string {
	switch {
	case c.IsSet("config"):
		return c.String("config")
	case os.Getenv("CLEARTAP_CONFIG") != "":
		return os.Getenv("CLEARTAP_CONFIG")
	}
	if _, err := os.Stat(config.DefaultPath); errors.Is(err, os.ErrNotExist) {
		return ""
	}
	return config.DefaultPath
}

// settingFlags gives the flags that set something of the configuration.
func settingFlags(c *cli.Context) []config.Flag {
	var flags []config.Flag
	for _, s := range liveSettings {
		if !c.IsSet(s.flag) {
			continue
		}
		text := c.String(s.flag)
		if list := c.StringSlice(s.flag); len(list) > 0 {
			text = strings.Join(list, ",")
		}
		flags = append(flags, config.Flag{Name: s.flag, Path: s.path, Text: text})
	}
	if c.IsSet("promiscuous") && !c.Bool("promiscuous") {
		flags = append(flags, config.Flag{Name: "promiscuous", Path: "capture.promiscuous", Text: "false"})
	}
	if c.IsSet("secret-marks") {
		flags = append(flags, config.Flag{Name: "secret-marks", Path: "signals.secret_marks", Text: strconv.FormatBool(c.Bool("secret-marks"))})
	}
	if c.IsSet("no-tunnels") {
		flags = append(flags, config.Flag{Name: "no-tunnels", Path: "capture.tunnels", Text: "false"})
	}
	return flags
}

// loadConfig reads the configuration; a fault of a flag is a fault of usage, one
// of a file or the environment is one of the configuration.
func loadConfig(path string, flags []config.Flag) (*config.Loaded, error) {
	l, err := config.Load(path, os.Environ(), flags)
	if err == nil {
		return l, nil
	}
	text := err.Error()
	if onlyFlags(text) {
		return nil, &outcome{exitUsage, text}
	}
	return nil, &outcome{exitConfig, "the configuration is wrong:\n" + text}
}

// onlyFlags reports whether all faults are those of flags.
func onlyFlags(text string) bool {
	for line := range strings.SplitSeq(text, "\n") {
		if !strings.HasPrefix(line, "--") && !strings.HasPrefix(line, "flag --") {
			return false
		}
	}
	return true
}
