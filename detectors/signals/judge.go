package signals

import "cleartap/detectors"

// judge begins an attack when a refusal made one of what came before it, and reports
// whether it did.
func (s *Signals) judge(src *suspect, p *pair, e *event, strange bool) bool {
	if n, first := s.brute(p, e); n > 0 {
		a := attack{key: s.key.Words(ofAttackSource, e.source), rule: detectors.BruteForce, account: e.account, window: s.cfg.BruteWindow,
			sources: 1, accounts: 1, refused: n}
		if s.gateway(e.source, e) { // what else fails there is somebody else's
			a.key, a.gateway = s.key.Words(ofAttackBrute, e.pair), true
		}
		s.begin(a, first, e)
		return true
	}
	if !strange {
		return false
	}
	if rule := s.manyAccounts(src, e); rule != nil {
		a := attack{key: s.key.Words(ofAttackSource, e.source), rule: rule, window: s.cfg.SprayWindow, gateway: s.gateway(e.source, e),
			sources: 1, accounts: sum(src.accounts[:]), refused: sum(src.refused[:])}
		first := max(src.first, s.sprayed(e))
		if rule == detectors.LowAndSlow {
			a.window, a.accounts, first = day, sum(src.day[:]), src.first
			a.refused = max(a.refused, a.accounts)
		}
		s.begin(a, first, e)
		return true
	}
	return s.manySources(e) || s.stuffing(e)
}

// brute tells how many refusals of a pair make it guessing, and since when; 0 if they do not.
func (s *Signals) brute(p *pair, e *event) (n int, first uint32) {
	n = sum(p.recent[:])
	enough := n >= s.cfg.BruteFailures
	if !p.unmarked {
		enough = n >= s.cfg.MarkedTries && s.sets.size(p.marks, 1) >= s.cfg.MarkedKinds
	}
	if !enough {
		return 0, 0
	}
	return n, max(p.first, e.sec-s.limits.bruteStep*(bruteSteps-1))
}

// manyAccounts tells what it is that a source fails on many accounts; nil if it is not much.
func (s *Signals) manyAccounts(src *suspect, e *event) *detectors.Rule {
	n, refused := sum(src.accounts[:]), sum(src.refused[:])
	need, slow := s.cfg.SprayAccounts, s.cfg.SlowThreshold
	if n < need && sum(src.day[:]) < slow {
		return nil
	}
	good := s.good(e.source, e)
	need, slow = s.raised(good, need, s.cfg.GatewayRaised), max(slow, s.outweigh(good))
	if good >= s.cfg.GatewayAccounts && !s.mostly(refused, sum(src.accepted[:])) {
		need = 1 << 30
	}
	switch {
	case n >= need:
		return s.spraying(src, e, n, refused)
	case sum(src.day[:]) >= slow:
		return detectors.LowAndSlow
	}
	return nil
}

// spraying tells apart how many accounts are tried: a few secrets on all of them, or
// each with its own. Without marks that cannot be told for one source: it is spraying.
// Many tries for each account are neither.
func (s *Signals) spraying(src *suspect, e *event, accounts, refused int) *detectors.Rule {
	kinds := 0
	if e.marked {
		kinds = s.sets.size(src.marks, s.sprayed(e))
	}
	switch {
	case refused > s.cfg.SprayTries*accounts:
		return detectors.BruteForce
	case kinds <= s.cfg.SprayTries: // marks unknown, or a few
		return detectors.Spraying
	case accounts < s.cfg.StuffingAccounts:
		return nil // a few people who mistyped, perhaps
	case kinds*10 >= accounts*8:
		return detectors.Stuffing
	}
	return detectors.Spraying
}

// manySources begins an attack when many sources fail on one account.
func (s *Signals) manySources(e *event) bool {
	tgt := s.target(e)
	n := sum(tgt.sources[:])
	a := attack{key: s.key.Words(ofAttackAccount, e.account), account: e.account, accounts: 1, crowd: true}
	switch {
	case n >= s.cfg.DistributedSources:
		a.rule, a.window, a.sources, a.refused = detectors.Distributed, s.cfg.DistributedWindow, n, max(n, sum(tgt.refused[:]))
		s.begin(a, max(tgt.first, e.sec-s.limits.crowdStep*(halfSteps-1)), e)
	case sum(tgt.day[:]) >= s.cfg.SlowThreshold:
		a.rule, a.window, a.sources = detectors.LowAndSlow, day, sum(tgt.day[:])
		a.refused = max(a.sources, sum(tgt.refused[:]))
		s.begin(a, tgt.first, e)
	default:
		return false
	}
	return true
}

// stuffing begins an attack when the sources of a network fail on many accounts
// together, none of them on enough to be told by itself.
func (s *Signals) stuffing(e *event) bool {
	n, oldest := s.network(e), s.sprayed(e)
	accounts, need := s.sets.size(n.accounts, oldest), s.cfg.StuffingAccounts
	refused := sum(n.refused[:])
	good := s.good(e.net, e)
	gateway := good >= s.cfg.GatewayAccounts
	need = s.raised(good, need, 3*need)
	sources := s.sets.size(n.sources, oldest)
	if accounts < need || sources < 2 || gateway && !s.mostly(refused, sum(n.accepted[:])) {
		return false
	}
	a := attack{key: s.key.Words(ofAttackNet, e.net), rule: detectors.Stuffing, window: s.cfg.SprayWindow, gateway: gateway, crowd: true,
		sources: sources, accounts: accounts, refused: refused, accountSet: n.accounts, sourceSet: n.sources, network: networkOf(e.from)}
	first := max(n.first, oldest)
	n.accounts, n.sources = 0, 0 // the attack goes on with them
	s.begin(a, first, e)
	return true
}

// outweigh is how many accounts must fail where so many log in, for most to fail.
func (s *Signals) outweigh(good int) int {
	return good * s.cfg.GatewayPercent / max(1, 100-s.cfg.GatewayPercent)
}

// raised is a threshold where so many accounts log in.
func (s *Signals) raised(good, need, most int) int {
	return max(need, min(s.outweigh(good), most))
}

// mostly reports whether nearly all logins of a window were refused.
func (s *Signals) mostly(refused, accepted int) bool {
	return refused*100 >= s.cfg.GatewayPercent*(refused+accepted)
}

// gateway reports whether many people's accounts log in from a source or network.
func (s *Signals) gateway(place uint64, e *event) bool {
	return s.good(place, e) >= s.cfg.GatewayAccounts
}

func (s *Signals) good(place uint64, e *event) int {
	if p := s.profiles.get(place); p != nil {
		return p.on(e.sec / s.limits.day)
	}
	return 0
}
