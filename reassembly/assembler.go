package reassembly

import "cleartap/capture"

// Assembler follows the flows of one capture, or of one worker. It is for one
// goroutine; the functions of Config and the Streams may not call it.
type Assembler struct {
	cfg    Config
	limits limits
	seeds  seeds
	key    key
	clock
	index     index
	entries   slab[entry]
	addresses slab[address6]
	pool      pool
	conns     conns
	wheel     wheel
	late      late
	hand      uint32 // the entry that is looked at next for having been idle too long
	debt      int    // segments since that was done, a flow counting for several
	stats     Stats

	// The rest is valid during one call only.
	flow    Flow
	probe   Probe
	sides   [2][]byte // buffers of the probe
	again   []byte    // a held segment that is replayed
	order   []byte    // a held segment whose turn it is
	calling uint32    // the flow whose Stream or verdict is being called
	busy    uint32    // the flow of the segment at hand
	work    int
}

// New makes an Assembler. See Config for what it costs at most.
func New(cfg Config) *Assembler {
	a := &Assembler{cfg: cfg, seeds: newSeeds(), clock: clock{now: never}}
	a.limits, a.pool.max = cfg.limits()
	a.index = index{cur: newBuckets(minLog), entries: &a.entries}
	for s := range a.sides {
		a.sides[s] = make([]byte, 0, a.limits.probeBytes)
	}
	return a
}

// Push takes the next segment of the capture. s is used during the call only.
func (a *Assembler) Push(s *capture.Segment) {
	a.stats.Segments++
	a.work = 0
	if uint64(s.Time-a.now) <= uint64(forwardStep) { // a.advance, here for speed
		a.moveTo(s.Time)
	} else {
		a.outOfStep(s.Time)
	}
	if a.unit != a.wheel.at {
		a.turn(wakesPerPush)
	}
	if a.debt++; a.debt >= sweepDebt {
		a.debt = 0
		a.sweep(sweepDebt / sweepEvery)
	}
	i, e := a.find(s)
	a.busy = i
	if e == nil {
		a.unknown(s)
		return
	}
	if a.idle(e.last) > a.limits.idle[e.state%states] {
		a.expire(i, e)
		a.unknown(s)
		return
	}
	switch e.state {
	case ignored, done:
		e.last = a.unit
		a.stats.Bypassed++
		if s.Flags&(capture.SYN|capture.FIN|capture.RST) != 0 || e.flags&pending != 0 {
			a.pushBypassed(i, e, a.key.side, s)
		}
	case open, closing:
		a.pushOpen(e, a.key.side, s)
	case probing:
		a.pushProbe(i, e, a.key.side, s)
	case ended:
		a.pushEnded(i, e, a.key.side, s)
	}
}

// find looks up the flow of a segment and notes its key; 0 and nil is none.
func (a *Assembler) find(s *capture.Segment) (uint32, *entry) {
	k := &a.key
	if s.IPv4 {
		k.v6 = false
		k.hash, k.addrs, k.ports, k.side = a.seeds.key4(s)
	} else {
		k.of6(s, &a.seeds)
	}
	return a.look(k.hash, k.addrs, k.ports, k.v6)
}

// look looks a key up.
func (a *Assembler) look(hash, addrs uint64, ports uint32, six bool) (uint32, *entry) {
	t := a.index.table(uint32(hash >> 32))
	pattern := uint64(uint16(hash)|1) * lanes
	for b, n := t.home(uint32(hash>>32)), uint32(1); ; b, n = (b+n)&t.mask, n+1 {
		bk := t.at(b)
		if bk == nil {
			return 0, nil
		}
		for m := bk.match(pattern); m != 0; m &= m - 1 {
			i := bk.idx[slotOf(m)]
			e := a.entries.at(i)
			if e.ports == ports && (e.addrs == addrs && !six && e.flags&v6 == 0 || six && a.same6(e)) {
				return i, e
			}
		}
		if bk.passed() == 0 {
			return 0, nil
		}
	}
}

// same6 compares the addresses of an IPv6 flow with those of a.key.
func (a *Assembler) same6(e *entry) bool {
	return e.flags&v6 != 0 && uint32(e.addrs) == uint32(a.key.addrs) && *a.addresses.at(uint32(e.addrs >> 32)) == address6(a.key.ip)
}

// Tick says that packet time has come to now, for when no packets tell: it ends
// waits and forgets idle flows.
func (a *Assembler) Tick(now capture.Nanos) {
	a.work = 0
	a.advance(now)
	a.turn(wakesPerTick)
	a.sweep(sweepPerTick)
}

// Flush ends the capture: what is held is delivered, gaps are declared, streams
// are closed, and all flows are forgotten, in the order of the table. The
// Assembler can be used again.
func (a *Assembler) Flush() {
	for i := uint32(1); i < a.entries.end(); i++ {
		if e := a.entry(i); e != nil {
			a.conclude(i, e)
			a.pool.releaseAll(e.held)
			e.held = 0
		}
	}
	a.entries, a.addresses, a.hand = slab[entry]{}, slab[address6]{}, 0
	a.wheel, a.late = wheel{}, late{}
	a.index = index{cur: newBuckets(minLog), entries: &a.entries}
	a.clock = clock{now: never, steps: a.steps}
}

// Forget gives up the flow whose Stream or Classify panicked, or else that of s:
// the rest of it is bypassed.
func (a *Assembler) Forget(s *capture.Segment) {
	i := a.calling
	a.calling = 0
	a.forgetProbe()
	clear(a.again[:cap(a.again)])
	clear(a.order[:cap(a.order)])
	if i == 0 {
		i, _ = a.find(s)
	}
	if i == 0 {
		return
	}
	if e := a.entries.at(i); e.state != ended {
		a.bypass(e, ignored)
	}
}
