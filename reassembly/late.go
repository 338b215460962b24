package reassembly

// lateFlows is how many flows that are over are remembered at most: few enough
// to stay in the processor's cache, so that short flows are cheap.
const lateFlows = 4096

// lateSlot marks the entries on the list; no slot of the wheel has this number.
const lateSlot = wheelLen + 1

// late lists the flows whose end was seen, oldest first, linked through their entries
// (which have no timer any more). What comes late of them is absorbed.
type late struct {
	first, last uint32
	n           int
}

// remember keeps a flow that is over, and forgets the oldest such if there are many.
func (a *Assembler) remember(i uint32, e *entry) {
	if e.state != ended || e.slot == lateSlot {
		return
	}
	l := &a.late
	e.slot, e.tprev, e.tnext = lateSlot, l.last, 0
	if l.last != 0 {
		a.entries.at(l.last).tnext = i
	} else {
		l.first = i
	}
	l.last = i
	if l.n++; l.n > lateFlows {
		a.drop(l.first, a.entries.at(l.first))
	}
}

// unremember takes a flow off the list, if it is on it.
func (a *Assembler) unremember(e *entry) {
	if e.slot != lateSlot {
		return
	}
	l := &a.late
	if e.tprev != 0 {
		a.entries.at(e.tprev).tnext = e.tnext
	} else {
		l.first = e.tnext
	}
	if e.tnext != 0 {
		a.entries.at(e.tnext).tprev = e.tprev
	} else {
		l.last = e.tprev
	}
	e.slot, e.tnext, e.tprev = 0, 0, 0
	l.n--
}
