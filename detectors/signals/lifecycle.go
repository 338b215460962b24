package signals

import (
	"net/netip"

	"cleartap/capture"
	"cleartap/detectors"
	"cleartap/reassembly"
)

// attackList holds attacks by the time of their last login, earliest first.
type attackList struct{ first, last *attack }

// The lists: attacks, and what lingers for a day.
const (
	shortList = iota
	longList
	lists
)

func (l *attackList) moveToEnd(a *attack) {
	if l.last == a {
		return
	}
	l.remove(a)
	a.earlier = l.last
	if l.last != nil {
		l.last.later = a
	} else {
		l.first = a
	}
	l.last = a
}

// remove takes an attack out, if it is in.
func (l *attackList) remove(a *attack) {
	if a.earlier != nil {
		a.earlier.later = a.later
	} else if l.first == a {
		l.first = a.later
	}
	if a.later != nil {
		a.later.earlier = a.earlier
	} else if l.last == a {
		l.last = a.earlier
	}
	a.earlier, a.later = nil, nil
}

// expire ends attacks of which nothing came for long.
func (s *Signals) expire() {
	for i, linger := range [lists]capture.Nanos{s.cfg.Linger, day} {
		for l := &s.lists[i]; l.first != nil && l.first.at+linger < s.now; {
			s.end(l.first)
		}
	}
}

// oldest is the attack of which nothing came for longest.
func (s *Signals) oldest() *attack {
	a, b := s.lists[shortList].first, s.lists[longList].first
	if a == nil || b != nil && b.at < a.at {
		return b
	}
	return a
}

// end reports an attack that is over.
func (s *Signals) end(a *attack) {
	s.tell(a, detectors.AttackEnded)
	s.lists[a.list].remove(a)
	delete(s.attacks, a.key)
	s.sets.forget(&a.accountSet)
	s.sets.forget(&a.sourceSet)
}

// quiet is the least time between two reports that an attack grows.
const quiet = minute

// grow reports an attack that grew to twice what was told last.
func (s *Signals) grow(a *attack) {
	if a.refused+a.accepted >= 2*a.told && a.at-a.toldAt >= quiet {
		s.tell(a, detectors.AttackGrowing)
	}
}

// tell reports an attack: when it is over, and before where updates are asked for.
func (s *Signals) tell(a *attack, state detectors.AttackState) {
	if state != detectors.AttackEnded && !s.cfg.Updates {
		return
	}
	a.told, a.toldAt = a.refused+a.accepted, a.at
	if state == detectors.AttackEnded && a.rule == detectors.GuessedRight && !s.cfg.Updates {
		state = detectors.AttackSucceeded // the one record that there is
	}
	result := detectors.Failure
	if a.accepted > 0 {
		result = detectors.Success
	}
	client := a.flow.client
	if a.winner.IsValid() {
		client = a.winner
	}
	s.report(&detectors.Finding{
		Rule: a.rule, Severity: a.rule.Floor(),
		Attack: &detectors.Attack{
			State: state, Start: a.start, Origin: a.origin, Window: a.window, Sources: a.sources, Accounts: a.accounts,
			Attempts: a.refused + a.accepted, Failures: a.refused, Network: a.network,
			Shown: a.accepted > 0 || a.accounts == 1 && a.refused >= detectors.ShownFailures,
		},
		Observation: detectors.Observation{
			Kind: detectors.Guessing, Protocol: a.flow.protocol, Mark: a.mark, Decided: a.decided, Sides: a.flow.sides, Result: result,
			Flow:    reassembly.Flow{Client: addrOnly(client), Server: a.flow.server, VLAN: a.flow.vlan, Start: a.start},
			Attempt: detectors.Attempt{Identity: a.name},
			Proxy:   addrOnly(a.flow.proxy),
		},
	})
}

// addrOnly is an address without a port; of none it is none.
func addrOnly(a netip.Addr) netip.AddrPort {
	if !a.IsValid() {
		return netip.AddrPort{}
	}
	return netip.AddrPortFrom(a, 0)
}
