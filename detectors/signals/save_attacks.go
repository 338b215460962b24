package signals

import (
	"math"
	"net/netip"

	"cleartap/detectors"
)

// kept are the rules of attacks that can be saved. Reuse is not among them: it is known
// by what was made of secrets.
var kept = [...]*detectors.Rule{
	detectors.BruteForce, detectors.Spraying, detectors.Stuffing, detectors.Distributed, detectors.GuessedRight,
	detectors.ManyPlaces, detectors.Enumeration, detectors.LowAndSlow, detectors.StaleClient,
}

// ruleNumber gives the place of a rule in kept, from 1; 0 if it is not there.
func ruleNumber(r *detectors.Rule) uint8 {
	for i, k := range kept {
		if k == r {
			return uint8(i + 1) //nolint:gosec // few
		}
	}
	return 0
}

// FlushUnsaved ends the attacks that Save leaves out.
func (s *Signals) FlushUnsaved() {
	for i := range s.lists {
		for a := s.lists[i].first; a != nil; {
			later := a.later
			if ruleNumber(a.rule) == 0 {
				s.end(a)
			}
			a = later
		}
	}
}

// codeAttacks is of attacks that are not over, each list in its order.
func (s *Signals) codeAttacks(c *coder, shown Shown) {
	for i := range s.lists {
		if c.reads {
			s.readAttacks(c, i)
			continue
		}
		n := 0
		for a := s.lists[i].first; a != nil; a = a.later {
			if ruleNumber(a.rule) != 0 {
				n++
			}
		}
		c.count(&n)
		for a := s.lists[i].first; a != nil; a = a.later {
			if ruleNumber(a.rule) != 0 {
				out := *a
				out.hide(shown)
				out.code(c, &s.sets)
			}
		}
	}
}

func (s *Signals) readAttacks(c *coder, list int) {
	n := 0
	c.count(&n)
	for range n {
		a := &attack{list: list}
		if a.code(c, &s.sets); c.short {
			return
		}
		if s.attacks[a.key] != nil || len(s.attacks) >= s.most {
			s.sets.forget(&a.accountSet)
			s.sets.forget(&a.sourceSet)
			continue
		}
		s.attacks[a.key] = a
		s.lists[list].moveToEnd(a)
	}
}

// hide takes out what is not to be written down.
func (a *attack) hide(shown Shown) {
	if !shown.Names || a.accepted == 0 && (a.accounts != 1 || a.refused < detectors.ShownFailures) {
		a.name = ""
	}
	if !shown.Addresses {
		a.flow.client, a.flow.proxy, a.winner, a.network = netip.Addr{}, netip.Addr{}, netip.Addr{}, netip.Prefix{}
	}
}

func (a *attack) code(c *coder, sets *distincts) {
	c.u64(&a.key)
	rule := ruleNumber(a.rule)
	if c.u8(&rule); rule == 0 || int(rule) > len(kept) {
		c.short = true
		return
	}
	a.rule = kept[rule-1]
	c.u64(&a.account)
	c.nanos(&a.window)
	for _, v := range []*bool{&a.crowd, &a.gateway, &a.long} {
		c.yes(v)
	}
	for _, v := range []*int{&a.sources, &a.accounts, &a.refused, &a.accepted, &a.told} {
		c.count(v)
	}
	sets.code(c, &a.accountSet)
	sets.code(c, &a.sourceSet)
	c.nanos(&a.start)
	c.mark(&a.origin)
	a.flow.code(c)
	c.text(&a.name)
	c.prefix(&a.network)
	c.addr(&a.winner)
	c.mark(&a.mark)
	c.mark(&a.decided)
	c.nanos(&a.at)
	c.nanos(&a.toldAt)
}

func (f *flow) code(c *coder) {
	c.addr(&f.client)
	c.addrPort(&f.server)
	c.addr(&f.proxy)
	c.text(&f.protocol)
	c.u16(&f.vlan)
	c.count(&f.sides)
}

// degrees is a coordinate to a hundredth; one that is not a number stays so.
func (c *coder) degrees(v *float32) {
	n := uint16(math.MaxUint16)
	if *v >= -180 && *v <= 180 {
		n = uint16((*v + 180) * 100)
	}
	if c.u16(&n); n == math.MaxUint16 {
		*v = float32(math.NaN())
	} else {
		*v = float32(n)/100 - 180
	}
}

// code is of what was let through on a day.
func (o *Once) code(c *coder) {
	c.key(&o.key)
	n := len(o.seen)
	if c.count(&n); !c.reads {
		for h, day := range o.seen {
			d := uint32(day) //nolint:gosec // there and back
			c.u64(&h)
			c.u32(&d)
		}
		return
	}
	clear(o.seen)
	if n > len(c.b)/12 {
		c.short = true
		return
	}
	for range n {
		var h uint64
		var d uint32
		c.u64(&h)
		if c.u32(&d); len(o.seen) < o.most {
			o.seen[h] = int32(d) //nolint:gosec // as above
		}
	}
}
