package reassembly

import "cleartap/capture"

// confirm sees whether a segment shows that the SYN held began another flow. If
// so, it ends the old flow, and takes the segment as one of the new.
func (a *Assembler) confirm(i uint32, e *entry, side uint8, s *capture.Segment) bool {
	r := a.findHeld(e, isSYN, isAnswer)
	if r == 0 || !a.confirms(e, a.pool.at(r), side, s) {
		return false
	}
	if a.noteAnswer(e, a.pool.at(r), s) {
		return true
	}
	a.unlink(e, r)
	e.flags &^= pending
	b := a.pool.at(r)
	first := capture.Segment{Mark: b.mark(), Flags: capture.SYN, VLAN: s.VLAN}
	first.Seq--
	if b.kind() == isAnswer {
		first.Flags |= capture.ACK
	}
	from, size, answer := b.side(), b.size(), uint32(0)
	if b.kind() == isSYN {
		answer, first.Ack = b.ack(), 0
	}
	p := make([]byte, size)
	a.pool.load(p, r, 0)
	a.pool.release(r)
	a.conclude(i, e)
	a.renew(e, &first, from)
	a.greet(i, e, from, &first)
	if size > 0 && a.room(i, size) {
		m := first.Mark
		a.keepSYNData(e, from, &m, p)
	}
	clear(p)
	if answer != 0 {
		second := capture.Segment{Mark: first.Mark, Flags: capture.SYN | capture.ACK, VLAN: s.VLAN}
		second.Seq, second.Ack = answer-1, first.Seq+1
		a.synProbe(i, e, from^1, &second)
	}
	a.pushProbe(i, e, side, s)
	return true
}

// noteAnswer notes a SYN-ACK that answers the SYN held. In the middle of a flow that
// goes on elsewhere it tells no more than the SYN did: both may be forged. The first
// payload at the new numbers, or what the server acknowledges, tells.
func (a *Assembler) noteAnswer(e *entry, b *block, s *capture.Segment) bool {
	_, in := a.stands(e, b.side(), b.seq())
	if e.state != open || in || b.kind() != isSYN || !s.Flags.Has(capture.SYN) || s.Ack != b.seq() || b.size() > 0 {
		return false
	}
	if b.ack() == 0 {
		b.setAck(s.Seq + 1)
	}
	return true
}

// confirms reports whether a segment goes with a SYN that is held, and cannot
// go with the flow as it stands.
func (a *Assembler) confirms(e *entry, b *block, side uint8, s *capture.Segment) bool {
	known, in := a.stands(e, b.side(), b.seq())
	switch {
	case s.Flags.Has(capture.RST):
		return false
	case side != b.side():
		d := int32(s.Ack - b.seq())
		if s.Flags.Has(capture.SYN) {
			return s.Flags.Has(capture.ACK) && d >= 0 && int(d) <= b.size()
		}
		return s.Flags.Has(capture.ACK) && !(known && in) && d >= 0 && d <= ackWindow
	}
	answered := b.kind() == isSYN && b.ack() != 0 && len(s.Payload) > 0
	return !s.Flags.Has(capture.SYN) && !(known && in) && s.Seq == b.seq() && (answered || !e.has(seen0, side^1))
}

// stands reports whether it is known where a direction stands, and whether a
// number is near that.
func (a *Assembler) stands(e *entry, side uint8, seq uint32) (known, in bool) {
	var at uint32
	switch e.state {
	case open, closing:
		h := &a.conns.all[e.ref].half[side]
		at, known = h.next, h.started
	case probing:
		at, known = a.baseOf(e, side, nil)
	}
	d := int32(seq - at)
	return known, known && d >= -ackWindow && d <= ackWindow
}
