package signals

import (
	"strings"

	"cleartap/detectors"
)

// use is what is remembered of a secret by its mark: who logged in with it.
type use struct {
	accounts uint32 // set of names, without domains
	last     uint32
}

// reuse reports that several accounts log in with one secret. Names that differ in
// their domain alone are taken for one person's.
func (s *Signals) reuse(e *event) {
	if !e.marked || e.name == 0 {
		return
	}
	u, _ := s.uses.touch(e.mark)
	if u.last != 0 && e.sec-u.last > s.limits.known {
		s.sets.forget(&u.accounts)
	}
	u.last = e.sec
	name, _, _ := strings.Cut(e.o.Attempt.Identity, "@")
	before := s.sets.size(u.accounts, 1)
	n := s.sets.add(&u.accounts, s.name(name), e.sec, 1)
	key := s.key.Words(ofAttackUse, e.mark)
	a := s.attacks[key]
	switch {
	case a != nil && n > before:
		a.accounts, a.accepted = n, a.accepted+1
		a.flow.join(e.o)
		s.touch(a, e.o)
		s.grow(a)
	case a == nil && n > before && n > 1:
		s.begin(attack{key: key, rule: detectors.SamePassword, window: s.cfg.Known, long: true, accounts: n, accepted: n, crowd: true}, e.sec, e)
	}
}
