package trafficgen

// segment is one packet of a flow, with its final sequence numbers.
type segment struct {
	toClient bool
	flags    byte
	seq, ack uint32
	payload  []byte
}

// flow is a conversation scripted in full before its first packet is emitted:
// reordering and retransmission are edits of the script, so that the truth does
// not depend on how flows are mixed.
type flow struct {
	segments       []segment
	next           int
	mail, udp, v6  bool
	vlan           uint16
	client, server [16]byte
	cport, sport   uint16
}

// TCP header flags, RFC 9293 section 3.1.
const (
	fin = 0x01
	syn = 0x02
	psh = 0x08
	ack = 0x10
)

const mss = 1428 // fits an IPv6 header and an Ethernet frame of 1514 bytes

// script writes the segments of one TCP flow.
type script struct {
	g        *generator
	f        *flow
	cseq     uint32 // next sequence number of the client
	sseq     uint32
	editable int  // segments from here on may be reordered and repeated
	imix     bool // bulk comes in packets of mixed sizes, not all full
}

// begin makes a flow with addresses and ports of its own; wrapAt > 0 lets the
// client's sequence number wrap that many bytes after the handshake.
func (g *generator) begin(sport uint16, wrapAt uint32) *script {
	f := &flow{sport: sport, cport: uint16(32768 + g.rnd.IntN(28000)), v6: g.rnd.Float64() < g.o.IPv6}
	n := g.rnd.Uint32()
	f.client, f.server = address(f.v6, 10, n), address(f.v6, 192, n>>24)
	if g.rnd.Float64() < g.o.VLAN {
		f.vlan = uint16(1 + g.rnd.IntN(4000))
	}
	if g.rnd.Float64() < g.o.Port2525 {
		f.cport = 2525
	}
	s := &script{g: g, f: f, cseq: g.rnd.Uint32(), sseq: g.rnd.Uint32()}
	if wrapAt > 0 {
		s.cseq = -wrapAt
	}
	g.truth.Flows++
	return s
}

// address makes an address out of n: 10.a.b.c, 192.0.2.x or their IPv6 likes.
func address(v6 bool, net byte, n uint32) [16]byte {
	a := [16]byte{10: 0xff, 11: 0xff, 12: net, 13: byte(n >> 16), 14: byte(n >> 8), 15: byte(n)}
	if net == 192 {
		a[13], a[14] = 0, 2
	}
	if v6 {
		a[0], a[1], a[2], a[3], a[4] = 0x20, 0x01, 0x0d, 0xb8, net
		a[10], a[11] = 0, 0
	}
	return a
}

func (s *script) add(toClient bool, flags byte, payload []byte) {
	seg := segment{toClient: toClient, flags: flags, seq: s.cseq, ack: s.sseq, payload: payload}
	n := uint32(len(payload))
	if flags&(syn|fin) != 0 {
		n++
	}
	if toClient {
		seg.seq, seg.ack = s.sseq, s.cseq
		s.sseq += n
	} else {
		s.cseq += n
	}
	if flags == syn {
		seg.ack = 0
	}
	s.f.segments = append(s.f.segments, seg)
}

func (s *script) handshake() {
	s.add(false, syn, nil)
	s.add(true, syn|ack, nil)
	s.add(false, ack, nil)
	s.editable = len(s.f.segments)
}

// server and client send lines or bulk, cut at the MSS.
func (s *script) server(p string) { s.send(true, []byte(p)) }

func (s *script) client(p string) {
	b := []byte(p)
	if len(b) > 2 && s.g.rnd.Float64() < s.g.o.Split {
		cut := 1 + s.g.rnd.IntN(len(b)-1)
		s.send(false, b[:cut])
		b = b[cut:]
	}
	s.send(false, b)
}

func (s *script) send(toClient bool, p []byte) {
	for len(p) > 0 {
		n := min(len(p), s.size())
		s.add(toClient, psh|ack, p[:n])
		p = p[n:]
		if n == mss && s.g.rnd.IntN(2) == 0 {
			s.add(!toClient, ack, nil)
		}
	}
}

// size is the payload of the next packet: full, or by the shares of the simple
// Internet mix (7 small, 4 middling, 1 full of 12 packets).
func (s *script) size() int {
	if !s.imix {
		return mss
	}
	switch n := s.g.rnd.IntN(12); {
	case n < 7:
		return 40 + s.g.rnd.IntN(60)
	case n < 11:
		return 520
	default:
		return mss
	}
}

// bulk sends n bytes of noise.
func (s *script) bulk(toClient bool, n int) {
	for n > 0 {
		k := min(n, 64<<10)
		at := s.g.rnd.IntN(noiseSize - k)
		s.send(toClient, s.g.noise[at:at+k])
		n -= k
	}
}

// end closes the flow and applies the edits.
func (s *script) end() *flow {
	s.add(false, fin|ack, nil)
	s.add(true, fin|ack, nil)
	s.add(false, ack, nil)
	s.edit()
	return s.f
}

// edit reorders and repeats data segments after the handshake. A segment only
// changes places with a neighbour of its own direction: a reply that overtakes
// its command would be another kind of test.
func (s *script) edit() {
	o, segs := &s.g.o, s.f.segments
	last := len(segs) - 3
	for i := s.editable; i+1 < last; i++ {
		a, b := &segs[i], &segs[i+1]
		if len(a.payload) > 0 && len(b.payload) > 0 && a.toClient == b.toClient && s.g.rnd.Float64() < o.Reorder {
			*a, *b = *b, *a
			i++
		}
	}
	if o.Retransmit == 0 {
		return
	}
	out := make([]segment, 0, len(segs)+2)
	for i, seg := range segs {
		out = append(out, seg)
		if i >= s.editable && i < last && len(seg.payload) > 0 && s.g.rnd.Float64() < o.Retransmit {
			out = append(out, seg)
		}
	}
	s.f.segments = out
}
