package main

import (
	"fmt"
	"log/slog"
	"net/netip"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"time"

	"github.com/urfave/cli/v2"

	"cleartap/capture"
	"cleartap/detectors"
	"cleartap/detectors/all"
	"cleartap/internal/config"
	"cleartap/internal/sensor"
	"cleartap/output"
	"cleartap/output/throttle"
)

// options is what the command line of scan asks for.
type options struct {
	paths    []string
	format   string // of standard output
	files    []string
	colour   bool
	progress string
	quiet    bool
	level    slog.Level
	failOn   detectors.Severity
	never    bool // no finding is a failure
	policy   output.Policy
	sensor   sensor.Config
	merge    capture.Merge
	remotes  []config.Output
	sendWait time.Duration // for a sink that takes nothing

	exceptions []throttle.Exception // what is known and not told
}

// scanOptions reads the flags. It gives the first fault found.
func scanOptions(c *cli.Context, std *streams) (*options, error) {
	o := &options{paths: c.Args().Slice(), quiet: c.Bool("quiet"), files: c.StringSlice("output")}
	o.policy.Version = version
	o.sensor.Protocols = all.Protocols()
	for _, read := range []func(*cli.Context, *streams) error{
		o.readConfig, o.readOutput, o.readLog, o.readFailOn, o.readInput, o.readNets, o.readFilters, o.readRun, o.readPrivacy,
	} {
		if err := read(c, std); err != nil {
			return nil, err
		}
	}
	var err error
	if o.sendWait, err = span(c, "send-wait", sendWait); err != nil {
		return nil, err
	}
	o.remotes, err = remotes(c)
	return o, err
}

// formats maps the endings of --output to formats. The longest one counts.
var formats = map[string]string{".jsonl": "jsonl", ".ndjson": "jsonl", ".csv": "csv", ".txt": "table", ".eve.json": "eve", ".ocsf.json": "ocsf"}

// formatOf finds the format of a file by its ending, empty if there is none.
func formatOf(path string) string {
	for _, two := range []string{".eve.json", ".ocsf.json"} {
		if strings.HasSuffix(path, two) {
			return formats[two]
		}
	}
	return formats[filepath.Ext(path)]
}

func (o *options) readOutput(c *cli.Context, std *streams) error {
	unset := "jsonl"
	if isTerminal(std.out) {
		unset = "table"
	}
	var err error
	if o.format, err = choice(c, "format", unset, "table", "jsonl", "csv", "none"); err != nil {
		return err
	}
	colour, err := choice(c, "color", "auto", "auto", "always", "never")
	if err != nil {
		return err
	}
	o.colour = useColour(colour, std.out)
	for i, f := range o.files {
		if formatOf(f) == "" {
			return usage("--output %q: the ending tells the format: want .jsonl, .csv, .eve.json, .ocsf.json or .txt", f)
		}
		if slices.ContainsFunc(o.files[:i], func(g string) bool { return filepath.Clean(f) == filepath.Clean(g) }) {
			return usage("--output %q is given twice", f)
		}
	}
	if o.policy.RuleBase = c.String("rule-base"); c.IsSet("rule-base") && !strings.Contains(o.policy.RuleBase, "://") {
		return usage("--rule-base %q: want a URL such as https://example.org/cleartap/", o.policy.RuleBase)
	}
	return nil
}

func (o *options) readLog(c *cli.Context, _ *streams) error {
	var err error
	if o.progress, err = choice(c, "progress", "auto", "auto", "plain", "off"); err != nil {
		return err
	}
	level, err := choice(c, "log-level", "warn", "error", "warn", "info", "debug")
	if err != nil {
		return err
	}
	if c.Bool("verbose") && !c.IsSet("log-level") {
		level = "info"
	}
	return o.level.UnmarshalText([]byte(level))
}

func (o *options) readFailOn(c *cli.Context, _ *streams) error {
	all := map[string]detectors.Severity{
		"info": detectors.Info, "low": detectors.Low, "medium": detectors.Medium, "high": detectors.High, "critical": detectors.Critical,
	}
	word, err := choice(c, "fail-on", "never", "never", "info", "low", "medium", "high", "critical")
	o.never, o.failOn = word == "never", all[word]
	return err
}

func (o *options) readInput(c *cli.Context, _ *streams) error {
	ports := "any"
	if c.IsSet("ports") {
		ports = c.String("ports")
	}
	p, err := capture.ParsePorts(ports)
	if err != nil {
		return usage("--ports: %s", strings.TrimPrefix(err.Error(), "ports: "))
	}
	o.sensor.Ports = p
	if c.IsSet("outcome-wait") {
		d, err := time.ParseDuration(c.String("outcome-wait"))
		if err != nil || d <= 0 || d > 24*time.Hour {
			return usage("--outcome-wait %q: want a time such as 60s or 2m, up to 24h", c.String("outcome-wait"))
		}
		o.sensor.OutcomeWait = d
	}
	places, err := openPlaces(c.StringSlice("geoip"))
	if err != nil {
		return usage("--geoip: %s", err)
	}
	o.sensor.Signals.Place = placesOf(places)
	merge, err := choice(c, "merge", "auto", "auto", "all", "none")
	o.merge = map[string]capture.Merge{"auto": capture.MergeAuto, "all": capture.MergeAll, "none": capture.MergeNone}[merge]
	return err
}

func (o *options) readNets(c *cli.Context, _ *streams) error {
	var err error
	if o.policy.HomeNets, err = nets(c, "home-net"); err != nil {
		return err
	}
	if o.sensor.Nets, err = nets(c, "net"); err != nil {
		return err
	}
	o.sensor.ExcludeNets, err = nets(c, "exclude-net")
	return err
}

// nets gives the networks of a flag; each value may be a list.
func nets(c *cli.Context, flag string) ([]netip.Prefix, error) {
	var out []netip.Prefix
	for _, s := range strings.Split(strings.Join(c.StringSlice(flag), ","), ",") {
		if s == "" && !c.IsSet(flag) {
			continue
		}
		n, err := parseNet(strings.TrimSpace(s))
		if err != nil {
			return nil, usage("--%s %q: want a network such as 10.0.0.0/8 or 2001:db8::/32, or an address", flag, s)
		}
		out = append(out, n)
	}
	return out, nil
}

// parseNet reads a network or an address. An IPv4 network in mapped form is
// that of IPv4, as addresses are compared without mapping.
func parseNet(s string) (netip.Prefix, error) {
	if !strings.Contains(s, "/") {
		a, err := netip.ParseAddr(s)
		if err != nil || a.Zone() != "" {
			return netip.Prefix{}, fmt.Errorf("no address: %q", s)
		}
		a = a.Unmap()
		return netip.PrefixFrom(a, a.BitLen()), nil
	}
	p, err := netip.ParsePrefix(s)
	if err == nil && p.Addr().Is4In6() && p.Bits() >= 96 {
		p = netip.PrefixFrom(p.Addr().Unmap(), p.Bits()-96)
	}
	return p.Masked(), err
}

func (o *options) readRun(c *cli.Context, _ *streams) error {
	var err error
	if o.sensor.Jobs, err = number(c, "jobs", runtime.GOMAXPROCS(0), 1, 1024); err != nil {
		return err
	}
	o.sensor.MaxMemory = sensor.DefaultMemory
	if c.IsSet("max-memory") {
		n, ok := byteSize(c.String("max-memory"))
		if !ok || n < sensor.MinMemory {
			return usage("--max-memory %q: want a size such as 256MiB or 1GiB, at least %dMiB", c.String("max-memory"), sensor.MinMemory>>20)
		}
		o.sensor.MaxMemory = n
	}
	return nil
}

func (o *options) readPrivacy(c *cli.Context, _ *streams) error {
	o.sensor.Marks = secretMarks(c.Bool("secret-marks"))
	users, err := choice(c, "usernames", "auto", "auto", "full", "masked", "pseudonym", "none")
	if err != nil {
		return err
	}
	clients, err := choice(c, "clients", "full", "full", "prefix", "pseudonym")
	if err != nil {
		return err
	}
	o.policy.Usernames, o.policy.Clients = output.Usernames(users), output.Clients(clients)
	if c.IsSet("pseudonym-key") {
		if o.policy.PseudonymKey, err = readKey(c.String("pseudonym-key")); err != nil {
			return err
		}
	} else if users == "pseudonym" || clients == "pseudonym" {
		return usage("pseudonyms need a key: --pseudonym-key FILE (make one with: head -c 32 /dev/urandom > FILE; chmod 600 FILE)")
	}
	if err := o.policy.Validate(); err != nil {
		return usage("--pseudonym-key %s: %s", c.String("pseudonym-key"), err)
	}
	return nil
}
