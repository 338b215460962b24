package signals

import "cleartap/detectors"

// accepted takes a login that was accepted.
func (s *Signals) accepted(e *event) {
	last, fresh := s.known.touch(e.client)
	before := *last
	*last = e.sec
	if fresh || e.sec/s.limits.day != before/s.limits.day {
		s.note(e.source, e)
		s.note(e.net, e)
	}
	known := !fresh && e.sec-before <= s.limits.known
	tries := 0
	p := s.pairs.get(e.pair)
	if p != nil {
		tries = int(p.tries)
	}
	s.succeed(e, known, tries)
	if s.suspects.get(e.source) != nil {
		raise(&s.suspect(e).accepted[0])
	}
	if n := s.networks.get(e.net); n != nil {
		n = s.network(e)
		raise(&n.accepted[0])
		s.sets.remove(n.accounts, e.account)
		if short := uint32(e.account); n.alone.account == short { //nolint:gosec // that many bits of a hash are kept
			n.alone = pairSeen{}
		}
	}
	if p != nil {
		s.resolve(p, e)
	}
	s.reuse(e)
	s.travels(e)
}

// note counts an account that had not logged in from a place on the day.
func (s *Signals) note(place uint64, e *event) {
	v, _ := s.profiles.touch(place)
	v.note(e.sec / s.limits.day)
}

// resolve takes back what was counted against a pair: somebody mistyped, or a client
// was given the new password.
func (s *Signals) resolve(p *pair, e *event) {
	if p.counted {
		s.uncount(s.suspects.get(e.source), s.targets.get(e.account), p, p.last)
	}
	s.pairs.remove(e.pair)
	if a := s.attacks[s.key.Words(ofAttackPair, e.pair)]; a != nil {
		s.end(a)
	}
}

// succeed raises an attack that a login follows, if it is the attacker's.
func (s *Signals) succeed(e *event, known bool, tries int) {
	if len(s.attacks) == 0 {
		return
	}
	a := s.attacks[s.key.Words(ofAttackBrute, e.pair)]
	if a == nil {
		a = s.attacks[s.key.Words(ofAttackSource, e.source)]
	}
	if a != nil && s.gained(a, e, known, tries) {
		s.raise(a, e)
		return
	}
	if a := s.attacks[s.key.Words(ofAttackAccount, e.account)]; a != nil && (!known || tries >= detectors.ShownFailures) {
		s.raise(a, e)
		return
	}
	if a := s.attacks[s.key.Words(ofAttackNet, e.net)]; a != nil && s.gained(a, e, known, tries) {
		s.raise(a, e)
	}
}

// gained reports whether a login from where an attack comes from is part of it. It is
// not when the account logged in from there before the attack; nor, for a gateway,
// when the account was not tried.
func (s *Signals) gained(a *attack, e *event, known bool, tries int) bool {
	switch {
	case a.account != 0:
		return a.account == e.account && tries > 0
	case tries >= detectors.ShownFailures:
		return true
	}
	return !known && (tries > 0 || !a.gateway)
}
