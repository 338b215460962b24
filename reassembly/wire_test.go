package reassembly

import (
	"cmp"
	"fmt"
	"math/bits"
	"strings"
	"testing"

	"cleartap/capture"
)

// A wire makes the segments of a conversation and notes what an Assembler makes of them.
type wire struct {
	t        testing.TB
	a        *Assembler
	cfg      Config
	now      capture.Nanos
	frame    uint64
	client   capture.Endpoint
	server   capture.Endpoint
	cs, ss   uint32 // next sequence numbers
	log      []string
	flows    []Flow
	probes   []string
	data     [][2][]byte // by flow, both directions
	stopAt   string      // the stream ends when it gets these bytes
	segments []capture.Segment
	record   bool // collect segments, do not push
}

const ms = capture.Nanos(1e6)

func v4(a, b, c, d byte) (ip [16]byte) {
	ip[10], ip[11] = 0xff, 0xff
	ip[12], ip[13], ip[14], ip[15] = a, b, c, d
	return ip
}

// newWire makes a wire whose flows are all of interest once either side sent something.
func newWire(t testing.TB, change ...func(*Config)) *wire {
	w := &wire{
		t: t, now: 1_700_000_000_000 * ms,
		client: capture.Endpoint{IP: v4(10, 0, 0, 1), Port: 40000},
		server: capture.Endpoint{IP: v4(10, 0, 0, 2), Port: 110},
		cs:     1000, ss: 5000,
	}
	w.cfg = Config{Open: w.open}
	for _, f := range change {
		f(&w.cfg)
	}
	w.a = New(w.cfg)
	return w
}

type tape struct {
	w *wire
	n int
}

func (w *wire) open(f *Flow, p *Probe) Stream {
	w.flows = append(w.flows, *f)
	w.probes = append(w.probes, fmt.Sprintf("%q %q", p.ToServer, p.ToClient))
	w.data = append(w.data, [2][]byte{})
	return &tape{w, len(w.flows)}
}

func (s *tape) say(format string, args ...any) {
	text := fmt.Sprintf(format, args...)
	if s.n > 1 {
		text = fmt.Sprintf("%d: %s", s.n, text)
	}
	s.w.log = append(s.w.log, text)
}

var arrow = [2]string{"C", "S"}

func (s *tape) Data(d Dir, m capture.Mark, p []byte) bool {
	if len(p) == 0 {
		s.w.t.Error("Data without bytes")
	}
	s.say("%s %s", arrow[d], p)
	s.w.data[s.n-1][d] = append(s.w.data[s.n-1][d], p...)
	return s.w.stopAt == "" || !strings.Contains(string(p), s.w.stopAt)
}

func (s *tape) Gap(d Dir, m capture.Mark, n int) bool {
	s.say("%s gap %d", arrow[d], n)
	return true
}

func (s *tape) Conflict(d Dir, m capture.Mark) { s.say("%s conflict %d", arrow[d], m.Seq) }
func (s *tape) Close()                         { s.say("close") }

// send pushes a segment of side 0 (client) or 1 as it is given.
func (w *wire) send(d Dir, flags capture.Flags, seq, ack uint32, payload string) {
	w.sendCut(d, flags, seq, ack, payload, 0)
}

func (w *wire) sendCut(d Dir, flags capture.Flags, seq, ack uint32, payload string, missing int) {
	w.now += ms
	w.frame++
	s := capture.Segment{
		Mark: capture.Mark{Time: w.now, Frame: w.frame, Seq: seq, Ack: ack},
		Src:  w.client, Dst: w.server, IPv4: true, Flags: flags, TTL: 64,
		Payload: []byte(payload), Missing: missing,
	}
	if d == ToClient {
		s.Src, s.Dst = s.Dst, s.Src
	}
	if w.record {
		w.segments = append(w.segments, s)
		return
	}
	w.push(s)
}

func (w *wire) push(s capture.Segment) {
	p := append([]byte(nil), s.Payload...)
	s.Payload = p
	w.a.Push(&s)
	for i := range p {
		p[i] = '#' // whoever kept it sees
	}
}

// handshake opens the connection; cs and ss are the numbers of the SYNs.
func (w *wire) handshake() {
	w.send(ToServer, capture.SYN, w.cs, 0, "")
	w.send(ToClient, capture.SYN|capture.ACK, w.ss, w.cs+1, "")
	w.cs++
	w.ss++
	w.send(ToServer, capture.ACK, w.cs, w.ss, "")
}

func (w *wire) c(line string) {
	w.send(ToServer, capture.ACK, w.cs, w.ss, line)
	w.cs += uint32(len(line))
}

func (w *wire) s(line string) {
	w.send(ToClient, capture.ACK, w.ss, w.cs, line)
	w.ss += uint32(len(line))
}

func (w *wire) fin() {
	w.send(ToServer, capture.ACK|capture.FIN, w.cs, w.ss, "")
	w.cs++
	w.send(ToClient, capture.ACK|capture.FIN, w.ss, w.cs, "")
	w.ss++
	w.send(ToServer, capture.ACK, w.cs, w.ss, "")
}

func (w *wire) wait(d capture.Nanos) {
	w.now += d
	w.a.Tick(w.now)
}

func (w *wire) want(lines ...string) {
	w.t.Helper()
	got, want := strings.Join(w.log, " | "), strings.Join(lines, " | ")
	if got != want {
		w.t.Errorf("got  %s\nwant %s", got, want)
	}
	w.check()
}

// check holds the Assembler to its books.
func (w *wire) check() {
	w.t.Helper()
	check(w.t, w.a)
}

func check(t testing.TB, a *Assembler) {
	t.Helper()
	if why := wrong(a); why != "" {
		t.Fatal(why)
	}
}

// wrong is check without a test: it says what is wrong, if anything is.
func wrong(a *Assembler) string {
	flows, timers, late, blocks, conns := 0, 0, 0, 0, 0
	for _, i := range a.entries.inUse() {
		e := a.entry(i)
		if e == nil {
			return fmt.Sprintf("place %d is taken by no flow", i)
		}
		flows++
		if e.slot == lateSlot {
			late++
		} else if e.slot != 0 {
			timers++
		}
		blocks += chain(a, e.held)
		if e.state == open || e.state == closing {
			c := a.conns.all[e.ref]
			if !c.live || c.flow != i {
				return fmt.Sprintf("flow %d and its record do not agree", i)
			}
			conns++
			blocks += chain(a, c.replay) + chain(a, c.half[0].held) + chain(a, c.half[1].held)
			if why := cmp.Or(wrongHalf(a, &c.half[0]), wrongHalf(a, &c.half[1])); why != "" {
				return why
			}
		}
	}
	if flows != a.entries.live || flows != a.index.live || conns != a.conns.open() || timers != a.wheel.live || late != a.late.n || blocks != a.pool.live {
		return fmt.Sprintf("books are wrong: %d flows (%d, index %d), %d records (%d), %d timers (%d), %d blocks (%d)",
			flows, a.entries.live, a.index.live, conns, a.conns.open(), timers, a.wheel.live, blocks, a.pool.live)
	}
	return ""
}

// inUse lists the records in use.
func (s *slab[T]) inUse() (all []uint32) {
	for c := range s.meta {
		for w, word := range s.meta[c].used {
			for ; word != 0; word &= word - 1 {
				all = append(all, uint32(c*chunkLen+w*64+bits.TrailingZeros64(word)))
			}
		}
	}
	if len(all) > 0 {
		all = all[1:] // number 0
	}
	return all
}

func wrongHalf(a *Assembler, h *half) string {
	segs, bytes, next := 0, 0, h.next
	for i := h.held; i != 0; i = a.pool.at(i).next() {
		b := a.pool.at(i)
		if int32(b.seq()-next) < 0 && (i != h.held || int32(b.seq()+b.length()-next) <= 0) {
			return "held segments overlap or are not in order"
		}
		next = b.seq() + b.length()
		segs++
		if b.kind() == isData {
			bytes += b.size()
		}
		if b.next() == 0 && h.tail != i {
			return "tail is not the last"
		}
	}
	if segs != h.segs || bytes != h.bytes {
		return fmt.Sprintf("%d segments (%d), %d bytes (%d)", segs, h.segs, bytes, h.bytes)
	}
	return ""
}

// chain counts the blocks of a list.
func chain(a *Assembler, i uint32) (n int) {
	for ; i != 0; i = a.pool.at(i).next() {
		n += need(a.pool.at(i).size())
	}
	return n
}
