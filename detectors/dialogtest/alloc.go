package dialogtest

import (
	"testing"

	"cleartap/capture"
	"cleartap/detectors"
)

// Allocations replays opening once and then round again and again, in segments of
// a line, and gives the allocations of one round. Both are dialogues; the flow must
// still be followed at their end.
func Allocations(t *testing.T, protocol *detectors.Protocol, opening, round string) float64 {
	t.Helper()
	before, err := Parse("opening", opening)
	if err != nil {
		t.Fatal(err)
	}
	again, err := Parse("round", round)
	if err != nil {
		t.Fatal(err)
	}
	r := newReplay(before, newRig([]*detectors.Protocol{protocol}))
	for i := range before.steps {
		r.push(before.steps[i].dir, i, before.steps[i].bytes)
	}
	if r.stream == nil {
		t.Fatal("the opening does not make the flow worth following")
	}
	ended := false
	n := testing.AllocsPerRun(200, func() {
		for i := range again.steps {
			s := &again.steps[i]
			m := capture.Mark{Time: r.now, Seq: r.seq[s.dir]}
			r.seq[s.dir] += uint32(len(s.bytes))
			if !ended && !r.stream.Data(s.dir, m, s.bytes) {
				ended = true
			}
		}
	})
	if ended {
		t.Fatal("the flow ended")
	}
	r.stream.Close()
	return n
}
