// Package signals finds what only many dialogues show together: guessing of
// passwords, clients that repeat a refused login, servers that stop offering TLS. It
// reads observations in the order of packet time, and reports one finding for an
// attack, whatever the number of logins. Its invariants: the same observations give
// the same findings, memory stays within its bound whatever comes, and nothing is
// remembered of a name, an address or a secret but keyed hashes, until an attack is
// to be told.
package signals

import (
	"cleartap/capture"
	"cleartap/detectors"
	"cleartap/detectors/siphash"
)

// Signals reads observations. It is for one goroutine.
type Signals struct {
	cfg    Config
	limits limits
	report func(*detectors.Finding)
	key    siphash.Key
	now    capture.Nanos // packet time of the last observation or tick
	base   capture.Nanos // seconds are counted from here
	stats  Stats

	known    table[uint32]  // source and name, when they logged in last
	profiles table[profile] // sources and networks of accepted logins
	pairs    table[pair]    // source and account
	suspects table[suspect] // sources of refused logins
	targets  table[target]  // accounts of refused logins
	networks table[network] // networks of refused logins
	sets     distincts

	baselines table[baseline] // what servers offer
	views     table[view]     // and what networks see of it
	masks     table[answers]  // servers, and what different clients see
	copies    table[twin]     // connections, and what was seen of them
	doubled   bool            // a copy of one came, so that there may be more
	trials    table[trial]    // clients and servers
	probers   table[prober]   // sources of names that are refused
	uses      table[use]      // marks of accepted secrets
	visits    table[visits]   // accounts, where places are known

	waited uint32 // what near gave

	attacks map[uint64]*attack
	lists   [lists]attackList
	most    int // attacks at a time
}

// Stats count what was seen and what had to be forgotten.
type Stats struct {
	Accepted, Refused uint64 // logins
	Attacks           uint64 // that became one
	Open              int    // attacks that are not over
	Keys              int    // things that are remembered
	Evicted           uint64 // things that were forgotten for want of memory, though they might have mattered
	Cut               uint64 // attacks that were called over for want of memory
	Unmerged          uint64 // times that packet time went back so far that all was forgotten
}

// maxBack is how far packet time may go back: what comes later is taken to have come
// now. After a longer step everything begins anew.
const maxBack = hour

// New makes signals that report to report. A finding is valid during the call.
func New(cfg Config, report func(*detectors.Finding)) *Signals {
	s := &Signals{cfg: cfg.withDefaults(), report: report, key: siphash.Key{K0: cfg.Seed[0], K1: cfg.Seed[1]}}
	s.limits = s.cfg.limits()
	s.setDrops()
	s.setPast()
	s.clear()
	return s
}

// setDrops tells the tables what goes with a value.
func (s *Signals) setDrops() {
	s.pairs.drop = func(p *pair) { s.sets.forget(&p.marks) }
	s.suspects.drop = func(v *suspect) { s.sets.forget(&v.marks) }
	s.networks.drop = func(n *network) {
		s.sets.forget(&n.accounts)
		s.sets.forget(&n.sources)
	}
	s.uses.drop = func(u *use) { s.sets.forget(&u.accounts) }
}

// clear forgets everything but the counters. Where packet time goes back again and again
// it is called for each login: what it costs goes with what there was to forget.
func (s *Signals) clear() {
	for _, n := range s.evictions() {
		s.stats.Evicted += *n
		*n = 0
	}
	for _, t := range []interface{ reset() }{&s.known, &s.profiles, &s.pairs, &s.suspects, &s.targets, &s.networks, &s.sets.small, &s.sets.large, &s.sets.sketches,
		&s.baselines, &s.views, &s.masks, &s.copies, &s.trials, &s.probers, &s.uses, &s.visits} {
		t.reset()
	}
	s.attacks = map[uint64]*attack{}
	s.divide(s.cfg.MaxMemory)
}

func (s *Signals) evictions() []*uint64 {
	return []*uint64{&s.known.evicted, &s.profiles.evicted, &s.pairs.evicted, &s.suspects.evicted, &s.targets.evicted, &s.networks.evicted, &s.sets.full,
		&s.baselines.evicted, &s.views.evicted, &s.masks.evicted, &s.copies.evicted, &s.trials.evicted, &s.probers.evicted, &s.uses.evicted, &s.visits.evicted}
}

// Wants reports whether an observation tells the signals anything.
func Wants(o *detectors.Observation) bool {
	switch o.Kind {
	case detectors.Login:
		return o.Attempt.Secret.Seen()
	case detectors.Offered, detectors.Upgraded:
		return true
	case detectors.Handshake:
		return o.TLS.End == detectors.HandshakeFailed
	case detectors.Ended:
		return o.Summary.Probes > 0 || o.Summary.Mail
	}
	return false
}

// Observe takes an observation that became known at a moment of packet time. o is
// not kept.
func (s *Signals) Observe(at capture.Nanos, o *detectors.Observation) {
	if !Wants(o) {
		return
	}
	s.advance(at)
	switch o.Kind {
	case detectors.Login:
		s.login(o)
		s.fallback(o)
	case detectors.Offered:
		s.offered(o)
	case detectors.Upgraded, detectors.Handshake:
		s.tried(o)
	case detectors.Ended:
		s.ended(o)
	}
}

// Now is the packet time of the last observation or tick, 0 before the first.
func (s *Signals) Now() capture.Nanos { return s.now }

// Tick tells the time while nothing is observed.
func (s *Signals) Tick(now capture.Nanos) {
	if s.now != 0 && now > s.now {
		s.advance(now)
	}
}

// advance moves packet time on, and ends attacks of which nothing came for long.
func (s *Signals) advance(at capture.Nanos) {
	if s.now != 0 && at < s.now-maxBack {
		s.Flush()
		s.clear()
		s.stats.Unmerged++
		s.now = 0
	}
	if s.now == 0 {
		s.base = at - at%second - 2*day // so that no window begins before second 1
	}
	s.now = max(s.now, at)
	s.expire()
}

// Flush says that nothing more will come: attacks that are not over end.
func (s *Signals) Flush() {
	for i := range s.lists {
		for s.lists[i].first != nil {
			s.end(s.lists[i].first)
		}
	}
}

// Stats gives the counters.
func (s *Signals) Stats() Stats {
	st := s.stats
	for _, n := range s.evictions() {
		st.Evicted += *n
	}
	st.Open = len(s.attacks)
	st.Keys = s.known.count + s.profiles.count + s.pairs.count + s.suspects.count + s.targets.count + s.networks.count + s.probers.count + s.trials.count + s.baselines.count
	return st
}
