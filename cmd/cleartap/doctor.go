package main

import (
	"context"
	"fmt"
	"net"
	"strings"
	"time"

	"github.com/urfave/cli/v2"

	"cleartap/capture"
	"cleartap/capture/afpacket"
	"cleartap/internal/config"
	"cleartap/internal/privilege"
	"cleartap/output/table"
)

// doctorCommand looks for what keeps a sensor from seeing.
func doctorCommand(std *streams) *cli.Command {
	flags := []cli.Flag{&cli.StringFlag{Category: categoryRun, Name: "for", Usage: "listen for `TIME` on each interface (default: 5s)"}}
	for _, f := range liveFlags() {
		switch f.Names()[0] {
		case "interface", "ports", "bpf", "bpf-file", "ring", "capture", "promiscuous", "no-tunnels", "snaplen", "config":
			flags = append(flags, f)
		}
	}
	return &cli.Command{
		Name:        "doctor",
		Usage:       "test what a sensor needs: rights, links, both directions",
		Description: "Reads the configuration that cleartap live reads, listens a while on each interface, and tells what is wrong and how to mend it. Exits with 1 when something keeps the sensor from working.",
		Flags:       flags,
		Action:      func(c *cli.Context) error { return doctor(c, std) },
	}
}

// examination collects results.
type examination struct {
	std    *streams
	failed int
	warned int
}

func (e *examination) good(format string, args ...any) { e.say("ok  ", format, args...) }

func (e *examination) warn(format string, args ...any) {
	e.warned++
	e.say("warn", format, args...)
}

func (e *examination) fail(format string, args ...any) {
	e.failed++
	e.say("FAIL", format, args...)
}

func (e *examination) say(what, format string, args ...any) {
	fmt.Fprintf(e.std.out, "%s  %s\n", what, printable(fmt.Sprintf(format, args...)))
}

func doctor(c *cli.Context, std *streams) error {
	if c.NArg() > 0 {
		return usage("doctor: %q: interfaces are named by -i", c.Args().First())
	}
	wait := 5 * time.Second
	if c.IsSet("for") {
		d, err := time.ParseDuration(c.String("for"))
		if err != nil || d <= 0 || d > time.Hour {
			return usage("--for %q: want a time such as 5s or 1m", c.String("for"))
		}
		wait = d
	}
	e := &examination{std: std}
	l, err := loadConfig(configPath(c), settingFlags(c))
	if err != nil {
		e.fail("%s", err)
		return &outcome{code: exitFailed}
	}
	e.configuration(l)
	e.rights(l)
	for _, in := range l.Capture.Interfaces {
		e.input(c.Context, l, strings.Split(in, "+"), wait)
	}
	e.outputs(l)
	fmt.Fprintf(std.out, "\n%s, %s\n", table.Count(uint64(e.failed), "fault"), table.Count(uint64(e.warned), "warning"))
	if e.failed > 0 {
		return &outcome{code: exitFailed}
	}
	return nil
}

func (e *examination) configuration(l *config.Loaded) {
	if l.Path == "" {
		e.good("no configuration file: defaults and flags")
	} else {
		e.good("configuration %s", l.Path)
	}
	if _, err := livePolicy(l); err != nil {
		e.fail("%s", err)
	}
	if len(l.Capture.Interfaces) == 0 {
		e.fail("no interface is named: use -i, or capture.interfaces; cleartap interfaces lists them")
	}
	for _, x := range l.Exceptions {
		if x.Until.Over(time.Now()) {
			e.warn("an exception has ended on %s: %s", x.Until.Format(time.DateOnly), x.Reason)
		}
	}
}

func (e *examination) rights(l *config.Loaded) {
	if l.Capture.Method == "libpcap" {
		return
	}
	if privilege.CanCapture() {
		e.good("the right to capture (CAP_NET_RAW) is there")
		return
	}
	e.fail("%s", privilege.Hint())
}

// input tests one input: link, offloads, socket, ring, and what arrives.
func (e *examination) input(ctx context.Context, l *config.Loaded, names []string, wait time.Duration) {
	for _, name := range names {
		state := awaitLink(name)
		if state == "" {
			e.fail("interface %s: there is none%s", name, hinted(nearestInterface(name), "cleartap interfaces lists them"))
			return
		}
		if state == "down" || state == "no link" {
			e.fail("interface %s is %s: ip link set %s up, and look at the cable", name, state, name)
			return
		}
		if on := afpacket.Offloads(name); len(on) > 0 {
			e.warn("interface %s puts packets together before they are seen (%s): logins are found all the same, sizes and times are not the wire's; ethtool -K %s gro off lro off", name, strings.Join(on, ", "), name)
		}
	}
	filter, err := kernelFilter(l)
	if err != nil {
		e.fail("%s", err)
		return
	}
	src, err := openTap(l, filter, nil, tapOf(names))
	if err != nil && afpacket.Denied(err) && !privilege.CanCapture() { // rights has told the cure
		e.fail("input %s: %s", strings.Join(names, "+"), err)
		return
	}
	if err != nil {
		e.fail("%s", openFault(l, err))
		return
	}
	defer src.Close() //nolint:errcheck // it was only tried
	e.good("input %s: socket and a ring of %s", strings.Join(names, "+"), config.Text(l.Capture.Ring))
	e.listen(ctx, l, src, strings.Join(names, "+"), wait)
}

// linkPatience is how long a card may take to find its link after it was brought up.
const linkPatience = 5 * time.Second

// awaitLink gives the state of an interface's link, "" if there is no such interface.
// An interface that is up without a link has perhaps been brought up just now.
func awaitLink(name string) (state string) {
	for end := time.Now().Add(linkPatience); ; time.Sleep(50 * time.Millisecond) {
		iface, err := net.InterfaceByName(name)
		if err != nil {
			return ""
		}
		if state = linkState(iface); state != "no link" || time.Now().After(end) {
			return state
		}
	}
}

// seen counts what came in while listening.
type seen struct {
	frames, toServer, toClient uint64
}

// listen counts what arrives for a while, by direction.
func (e *examination) listen(ctx context.Context, l *config.Loaded, src capture.Live, name string, wait time.Duration) {
	ports, err := capture.ParsePorts(l.Capture.Ports)
	if err != nil {
		e.fail("%s", err)
		return
	}
	d := capture.NewDecoder(capture.DecoderConfig{Ports: ports, NoTunnels: !l.Capture.Tunnels})
	if ports.Any() {
		ports = capture.MailPorts()
	}
	var f capture.Frame
	var s capture.Segment
	var n seen
	for end := time.Now().Add(wait); time.Now().Before(end) && ctx.Err() == nil; {
		if src.Next(&f) != nil {
			continue
		}
		n.frames++
		if !d.Decode(&f, &s) {
			continue
		}
		switch to, from := ports.Has(s.Dst.Port), ports.Has(s.Src.Port); {
		case to && !from:
			n.toServer++
		case from && !to:
			n.toClient++
		}
	}
	e.heard(name, wait, &n, src.Stats())
}

// heard says what the counts mean.
func (e *examination) heard(name string, wait time.Duration, n *seen, st capture.LiveStats) {
	switch {
	case n.frames == 0:
		e.warn("input %s: nothing arrived in %v: is the mirror on, is there mail traffic, does the filter fit? Try --ports any", name, wait)
		return
	case st.Drops > 0:
		e.warn("input %s: the kernel dropped %d of %d packets: a larger --ring, more --workers", name, st.Drops, st.Packets)
	default:
		e.good("input %s: %s in %v, none dropped", name, table.Count(n.frames, "packet"), wait)
	}
	switch {
	case n.toServer+n.toClient < 5:
		e.warn("input %s: too little mail traffic (%s) to tell whether both directions are seen; listen longer: --for 1m", name, table.Count(n.toServer+n.toClient, "packet"))
	case n.toServer == 0 || n.toClient == 0:
		e.fail("input %s: only one direction is seen (%d packets to servers, %d to clients): the mirror must copy received and sent packets", name, n.toServer, n.toClient)
	default:
		e.good("input %s: both directions of mail traffic (%d packets to servers, %d to clients)", name, n.toServer, n.toClient)
	}
}

// outputs tests whether the outputs can be opened.
func (e *examination) outputs(l *config.Loaded) {
	if len(l.Outputs) == 0 {
		e.good("no outputs are named: alerts go to standard output")
	}
	for i := range l.Outputs {
		o := &l.Outputs[i]
		sink, err := openRemote(o)
		if err == nil {
			err = sink.Close()
		}
		if err != nil {
			e.fail("output %s (%s): %s", o.Name, o.Type, reason(err))
			continue
		}
		e.good("output %s (%s) can be opened; cleartap test output sends an alert through it", o.Name, o.Type)
	}
}
