package main

import (
	"fmt"
	"math/bits"
	"runtime/debug"
	"time"

	"cleartap/capture"
	"cleartap/detectors"
	"cleartap/detectors/all"
	"cleartap/internal/trafficgen"
	"cleartap/reassembly"
)

// pauses measures in this process how long the packet loop stays with one packet while
// two million flows are open: what a live sensor's ring must bridge.
func (b *bench) pauses() (part, error) {
	p := part{title: "Pauses", text: "Wall time of the packet loop (read, decode, assemble, dialogue) for one packet, with two million half-open flows at the end; " +
		"collector of garbage and other processes included. The columns are a histogram: so many packets took longer.",
		head: []string{"capture", "packets", "> 64 µs", "> 1 ms", "> 4 ms", "> 16 ms", "longest", "target"}}
	defer debug.SetGCPercent(debug.SetGCPercent(40)) // as in a scan
	for _, profile := range []trafficgen.Profile{trafficgen.Flood, trafficgen.Midflood} {
		path, err := b.capture(string(profile), b.options(profile, 0))
		if err != nil {
			return p, err
		}
		h, err := timePackets(path)
		if err != nil {
			return p, err
		}
		p.row(profile, h.n, h.over(64*time.Microsecond), h.over(time.Millisecond), h.over(4*time.Millisecond), h.over(16*time.Millisecond),
			h.longest.Round(10*time.Microsecond), "none above 50 ms "+verdict(h.longest <= 50*time.Millisecond))
	}
	return p, nil
}

// histogram counts durations by the bits of their nanoseconds.
type histogram struct {
	n       int
	buckets [64]int
	longest time.Duration
}

func (h *histogram) add(d time.Duration) {
	h.n++
	h.buckets[bits.Len64(uint64(max(d, 0)))]++ //nolint:gosec // not negative
	h.longest = max(h.longest, d)
}

// over is how many were longer than the power of two of nanoseconds at or above d.
func (h *histogram) over(d time.Duration) (n int) {
	for _, k := range h.buckets[bits.Len64(uint64(d-1))+1:] { //nolint:gosec // not negative
		n += k
	}
	return n
}

// timePackets reads a capture as a scan with 1 GiB does, and times each packet.
func timePackets(path string) (h histogram, err error) {
	in := capture.Find([]string{path}, capture.FindOptions{})
	if len(in.Captures) != 1 {
		return h, fmt.Errorf("%s is no capture", path)
	}
	src := in.Captures[0].Open(func(p capture.Problem) { err = fmt.Errorf("%s: %s", p.Path, p.Reason) }, nil)
	defer func() { _ = src.Close() }() // what was read stays read
	const memory = 1 << 30
	e := detectors.NewEngine(detectors.Config{Protocols: all.Protocols(), Report: func(*detectors.Observation) {}})
	dec := capture.NewDecoder(capture.DecoderConfig{Ports: capture.MailPorts()})
	asm := reassembly.New(reassembly.Config{Classify: e.Classify, Open: e.Open, MailPort: capture.MailPorts().Has, MaxMemory: memory * 5 / 8})
	var f capture.Frame
	var s capture.Segment
	for last := time.Now(); src.Next(&f) == nil; {
		if dec.Decode(&f, &s) {
			asm.Push(&s)
		}
		if h.n%1024 == 0 {
			e.Tick(f.Time)
		}
		now := time.Now()
		h.add(now.Sub(last))
		last = now
	}
	return h, err
}
