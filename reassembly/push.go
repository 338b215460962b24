package reassembly

import "cleartap/capture"

// maxTTLShift is how far the TTL of a segment may be from its direction's first.
const maxTTLShift = 3

// inFlight is for how long payload may come after the end of a flow, in units: about 1 s.
const inFlight = 60

// believeAcks is how many segments in a row that acknowledge what was not seen are
// refused before they are believed.
const believeAcks = 16

// unknown takes a segment of no known flow. Only a SYN, a SYN-ACK or payload
// begin one.
func (a *Assembler) unknown(s *capture.Segment) {
	keepAlive := len(s.Payload) == 1 && s.Payload[0] == 0
	switch {
	case s.Flags.Has(capture.RST), s.Flags.Has(capture.SYN | capture.FIN):
	case s.Flags.Has(capture.SYN):
		i, e := a.add(s)
		a.greet(i, e, a.key.side, s)
		return
	case !s.Flags.Has(capture.ACK) && len(s.Payload) > 0:
		a.stats.NoACK++
	case len(s.Payload) > 0 && !keepAlive:
		i, e := a.add(s)
		a.midway(e, a.key.side)
		a.pushProbe(i, e, a.key.side, s)
		return
	}
	a.stats.Unclaimed++
}

// midway marks a flow whose handshake was not seen, and guesses who the client
// is: not who is at a mail port, or else who sends first.
func (a *Assembler) midway(e *entry, side uint8) {
	e.flags |= midstream
	a.stats.Midstream++
	e.setClient(side)
	if a.cfg.MailPort != nil && a.cfg.MailPort(e.port(side)) && !a.cfg.MailPort(e.port(side^1)) {
		e.setClient(side ^ 1)
	}
}

// pushOpen takes a segment of a followed flow. Most are next in order, of a
// flow that waits for nothing.
func (a *Assembler) pushOpen(e *entry, side uint8, s *capture.Segment) {
	e.last = a.unit
	c := a.conns.all[e.ref]
	h, o := &c.half[side&1], &c.half[side&1^1]
	if s.TTL != h.ttl {
		a.checkTTL(h, s.TTL)
	}
	plain := s.Flags&(capture.SYN|capture.FIN|capture.RST|capture.ACK) == capture.ACK && e.flags&pending == 0
	if plain && h.seen && h.held|o.held == 0 && !h.ending && !o.ending && c.linger == 0 {
		if len(s.Payload) == 0 && s.Missing == 0 {
			a.noteAck(h, o, s.Ack)
			return
		}
		if s.Seq == h.next && h.started && s.Missing == 0 && o.started && int32(s.Ack-o.next) <= 0 {
			a.noteAck(h, o, s.Ack)
			a.deliver(c, side, s.Mark, s.Payload)
			return
		}
	}
	a.segment(c, e, side, s)
}

// noteAck keeps the highest acknowledgement of a side, if it can be true.
func (a *Assembler) noteAck(h, o *half, ack uint32) {
	if h.acks && int32(ack-h.ack) <= 0 || o.started && int32(ack-o.next) > window {
		return
	}
	h.ack, h.acks = ack, true
}

func (a *Assembler) checkTTL(h *half, ttl uint8) {
	if h.ttl == 0 {
		h.ttl = ttl
	}
	if d := int(h.ttl) - int(ttl); d > maxTTLShift || d < -maxTTLShift {
		a.stats.OddTTL++
	}
}

// segment takes any segment of a followed flow.
func (a *Assembler) segment(c *conn, e *entry, side uint8, s *capture.Segment) {
	i := c.flow
	h, o := &c.half[side], &c.half[side^1]
	if !h.seen {
		h.seen = true
		e.set(seen0, side)
		if c.reset == 0 {
			c.linger = 0 // it was not the only direction after all
		}
	}
	if s.Flags.Has(capture.SYN) {
		a.synOpen(c, e, side, s)
		return
	}
	if e.flags&pending != 0 && a.confirm(i, e, side, s) {
		return
	}
	if s.Flags.Has(capture.ACK) {
		a.noteAck(h, o, s.Ack)
	}
	if s.Flags.Has(capture.RST) {
		a.resetOpen(c, e, side, s)
		return
	}
	size := len(s.Payload) + s.Missing
	if !a.acceptable(h, o, s, size) {
		return
	}
	if size > 0 && !a.data(c, side, s.Mark, s.Payload, s.Missing) {
		if e.state == done && s.Flags.Has(capture.FIN) {
			a.pushBypassed(i, e, side, s)
		}
		return
	}
	if s.Flags.Has(capture.FIN) {
		m := s.Mark
		m.Seq += uint32(size)
		a.finish(c, side, m)
	} else if size == 0 {
		a.watch(c)
	}
}

// acceptable reports whether a TCP may take a segment that is no SYN and no RST:
// it carries an acknowledgement, and not of what was never sent (RFC 9293, section
// 3.10.7.4). The latter is judged only where the other side's bytes were seen, and
// not against what this side has acknowledged so far. When many come in a row,
// the capture has lost the other side.
func (a *Assembler) acceptable(h, o *half, s *capture.Segment, size int) bool {
	if !s.Flags.Has(capture.ACK) {
		if size == 0 && !s.Flags.Has(capture.FIN) {
			return true
		}
		a.stats.NoACK++
		return false
	}
	far := o.started && o.seen && o.next != o.first && int32(s.Ack-o.next) > window && !(h.acks && int32(s.Ack-h.ack) <= window)
	if !far || size == 0 {
		h.farAcks = 0
		return true
	}
	if h.farAcks >= believeAcks {
		return true
	}
	h.farAcks++
	a.stats.FarACK++
	return false
}

// finish notes the end of a direction, at its own number: what is before it is
// waited for.
func (a *Assembler) finish(c *conn, side uint8, m capture.Mark) bool {
	h := &c.half[side]
	if !h.started {
		a.start(c, side, m.Seq)
	}
	if h.ending && h.end == m.Seq {
		return true
	}
	d := int32(m.Seq - h.next)
	beyond := false // what is held goes on behind it
	if h.tail != 0 {
		b := a.pool.at(h.tail)
		beyond = int32(b.seq()+b.length()-m.Seq) > 0
	}
	if h.over || d < 0 || d > window || beyond {
		a.stats.FINIgnored++
		return true
	}
	h.ending, h.end, h.endMark = true, m.Seq, m
	return a.settle(c)
}

// resetOpen takes a RST: only at exactly the number that is next, or that
// the other side waits for (RFC 5961 section 3). What is in flight is accepted for a while.
func (a *Assembler) resetOpen(c *conn, e *entry, side uint8, s *capture.Segment) {
	h, o := &c.half[side], &c.half[side^1]
	if !(h.started && s.Seq == h.next) && !(o.acks && s.Seq == o.ack) {
		a.stats.RSTIgnored++
		return
	}
	if c.linger == 0 {
		c.linger = max(a.now, 1)
	}
	c.reset = side + 1
	e.state = closing
	a.watch(c)
}

// pushBypassed looks at what may end a flow that is of no interest, or begin
// another one.
func (a *Assembler) pushBypassed(i uint32, e *entry, side uint8, s *capture.Segment) {
	switch {
	case s.Flags.Has(capture.SYN):
		a.synBypassed(i, e, side, s)
		return
	case e.flags&pending != 0 && a.confirm(i, e, side, s):
		return
	case s.Flags.Has(capture.FIN):
		e.set(fin0, side)
	}
	if s.Flags.Has(capture.RST) || e.flags&(fin0|fin1) == fin0|fin1 {
		e.state = ended
		e.flags &^= followed
		a.remember(i, e)
	}
}

// pushEnded takes what comes after the end of a flow: a new flow, or something late.
func (a *Assembler) pushEnded(i uint32, e *entry, side uint8, s *capture.Segment) {
	d := int32(s.Seq - e.base[side])
	far := e.flags&followed != 0 && (d > window || d < -window)
	switch {
	case s.Flags.Has(capture.RST), s.Flags.Has(capture.SYN | capture.FIN):
	case s.Flags&(capture.SYN|capture.ACK) == capture.SYN, s.Flags.Has(capture.SYN) && (far || e.anew(side, s.Seq)):
		a.renew(e, s, side)
		a.greet(i, e, side, s)
		return
	case len(s.Payload) > 1 && a.goesOn(e, side, s):
		a.stats.FINIgnored++
		client := e.client()
		a.renew(e, s, side)
		a.midway(e, side)
		e.setClient(client)
		e.base[side], e.base[side^1] = s.Seq, s.Ack
		e.flags |= base0 | base1 | waited
		a.pushProbe(i, e, side, s)
		return
	case len(s.Payload) > 1 && far && s.Flags.Has(capture.ACK):
		a.renew(e, s, side)
		a.midway(e, side)
		a.pushProbe(i, e, side, s)
		return
	case len(s.Payload) > 0 && e.flags&followed == 0 && a.idle(e.last) > inFlight:
		a.unremember(e) // it goes on: somebody forged its end
		e.state, e.last = ignored, a.unit
		e.flags &^= fin0 | fin1
	}
	a.stats.Late++
}

// anew reports whether a SYN-ACK is not the one of a bypassed flow that is over: then it
// answers a SYN that the capture lacks. Where a followed flow began is not remembered.
func (e *entry) anew(side uint8, seq uint32) bool {
	return e.flags&followed == 0 && e.has(base0, side) && e.base[side] != seq+1
}

// goesOn reports whether a segment of a flow that is over goes on at the numbers of both
// FINs: then they were forged, and what follows is taken as a flow without a handshake.
func (a *Assembler) goesOn(e *entry, side uint8, s *capture.Segment) bool {
	return e.flags&(followed|fin0|fin1) == followed|fin0|fin1 && s.Flags.Has(capture.ACK) &&
		s.Seq == e.base[side]-1 && s.Ack == e.base[side^1]-1
}

// wake is called when the timer of a flow goes off.
func (a *Assembler) wake(i uint32, e *entry) {
	switch e.state {
	case probing:
		a.wakeProbe(i, e)
	case open, closing:
		a.wakeOpen(a.conns.all[e.ref])
	}
}
