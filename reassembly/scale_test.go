package reassembly

import (
	"runtime"
	"testing"

	"cleartap/capture"
)

const bigFlows = 2_000_000

// TestTwoMillionHalfOpenFlows holds memory and work to issue C's figures: a SYN
// and a line of the client, or the line alone, and nothing more.
func TestTwoMillionHalfOpenFlows(t *testing.T) {
	flows := bigFlows
	if testing.Short() || raceEnabled {
		flows = 200_000
	}
	for _, handshake := range []bool{true, false} {
		a := New(Config{MaxMemory: 320 << 20, Classify: always(Wait)})
		flood(a, flows, handshake)
		s := a.Stats()
		if s.Live != flows || s.EvictedFlows != 0 || s.Refused != 0 {
			t.Errorf("%d flows live, %d evicted, %d refused", s.Live, s.EvictedFlows, s.Refused)
		}
		per := float64(s.Memory) / float64(flows)
		t.Logf("handshake %v: %.1f bytes a flow, %d MB, most work %d", handshake, per, s.Memory>>20, s.MostWork)
		if per > 160 && flows == bigFlows {
			t.Errorf("%.0f bytes a flow", per)
		}
		if s.MostWork > 700 {
			t.Errorf("%d entries touched for one segment", s.MostWork)
		}
		a.Flush()
		if s := a.Stats(); s.Memory > 20<<20 || s.Held != 0 {
			t.Errorf("%d bytes kept after the end", s.Memory)
		}
		runtime.GC()
	}
}

func flood(a *Assembler, flows int, handshake bool) {
	line := []byte("a1 LOGIN flood1234567\r\n")
	s := capture.Segment{Mark: capture.Mark{Time: 1e18}}
	for i := range uint32(flows) {
		numbered(&s, i)
		s.Time += 500
		s.Seq, s.Ack = i*7, 0
		if handshake {
			s.Flags, s.Payload = capture.SYN, nil
			a.Push(&s)
			s.Seq++
		}
		s.Flags, s.Payload, s.Ack = capture.ACK, line, 1
		s.Time += 500
		a.Push(&s)
	}
}

// TestFlatBeyondTheCap floods a small table, with logins in between: memory
// stays where it is, and the logins are found.
func TestFlatBeyondTheCap(t *testing.T) {
	w := newWire(t, func(c *Config) {
		c.MaxMemory = 8 << 20
		c.Classify = func(p *Probe) Verdict {
			if len(p.ToClient) > 0 {
				return Open
			}
			return Wait
		}
	})
	logins := 0
	line := []byte("a1 LOGIN flood1234567\r\n")
	s := capture.Segment{Mark: capture.Mark{Time: w.now}}
	for i := range uint32(300_000) {
		numbered(&s, i)
		s.Time += 10_000
		s.Flags, s.Payload = capture.SYN, nil
		if i%3 > 0 {
			s.Flags, s.Payload = capture.ACK, line
		}
		w.a.Push(&s)
		if i%300 != 0 {
			continue
		}
		w.now = s.Time
		w.client.Port = uint16(1000 + i/300)
		w.cs, w.ss = 1000, 5000
		w.handshake()
		w.s("+OK\r\n")
		w.c("USER a\r\n")
		logins++
		s.Time = w.now
	}
	st := w.a.Stats()
	if st.Memory > 8<<20 {
		t.Errorf("%d bytes", st.Memory)
	}
	if st.EvictedFlows == 0 || int(st.Opened) != logins || st.EvictedStreams != 0 {
		t.Errorf("%d evicted, %d of %d logins opened, %d streams evicted", st.EvictedFlows, st.Opened, logins, st.EvictedStreams)
	}
	if st.MostWork > 1000 {
		t.Errorf("%d entries touched for one segment", st.MostWork)
	}
	w.check()
	w.wait(40 * 60_000 * ms)
	for range 20 {
		w.wait(1000 * ms)
	}
	if st := w.a.Stats(); st.Live > 0 || st.Memory > 4<<20 {
		t.Errorf("after the flood: %d flows, %d bytes", st.Live, st.Memory)
	}
	w.check()
}

func TestMaxStreams(t *testing.T) {
	w := newWire(t, func(c *Config) { c.MaxStreams = 10 })
	for i := range 30 {
		w.client.Port = uint16(1000 + i)
		w.handshake()
		w.c("x")
	}
	s := w.a.Stats()
	if s.PeakOpen > 10 || s.EvictedStreams != 20 {
		t.Errorf("%d open, %d evicted", s.PeakOpen, s.EvictedStreams)
	}
	w.check()
}

// TestNoAllocations pushes what is common.
func TestNoAllocations(t *testing.T) {
	for _, d := range []Dir{ToServer, ToClient} {
		a, s := established(d, 100)
		if n := testing.AllocsPerRun(1000, func() {
			a.Push(s)
			s.Seq += 100
		}); n != 0 {
			t.Errorf("in order: %v allocations", n)
		}
		if n := testing.AllocsPerRun(1000, func() { // two swapped
			s.Seq += 100
			a.Push(s)
			s.Seq -= 100
			a.Push(s)
			s.Seq += 200
		}); n != 0 {
			t.Errorf("out of order: %v allocations", n)
		}
	}
	a := New(Config{Classify: always(Drop)})
	var s capture.Segment
	numbered(&s, 1)
	s.Flags, s.Time, s.Payload = ack, 1e18, make([]byte, 2000)
	if n := testing.AllocsPerRun(1000, func() { a.Push(&s) }); n != 0 {
		t.Errorf("bypassed: %v allocations", n)
	}
}

// TestFlowsAreRecycled has one short flow after the other.
func TestFlowsAreRecycled(t *testing.T) {
	w := newWire(t)
	w.record = true
	w.handshake()
	w.s("+OK\r\n")
	w.c("USER a\r\n")
	w.fin()
	a := New(Config{Open: openNobody})
	now := w.now
	flow := func() {
		now += 5_000 * ms
		for i := range w.segments {
			s := &w.segments[i]
			s.Time = now
			if s.Src.Port == 110 {
				s.Dst.Port++
			} else {
				s.Src.Port++
			}
			a.Push(s)
		}
	}
	flow()
	if n := testing.AllocsPerRun(2000, flow); n != 0 {
		t.Errorf("%v allocations a flow", n)
	}
	if s := a.Stats(); s.Memory > 1<<20 || s.Opened != s.Flows {
		t.Errorf("%d bytes, %d opened of %d", s.Memory, s.Opened, s.Flows)
	}
	check(t, a)
}
