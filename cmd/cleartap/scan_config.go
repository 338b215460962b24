package main

import (
	"github.com/urfave/cli/v2"
)

// scanSettings maps flags of scan to the settings of a configuration that say the same.
var scanSettings = []struct{ flag, path string }{
	{"ports", "capture.ports"}, {"net", "capture.net"}, {"exclude-net", "capture.exclude_net"}, {"bpf", "capture.bpf"}, {"bpf-file", "capture.bpf_file"},
	{"home-net", "privacy.home_net"}, {"usernames", "privacy.usernames"}, {"clients", "privacy.clients"}, {"pseudonym-key", "privacy.pseudonym_key_file"},
	{"secret-marks", "signals.secret_marks"}, {"geoip", "signals.geoip"}, {"rule-base", "alerts.rule_base"}, {"outcome-wait", "detect.outcome_wait"},
	{"max-memory", "limits.memory"},
}

// readConfig lets a configuration say what flags do not, and takes from it what has no
// flag: exceptions and the thresholds of signals. Its outputs are those of a sensor:
// a scan sends to the sinks of its command line alone.
func (o *options) readConfig(c *cli.Context, _ *streams) error {
	if !c.IsSet("config") {
		return nil
	}
	l, err := loadConfig(c.String("config"), nil)
	if err != nil {
		return err
	}
	given := func(flag string) bool { return c.IsSet(flag) }
	if given("bpf") || given("bpf-file") { // one stands for both
		given = func(flag string) bool { return flag == "bpf" || flag == "bpf-file" || c.IsSet(flag) }
	}
	for _, s := range scanSettings {
		if given(s.flag) {
			continue
		}
		for _, text := range l.Given(s.path) {
			if err := c.Set(s.flag, text); err != nil {
				return usage("%s: %s: %s", c.String("config"), s.path, err)
			}
		}
	}
	o.exceptions = exceptionsOf(l.Exceptions)
	o.sensor.Signals = l.Signals.Thresholds()
	return nil
}
