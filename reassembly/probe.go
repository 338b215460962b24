package reassembly

import "cleartap/capture"

// fresh is the segment at hand of an undecided flow: not held, or not yet.
type fresh struct {
	side uint8
	seq  uint32
	p    []byte
}

// holds reports whether bytes of a side are held.
func (a *Assembler) holds(e *entry, side uint8) bool {
	for i := e.held; i != 0; i = a.pool.at(i).next() {
		if b := a.pool.at(i); b.side() == side && b.kind() == isData {
			return true
		}
	}
	return false
}

// baseOf tells where a direction of an undecided flow begins: after its SYN, or
// else with the lowest byte seen.
func (a *Assembler) baseOf(e *entry, side uint8, cur *fresh) (seq uint32, ok bool) {
	if e.has(base0, side) {
		return e.base[side], true
	}
	if cur != nil && cur.side == side && len(cur.p) > 0 {
		seq, ok = cur.seq, true
	}
	for i := e.held; i != 0; {
		b := a.pool.at(i)
		i = b.next()
		if b.side() != side || b.kind() != isData {
			continue
		}
		if s := b.seq(); !ok || int32(s-seq) < 0 {
			seq, ok = s, true
		}
	}
	return seq, ok
}

// gather puts the first bytes of a side in order, at most Config.ProbeBytes, and
// tells where what is in order ends.
func (a *Assembler) gather(e *entry, side uint8, cur *fresh) (p []byte, end uint32, ok bool) {
	pos, ok := a.baseOf(e, side, cur)
	if !ok {
		return nil, 0, false
	}
	if cur != nil && cur.side != side {
		cur = nil
	}
	if e.held == 0 {
		if cur != nil && cur.seq == pos {
			return cur.p[:min(len(cur.p), a.limits.probeBytes)], pos + uint32(len(cur.p)), true
		}
	}
	buf := a.sides[side][:0]
	pos = a.inOrder(&buf, e, side, pos)
	for {
		n := a.extend(&buf, e, side, pos)
		if n == 0 && cur != nil {
			if from := int(int32(pos - cur.seq)); from >= 0 && from < len(cur.p) {
				n = len(cur.p) - from
				buf = append(buf, cur.p[from:][:min(n, cap(buf)-len(buf))]...)
			}
		}
		if n == 0 {
			a.sides[side] = buf
			return buf, pos, true
		}
		pos += uint32(n)
	}
}

// inOrder appends what is held of a side from pos on as long as it came in order, which is
// most of it, and tells how far that goes. extend would find the same, one by one.
func (a *Assembler) inOrder(buf *[]byte, e *entry, side uint8, pos uint32) uint32 {
	for i := e.held; i != 0; {
		b := a.pool.at(i)
		if b.side() == side && b.kind() <= isGap {
			if b.kind() == isGap || b.seq() != pos {
				break
			}
			n := len(*buf)
			*buf = (*buf)[:n+a.pool.load((*buf)[n:cap(*buf)], i, 0)]
			pos += b.length()
		}
		i = b.next()
	}
	return pos
}

// extend appends what is held of a side at pos, and tells how far that goes.
func (a *Assembler) extend(buf *[]byte, e *entry, side uint8, pos uint32) int {
	for i := e.held; i != 0; i = a.pool.at(i).next() {
		b := a.pool.at(i)
		from := int(int32(pos - b.seq()))
		if b.side() != side || from < 0 || from >= int(b.length()) {
			continue
		}
		switch b.kind() {
		case isData:
			n := len(*buf)
			*buf = (*buf)[:n+a.pool.load((*buf)[n:cap(*buf)], i, from)]
		case isGap:
			if len(*buf) > 0 {
				continue
			}
		default:
			continue
		}
		return int(b.length()) - from
	}
	return 0
}

// ask shows a flow's first bytes to Classify. After Open and Swap the probe
// stays filled.
func (a *Assembler) ask(i uint32, e *entry, cur *fresh, final bool) Verdict {
	p, client := &a.probe, e.client()
	p.ToServer, _, _ = a.gather(e, client, cur)
	p.ToClient, _, _ = a.gather(e, client^1, cur)
	full := len(p.ToServer) == a.limits.probeBytes && len(p.ToClient) == a.limits.probeBytes
	p.ServerPort, p.ClientPort = e.port(client^1), e.port(client)
	p.Sure = e.flags&sure != 0
	p.Final = final || full
	v := Open
	switch {
	case len(p.ToServer) == 0 && len(p.ToClient) == 0:
		v = Wait
	case a.cfg.Classify != nil:
		a.calling = i
		v = a.cfg.Classify(p)
		a.calling = 0
	}
	if v == Wait && p.Final {
		v = Drop
	}
	if v != Open && v != Swap {
		a.forgetProbe()
	}
	return v
}

// forgetProbe clears the probe.
func (a *Assembler) forgetProbe() {
	a.probe = Probe{}
	for s := range a.sides {
		clear(a.sides[s])
		a.sides[s] = a.sides[s][:0]
	}
}

// append holds a segment of an undecided flow.
func (a *Assembler) append(e *entry, i uint32) {
	if e.held == 0 {
		e.held = i
	} else {
		a.pool.at(e.tail).setNext(i)
	}
	e.tail = i
	e.segs++
	e.ref += uint32(a.pool.at(i).size())
}

// keep holds the payload of a segment of an undecided flow, and what is missing of it.
func (a *Assembler) keep(e *entry, side uint8, s *capture.Segment) {
	m := s.Mark
	if len(s.Payload) > 0 {
		a.append(e, a.pool.store(&m, isData, side, s.Payload))
	}
	if s.Missing > 0 {
		m.Seq += uint32(len(s.Payload))
		a.append(e, a.pool.storeGap(&m, side, s.Missing))
	}
}

// unlink takes a segment out of what is held by arrival.
func (a *Assembler) unlink(e *entry, i uint32) {
	prev := uint32(0)
	for j := e.held; j != i; j = a.pool.at(j).next() {
		prev = j
	}
	b := a.pool.at(i)
	if prev == 0 {
		e.held = b.next()
	} else {
		a.pool.at(prev).setNext(b.next())
	}
	if e.tail == i {
		e.tail = prev
	}
	if e.state == probing {
		e.segs--
		e.ref -= uint32(b.size())
	}
	b.setNext(0)
}

// again reports whether a segment of an undecided flow is held already, byte for byte.
func (a *Assembler) heldAlready(e *entry, side uint8, s *capture.Segment) bool {
	for i := e.held; i != 0; i = a.pool.at(i).next() {
		b := a.pool.at(i)
		if b.seq() == s.Seq && b.side() == side && b.kind() == isData && b.size() == len(s.Payload) {
			return a.pool.differs(i, 0, s.Payload) < 0
		}
	}
	return false
}
