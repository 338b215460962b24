package reassembly

import "cleartap/capture"

// entry gives an entry in use, nil if there is none of that number.
func (a *Assembler) entry(i uint32) *entry {
	if a.entries.data[i/chunkLen] == nil {
		return nil
	}
	if e := a.entries.at(i); e.state != free {
		return e
	}
	return nil
}

// add makes an undecided flow of a.key.
func (a *Assembler) add(s *capture.Segment) (uint32, *entry) {
	a.debt += sweepPerFlow * sweepEvery
	for n := 0; n < evictionsPerFlow && a.full() && a.evictFlow(); n++ {
	}
	i := a.entries.alloc()
	e := a.entries.at(i)
	k := &a.key
	*e = entry{
		addrs: k.addrs, ports: k.ports, hash: uint32(k.hash >> 32),
		start: s.Time, vlan: s.VLAN, last: a.unit, state: probing,
	}
	if k.v6 {
		n := a.addresses.alloc()
		*a.addresses.at(n) = k.ip
		e.addrs = uint64(n)<<32 | k.addrs
		e.flags = v6
	}
	e.set(seen0, k.side)
	a.toil(a.index.insert(k, i))
	a.stats.Flows++
	a.stats.PeakFlows = max(a.stats.PeakFlows, a.entries.live)
	return i, e
}

// full reports whether the table may take no other flow.
func (a *Assembler) full() bool {
	n := a.tableBytes()
	return n > a.limits.table || n+a.otherBytes() > a.limits.memory-a.limits.memory/reserve
}

// fits reports whether n more bytes can be held. Followed flows may take what is
// reserved.
func (a *Assembler) fits(n int, followed bool) bool {
	blocks, memory := a.pool.max, a.limits.memory
	if !followed {
		blocks -= blocks / reserve
		memory -= memory / reserve
	}
	n = need(n)
	return a.pool.live+n <= blocks && a.tableBytes()+a.otherBytes()+n*blockBytes <= memory
}

// tableBytes is what the flow table takes; otherBytes is the rest.
func (a *Assembler) tableBytes() int {
	return a.entries.live*entryBytes + a.addresses.live*addressBytes + a.index.chunks*chunkBytes
}

func (a *Assembler) otherBytes() int {
	return a.pool.live*blockBytes + len(a.conns.all)*connBytes
}

// drop takes a flow out of the table. Its stream is closed already.
func (a *Assembler) drop(i uint32, e *entry) {
	a.unremember(e)
	a.disarm(e)
	a.pool.releaseAll(e.held)
	a.index.remove(e.hash, i)
	if e.flags&v6 != 0 {
		a.addresses.free(uint32(e.addrs >> 32))
	}
	a.entries.free(i)
}

// renew makes an entry that of another flow between the same ends.
func (a *Assembler) renew(e *entry, s *capture.Segment, side uint8) {
	a.unremember(e)
	a.disarm(e)
	a.pool.releaseAll(e.held)
	*e = entry{
		addrs: e.addrs, ports: e.ports, hash: e.hash, flags: e.flags & v6,
		start: s.Time, vlan: s.VLAN, last: a.unit, state: probing,
	}
	e.set(seen0, side)
	a.stats.Flows++
	a.stats.Reused++
}

// bypass forgets all of a flow but that it is of no interest, or not any more.
func (a *Assembler) bypass(e *entry, to state) {
	switch e.state {
	case open, closing:
		c := a.conns.all[e.ref]
		for side := range uint8(2) {
			if h := &c.half[side]; h.started {
				e.base[side] = h.first
				e.set(base0, side)
			}
			if c.half[side].ending {
				e.set(fin0, side)
			}
		}
		a.leave(c)
	case probing:
		a.stats.Dropped++
	}
	a.disarm(e)
	a.pool.releaseAll(e.held)
	e.held, e.tail, e.segs, e.ref = 0, 0, 0, 0
	e.flags &^= pending | synData | followed | holey
	e.state = to
}

// toil counts what was done besides the segment at hand.
func (a *Assembler) toil(n int) {
	a.work += n
	a.stats.MostWork = max(a.stats.MostWork, a.work)
}
