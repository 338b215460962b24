package signals

// What no rule would look at any more can be forgotten without loss: its window is
// over. Only the rest counts as forgotten for want of memory.

// setPast tells the tables what is past.
func (s *Signals) setPast() {
	l := &s.limits
	before := func(sec, window uint32) bool { return s.second()-sec > window }
	left := func(at, step uint32, steps int) bool { return s.second()/step-at >= uint32(steps) } //nolint:gosec // a few
	s.known.past = func(sec *uint32) bool { return before(*sec, l.known) }
	s.profiles.past = func(p *profile) bool { return p.on(s.second()/l.day) == 0 }
	s.pairs.past = func(p *pair) bool { return before(p.last, l.day) }
	s.suspects.past = func(v *suspect) bool { return left(v.dayStep, l.dayStep, daySteps) }
	s.targets.past = func(v *target) bool { return left(v.dayStep, l.dayStep, daySteps) }
	s.networks.past = func(n *network) bool { return left(n.step, l.sprayStep, halfSteps) }
	s.masks.past = func(v *answers) bool { return before(v.sec, l.day) }
	s.copies.past = func(v *twin) bool { return !s.doubled || before(v.sec, uint32(apart/second)) }
	s.trials.past = func(t *trial) bool {
		return before(t.sec, uint32(s.cfg.FallbackWindow/second)) && (t.told == 0 || before(t.told, uint32(s.cfg.Day/second)))
	}
	s.probers.past = func(p *prober) bool { return left(p.step, l.probeStep, halfSteps) }
	s.uses.past = func(u *use) bool { return before(u.last, l.known) }
	s.visits.past = func(v *visits) bool {
		for i := range v {
			if !before(v[i].sec, uint32(s.cfg.PlaceWindow/second)) {
				return false
			}
		}
		return true
	}
}
