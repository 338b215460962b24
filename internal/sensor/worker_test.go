package sensor

import (
	"context"
	"strings"
	"testing"

	"cleartap/capture"
	"cleartap/detectors/all"
)

// broken is a source that panics from some frame on.
type broken struct {
	frames, calls int
	once          bool // and goes on afterwards
}

func (b *broken) Next(f *capture.Frame) error {
	b.calls++
	if b.calls == b.frames+1 || b.calls > b.frames && !b.once {
		panic("at a frame")
	}
	if b.calls > 2*b.frames {
		return context.Canceled // the end
	}
	*f = capture.Frame{Time: capture.Nanos(b.calls), Data: make([]byte, 60), Length: 60, Number: uint64(b.calls), Link: 1}
	return nil
}
func (b *broken) Files() []string { return []string{"x.pcap"} }
func (b *broken) Close() error    { return nil }

// A source that fails for good ends its capture with a problem, and not in a loop.
func TestBrokenSource(t *testing.T) {
	for _, once := range []bool{false, true} {
		w := &worker{cfg: &Config{Protocols: all.Protocols()}, budget: newBudget(0, 1), lane: &lane{out: make(chan batch, 8), free: make(chan []handed)}}
		w.source = &broken{frames: 100, once: once}
		w.begin()
		for !w.burst(context.Background()) {
		}
		w.end()
		close(w.lane.out)
		var problems []string
		for b := range w.lane.out {
			if b.problem != nil {
				problems = append(problems, b.problem.String())
			}
		}
		if once && (w.totals.Panics != 1 || w.totals.Packets != 199 || problems != nil) {
			t.Errorf("once: %d panics, %d packets, %q", w.totals.Panics, w.totals.Packets, problems)
		}
		if !once && (w.totals.Panics != 2 || w.totals.Packets != 100 || len(problems) != 1 || !strings.Contains(problems[0], "x.pcap: a fault of cleartap")) {
			t.Errorf("for good: %d panics, %d packets, %q", w.totals.Panics, w.totals.Packets, problems)
		}
	}
}
