package reassembly

import "cleartap/capture"

// data takes bytes of a followed flow: a payload and, after it, missing bytes
// that the capture cut off. It returns false when the stream ended.
func (a *Assembler) data(c *conn, side uint8, m capture.Mark, p []byte, missing int) bool {
	h := &c.half[side]
	if !h.started {
		a.start(c, side, m.Seq)
	}
	if c.reset == side+1 && m.Seq == h.next {
		c.linger, c.reset = 0, 0 // who sent the RST goes on: it was somebody else's
		if !h.over && !c.half[side^1].over {
			a.entries.at(c.flow).state = open
		}
	}
	if n := len(p) + missing; h.ending && int32(m.Seq+uint32(n)-h.end) > 0 && !a.unend(h, m.Seq, n) || h.over {
		a.stats.Retransmitted++
		return true
	}
	if m.Seq != h.next {
		var ok bool
		if p, missing, ok = a.trim(c, side, &m, p, missing); !ok {
			return c.live
		}
	}
	switch {
	case m.Seq != h.next || c.early(side, m.Ack):
		if !a.hold(c, side, m, p, missing) {
			return false
		}
	case h.held != 0:
		if !a.merge(c, side, m, p, missing) {
			return false
		}
	default:
		if len(p) > 0 && !a.deliver(c, side, m, p) || missing > 0 && !a.gap(c, side, m, missing) {
			return false
		}
	}
	return a.settle(c)
}

// start fixes where a direction begins of which nothing was seen yet: where the
// other side waits for it, if that is not long before the first segment.
func (a *Assembler) start(c *conn, side uint8, seq uint32) {
	h, o := &c.half[side], &c.half[side^1]
	h.next = seq
	if d := int32(seq - o.ack); o.acks && d > 0 && d <= ackWindow {
		h.next = o.ack
	}
	h.first = h.next
	h.started = true
}

// unend takes back the end of a direction that goes on: the FIN was not its
// own. It returns false for what is only a keep-alive, or junk.
func (a *Assembler) unend(h *half, seq uint32, n int) bool {
	if d := int32(seq - h.next); d > window || d < -window || h.over && (seq != h.end || n < 2) {
		return false
	}
	if h.over {
		h.next--
	}
	h.ending, h.over = false, false
	a.stats.FINIgnored++
	return true
}

// trim cuts off what was delivered before, or refuses the segment.
func (a *Assembler) trim(c *conn, side uint8, m *capture.Mark, p []byte, missing int) ([]byte, int, bool) {
	h := &c.half[side]
	d := int32(m.Seq - h.next)
	if d > window || d < -window {
		return p, missing, a.stray(c, side, m, len(p)+missing)
	}
	h.strays = false
	if d > 0 {
		a.stats.OutOfOrder++
		return p, missing, true
	}
	a.stats.Retransmitted++
	old := int(-d)
	again := p[:min(old, len(p))]
	keepAlive := old == 1 && len(p) == 1 // RFC 9293, section 3.8.4: its byte is garbage
	if !keepAlive {
		if at := c.past.differs(c.dir(side), h.next, m.Seq, again); at >= 0 {
			a.conflict(c, side, *m, at)
		}
	}
	if old >= len(p)+missing || !c.live {
		return nil, 0, false
	}
	if old > len(p) {
		missing -= old - len(p)
	}
	m.Seq = h.next
	return p[len(again):], missing, true
}

// stray judges a segment far from where its direction stands. It is believed
// when it goes on where the last such segment ended, or when the other side
// has acknowledged it; then all between is missing.
func (a *Assembler) stray(c *conn, side uint8, m *capture.Mark, n int) bool {
	h, o := &c.half[side], &c.half[side^1]
	goesOn := h.strays && h.far == m.Seq
	d := int32(o.ack - m.Seq)
	if !goesOn && !(o.acks && d > 0 && d <= ackWindow) {
		h.far, h.strays = m.Seq+uint32(n), true
		a.stats.OutOfWindow++
		return false
	}
	h.strays = false
	if !a.drainHalf(c, side) {
		return false
	}
	lost := max(int(int32(m.Seq-h.next)), 0)
	if !a.gap(c, side, *m, lost) {
		return false
	}
	h.next = m.Seq
	return true
}

// early reports whether a segment answers bytes of the other side that were not
// delivered yet: the capture has the two out of order, or lost those bytes.
func (c *conn) early(side uint8, ack uint32) bool {
	o := &c.half[side^1]
	d := int32(ack - o.next)
	return d > 0 && d <= ackWindow && o.started && o.seen && !(o.waives && int32(ack-o.waived) <= 0)
}

// deliver hands bytes to the stream; m.Seq is next.
func (a *Assembler) deliver(c *conn, side uint8, m capture.Mark, p []byte) bool {
	h := &c.half[side]
	h.next = m.Seq + uint32(len(p))
	c.past.note(c.dir(side), m.Seq, p)
	a.calling = c.flow
	more := c.stream.Data(c.dir(side), m, p)
	a.calling = 0
	if !more {
		a.left(c)
	}
	return more
}

// gap tells the stream that the next n bytes will not come; 0 is an unknown number.
func (a *Assembler) gap(c *conn, side uint8, m capture.Mark, n int) bool {
	h := &c.half[side]
	m.Seq = h.next
	h.next += uint32(n)
	a.stats.Gaps++
	a.stats.GapBytes += uint64(n)
	c.past.forget(c.dir(side))
	a.calling = c.flow
	more := c.stream.Gap(c.dir(side), m, n)
	a.calling = 0
	if !more {
		a.left(c)
	}
	return more
}

// left bypasses a flow whose stream wants no more.
func (a *Assembler) left(c *conn) {
	a.stats.Left++
	a.bypass(a.entries.at(c.flow), done)
}
