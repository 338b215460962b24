package signals

import "cleartap/detectors"

// repeats reports a client that goes on with a login that is refused: one secret, or
// where that is not known, tries so far apart that no one guesses like that.
func (s *Signals) repeats(p *pair, e *event) {
	if !p.steady || int(p.tries) < s.cfg.StaleFailures {
		return
	}
	key := s.key.Words(ofAttackPair, e.pair)
	if a := s.attacks[key]; a != nil {
		a.refused++
		a.flow.join(e.o)
		s.touch(a, e.o)
		s.grow(a)
		return
	}
	s.begin(attack{key: key, rule: detectors.StaleClient, account: e.account, window: day, long: true,
		sources: 1, accounts: 1, refused: int(p.tries)}, p.first, e)
}
