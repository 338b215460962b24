package reassembly

import "cleartap/capture"

// A SYN in the middle of a flow may be the first segment of another one between the same
// ends, or forged. Like the hosts (RFC 5961 section 4) we do not believe it: it
// is held until what follows tells.

// greet takes the first SYN or SYN-ACK of a flow.
func (a *Assembler) greet(i uint32, e *entry, side uint8, s *capture.Segment) {
	e.base[side] = s.Seq + 1
	e.set(base0, side)
	e.flags |= sure
	if s.Flags.Has(capture.ACK) {
		e.setClient(side ^ 1)
		e.base[side^1] = s.Ack
		e.set(base0, side^1)
		e.flags |= answered
		return
	}
	e.setClient(side)
	if len(s.Payload) > 0 && a.room(i, len(s.Payload)) {
		a.keepSYNData(e, side, &s.Mark, s.Payload)
	}
}

// keepSYNData holds data that came with a SYN (RFC 7413): it counts when it is acknowledged.
func (a *Assembler) keepSYNData(e *entry, side uint8, m *capture.Mark, p []byte) {
	first := *m
	first.Seq = e.base[side]
	p = p[:min(len(p), a.limits.probeHold)]
	a.append(e, a.pool.store(&first, isSYNData, side, p))
	e.flags |= synData
}

// settleSYNData sees whether the server took the data of the SYN: by what it
// acknowledges, or by where the client goes on.
func (a *Assembler) settleSYNData(e *entry, side uint8, s *capture.Segment) {
	i := a.findHeld(e, isSYNData)
	b := a.pool.at(i)
	at := s.Seq
	if side != b.side() {
		if !s.Flags.Has(capture.ACK) {
			return
		}
		at = s.Ack
	}
	e.flags &^= synData
	if int32(at-b.seq()-b.length()) >= 0 {
		b.setKind(isData)
		return
	}
	a.unlink(e, i)
	a.pool.release(i)
}

// findHeld finds the first segment of one of two kinds; 0 is none.
func (a *Assembler) findHeld(e *entry, k ...kind) uint32 {
	for i := e.held; i != 0; i = a.pool.at(i).next() {
		if h := a.pool.at(i).kind(); h == k[0] || h == k[len(k)-1] {
			return i
		}
	}
	return 0
}

// synProbe takes a SYN or SYN-ACK of an undecided flow.
func (a *Assembler) synProbe(i uint32, e *entry, side uint8, s *capture.Segment) {
	base := s.Seq + 1
	answer := s.Flags.Has(capture.ACK)
	switch {
	case s.Flags&(capture.FIN|capture.RST) != 0:
	case e.has(base0, side) && e.base[side] == base: // sent again
		if answer && e.flags&synData != 0 {
			a.settleSYNData(e, side, s)
		}
	case e.flags&pending != 0 && a.confirm(i, e, side, s):
	case answer && a.answers(e, side, s):
		e.set(seen0, side)
		a.handshake(i, e, side, s)
	case !answer && a.firstIs(e, side, base):
		e.set(seen0, side)
		a.handshake(i, e, side, s)
	case !answer && e.held == 0 && e.flags&answered == 0: // the client tried again
		a.disarm(e)
		e.flags &= v6
		e.start, e.vlan = s.Time, s.VLAN
		e.set(seen0, side)
		a.greet(i, e, side, s)
	default:
		a.pend(i, e, side, s)
	}
}

// handshake notes a SYN or SYN-ACK of the flow that came late, or in its turn.
func (a *Assembler) handshake(i uint32, e *entry, side uint8, s *capture.Segment) {
	if e.flags&synData != 0 {
		a.settleSYNData(e, side, s)
	}
	e.base[side] = s.Seq + 1
	e.set(base0, side)
	first := e.flags&sure == 0 // else both sides sent a SYN (RFC 9293, section 3.5): the client is who was first
	e.flags |= sure
	e.flags &^= midstream
	if !s.Flags.Has(capture.ACK) {
		if first {
			e.setClient(side)
		}
		return
	}
	e.flags |= answered
	e.setClient(side ^ 1)
	if !e.has(base0, side^1) || !a.holds(e, side^1) { // else what the SYN brought was acknowledged
		e.base[side^1] = s.Ack
		e.set(base0, side^1)
	}
	if e.slot != 0 && e.flags&holey == 0 { // no more to be waited for before the first segment
		a.disarm(e)
		e.flags |= waited
	}
	if e.held != 0 {
		a.decide(i, e)
	}
}

// firstIs reports whether a direction may begin at base: nothing is known of it,
// or what is held begins there.
func (a *Assembler) firstIs(e *entry, side uint8, base uint32) bool {
	if e.has(base0, side) {
		return false
	}
	first, ok := a.baseOf(e, side, nil)
	if ok {
		return first == base
	}
	for i := e.held; i != 0; i = a.pool.at(i).next() { // what the other side sent answers it, or is not of this flow
		if b := a.pool.at(i); b.kind() == isData {
			return b.ack() == base
		}
	}
	return true
}

// answers reports whether a SYN-ACK fits what is known of an undecided flow.
func (a *Assembler) answers(e *entry, side uint8, s *capture.Segment) bool {
	if e.flags&answered != 0 {
		return false
	}
	if first, ok := a.baseOf(e, side, nil); ok && first != s.Seq+1 {
		return false
	}
	first, ok := a.baseOf(e, side^1, nil)
	d := int32(s.Ack - first)
	if ok && d >= 0 && d <= ackWindow && (d == 0 || e.has(base0, side^1)) {
		return true
	}
	return !a.holds(e, side^1) // the SYN was another's, or is not in the capture
}

// pend holds a SYN or SYN-ACK that does not belong to the flow.
func (a *Assembler) pend(i uint32, e *entry, side uint8, s *capture.Segment) {
	a.stats.SYNHeld++
	if r := a.findHeld(e, isSYN); r != 0 && !s.Flags.Has(capture.ACK) && a.pool.at(r).seq() == s.Seq+1 && a.pool.at(r).side() == side {
		return // sent again
	}
	a.unpend(e)
	size := min(len(s.Payload), a.limits.probeHold)
	if s.Flags&(capture.FIN|capture.RST) != 0 || e.segs >= probeSegments || !a.room(i, size) {
		return
	}
	m := s.Mark
	m.Seq++
	k := isSYN
	if s.Flags.Has(capture.ACK) {
		k, size = isAnswer, 0
	} else {
		m.Ack = 0 // where the answer begins, when it comes: see noteAnswer
	}
	r := a.pool.store(&m, k, side, s.Payload[:size])
	e.flags |= pending
	if e.state == probing {
		a.append(e, r)
		return
	}
	a.pool.at(r).setNext(e.held)
	e.held = r
}

// unpend forgets the SYN that is held.
func (a *Assembler) unpend(e *entry) {
	if e.flags&pending == 0 {
		return
	}
	e.flags &^= pending
	if r := a.findHeld(e, isSYN, isAnswer); r != 0 {
		a.unlink(e, r)
		a.pool.release(r)
	}
}

// synOpen takes a SYN or SYN-ACK of a followed flow.
func (a *Assembler) synOpen(c *conn, e *entry, side uint8, s *capture.Segment) {
	h := &c.half[side]
	switch {
	case s.Flags&(capture.FIN|capture.RST) != 0:
	case h.started && h.first == s.Seq+1: // sent again
	case e.flags&pending != 0 && a.confirm(c.flow, e, side, s):
	case !h.started:
		h.next, h.first = s.Seq+1, s.Seq+1
		h.started, h.handshake = true, true
	default:
		a.pend(c.flow, e, side, s)
	}
}

// synBypassed takes a SYN or SYN-ACK of a flow of no interest.
func (a *Assembler) synBypassed(i uint32, e *entry, side uint8, s *capture.Segment) {
	switch {
	case s.Flags&(capture.FIN|capture.RST) != 0:
	case e.has(base0, side) && e.base[side] == s.Seq+1: // sent again
	case e.flags&pending != 0 && a.confirm(i, e, side, s):
	default:
		a.pend(i, e, side, s)
	}
}
