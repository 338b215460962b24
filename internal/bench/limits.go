package main

import (
	"bufio"
	"encoding/json"
	"fmt"
	"os"
	"strings"

	"cleartap/internal/trafficgen"
)

// memory measures peak memory with flows that never end.
func (b *bench) memory() (part, error) {
	p := part{title: "Memory under floods", text: "Half-open flows with one line each; with room for all of them, and at the default cap.",
		head: []string{"capture", "--max-memory", "peak MiB", "bytes per flow", "target"}}
	for _, profile := range []trafficgen.Profile{trafficgen.Flood, trafficgen.Midflood} {
		path, err := b.capture(string(profile), b.options(profile, 0))
		if err != nil {
			return p, err
		}
		small, err := b.capture(string(profile)+"-few", fewer(b.options(profile, 0)))
		if err != nil {
			return p, err
		}
		for _, limit := range []string{"1GiB", "256MiB", "64MiB"} {
			own := b.scan("cleartap", path, "--format", "none", "--ports", "mail", "--max-memory", limit)
			base := b.scan("cleartap", small, "--format", "none", "--ports", "mail", "--max-memory", limit)
			own.partial = 4
			if err := measure(min(b.runs, 3), own, base); err != nil {
				return p, err
			}
			each := (own.rss() - base.rss()) * (1 << 20) / float64(b.truths[path].Flows)
			target := "flat beyond the cap"
			if limit == "1GiB" {
				target = "≤ 350 MiB, ≤ 160 bytes " + verdict(own.rss() <= 350 && each <= 160)
			}
			p.row(profile, limit, fmt.Sprintf("%.0f", own.rss()), fmt.Sprintf("%.0f", each), target)
			p.commands = append(p.commands, strings.Join(own.command, " "))
		}
	}
	return p, nil
}

func fewer(o trafficgen.Options) trafficgen.Options {
	o.Flows = 10
	return o
}

// growth compares CPU time per packet at ten times the packets, flows, and flows at the same time.
func (b *bench) growth() (part, error) {
	p := part{title: "Growth", text: "CPU time per packet at ten times the size.",
		head: []string{"what grows", "ns per packet", "at ten times", "ratio", "target"}}
	base := b.options(trafficgen.Logins, 0)
	base.Flows, base.Conc = int(60_000*b.scale), 1000
	flows, conc := base, base
	flows.Flows *= 10
	conc.Conc *= 10
	mix := b.options(trafficgen.Mix, 0.19e9)
	big := mix
	big.Bytes *= 10
	pairs := []struct {
		name string
		a, b trafficgen.Options
	}{{"flows", base, flows}, {"flows at the same time", base, conc}, {"packets", mix, big}}
	for i, pair := range pairs {
		small, err := b.capture(fmt.Sprintf("growth%da", i), pair.a)
		if err != nil {
			return p, err
		}
		large, err := b.capture(fmt.Sprintf("growth%db", i), pair.b)
		if err != nil {
			return p, err
		}
		one := b.scan("small", small, "--format", "none", "--ports", "mail")
		ten := b.scan("large", large, "--format", "none", "--ports", "mail")
		if err := measure(b.runs, one, ten); err != nil {
			return p, err
		}
		a := one.cpu().Seconds() * 1e9 / float64(b.truths[small].Packets)
		z := ten.cpu().Seconds() * 1e9 / float64(b.truths[large].Packets)
		p.row(pair.name, fmt.Sprintf("%.0f", a), fmt.Sprintf("%.0f", z), fmt.Sprintf("%.2f", z/a), "≤ 1.3 "+verdict(z/a <= 1.3))
	}
	return p, nil
}

// truth checks that every login of every profile is found, also in hostile variants.
func (b *bench) truth() (part, error) {
	p := part{title: "Truth", text: "Logins found, by protocol, mechanism and outcome, against what the generator wrote.",
		head: []string{"capture", "logins", "found", "wrong", "target"}}
	hostile := func(o trafficgen.Options) trafficgen.Options {
		o.Wrap, o.Reorder, o.Retransmit, o.Split, o.VLAN, o.Port2525 = 1, .05, .05, .2, 1, .01
		return o
	}
	logins := b.options(trafficgen.Logins, 0)
	cases := map[string]trafficgen.Options{
		"mix": b.options(trafficgen.Mix, 1.9e9), "mail": b.options(trafficgen.Mail, 1.4e9), "logins": logins,
		"mix-hostile": hostile(b.options(trafficgen.Mix, 0.5e9)), "mail-hostile": hostile(b.options(trafficgen.Mail, 0.5e9)),
		"logins-hostile": hostile(logins),
	}
	for _, name := range []string{"mix", "mail", "logins", "mix-hostile", "mail-hostile", "logins-hostile"} {
		path, err := b.capture(name, cases[name])
		if err != nil {
			return p, err
		}
		own := b.scan("cleartap", path, "--format", "jsonl", "--ports", "mail")
		own.stdout = path + ".jsonl"
		if err := own.once(); err != nil {
			return p, err
		}
		found, err := countAlerts(own.stdout)
		if err != nil {
			return p, err
		}
		total, wrong := 0, 0
		for k, n := range found {
			total += n
			wrong += max(0, n-b.truths[path].ByMechanism[k])
		}
		p.row(name, b.truths[path].Logins, total, wrong, verdict(int64(total) == b.truths[path].Logins && wrong == 0))
	}
	return p, nil
}

// countAlerts counts alerts as the truth does.
func countAlerts(path string) (map[string]int, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	counts := map[string]int{}
	lines := bufio.NewScanner(f)
	lines.Buffer(nil, 1<<20)
	for lines.Scan() {
		var a struct {
			Event    struct{ Outcome string }
			Network  struct{ Protocol string }
			Cleartap struct{ Auth struct{ Mechanism string } }
		}
		if err := json.Unmarshal(lines.Bytes(), &a); err != nil {
			return nil, err
		}
		if a.Cleartap.Auth.Mechanism == "" {
			continue // no login
		}
		counts[a.Network.Protocol+" "+a.Cleartap.Auth.Mechanism+" "+a.Event.Outcome]++
	}
	return counts, lines.Err()
}
