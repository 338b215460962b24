package reassembly

import "cleartap/capture"

// hold keeps bytes that cannot be delivered yet. When that is too much for the
// flow, the bytes that are farthest from their turn go, or what they wait for is given up.
func (a *Assembler) hold(c *conn, side uint8, m capture.Mark, p []byte, missing int) bool {
	h := &c.half[side]
	for h.segs >= a.limits.segments || h.bytes+len(p) > a.limits.bytes || !a.fits(len(p)+8*headRoom, true) {
		if h.held == 0 { // there is nothing to give up but this segment's own wait
			return a.force(c, side, m, p, missing)
		}
		if a.unsent(c, side) {
			if a.shed(h, m.Seq) {
				return true
			}
			continue
		}
		if !a.giveUp(c, side) {
			return false
		}
		if int32(m.Seq-h.next) <= 0 {
			return a.merge(c, side, m, p, missing)
		}
	}
	for len(p) > maxPiece {
		a.insert(c, side, m, p[:maxPiece])
		p = p[maxPiece:]
		m.Seq += maxPiece
	}
	if len(p) > 0 {
		a.insert(c, side, m, p)
		m.Seq += uint32(len(p))
	}
	if missing > 0 && c.live {
		a.insertGap(c, side, m, missing)
	}
	return c.live
}

// unsent reports whether a side waits for bytes that the receiver, as its
// acknowledgements show, has not got either: then they still come, and so does
// again what lies behind them.
func (a *Assembler) unsent(c *conn, side uint8) bool {
	_, cross, _ := a.waits(c, side)
	h, o := &c.half[side], &c.half[side^1]
	return !cross && o.acks && int32(o.ack-h.next) <= 0
}

// shed makes room by forgetting the held segment that is farthest from its turn. It
// returns true if that is the one at hand, which begins at seq.
func (a *Assembler) shed(h *half, seq uint32) bool {
	a.stats.Shed++
	last := a.pool.at(h.tail)
	if int32(seq-last.seq()) >= 0 {
		return true
	}
	h.segs--
	if last.kind() == isData {
		h.bytes -= last.size()
	}
	prev := uint32(0)
	for i := h.held; i != h.tail; i = a.pool.at(i).next() {
		prev = i
	}
	a.pool.release(h.tail)
	h.tail = prev
	if prev == 0 {
		h.held = 0
	} else {
		a.pool.at(prev).setNext(0)
	}
	return false
}

// force delivers a segment at once, and what is before it is a gap.
func (a *Assembler) force(c *conn, side uint8, m capture.Mark, p []byte, missing int) bool {
	h := &c.half[side]
	if d := int(int32(m.Seq - h.next)); d > 0 && !a.gap(c, side, m, d) {
		return false
	}
	if len(p) > 0 && !a.deliver(c, side, m, p) {
		return false
	}
	return missing == 0 || a.gap(c, side, m, missing)
}

// insert puts the parts of p that are not held yet in their places: of two
// copies the first that arrived counts.
func (a *Assembler) insert(c *conn, side uint8, m capture.Mark, p []byte) {
	h := &c.half[side]
	prev, cur := uint32(0), h.held
	if h.tail != 0 { // mostly it belongs at the end
		if b := a.pool.at(h.tail); int32(m.Seq-b.seq()-b.length()) >= 0 {
			prev, cur = h.tail, 0
		}
	}
	for len(p) > 0 && c.live {
		n := len(p)
		if cur != 0 {
			b := a.pool.at(cur)
			from := int(int32(m.Seq - b.seq()))
			if from >= int(b.length()) {
				prev, cur = cur, b.next()
				continue
			}
			if from >= 0 { // overlaps
				n = min(n, int(b.length())-from)
				a.compare(c, side, m, cur, from, p[:n])
				m.Seq += uint32(n)
				p = p[n:]
				continue
			}
			n = min(n, -from)
		}
		i := a.pool.store(&m, isData, side, p[:n])
		a.link(h, prev, i, cur)
		h.bytes += n
		prev = i
		m.Seq += uint32(n)
		p = p[n:]
	}
}

// insertGap holds that bytes are missing, if they would be the last ones held;
// else what comes after them tells.
func (a *Assembler) insertGap(c *conn, side uint8, m capture.Mark, n int) {
	h := &c.half[side]
	if h.tail != 0 {
		if b := a.pool.at(h.tail); int32(m.Seq-b.seq()-b.length()) < 0 {
			return
		}
	}
	a.link(h, h.tail, a.pool.storeGap(&m, side, n), 0)
}

func (a *Assembler) link(h *half, prev, i, next uint32) {
	a.pool.at(i).setNext(next)
	if prev != 0 {
		a.pool.at(prev).setNext(i)
	} else {
		h.held = i
	}
	if next == 0 {
		h.tail = i
	}
	h.segs++
}

// compare tells the stream when bytes that are held came again with other content.
func (a *Assembler) compare(c *conn, side uint8, m capture.Mark, i uint32, from int, p []byte) {
	if a.pool.at(i).kind() != isData {
		return
	}
	if at := a.pool.differs(i, from, p); at >= 0 {
		a.conflict(c, side, m, at)
	}
}

// merge delivers bytes that are next, around those that are held: the held
// ones came first.
func (a *Assembler) merge(c *conn, side uint8, m capture.Mark, p []byte, missing int) bool {
	h := &c.half[side]
	end := m.Seq + uint32(len(p))
	for int32(end-h.next) > 0 {
		rest := p[len(p)-int(end-h.next):]
		m.Seq = h.next
		if h.held != 0 {
			b := a.pool.at(h.held)
			if off := int(int32(h.next - b.seq())); off >= 0 {
				if !a.mergeHeld(c, side, m, off, rest) {
					return false
				}
				continue
			} else if -off < len(rest) {
				rest = rest[:-off]
			}
		}
		if !a.deliver(c, side, m, rest) {
			return false
		}
	}
	if n := int(int32(end + uint32(missing) - h.next)); n > 0 && missing > 0 && (h.held == 0 || int32(a.pool.at(h.held).seq()-h.next) > 0) {
		if h.held != 0 {
			n = min(n, int(a.pool.at(h.held).seq()-h.next))
		}
		return a.gap(c, side, m, n)
	}
	return true
}

// mergeHeld delivers the first segment held, of which the bytes from off on
// came again as p. If the rest of it has to wait for the other side, what came again
// has not, but the bytes held count.
func (a *Assembler) mergeHeld(c *conn, side uint8, m capture.Mark, off int, p []byte) bool {
	h := &c.half[side]
	b := a.pool.at(h.held)
	n := int(b.length()) - off
	if n > 0 {
		a.compare(c, side, m, h.held, off, p[:min(n, len(p))])
	}
	if n <= len(p) || b.kind() != isData || !c.early(side, b.ack()) {
		return a.pop(c, side)
	}
	first := b.mark()
	first.Seq = h.next
	q := a.scratch(&a.order, len(p))
	a.pool.load(q, h.held, off)
	ok := a.deliver(c, side, first, q)
	clear(q)
	return ok
}

// pop delivers the first segment held, less what was delivered before.
func (a *Assembler) pop(c *conn, side uint8) bool {
	h := &c.half[side]
	i := h.held
	b := a.pool.at(i)
	m, k, n, size := b.mark(), b.kind(), int(b.length()), b.size()
	old := int(int32(h.next - m.Seq))
	var p []byte
	if k == isData && old < n {
		p = a.scratch(&a.order, size-old)
		a.pool.load(p, i, old)
		m.Seq = h.next
	}
	h.held = a.pool.release(i)
	h.segs--
	if k == isData {
		h.bytes -= size
	}
	if h.held == 0 {
		h.tail = 0
	}
	ok := true
	switch {
	case old >= n:
	case k == isData:
		ok = a.deliver(c, side, m, p)
		clear(p)
	default:
		ok = a.gap(c, side, m, n-old)
	}
	return ok
}
