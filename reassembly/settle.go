package reassembly

import "cleartap/capture"

// settle delivers all that can be delivered of either side, sees whether the
// flow is over, and sets the timer for what still waits.
func (a *Assembler) settle(c *conn) bool {
	h, o := &c.half[0], &c.half[1]
	if h.held == 0 && o.held == 0 && !h.ending && !o.ending {
		a.calm(c)
		return true
	}
	for {
		side, ok := a.ready(c)
		if !ok {
			break
		}
		if c.half[side].held == 0 {
			a.endHalf(c, side)
		} else if !a.pop(c, side) {
			return false
		} else {
			c.half[side].since, c.half[side].acked = 0, 0
		}
	}
	if h.over && o.over {
		a.finishFlow(c)
		return false
	}
	a.watch(c)
	return true
}

// finishFlow ends a flow whose end was seen.
func (a *Assembler) finishFlow(c *conn) {
	i := c.flow
	e := a.entries.at(i)
	a.over(c, e)
	a.remember(i, e)
}

// calm stops the timer of a flow that waits for nothing.
func (a *Assembler) calm(c *conn) {
	if c.linger == 0 {
		for s := range c.half {
			c.half[s].since, c.half[s].acked = 0, 0
		}
		a.disarm(a.entries.at(c.flow))
	}
}

// ready finds a side whose first held segment, or end, is due; of two the one
// that was captured first.
func (a *Assembler) ready(c *conn) (side uint8, ok bool) {
	var first capture.Mark
	for s := range uint8(2) {
		h := &c.half[s]
		var m capture.Mark
		switch {
		case h.held != 0:
			m = a.pool.at(h.held).mark()
			if int32(m.Seq-h.next) > 0 || c.early(s, m.Ack) {
				continue
			}
		case h.ending && !h.over && int32(h.next-h.end) >= 0:
			m = h.endMark
			if c.early(s, m.Ack) {
				continue
			}
		default:
			continue
		}
		if !ok || m.Time < first.Time {
			side, ok, first = s, true, m
		}
	}
	return side, ok
}

// endHalf notes that a direction is over.
func (a *Assembler) endHalf(c *conn, side uint8) {
	h := &c.half[side]
	if h.next != h.end { // what was held went beyond it
		h.ending = false
		a.stats.FINIgnored++
		return
	}
	h.over = true
	h.next = h.end + 1
	h.since, h.acked = 0, 0
	e := a.entries.at(c.flow)
	e.state = closing
	if !c.half[side^1].seen { // nothing to wait for but what the capture has out of order
		c.linger = max(a.now, 1)
	}
}

// waits reports whether something of a side waits, whether it waits for the
// other side's bytes rather than its own, and up to where its own are missing.
func (a *Assembler) waits(c *conn, side uint8) (waits, cross bool, upTo uint32) {
	h := &c.half[side]
	if h.held != 0 {
		b := a.pool.at(h.held)
		return true, int32(b.seq()-h.next) <= 0, b.seq()
	}
	if h.ending && !h.over {
		return true, h.end == h.next, h.end
	}
	return false, false, 0
}

// due tells when the wait of a side is over, 0 when nothing waits.
func (a *Assembler) due(c *conn, side uint8) capture.Nanos {
	h, o := &c.half[side], &c.half[side^1]
	waits, cross, upTo := a.waits(c, side)
	if !waits {
		h.since, h.acked = 0, 0
		return 0
	}
	if h.since == 0 {
		h.since = max(a.now, 1)
	}
	if cross {
		return h.since + a.limits.reorder
	}
	if h.acked == 0 && o.acks && int32(o.ack-upTo) >= 0 {
		h.acked = max(a.now, 1)
	}
	if h.acked != 0 {
		return min(h.acked+a.limits.reorder, h.since+a.limits.wait)
	}
	if o.acks && o.ack == h.next {
		return h.since + 8*a.limits.wait
	}
	return h.since + a.limits.wait
}

// watch sets the timer to when the first wait of a flow is over.
func (a *Assembler) watch(c *conn) {
	e := a.entries.at(c.flow)
	var due capture.Nanos
	for s := range uint8(2) {
		if d := a.due(c, s); d != 0 && (due == 0 || d < due) {
			due = d
		}
	}
	if c.linger != 0 {
		if d := c.linger + a.limits.linger; due == 0 || d < due {
			due = d
		}
	}
	if due == 0 {
		a.disarm(e)
		return
	}
	a.arm(c.flow, e, due)
}

// giveUp ends the wait of a side: a gap instead of its own bytes, or the
// other side's come later.
func (a *Assembler) giveUp(c *conn, side uint8) bool {
	h, o := &c.half[side], &c.half[side^1]
	waits, cross, upTo := a.waits(c, side)
	if !waits {
		return true
	}
	m := h.endMark
	if h.held != 0 {
		m = a.pool.at(h.held).mark()
	}
	if cross {
		o.waived, o.waives = m.Ack, true
	} else if n := int(int32(upTo - h.next)); n > 0 && !a.gap(c, side, m, n) {
		return false
	}
	// What lies behind waited as long: it need not wait as long again.
	h.acked = 0
	h.since = max(a.now-a.limits.wait+a.limits.reorder, 1)
	for h.held != 0 {
		m := a.pool.at(h.held).mark()
		if int32(m.Seq-h.next) > 0 || c.early(side, m.Ack) {
			return true
		}
		if !a.pop(c, side) {
			return false
		}
	}
	return true
}

// drain gives up everything that a flow waits for.
func (a *Assembler) drain(c *conn) bool {
	for c.half[0].held != 0 || c.half[1].held != 0 {
		side, ok := a.ready(c)
		switch {
		case !ok:
			ok = a.giveUp(c, a.older(c))
		case c.half[side].held == 0:
			a.endHalf(c, side)
		default:
			ok = a.pop(c, side)
		}
		if !ok {
			return false
		}
	}
	for s := range uint8(2) {
		h := &c.half[s]
		if n := int(int32(h.end - h.next)); h.ending && !h.over && n > 0 && !a.gap(c, s, h.endMark, n) {
			return false
		}
	}
	return true
}

// older is the side whose first held segment was captured first.
func (a *Assembler) older(c *conn) uint8 {
	h, o := &c.half[0], &c.half[1]
	if h.held == 0 || o.held != 0 && a.pool.at(o.held).mark().Time < a.pool.at(h.held).mark().Time {
		return 1
	}
	return 0
}

// drainHalf gives up everything that one direction waits for.
func (a *Assembler) drainHalf(c *conn, side uint8) bool {
	for c.half[side].held != 0 {
		if !a.giveUp(c, side) {
			return false
		}
	}
	return true
}

// wakeOpen ends the waits of a followed flow that are over.
func (a *Assembler) wakeOpen(c *conn) {
	if c.linger != 0 && a.since(c.linger) >= a.limits.linger {
		a.finishFlow(c)
		return
	}
	for s := range uint8(2) {
		d := a.due(c, s)
		if d == 0 || a.now < d && c.half[s].since <= a.now {
			continue
		}
		if !a.giveUp(c, s) || !a.settle(c) {
			return
		}
	}
	a.watch(c)
}
