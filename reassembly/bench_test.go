package reassembly

import (
	"math/rand/v2"
	"testing"

	"cleartap/capture"
)

// nobody is a Stream that does nothing.
type nobody struct{}

func (nobody) Data(Dir, capture.Mark, []byte) bool { return true }
func (nobody) Gap(Dir, capture.Mark, int) bool     { return true }
func (nobody) Conflict(Dir, capture.Mark)          {}
func (nobody) Close()                              {}

func always(v Verdict) func(*Probe) Verdict { return func(*Probe) Verdict { return v } }

func openNobody(*Flow, *Probe) Stream { return nobody{} }

// numbered makes the ends of flow i.
func numbered(s *capture.Segment, i uint32) {
	s.Src = capture.Endpoint{IP: v4(10, byte(i>>16), byte(i>>8), byte(i)), Port: uint16(20000 + i>>24 + i%40000)}
	s.Dst = capture.Endpoint{IP: v4(192, 168, 0, byte(i%7)), Port: 143}
	s.IPv4 = true
}

func BenchmarkPushBypassed(b *testing.B) {
	for _, flows := range []int{1, 1 << 12, 1 << 20} {
		b.Run("flows="+itoa2(flows), func(b *testing.B) {
			a := New(Config{Classify: always(Drop), MaxMemory: 1 << 30})
			segs := make([]capture.Segment, flows)
			order := rand.New(rand.NewPCG(1, 2)).Perm(flows)
			for i := range segs {
				s := &segs[order[i]]
				numbered(s, uint32(i))
				s.Flags, s.Payload, s.Time = ack, make([]byte, 200), capture.Nanos(1e18)
				a.Push(s)
			}
			if s := a.Stats(); s.Live != flows || s.Dropped != uint64(flows) {
				b.Fatalf("%+v", s)
			}
			b.ReportAllocs()
			b.ResetTimer()
			for n := 0; b.Loop(); n++ {
				a.Push(&segs[n&(flows-1)])
			}
		})
	}
}

func itoa2(n int) string {
	switch {
	case n >= 1<<20:
		return itoa(n>>20) + "Mi"
	case n >= 1<<10:
		return itoa(n>>10) + "Ki"
	}
	return itoa(n)
}

func BenchmarkPushInOrder(b *testing.B) {
	for _, size := range []int{40, 1448} {
		for _, d := range []Dir{ToServer, ToClient} {
			b.Run("size="+itoa(size)+"/dir="+arrow[d], func(b *testing.B) {
				a, s := established(d, size)
				b.ReportAllocs()
				for b.Loop() {
					a.Push(s)
					s.Seq += uint32(size)
				}
			})
		}
	}
}

// established makes a followed flow, and the next segment of one direction.
func established(d Dir, size int) (*Assembler, *capture.Segment) {
	a := New(Config{Open: openNobody})
	s := &capture.Segment{Mark: capture.Mark{Time: 1e18, Seq: 1}, TTL: 64}
	numbered(s, 5)
	s.Flags = capture.SYN
	a.Push(s)
	s.Flags, s.Ack = capture.SYN|capture.ACK, 2
	s.Src, s.Dst = s.Dst, s.Src
	a.Push(s)
	s.Flags, s.Seq, s.Payload = capture.ACK, 2, make([]byte, 10)
	a.Push(s)
	s.Seq, s.Ack = 12, 2
	if d == ToServer {
		s.Src, s.Dst = s.Dst, s.Src
		s.Seq, s.Ack = 2, 12
	}
	s.Payload = make([]byte, size)
	return a, s
}

// BenchmarkPushNewFlows is a flood of SYNs, two million and more.
func BenchmarkPushNewFlows(b *testing.B) {
	a := New(Config{MaxMemory: 512 << 20})
	s := &capture.Segment{Mark: capture.Mark{Time: 1e18}, Flags: capture.SYN}
	b.ReportAllocs()
	for i := uint32(0); b.Loop(); i++ {
		numbered(s, i)
		s.Time += 500
		a.Push(s)
	}
	b.ReportMetric(float64(a.Stats().Memory)/float64(max(1, a.Stats().Live)), "B/flow")
}

// BenchmarkPushMidstream is a flood of lines of clients without handshakes.
func BenchmarkPushMidstream(b *testing.B) {
	a := New(Config{MaxMemory: 512 << 20, Classify: always(Wait)})
	s := &capture.Segment{Mark: capture.Mark{Time: 1e18}, Flags: capture.ACK, Payload: []byte("a1 LOGIN flood1234567 pw\r\n")}
	b.ReportAllocs()
	for i := uint32(0); b.Loop(); i++ {
		numbered(s, i)
		s.Time += 500
		a.Push(s)
	}
	b.ReportMetric(float64(a.Stats().Memory)/float64(max(1, a.Stats().Live)), "B/flow")
}

// BenchmarkLoginFlow is a whole short flow of 16 segments.
func BenchmarkLoginFlow(b *testing.B) {
	w := newWire(b)
	w.record = true
	w.handshake()
	w.s("+OK ready\r\n")
	w.c("USER alice\r\n")
	w.s("+OK\r\n")
	w.c("PASS secret\r\n")
	w.s("+OK logged in\r\n")
	w.c("QUIT\r\n")
	w.s("+OK bye\r\n")
	w.fin()
	a := New(Config{Open: openNobody, Classify: func(p *Probe) Verdict {
		if len(p.ToClient) >= 3 {
			return Open
		}
		return Wait
	}})
	b.ReportAllocs()
	t := capture.Nanos(1e18)
	for i := uint32(0); b.Loop(); i++ {
		var end capture.Segment
		numbered(&end, i)
		for j := range w.segments {
			s := &w.segments[j]
			if s.Src.Port == 110 || s.Src.Port == 143 {
				s.Src, s.Dst = end.Dst, end.Src
			} else {
				s.Src, s.Dst = end.Src, end.Dst
			}
			t += 100_000
			s.Time = t
			a.Push(s)
		}
	}
	if s := a.Stats(); s.Open != 0 || s.Opened != s.Flows {
		b.Fatalf("%+v", s)
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(a.Stats().Segments), "ns/segment")
}
