package reassembly

import "cleartap/capture"

// window is how far from where a direction stands a segment may lie. What lies
// farther is junk, or the capture lost a lot: the next segment tells.
const window = 1 << 20

// ackWindow is how far beyond what was seen an acknowledgement is believed.
const ackWindow = 1 << 16

// half is one direction of a followed flow.
type half struct {
	next   uint32 // the byte that is to be delivered next
	ack    uint32 // the highest acknowledgement that this side sent
	first  uint32 // of the first byte: one more than the number of the SYN
	end    uint32 // of the FIN, which is one number itself
	far    uint32 // end of the last segment outside of the window
	waived uint32 // bytes before this one are not waited for by the other side

	held, tail uint32 // segments that wait, by sequence number, without overlap
	segs       int
	bytes      int

	since capture.Nanos // what is first in held (or the end) waits since then
	acked capture.Nanos // when it was seen that the receiver has what is missing; 0 if it was not

	endMark capture.Mark
	ttl     uint8
	farAcks uint8 // segments refused in a row for what they acknowledge
	half8
}

// half8 are the facts about a half that are yes or no.
type half8 struct {
	seen      bool // a segment of this side was seen
	started   bool // next is known
	handshake bool // first comes from a SYN
	acks      bool // ack is known
	ending    bool // end is known
	over      bool // everything up to end was delivered
	waives    bool // waived is known
	strays    bool // far is known
}

// conn is what is known of a followed flow besides its entry. It is used again.
type conn struct {
	stream Stream
	flow   uint32 // number of the entry
	client uint8  // side
	live   bool
	id     uint32
	half   [2]half
	linger capture.Nanos // since when the flow is about to be over; 0 if it is not
	reset  uint8         // the side that reset it, plus 1
	replay uint32        // what was held before the Stream was opened and was not replayed yet
	past   past
}

func (c *conn) dir(side uint8) Dir { return Dir(side ^ c.client) }

// conns are the records of streams.
type conns struct {
	all  []*conn
	free []uint32
	hand int
}

// take gives a cleared record.
func (p *conns) take() *conn {
	if n := len(p.free); n > 0 {
		c := p.all[p.free[n-1]]
		p.free = p.free[:n-1]
		return c
	}
	c := &conn{id: uint32(len(p.all))}
	p.all = append(p.all, c)
	return c
}

// give clears a record and takes it back.
func (p *conns) give(c *conn) {
	*c = conn{id: c.id}
	p.free = append(p.free, c.id)
}

func (p *conns) open() int { return len(p.all) - len(p.free) }

// follow opens a Stream for flow i. It returns nil when there is none, or when
// it wanted no more of what was held.
func (a *Assembler) follow(i uint32, e *entry, v Verdict, cur *fresh) *conn {
	if v == Swap {
		e.flags ^= client1
		p := &a.probe
		p.ToServer, p.ToClient = p.ToClient, p.ToServer
		p.ServerPort, p.ClientPort = p.ClientPort, p.ServerPort
	}
	if a.conns.open() >= a.limits.streams {
		a.evictStream()
	}
	s := a.newStream(i, e)
	if s == nil {
		a.bypass(e, ignored)
		return nil
	}
	a.disarm(e)
	c := a.conns.take()
	c.stream, c.flow, c.client, c.live = s, i, e.client(), true
	for side := range uint8(2) {
		a.startHalf(c, e, side, cur)
	}
	c.replay = e.held
	e.held, e.tail, e.segs, e.ref = 0, 0, 0, c.id
	e.state = open
	e.flags |= followed
	a.stats.Opened++
	a.stats.PeakOpen = max(a.stats.PeakOpen, a.conns.open())
	if !a.replay(c, e) {
		return nil
	}
	return c
}

// newStream asks for the Stream of a flow.
func (a *Assembler) newStream(i uint32, e *entry) (s Stream) {
	client := e.client()
	a.flow = Flow{
		Client: a.end(e, client), Server: a.end(e, client^1),
		VLAN: e.vlan, Start: e.start, Midstream: e.flags&midstream != 0,
	}
	if a.cfg.Open != nil {
		a.calling = i
		s = a.cfg.Open(&a.flow, &a.probe)
		a.calling = 0
	}
	a.forgetProbe()
	return s
}

// startHalf tells where a direction begins: after its SYN, or at the first byte held.
func (a *Assembler) startHalf(c *conn, e *entry, side uint8, cur *fresh) {
	h := &c.half[side]
	h.seen = e.has(seen0, side)
	h.handshake = e.has(base0, side)
	h.next, h.started = a.baseOf(e, side, cur)
	h.first = h.next
	if h.started && e.has(fin0, side) && !a.holds(e, side) { // its FIN was not held
		h.ending, h.end = true, h.next
	}
}

// replay delivers what was held of a flow before it was decided, as it came.
func (a *Assembler) replay(c *conn, e *entry) bool {
	for c.replay != 0 {
		i := c.replay
		b := a.pool.at(i)
		m, k, side, n := b.mark(), b.kind(), b.side(), b.size()
		if k == isSYN || k == isAnswer { // stays held: see epoch.go
			c.replay = b.next()
			b.setNext(e.held)
			e.held = i
			continue
		}
		gap := int(b.length())
		p := a.again[:0]
		if k == isData {
			p = a.scratch(&a.again, n)
			a.pool.load(p, i, 0)
		}
		c.replay = a.pool.release(i)
		ok := true
		switch k {
		case isData:
			ok = a.data(c, side, m, p, 0)
		case isGap:
			ok = a.data(c, side, m, nil, gap)
		case isEnd:
			ok = a.finish(c, side, m)
		}
		clear(p)
		if !ok {
			return false
		}
	}
	return true
}

// scratch gives a buffer of n bytes, at most maxPiece.
func (a *Assembler) scratch(buf *[]byte, n int) []byte {
	if cap(*buf) < n {
		*buf = make([]byte, n, min(2*n, maxPiece))
	}
	return (*buf)[:n]
}

// leave takes the record of a flow's stream back.
func (a *Assembler) leave(c *conn) {
	for side := range c.half {
		a.pool.releaseAll(c.half[side].held)
	}
	a.pool.releaseAll(c.replay)
	a.conns.give(c)
}

// over delivers what is held, with gaps, and closes the stream.
func (a *Assembler) over(c *conn, e *entry) {
	i := c.flow
	if !a.drain(c) {
		return
	}
	if h := &c.half; !h[0].seen || !h[1].seen {
		a.stats.OneSided++
	}
	s := c.stream
	for side := range c.half {
		e.base[side] = c.half[side].next
		if c.half[side].over {
			e.set(fin0, uint8(side))
		}
	}
	a.leave(c)
	a.disarm(e)
	e.state, e.ref = ended, 0
	a.calling = i
	s.Close()
	a.calling = 0
}
