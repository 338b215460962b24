package signals

import "cleartap/detectors"

// login takes a login. Only what the server refused or accepted for its secret
// counts: what failed for other reasons tells nothing of the secret.
func (s *Signals) login(o *detectors.Observation) {
	if !o.Attempt.Secret.Seen() {
		return
	}
	switch o.Result {
	case detectors.Failure:
		s.stats.Refused++
		e := s.event(o)
		s.refused(&e)
	case detectors.Success:
		s.stats.Accepted++
		e := s.event(o)
		s.accepted(&e)
	}
}

// refused takes a login that was refused.
func (s *Signals) refused(e *event) {
	p, _ := s.pairs.touch(e.pair)
	before := p.last
	s.try(p, e)
	strange := e.name != 0 && !p.steady && !s.isKnown(e)
	src := s.suspect(e)
	s.count(src, p, e, before, strange)
	if a := s.partOf(e, strange); a != nil {
		s.more(a, p, e)
		return
	}
	if !s.judge(src, p, e, strange) {
		s.repeats(p, e)
	}
}

// try counts a refusal in its pair.
func (s *Signals) try(p *pair, e *event) {
	l := &s.limits
	switch {
	case p.last == 0 || e.sec-p.last > l.day: // nothing is known that still counts
		s.sets.forget(&p.marks)
		*p = pair{first: e.sec, counted: p.counted}
	case e.sec-p.first > l.day:
		s.sets.forget(&p.marks)
		p.first, p.tries, p.unmarked = e.sec, 0, false
	}
	if p.last != 0 {
		age(p.recent[:], e.sec/l.bruteStep-p.last/l.bruteStep)
	}
	raise(&p.recent[0])
	if p.tries+1 != 0 {
		p.tries++
	}
	p.last = e.sec
	kinds := 0
	if e.marked {
		kinds = s.sets.add(&p.marks, e.mark, e.sec, 1)
	}
	p.unmarked = p.unmarked || kinds == 0
	if int(p.tries) > s.cfg.SprayTries {
		p.steady = s.isSteady(p, kinds)
	}
}

// isSteady reports whether a pair looks like a client that repeats by itself: one
// secret only, or, where that is not known, tries that are far apart.
func (s *Signals) isSteady(p *pair, kinds int) bool {
	if !p.unmarked {
		return kinds == 1
	}
	return p.last-p.first >= s.limits.steadyGap*uint32(p.tries-1)
}

// isKnown reports whether the account logged in from the source before.
func (s *Signals) isKnown(e *event) bool {
	k := s.known.get(e.client)
	return k != nil && e.sec-*k <= s.limits.known
}

// suspect gives the source's state, its windows brought to now.
func (s *Signals) suspect(e *event) *suspect {
	v, fresh := s.suspects.touch(e.source)
	step, day := e.sec/s.limits.sprayStep, e.sec/s.limits.dayStep
	if !fresh {
		age(v.accounts[:], step-v.step)
		age(v.refused[:], step-v.step)
		age(v.accepted[:], step-v.step)
		age(v.day[:], day-v.dayStep)
	}
	v.step, v.dayStep = step, day
	return v
}

// target gives the account's state, its windows brought to now.
func (s *Signals) target(e *event) *target {
	v, fresh := s.targets.touch(e.account)
	step, day := e.sec/s.limits.crowdStep, e.sec/s.limits.dayStep
	if !fresh {
		age(v.sources[:], step-v.step)
		age(v.refused[:], step-v.step)
		age(v.day[:], day-v.dayStep)
	}
	v.step, v.dayStep = step, day
	return v
}

// network gives the network's state, its windows brought to now.
func (s *Signals) network(e *event) *network {
	v, fresh := s.networks.touch(e.net)
	step := e.sec / s.limits.sprayStep
	if !fresh {
		age(v.refused[:], step-v.step)
		age(v.accepted[:], step-v.step)
	}
	v.step = step
	return v
}

// count brings a refusal into the windows of its source, account and network: each
// pair counts once, in the step of its last refusal. Those that are explained do not.
func (s *Signals) count(src *suspect, p *pair, e *event, before uint32, strange bool) {
	if !strange {
		if p.counted {
			s.uncount(src, s.targets.get(e.account), p, before)
		}
		return
	}
	l := &s.limits
	tgt := s.target(e)
	if sum(src.accounts[:]) == 0 {
		src.first = e.sec
	}
	if sum(tgt.sources[:]) == 0 {
		tgt.first = e.sec
	}
	move(src.accounts[:], p.counted, e.sec/l.sprayStep-before/l.sprayStep)
	move(tgt.sources[:], p.counted, e.sec/l.crowdStep-before/l.crowdStep)
	steps := e.sec/l.dayStep - before/l.dayStep
	move(src.day[:], p.counted, steps)
	move(tgt.day[:], p.counted, steps)
	raise(&src.refused[0])
	raise(&tgt.refused[0])
	if e.marked {
		s.sets.add(&src.marks, e.mark, e.sec, s.sprayed(e))
	}
	p.counted = true
	s.countNetwork(e)
}

func (s *Signals) countNetwork(e *event) {
	n := s.network(e)
	oldest := s.sprayed(e)
	if sum(n.refused[:]) == 0 {
		n.first = e.sec
	}
	raise(&n.refused[0])
	if n.accounts == 0 { // most networks never need a set
		one := pairSeen{uint32(e.source), uint32(e.account), e.sec}
		was := n.alone
		n.alone = one
		if was.sec < oldest || was.source == one.source && was.account == one.account {
			return
		}
		s.sets.add(&n.accounts, uint64(was.account), was.sec, oldest)
		s.sets.add(&n.sources, uint64(was.source), was.sec, oldest)
	}
	s.sets.add(&n.accounts, e.account, e.sec, oldest)
	s.sets.add(&n.sources, e.source, e.sec, oldest)
}

// sprayed is the second at which the window for many accounts begins.
func (s *Signals) sprayed(e *event) uint32 { return e.sec - s.limits.sprayStep*(halfSteps-1) }

// uncount takes a pair out of the windows again, in which it was counted in the
// step of before. Windows that were not brought to now count from their own.
func (s *Signals) uncount(src *suspect, tgt *target, p *pair, before uint32) {
	l := &s.limits
	p.counted = false
	if src != nil {
		withdraw(src.accounts[:], src.step-before/l.sprayStep)
		withdraw(src.day[:], src.dayStep-before/l.dayStep)
	}
	if tgt != nil {
		withdraw(tgt.sources[:], tgt.step-before/l.crowdStep)
		withdraw(tgt.day[:], tgt.dayStep-before/l.dayStep)
	}
}
