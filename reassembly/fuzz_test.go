package reassembly

import (
	"testing"

	"cleartap/capture"
	"cleartap/internal/fuzzing"
)

// ordered is a Stream that sees to it that each direction is in order, and that
// nothing comes after the end.
type ordered struct {
	t    *testing.T
	over *bool
	next [2]uint32
	any  [2]bool
	stop int // Data calls until it wants no more
}

func (o *ordered) call() {
	if *o.over {
		o.t.Fatal("call after the end of the stream")
	}
}

func (o *ordered) Data(d Dir, m capture.Mark, p []byte) bool {
	o.call()
	if len(p) == 0 {
		o.t.Fatal("Data without bytes")
	}
	if o.any[d] && m.Seq != o.next[d] {
		o.t.Fatalf("direction %v: %d, not %d", d, m.Seq, o.next[d])
	}
	o.any[d], o.next[d] = true, m.Seq+uint32(len(p))
	if o.stop--; o.stop == 0 {
		*o.over = true
		return false
	}
	return true
}

func (o *ordered) Gap(d Dir, m capture.Mark, n int) bool {
	o.call()
	if o.any[d] && m.Seq != o.next[d] {
		o.t.Fatalf("direction %v: gap at %d, not %d", d, m.Seq, o.next[d])
	}
	o.any[d], o.next[d] = n > 0, m.Seq+uint32(n)
	return true
}

func (o *ordered) Conflict(Dir, capture.Mark) { o.call() }

func (o *ordered) Close() {
	o.call()
	*o.over = true
}

// fuzzed reads bytes as decisions.
type fuzzed struct {
	b   []byte
	pos int
}

func (f *fuzzed) next() int {
	if f.pos >= len(f.b) {
		return 0
	}
	f.pos++
	return int(f.b[f.pos-1])
}

// segment makes a segment of one of six flows. Its numbers are near where the flow
// stands, or far.
func (f *fuzzed) segment(s *capture.Segment, at *[6][2]uint32, text []byte) {
	how, what := f.next(), f.next()
	flow, d := how%6, how/6%2
	n := f.next()
	if how/12%4 == 0 {
		n *= 100
	}
	*s = capture.Segment{
		Src: capture.Endpoint{IP: v4(1, 1, 1, byte(flow)), Port: 40000}, Dst: capture.Endpoint{IP: v4(2, 2, 2, 2), Port: 25},
		IPv4: flow < 4, Flags: ack, TTL: byte(60 + how%8), Mark: s.Mark,
	}
	if d == 1 {
		s.Src, s.Dst = s.Dst, s.Src
	}
	s.Frame++
	s.Time += capture.Nanos(1e6)
	here, there := &at[flow][d], &at[flow][1-d]
	s.Seq, s.Ack = *here, *there
	switch what % 16 {
	case 0:
		s.Flags = capture.Flags(f.next())
	case 1:
		s.Flags |= capture.FIN
	case 2:
		s.Flags = capture.RST
	case 3:
		s.Flags = capture.SYN
		*here += uint32(f.next()) << 20
		s.Seq = *here
		*here++
	case 4:
		s.Flags = synAck
		s.Seq = *here
		*here++
	case 5, 6:
		s.Seq += uint32(f.next())
	case 7, 8:
		s.Seq -= uint32(f.next())
	case 9:
		s.Ack += uint32(f.next()) - 20
	case 10:
		s.Seq += uint32(f.next()) << 16
	case 11:
		s.Time += capture.Nanos(f.next()) * 1e8
	case 12:
		s.Time += capture.Nanos(f.next()-128) * 3600e9
	case 13:
		s.Missing = f.next() * 7
	}
	if what&16 == 0 {
		s.Payload = text[n%100:][:n]
	}
	if what&32 == 0 && s.Seq == *here {
		*here += uint32(len(s.Payload) + s.Missing)
	}
}

func FuzzAssembler(f *testing.F) {
	f.Add([]byte("\x00\x03\x00\x01\x06\x04\x00\x00\x00\x0f\x20\x06\x0f\x20"), uint8(1))
	f.Add([]byte("\x00\x05\x20\x40\x00\x05\x20\x00\x06\x09\x20\x60\x00\x01\x20\x06\x01\x20"), uint8(0))
	f.Add([]byte{0, 0x13, 0, 9, 6, 0x14, 0, 0, 15, 30, 0, 5, 20, 200, 0, 15, 250, 0, 0x11, 0, 6, 0x11, 0}, uint8(2))
	for seed := range uint64(4) {
		k := newTalk(seed)
		f.Add(append(k.text[0], k.text[1]...), uint8(seed))
	}
	text := fuzzText()
	fuzzing.Begin()
	f.Fuzz(func(t *testing.T, b []byte, mode uint8) { fuzzSegments(t, b, mode, text) })
}

// fuzzText is what the segments' bytes are taken from.
func fuzzText() []byte {
	text := make([]byte, 30000)
	for i := range text {
		text[i] = byte(i * 7)
	}
	return text
}

// fuzzSegments pushes segments that b describes, and holds the Assembler to its
// books, its bounds, and the order of bytes.
func fuzzSegments(t *testing.T, b []byte, mode uint8, text []byte) {
	in := fuzzed{b: b}
	streams := 0
	a := New(Config{
		MaxMemory: 1 << 20, MaxStreams: 3, HoldSegments: 8, HoldBytes: 8000, ProbeHold: 500,
		Classify: func(p *Probe) Verdict { return Verdict(in.next() % 16 & 3) },
		Open: func(*Flow, *Probe) Stream {
			if streams++; streams%16 == 15 {
				return nil
			}
			return &ordered{t: t, over: new(bool), stop: int(mode%8) * 5}
		},
	})
	a.pool.max = 200 + int(mode/8)
	s := capture.Segment{Mark: capture.Mark{Time: 1e18}}
	var at [6][2]uint32
	for d := range at {
		at[d] = [2]uint32{uint32(-50 * d), 1 << 31}
	}
	for in.pos < len(b) {
		in.segment(&s, &at, text)
		a.Push(&s)
		if st := a.Stats(); st.Open > 3 || a.pool.live > a.pool.max+64 || st.Memory > 2<<20 {
			t.Fatalf("out of bounds: %+v", st)
		}
		if why := wrong(a); why != "" {
			t.Fatal(why)
		}
	}
	a.Flush()
	check(t, a)
	if st := a.Stats(); st.Live != 0 || st.Open != 0 || st.Held != 0 {
		t.Fatalf("left after Flush: %+v", st)
	}
}
