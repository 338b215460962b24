package reassembly

import "cleartap/capture"

const (
	probeSegments   = 64 // held of an undecided flow
	reorderSegments = 3  // after which the first of a flow picked up midway is sure
)

// pushProbe takes a segment of an undecided flow.
func (a *Assembler) pushProbe(i uint32, e *entry, side uint8, s *capture.Segment) {
	e.last = a.unit
	switch {
	case s.Flags.Has(capture.SYN):
		a.synProbe(i, e, side, s)
		return
	case e.flags&pending != 0 && a.confirm(i, e, side, s):
		return
	case s.Flags.Has(capture.RST):
		a.resetProbe(i, e, side, s)
		return
	case !s.Flags.Has(capture.ACK) && (len(s.Payload)+s.Missing > 0 || s.Flags.Has(capture.FIN)):
		a.stats.NoACK++
		return
	}
	if e.flags&synData != 0 {
		a.settleSYNData(e, side, s)
	}
	e.set(seen0, side)
	if len(s.Payload)+s.Missing > 0 && !a.judge(i, e, side, s) {
		return
	}
	if s.Flags.Has(capture.FIN) {
		a.finProbe(i, e, side, s)
	}
}

// judge takes payload of an undecided flow, and asks whether it is of interest
// now. It returns true when the flow stays undecided and the rest of the
// segment is still to be looked at.
func (a *Assembler) judge(i uint32, e *entry, side uint8, s *capture.Segment) bool {
	if e.has(base0, side) && !a.near(e, side, s) {
		return false
	}
	if e.held != 0 && a.heldAlready(e, side, s) {
		a.stats.Retransmitted++
		return true
	}
	size := len(s.Payload)
	final := int(e.segs)+2 > probeSegments || int(e.ref)+size > a.limits.probeHold
	if !final && !a.room(i, size) {
		a.stats.Refused++
		final = true
	}
	if e.flags&(midstream|waited) == midstream {
		if !final && int(e.segs)+1 < reorderSegments && size <= a.limits.probeBytes {
			a.keep(e, side, s)
			if e.slot == 0 {
				a.arm(i, e, a.now+a.limits.reorder)
			}
			return true
		}
		e.flags |= waited
		a.disarm(e)
	}
	return a.verdict(i, e, side, s, final)
}

// verdict asks about an undecided flow with the segment at hand, and does as it is told.
func (a *Assembler) verdict(i uint32, e *entry, side uint8, s *capture.Segment, final bool) (undecided bool) {
	cur := fresh{side, s.Seq, s.Payload}
	switch v := a.ask(i, e, &cur, final); v {
	case Drop:
		a.bypass(e, ignored)
		a.pushBypassed(i, e, side, s)
		return false
	case Wait:
		a.keep(e, side, s)
		if e.slot == 0 && a.hole(e, side) {
			e.flags |= holey
			a.arm(i, e, a.now+a.limits.wait)
		}
		return true
	default:
		if c := a.follow(i, e, v, &cur); c != nil {
			c.half[side].ttl = s.TTL
			a.segment(c, e, side, s)
		} else if e.state == ignored || e.state == done {
			a.pushBypassed(i, e, side, s)
		}
		return false
	}
}

// near reports whether payload belongs to what was agreed in the handshake. If
// nobody answered the SYN and the client's payload is elsewhere, then the SYN
// was not of this flow.
func (a *Assembler) near(e *entry, side uint8, s *capture.Segment) bool {
	d := int32(s.Seq - e.base[side])
	if d < -window || d > window {
		if e.flags&answered != 0 || e.held != 0 && e.flags&synData == 0 {
			a.stats.OutOfWindow++
			return false
		}
		a.pool.releaseAll(e.held)
		e.held, e.tail, e.segs, e.ref = 0, 0, 0, 0
		e.flags &^= base0 | base1 | sure | synData
		a.midway(e, side)
		return true
	}
	if int(d)+len(s.Payload)+s.Missing <= 0 {
		a.stats.Retransmitted++
		return false
	}
	return true
}

// room makes sure that n bytes of an undecided flow can be held.
func (a *Assembler) room(i uint32, n int) bool {
	n += 2 * headRoom
	for range 4 {
		if a.fits(n, false) {
			return true
		}
		if !a.reclaim(i) {
			return false
		}
	}
	return a.fits(n, false)
}

// hole reports whether bytes of a side are held, but not its first ones.
func (a *Assembler) hole(e *entry, side uint8) bool {
	base, ok := a.baseOf(e, side, nil)
	if !ok || !a.holds(e, side) {
		return false
	}
	_, end, _ := a.gather(e, side, nil)
	a.forgetProbe()
	return end == base
}

// skipHole declares the first bytes of a side missing, if it has others.
func (a *Assembler) skipHole(e *entry, side uint8) {
	if !e.has(base0, side) || !a.hole(e, side) {
		return
	}
	var first uint32
	for i := e.held; i != 0; i = a.pool.at(i).next() {
		b := a.pool.at(i)
		if b.side() == side && b.kind() == isData && (first == 0 || int32(b.seq()-a.pool.at(first).seq()) < 0) {
			first = i
		}
	}
	m := a.pool.at(first).mark()
	n := int(int32(m.Seq - e.base[side]))
	if n <= 0 {
		return
	}
	if !a.fits(0, true) {
		e.base[side] = m.Seq
		return
	}
	m.Seq = e.base[side]
	i := a.pool.storeGap(&m, side, n)
	a.pool.at(i).setNext(e.held)
	e.held = i
	e.segs++
	e.ref += uint32(a.pool.at(i).size())
}

// wakeProbe ends the wait of an undecided flow: for segments before its first
// one, or for a hole.
func (a *Assembler) wakeProbe(i uint32, e *entry) {
	e.flags |= waited
	if e.flags&holey != 0 {
		e.flags &^= holey
		a.skipHole(e, 0)
		a.skipHole(e, 1)
	}
	a.decide(i, e)
}

// decide asks about a flow of which nothing new came.
func (a *Assembler) decide(i uint32, e *entry) {
	switch v := a.ask(i, e, nil, false); v {
	case Wait:
	case Drop:
		a.bypass(e, ignored)
	default:
		a.follow(i, e, v, nil)
	}
}

// concludeProbe has a flow decided that ends; if it is of interest, its Stream gets
// what is held and is closed.
func (a *Assembler) concludeProbe(i uint32, e *entry) {
	e.flags |= waited
	a.disarm(e)
	if e.held != 0 {
		a.skipHole(e, 0)
		a.skipHole(e, 1)
		if v := a.ask(i, e, nil, true); v == Open || v == Swap {
			if c := a.follow(i, e, v, nil); c != nil {
				a.over(c, e)
			}
			return
		}
		a.stats.Dropped++
	}
	a.pool.releaseAll(e.held)
	e.held, e.tail, e.segs, e.ref = 0, 0, 0, 0
	e.flags &^= pending | synData | followed | holey
	e.state = ended
}

// finProbe notes the end of a direction of an undecided flow.
func (a *Assembler) finProbe(i uint32, e *entry, side uint8, s *capture.Segment) {
	seq := s.Seq + uint32(len(s.Payload)+s.Missing)
	_, end, ok := a.gather(e, side, nil)
	a.forgetProbe()
	d := int32(seq - end)
	if ok && (d < 0 || d > window) || e.has(fin0, side) {
		a.stats.FINIgnored++
		return
	}
	if !ok || d == 0 {
		e.set(fin0, side)
	}
	if a.holds(e, side) && int(e.segs) < probeSegments && a.fits(0, false) {
		m := s.Mark
		m.Seq = seq
		a.append(e, a.pool.store(&m, isEnd, side, nil))
	}
	if e.flags&(fin0|fin1) == fin0|fin1 || e.has(fin0, side) && !e.has(seen0, side^1) && e.held != 0 {
		a.concludeProbe(i, e)
		a.remember(i, e)
	}
}

// resetProbe takes a RST of an undecided flow, by the same rule as resetOpen. A flow
// of which nothing is held is forgotten: a port that is closed costs no memory.
func (a *Assembler) resetProbe(i uint32, e *entry, side uint8, s *capture.Segment) {
	_, end, ok := a.gather(e, side, nil)
	a.forgetProbe()
	refused := s.Flags.Has(capture.ACK) && e.flags&answered == 0 && e.has(base0, side^1) && s.Ack == e.base[side^1]
	switch {
	case !(ok && s.Seq == end) && !refused:
		a.stats.RSTIgnored++
	case e.held == 0:
		a.drop(i, e)
	default:
		a.concludeProbe(i, e)
		a.remember(i, e)
	}
}
