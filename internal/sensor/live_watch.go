package sensor

import (
	"slices"
	"time"
)

// watch looks for what makes a sensor blind: nothing comes, one direction only
// comes, the kernel drops frames. Each is told once when it begins.
type watch struct {
	cfg    *LiveConfig
	inputs []watched
	lost   uint64
	lostAt time.Time
	full   bool
	half   bool
}

// watched is what is known about one input.
type watched struct {
	name    string
	since   time.Time    // begin of the window
	base    LiveCounters // counters then
	packets uint64       // when the last one was seen to come
	arrived time.Time    // when a packet was last seen to come
	ever    bool         // a packet has come
	faults  []fault      // that are there
	window  LiveCounters // what the last whole window gave: counters of it, not totals
}

// fault is one thing that is amiss.
type fault string

const (
	silent   fault = "no packet arrives: is the mirror on, and does the filter fit?"
	oneSided fault = "only one direction of the mail flows is seen: the mirror must copy both; outcomes are unknown"
	dropping fault = "the kernel drops packets: give it a larger --ring, more --workers, or a narrower filter"
)

// The shares from which something is amiss, and from which the sensor is blind.
const (
	dropsDegraded = 0.001
	dropsBlind    = 0.01
	sidedSegments = 20  // at least, to conclude something from them
	sidedFlows    = 5   // the same for flows
	sidedOdds     = 200 // one segment of so many may go the other way
	silentBlind   = 10  // times LiveConfig.Patience without a packet: blind
)

func (w *watch) init(cfg *LiveConfig) {
	w.cfg = cfg
	now := time.Now()
	for _, in := range cfg.Inputs {
		w.inputs = append(w.inputs, watched{name: inputName(in), since: now, arrived: now})
	}
}

// look compares counters with those of a while ago.
func (w *watch) look(now time.Time, l *Live) []Notice {
	var out []Notice
	for i := range w.inputs {
		in := &w.inputs[i]
		c := l.input(i)
		if c.Kernel.Packets+c.Packets != in.packets {
			in.packets, in.arrived, in.ever = c.Kernel.Packets+c.Packets, now, true
		}
		out = in.set(out, silent, now.Sub(in.arrived) >= w.cfg.Patience && len(l.links.away(w.cfg.Inputs[i])) == 0, "for", now.Sub(in.arrived).Round(time.Second))
		if now.Sub(in.since) < w.cfg.Patience {
			continue
		}
		out = in.turn(out, now, &c)
	}
	return w.overall(out, now, l)
}

// turn ends a window.
func (in *watched) turn(out []Notice, now time.Time, c *LiveCounters) []Notice {
	d := c.since(&in.base)
	in.since, in.base, in.window = now, *c, d
	share := d.dropShare()
	out = in.set(out, dropping, share > dropsDegraded, "dropped", d.Kernel.Drops, "of", d.Kernel.Packets)
	if sided, known := d.sided(); known {
		out = in.set(out, oneSided, sided, "to_servers", d.ToServer, "to_clients", d.ToClient, "one_sided_flows", d.Flows.OneSided)
	}
	return out
}

// overall looks at what belongs to no input.
func (w *watch) overall(out []Notice, now time.Time, l *Live) []Notice {
	lost, half := uint64(0), uint64(0)
	for _, k := range l.workers {
		c := k.published.Load()
		lost += c.Lost
		half += c.HalfFlows
	}
	if lost > w.lost {
		w.lost, w.lostAt = lost, now
		if !w.full {
			w.full = true
			out = append(out, Notice{Text: "observations are lost: the outputs are too slow", Fields: []any{"lost", lost}})
		}
	}
	if w.full && now.Sub(w.lostAt) >= w.cfg.Patience {
		w.full = false
		out = append(out, Notice{Text: "good again, it was: observations are lost", Over: true, Fields: []any{"lost", lost}})
	}
	if half > 0 && !w.half {
		w.half = true
		out = append(out, Notice{Text: "the kernel does not keep both directions of a flow together: one worker goes on alone, as with --workers 1", Fields: []any{"half_flows", half}})
	}
	return out
}

// set notes whether a fault is there, and tells when that is news.
func (in *watched) set(out []Notice, f fault, there bool, fields ...any) []Notice {
	was := slices.Contains(in.faults, f)
	fields = append([]any{"input", in.name}, fields...)
	switch {
	case there && !was:
		in.faults = append(in.faults, f)
		return append(out, Notice{Text: string(f), Fields: fields})
	case !there && was:
		in.faults = slices.DeleteFunc(in.faults, func(g fault) bool { return g == f })
		return append(out, Notice{Text: "good again, it was: " + string(f), Over: true, Fields: []any{"input", in.name}})
	}
	return out
}

// since gives what was counted since the counters were b; only what the watch looks at.
func (c *LiveCounters) since(b *LiveCounters) (d LiveCounters) {
	d.Packets, d.Bytes = c.Packets-b.Packets, c.Bytes-b.Bytes
	d.ToServer, d.ToClient = c.ToServer-b.ToServer, c.ToClient-b.ToClient
	d.Kernel.Packets, d.Kernel.Drops = c.Kernel.Packets-b.Kernel.Packets, c.Kernel.Drops-b.Kernel.Drops
	d.Kernel.Freezes, d.Kernel.Gaps = c.Kernel.Freezes-b.Kernel.Freezes, c.Kernel.Gaps-b.Kernel.Gaps
	d.Flows.OneSided, d.Flows.Opened = c.Flows.OneSided-b.Flows.OneSided, c.Flows.Opened-b.Flows.Opened
	return d
}

func (c *LiveCounters) dropShare() float64 {
	if c.Kernel.Packets == 0 {
		return 0
	}
	return float64(c.Kernel.Drops) / float64(c.Kernel.Packets)
}

// sided reports whether only one direction was seen, if that can be told.
func (c *LiveCounters) sided() (sided, known bool) {
	if n := c.ToServer + c.ToClient; n >= sidedSegments {
		return min(c.ToServer, c.ToClient)*sidedOdds <= n, true
	}
	if f := &c.Flows; f.Opened >= sidedFlows || f.OneSided >= sidedFlows {
		return f.OneSided >= sidedFlows && f.OneSided*10 >= f.Opened*9, true
	}
	return false, false
}
