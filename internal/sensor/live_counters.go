package sensor

import (
	"cleartap/capture"
	"cleartap/detectors"
	"cleartap/reassembly"
)

// LiveCounters count what a live sensor, or one worker of it, saw since it began.
type LiveCounters struct {
	Workers      int
	Packets      uint64 // frames read
	Bytes        uint64 // of these frames
	Observations uint64
	Lost         uint64 // observations for which the queue had no room
	HalfFlows    uint64 // flows whose directions came to different workers
	Panics       uint64 // frames at which the program failed; each cost one flow
	ClockSteps   uint64 // steps of the wall clock
	ToServer     uint64 // segments to a port of a mail server, without those that open a connection
	ToClient     uint64 // segments from one
	Last         capture.Nanos
	Kernel       capture.LiveStats
	Decode       capture.DecodeStats
	Flows        reassembly.Stats
	Dialogues    detectors.Stats
}

// direction counts what shows whether both directions are seen. What scanners
// send is left out: nobody need answer a SYN.
func (c *LiveCounters) direction(s *capture.Segment, mail *capture.Ports) {
	if s.Flags.Has(capture.SYN) {
		return
	}
	switch to, from := mail.Has(s.Dst.Port), mail.Has(s.Src.Port); {
	case to && !from:
		c.ToServer++
	case from && !to:
		c.ToClient++
	}
}

// add adds the counters of another worker. Unlike those of captures that are read
// one after the other, levels are added.
func (c *LiveCounters) add(o *LiveCounters) {
	c.Workers += o.Workers
	for _, p := range [...]struct{ to, from *uint64 }{
		{&c.Packets, &o.Packets}, {&c.Bytes, &o.Bytes}, {&c.Observations, &o.Observations}, {&c.Lost, &o.Lost},
		{&c.HalfFlows, &o.HalfFlows}, {&c.Panics, &o.Panics}, {&c.ToServer, &o.ToServer}, {&c.ToClient, &o.ToClient},
	} {
		*p.to += *p.from
	}
	c.ClockSteps = max(c.ClockSteps, o.ClockSteps)
	c.Last = max(c.Last, o.Last)
	c.Kernel.Add(o.Kernel)
	c.Decode.Add(&o.Decode)
	live, open, held, memory := c.Flows.Live, c.Flows.Open, c.Flows.Held, c.Flows.Memory
	c.Flows.Add(&o.Flows)
	c.Flows.Live, c.Flows.Open = live+o.Flows.Live, open+o.Flows.Open
	c.Flows.Held, c.Flows.Memory = held+o.Flows.Held, memory+o.Flows.Memory
	addDialogues(&c.Dialogues, &o.Dialogues)
}

// Failures are the frames that could not be decoded.
func (c *LiveCounters) Failures() uint64 {
	d := &c.Decode
	return d.Truncated + d.Malformed + d.TooDeep + d.UnknownLink + d.Panics
}

// AllPanics are all that were caught, wherever.
func (c *LiveCounters) AllPanics() uint64 {
	n := c.Panics + c.Decode.Panics
	for _, p := range c.Dialogues.Protocols {
		n += p.Panics
	}
	return n
}
