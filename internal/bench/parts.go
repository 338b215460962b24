package main

import (
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"strings"

	"cleartap/internal/trafficgen"
)

func readTruth(path string) (trafficgen.Truth, error) {
	var t trafficgen.Truth
	b, err := os.ReadFile(path + ".truth.json")
	if err != nil {
		return t, err
	}
	err = json.Unmarshal(b, &t)
	return t, err
}

// peers compares with the programs that are in cleartap's class of speed.
func (b *bench) peers() (part, error) {
	p := part{title: "Beside tcpdump's filter, dsniff and cat",
		text: "CPU seconds of the whole process (median), and the median of the ratios run by run. Reading is what cleartap takes\nwhen no packet is of interest to it: what it cannot go below.",
		head: []string{"capture", "ports", "cleartap", "reading", "tcpdump", "dsniff", "cat", "÷ tcpdump", "target", "dsniff ÷", "target", "÷ cat", "target", "MiB"}}
	sizes := []struct {
		profile trafficgen.Profile
		bytes   float64
	}{{trafficgen.Mix, 1.9e9}, {trafficgen.Mail, 1.4e9}, {trafficgen.Logins, 0}}
	for _, s := range sizes {
		path, err := b.capture(string(s.profile), b.options(s.profile, s.bytes))
		if err != nil {
			return p, err
		}
		for _, ports := range []string{"mail", "any"} {
			own := b.scan("cleartap", path, "--format", "none", "--ports", ports)
			reading := b.scan("reading", path, "--format", "none", "--ports", "1")
			td, ds, cat := tcpdump(path), dsniff(path), &subject{name: "cat", command: []string{"cat", path}}
			if err := measure(b.runs, own, reading, td, ds, cat); err != nil {
				return p, err
			}
			p.row(peerRow(s.profile, ports, own, reading, td, ds, cat)...)
			p.commands = append(p.commands, strings.Join(own.command, " "))
			if ports == "mail" {
				p.commands = append(p.commands, strings.Join(reading.command, " "), strings.Join(td.command[:5], " ")+" '"+mailFilter+"'", strings.Join(ds.command, " "))
			}
		}
	}
	return p, nil
}

func peerRow(profile trafficgen.Profile, ports string, own, reading, td, ds, cat *subject) []any {
	limit, faster := 0.6, 3.0
	switch {
	case profile == trafficgen.Logins:
		limit, faster = 1.0, 2.5
	case ports == "any":
		limit = 1.2
	}
	toTD, toDS, toCat := own.ratio(td), ds.ratio(own), own.ratio(cat)
	dsTarget, catTarget := "–", "–"
	if ports == "mail" {
		dsTarget = fmt.Sprintf("≥ %g %s", faster, verdict(toDS >= faster))
	}
	if profile == trafficgen.Mix && ports == "mail" {
		catTarget = "≤ 3 " + verdict(toCat <= 3)
	}
	return []any{profile, ports, seconds(own), seconds(reading), seconds(td), seconds(ds), seconds(cat),
		fmt.Sprintf("%.2f", toTD), fmt.Sprintf("≤ %g %s", limit, verdict(toTD <= limit)),
		fmt.Sprintf("%.1f", toDS), dsTarget,
		fmt.Sprintf("%.1f", toCat), catTarget, fmt.Sprintf("%.0f", own.rss())}
}

// slowPeers compares with programs that follow dialogues, on a smaller capture.
func (b *bench) slowPeers() (part, error) {
	p := part{title: "Beside tshark and Suricata", text: "A mix of 500 MB; one run each of the slow ones.",
		head: []string{"peer", "CPU s", "cleartap CPU s", "÷ cleartap", "target", "peak MiB"}}
	path, err := b.capture("mix500", b.options(trafficgen.Mix, 0.5e9))
	if err != nil {
		return p, err
	}
	own := b.scan("cleartap", path, "--format", "none", "--ports", "mail")
	if err := measure(b.runs, own); err != nil {
		return p, err
	}
	slow := []struct {
		subject subject
		factor  float64
	}{
		{subject{name: "tshark", command: []string{"tshark", "-n", "-o", "smtp.decryption:TRUE", "-q", "-z", "credentials", "-r", path}}, 100},
		{subject{name: "suricata", command: []string{"suricata", "--runmode", "single", "-k", "none", "-S", "/dev/null", "-l", b.dir, "-r", path}}, 20},
	}
	for i := range slow {
		s := &slow[i].subject
		if !have(s.name) {
			p.row(s.name, "not measured", seconds(own), "–", fmt.Sprintf("≥ %g", slow[i].factor), "–")
			continue
		}
		if err := s.once(); err != nil {
			return p, err
		}
		f := s.cpu().Seconds() / own.cpu().Seconds()
		p.row(s.name, seconds(s), seconds(own), fmt.Sprintf("%.0f", f), fmt.Sprintf("≥ %g %s", slow[i].factor, verdict(f >= slow[i].factor)), fmt.Sprintf("%.0f", s.rss()))
		p.commands = append(p.commands, strings.Join(s.command, " "))
	}
	return p, nil
}

// formats compares the ways in which a capture can come.
func (b *bench) formats() (part, error) {
	p := part{title: "Formats", text: "The same mix of 500 MB as pcap, from standard input, as pcapng, gzip and zstd.",
		head: []string{"form", "CPU s", "÷ pcap", "MB/s of content", "target"}}
	path, err := b.capture("mix500", b.options(trafficgen.Mix, 0.5e9))
	if err != nil {
		return p, err
	}
	for _, c := range []string{"gzip -1 -kf " + path, "zstd -3 -qkf " + path, "tcpdump-ng"} {
		if c == "tcpdump-ng" {
			c = "editcap -F pcapng " + path + " " + path + "ng"
		}
		words := strings.Fields(c)
		if err := exec.Command(words[0], words[1:]...).Run(); err != nil {
			return p, fmt.Errorf("%s: %w", c, err)
		}
		p.commands = append(p.commands, c)
	}
	flags := []string{"--format", "none", "--ports", "mail"}
	plain := b.scan("pcap", path, flags...)
	stdin := &subject{name: "standard input", command: []string{"sh", "-c", "exec " + b.bin + " scan -q --format none --ports mail - <" + path}}
	ng, gz, zst := b.scan("pcapng", path+"ng", flags...), b.scan("gzip", path+".gz", flags...), b.scan("zstd", path+".zst", flags...)
	if err := measure(b.runs, plain, stdin, ng, gz, zst); err != nil {
		return p, err
	}
	mb := float64(b.truths[path].Bytes) / 1e6
	for _, s := range []*subject{plain, stdin, ng, gz, zst} {
		r, rate, target := s.ratio(plain), mb/s.wall().Seconds(), "–"
		switch s {
		case stdin, ng:
			target = "≤ 1.5 × pcap " + verdict(r <= 1.5)
		case gz:
			target = "≥ 200 MB/s " + verdict(rate >= 200)
		case zst:
			target = "≥ 800 MB/s " + verdict(rate >= 800)
		}
		p.row(s.name, seconds(s), fmt.Sprintf("%.2f", r), fmt.Sprintf("%.0f", rate), target)
	}
	return p, nil
}

// printing measures what an alert costs when it is printed.
func (b *bench) printing() (part, error) {
	p := part{title: "Printing", text: "CPU time of `--format jsonl` less that of `--format none`, per alert. What a file adds is the kernel's, and\nmost of that depends on whether the memory that it takes for its cache was in use before.",
		head: []string{"to", "alerts", "none, CPU s", "jsonl, CPU s", "µs per alert", "target"}}
	path, err := b.capture("logins", b.options(trafficgen.Logins, 0))
	if err != nil {
		return p, err
	}
	none, null, file := b.scan("none", path, "--format", "none"), b.scan("/dev/null", path, "--format", "jsonl"), b.scan("a file", path, "--format", "jsonl")
	null.stdout, file.stdout = os.DevNull, path+".jsonl"
	if err := measure(b.runs, none, null, file); err != nil {
		return p, err
	}
	n := b.truths[path].Logins
	for _, s := range []*subject{null, file} {
		each := (s.cpu() - none.cpu()).Seconds() * 1e6 / float64(n)
		p.row(s.name, n, seconds(none), seconds(s), fmt.Sprintf("%.2f", each), "≤ 3 "+verdict(each <= 3))
	}
	p.commands = append(p.commands, strings.Join(none.command, " "), strings.Join(null.command, " ")+" >/dev/null", strings.Join(file.command, " ")+" >"+file.stdout)
	return p, nil
}
