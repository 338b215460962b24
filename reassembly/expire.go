package reassembly

// How much is done at a time to find flows that were idle too long: never a
// sweep of the whole table.
const (
	sweepEvery       = 8   // packets for one entry
	sweepPerFlow     = 2   // entries for each new flow
	sweepDebt        = 256 // packets after which so many are looked at in one go
	sweepPerTick     = 4096
	wakesPerTick     = 1024
	evictionsPerFlow = 4  // more than one, as the index may grow
	sample           = 16 // entries among which the one to be evicted is chosen
	farSample        = 128
)

// sweep looks at the next n entries, and forgets those that were idle too long.
func (a *Assembler) sweep(n int) {
	a.toil(n)
	for range n {
		i, e := a.nextEntry()
		if e == nil {
			continue
		}
		switch {
		case a.idle(e.last) > a.limits.idle[e.state]:
			a.stats.Expired++
			a.expire(i, e)
		case int32(a.unit-e.last) < 0: // time stepped back
			e.last = a.unit
		}
	}
	if a.index.moving {
		a.toil(a.index.move())
	}
}

// nextEntry moves the hand to the next place of the table.
func (a *Assembler) nextEntry() (uint32, *entry) {
	if a.hand++; a.hand >= a.entries.end() {
		a.hand = 1
	}
	if a.entries.end() == 0 {
		return 0, nil
	}
	if a.entries.data[a.hand/chunkLen] == nil { // given back: on to the next chunk
		a.hand |= chunkLen - 1
		return 0, nil
	}
	return a.hand, a.entry(a.hand)
}

// expire ends a flow and forgets it.
func (a *Assembler) expire(i uint32, e *entry) {
	a.conclude(i, e)
	a.drop(i, e)
}

// conclude ends a flow: nothing more will come of it.
func (a *Assembler) conclude(i uint32, e *entry) {
	switch e.state {
	case probing:
		a.concludeProbe(i, e)
	case open, closing:
		a.over(a.conns.all[e.ref], e)
	}
	e.state = ended
}

// worth weighs the idle time of flows when one must go.
var worth = [states]uint64{ended: 16, probing: 8, ignored: 4, done: 1}

// undecidedWorth is more than the worth of any flow with a Stream.
const undecidedWorth = 1 << 32

// evictFlow forgets the flow that was idle longest among the next few; half open
// and undecided ones go first, those with a Stream only when there is no other.
func (a *Assembler) evictFlow() bool {
	var best uint32
	var most uint64
	for n := 0; n < sample || most < undecidedWorth && n < farSample; n++ {
		i, e := a.nextEntry()
		if e == nil {
			continue
		}
		w := uint64(1)
		if e.state != open && e.state != closing {
			w = worth[e.state] * undecidedWorth
		}
		if w *= uint64(min(a.idle(e.last), 1<<24)) + 1; w > most {
			best, most = i, w
		}
	}
	a.toil(sample)
	if best == 0 {
		return false
	}
	a.stats.EvictedFlows++
	a.evict(best)
	return true
}

// evict forgets a flow before its time.
func (a *Assembler) evict(i uint32) {
	e := a.entries.at(i)
	if e.state == open || e.state == closing {
		a.stats.EvictedStreams++
	}
	a.stats.EvictedHeld += uint64(e.segs)
	a.expire(i, e)
}

// evictStream ends the stream that was idle longest among the next few.
func (a *Assembler) evictStream() {
	p := &a.conns
	var best *conn
	var most uint32
	for n := 0; n < len(p.all) && (n < sample || best == nil); n++ {
		p.hand = (p.hand + 1) % len(p.all)
		c := p.all[p.hand]
		if !c.live || c.flow == a.busy {
			continue
		}
		if idle := a.idle(a.entries.at(c.flow).last); best == nil || idle > most {
			best, most = c, idle
		}
	}
	a.toil(sample)
	if best != nil {
		a.stats.EvictedFlows++
		a.evict(best.flow)
	}
}

// reclaim makes room for bytes to be held by forgetting the undecided flow that
// was idle longest among the next few.
func (a *Assembler) reclaim(not uint32) bool {
	var best, most uint32
	for n := 0; n < sample || best == 0 && n < farSample; n++ {
		i, e := a.nextEntry()
		if e == nil || e.state != probing || e.held == 0 || i == not {
			continue
		}
		if idle := a.idle(e.last) + 1; idle > most {
			best, most = i, idle
		}
	}
	a.toil(sample)
	if best == 0 {
		return false
	}
	a.stats.EvictedFlows++
	a.evict(best)
	return true
}
