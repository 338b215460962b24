package config

import (
	"fmt"
	"net/url"
	"slices"
	"strings"
	"time"

	"cleartap/capture"
	"cleartap/capture/afpacket"
	"cleartap/detectors"
)

// Validate returns all that is wrong, each fault with the place that set the value.
func (l *Loaded) Validate() []error {
	c := check{l: l}
	c.capture()
	c.limits()
	c.signals()
	c.within("inventory.save", time.Duration(c.l.Inventory.Save), time.Second, time.Hour)
	c.kept()
	c.privacy()
	c.alerts()
	c.exceptions()
	c.outputs()
	c.spool()
	c.word("process.sandbox", l.Process.Sandbox, "auto", "required", "off")
	c.number("process.nice", l.Process.Nice, -20, 0)
	c.word("log.level", l.Log.Level, "error", "warn", "info", "debug")
	c.word("log.format", l.Log.Format, "text", "json")
	c.within("health.interval", time.Duration(l.Health.Interval), time.Second, 24*time.Hour)
	return c.errs
}

// check collects faults.
type check struct {
	l    *Loaded
	errs []error
}

// fault notes that a setting is wrong.
func (c *check) fault(path, format string, args ...any) {
	if slices.ContainsFunc(c.l.wrong, func(w string) bool { return within(w, path) || within(path, w) }) {
		return // that it could not be read is told already
	}
	where := path
	for at := path; at != ""; {
		if o, ok := c.l.Origins[at]; ok {
			where = o + ": " + path
			break
		}
		at = at[:max(0, strings.LastIndexAny(at, ".["))]
	}
	c.errs = append(c.errs, fmt.Errorf("%s: %s", where, fmt.Sprintf(format, args...)))
}

// within reports whether the setting at path is the one at whole, or a part of it.
func within(path, whole string) bool {
	rest, ok := strings.CutPrefix(path, whole)
	return ok && (rest == "" || whole == "" || rest[0] == '.' || rest[0] == '[')
}

func (c *check) word(path, got string, words ...string) {
	if err := oneOf(got, words...); err != nil {
		c.fault(path, "%s", err)
	}
}

func (c *check) within(path string, d, low, high time.Duration) {
	if d < low || d > high {
		c.fault(path, "%v: want %v to %v", d, low, high)
	}
}

func (c *check) number(path string, n, low, high int) {
	if n < low || n > high {
		c.fault(path, "%d: want a number from %d to %d", n, low, high)
	}
}

func (c *check) capture() {
	p := &c.l.Capture
	seen := map[string]bool{}
	for i, in := range p.Interfaces {
		for name := range strings.SplitSeq(in, "+") {
			if err := interfaceName(name); err != nil {
				c.fault(fmt.Sprintf("capture.interfaces[%d]", i), "%s", err)
			}
			if seen[name] {
				c.fault(fmt.Sprintf("capture.interfaces[%d]", i), "%s is named twice", name)
			}
			seen[name] = true
		}
	}
	c.word("capture.method", p.Method, "afpacket", "libpcap")
	if p.Ring < afpacket.MinRing || p.Ring > afpacket.MaxRing {
		c.fault("capture.ring", "%d bytes: want %dMiB to %dGiB", p.Ring, afpacket.MinRing>>20, afpacket.MaxRing>>30)
	}
	c.within("capture.block_timeout", time.Duration(p.BlockTimeout), time.Millisecond, time.Second)
	c.number("capture.workers", p.Workers, 0, 64)
	if p.Snaplen != 0 {
		c.number("capture.snaplen", p.Snaplen, 96, 262144)
	}
	if _, err := capture.ParsePorts(p.Ports); err != nil {
		c.fault("capture.ports", "%s", strings.TrimPrefix(err.Error(), "ports: "))
	}
	if p.BPF != "" && p.BPFFile != "" {
		c.fault("capture.bpf_file", "bpf and bpf_file are both given: want one of them")
	}
}

// interfaceName checks the name of an interface: what Linux allows.
func interfaceName(name string) error {
	if name == "" || len(name) > 15 || strings.ContainsAny(name, "/ \t\n") || name == "." || name == ".." {
		return fmt.Errorf("%q: want the name of an interface such as eth1, or eth1+eth2 for the outputs of a tap", name)
	}
	return nil
}

func (c *check) limits() {
	if m := c.l.Limits.Memory; m < 16<<20 {
		c.fault("limits.memory", "%d bytes: want at least 16MiB", m)
	}
	c.number("limits.queue", c.l.Limits.Queue, 16, 1<<20)
	c.within("detect.outcome_wait", time.Duration(c.l.Detect.OutcomeWait), time.Second, 24*time.Hour)
}

func (c *check) privacy() {
	p := &c.l.Privacy
	c.word("privacy.usernames", p.Usernames, "auto", "full", "masked", "pseudonym", "none")
	c.word("privacy.clients", p.Clients, "full", "prefix", "pseudonym")
	if (p.Usernames == "pseudonym" || p.Clients == "pseudonym") && p.PseudonymKeyFile == "" {
		c.fault("privacy.pseudonym_key_file", "pseudonyms need a key (make one with: head -c 32 /dev/urandom > FILE; chmod 600 FILE)")
	}
}

func (c *check) alerts() {
	a := &c.l.Alerts
	if a.Suppress != 0 {
		c.within("alerts.suppress", time.Duration(a.Suppress), time.Second, 7*24*time.Hour)
	}
	c.number("alerts.rate", a.Rate, 1, 1_000_000)
	if a.RuleBase != "" {
		if u, err := url.Parse(a.RuleBase); err != nil || u.Scheme == "" || u.Host == "" {
			c.fault("alerts.rule_base", "%q: want a URL such as https://example.org/cleartap/", a.RuleBase)
		}
	}
}

func (c *check) exceptions() {
	for i, e := range c.l.Exceptions {
		path := fmt.Sprintf("exceptions[%d]", i)
		if len(e.Servers)+len(e.Clients)+len(e.Accounts)+len(e.Rules) == 0 {
			c.fault(path, "it would silence everything: want servers, clients, accounts or rules")
		}
		if strings.TrimSpace(e.Reason) == "" {
			c.fault(path+".reason", "no reason: write why this is known, for who reads it in a year")
		}
		for k, id := range e.Rules {
			if _, ok := detectors.RuleByID(id); !ok {
				c.fault(fmt.Sprintf("%s.rules[%d]", path, k), "no rule %q%s", id, Nearest(id, ruleIDs()))
			}
		}
		if e.Until.IsZero() {
			c.fault(path+".until", "no end: want a day such as 2027-01-31")
		}
	}
}

func ruleIDs() []string {
	var ids []string
	for _, r := range detectors.Rules() {
		ids = append(ids, r.ID)
	}
	return ids
}

func (c *check) spool() {
	s := &c.l.Spool
	if s.Dir == "" {
		c.fault("spool.dir", "nothing given: want a folder such as /var/lib/cleartap/spool")
	}
	if s.MaxSize < 1<<20 {
		c.fault("spool.max_size", "%d bytes: want at least 1MiB", s.MaxSize)
	}
	c.word("spool.on_full", s.OnFull, "drop_newest", "drop_oldest")
	c.within("spool.sync", time.Duration(s.Sync), time.Millisecond, 10*time.Second)
}

func (c *check) outputs() {
	var names []string
	for i, o := range c.l.Outputs {
		path := fmt.Sprintf("outputs[%d]", i)
		if slices.Contains(names, o.Name) {
			c.fault(path, "a second output has the name %q: give it a name: of its own", o.Name)
		}
		names = append(names, o.Name)
		if o.Spec == nil {
			continue
		}
		for _, err := range o.Spec.Validate() {
			c.fault(path, "%s", err)
		}
	}
}
