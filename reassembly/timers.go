package reassembly

import "cleartap/capture"

// wheelLen is the number of the wheel's slots, one for each unit of time: 17 s in all.
const wheelLen = 1024

// wakesPerPush bounds how many timers one packet may set off.
const wakesPerPush = 16

// wheel holds the timers: each flow has at most one, linked through its entry,
// in the slot of the unit in which it is due. Within a slot they go off in the
// order in which they were set.
type wheel struct {
	first, last [wheelLen]uint32
	at          uint32 // the unit whose slot was emptied last
	live        int
}

// arm sets the timer of flow i, in place of the one it has.
func (a *Assembler) arm(i uint32, e *entry, due capture.Nanos) {
	a.disarm(e)
	w := &a.wheel
	if w.live == 0 {
		w.at = a.unit
	}
	unit := uint32(due>>unitShift) + 1
	if d := int32(unit - a.unit); d < 1 {
		unit = a.unit + 1
	} else if d > wheelLen-2 {
		unit = a.unit + wheelLen - 2
	}
	s := unit % wheelLen
	e.slot = uint16(s + 1)
	e.tnext, e.tprev = 0, w.last[s]
	if e.tprev != 0 {
		a.entries.at(e.tprev).tnext = i
	} else {
		w.first[s] = i
	}
	w.last[s] = i
	w.live++
}

// disarm stops the timer of a flow, if it runs.
func (a *Assembler) disarm(e *entry) {
	if e.slot == 0 || e.slot == lateSlot {
		return
	}
	w, s := &a.wheel, e.slot-1
	if e.tprev != 0 {
		a.entries.at(e.tprev).tnext = e.tnext
	} else {
		w.first[s] = e.tnext
	}
	if e.tnext != 0 {
		a.entries.at(e.tnext).tprev = e.tprev
	} else {
		w.last[s] = e.tprev
	}
	e.slot, e.tnext, e.tprev = 0, 0, 0
	w.live--
}

// turn moves the wheel to the present and wakes the flows that are due, budget
// of them at most; the others are woken by the packets that follow.
func (a *Assembler) turn(budget int) {
	w := &a.wheel
	if d := a.unit - w.at; d > wheelLen { // a leap, or a step back: once around
		w.at = a.unit - wheelLen
	}
	for w.at != a.unit {
		if w.live == 0 {
			w.at = a.unit
			return
		}
		s := (w.at + 1) % wheelLen
		for w.first[s] != 0 {
			if budget == 0 {
				return
			}
			budget--
			i := w.first[s]
			e := a.entries.at(i)
			a.disarm(e)
			a.work++
			a.wake(i, e)
		}
		w.at++
	}
}
