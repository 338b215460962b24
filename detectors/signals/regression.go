package signals

import "cleartap/detectors"

// baseline is what is remembered of one thing that a server offers before TLS: a
// server is an address, a port, and the name or product of who answers there, since
// those behind a load balancer need not be alike.
type baseline struct {
	first, last uint32 // sessions in which it was offered, without one in between in which it was not
	sessions    uint16
	lost        bool   // it was established, and is not offered now
	told        bool   // and that was reported
	lostAt      uint32 // then
	absent      uint16 // sessions since then without it
	present     uint16 // and with it, of other clients
	shown       uint32 // the last of those
}

// view is what the clients of one network were offered since a loss.
type view struct {
	lostAt  uint32 // the loss that it is about
	first   uint32 // session without it
	absent  uint16
	present uint16
}

// The things that are watched, and where they stand in an offer.
var watched = [...]struct {
	word string
	in   func(*detectors.Offer) bool
}{
	{detectors.StartTLSWord, func(o *detectors.Offer) bool { return o.StartTLS }},
	{detectors.LoginDisabledWord, func(o *detectors.Offer) bool { return o.LoginDisabled }},
}

// partialViews is how many sessions of one network must lack what at least as many of
// others have, for it to be lost on the way to that network.
const partialViews = 3

// answers is the hash of the name or product by which a server answers; 0 if it did not
// tell.
func (s *Signals) answers(v *detectors.Server) uint64 {
	switch {
	case v == nil:
		return 0
	case v.Host != "":
		return s.name(v.Host)
	}
	return s.name(v.Product)
}

// offered takes what a server offers before TLS. What an offer lacks because a
// middlebox masked it is no loss of the server's.
func (s *Signals) offered(o *detectors.Observation) {
	offer := o.Offer
	server := s.key.Words(s.address(ofServer, o.Flow.Server.Addr().Unmap(), 128), uint64(o.Flow.Server.Port())<<8|uint64(offer.Source))
	s.compared(o, server)
	if offer.Refused || offer.Masked > 0 || offer.Source == detectors.FromAuthList {
		return
	}
	who := s.answers(o.Server)
	var stripped []string
	var before [len(watched)]string // for a loss, of which there are few
	established, sessions, partial := 0, 0, false
	for i, w := range watched {
		if w.word == detectors.LoginDisabledWord && o.Protocol != "imap" {
			continue
		}
		key := s.key.Words(server, who^uint64(i+1))
		b, _ := s.baselines.touch(key)
		if int(b.sessions) >= s.cfg.BaselineSessions {
			before[established] = w.word
			established++
		}
		if w.in(offer) {
			s.present(b, key, o)
			continue
		}
		if everywhere, some := s.absent(b, key, o); everywhere || some {
			stripped = append(stripped, w.word)
			sessions, partial = max(sessions, int(b.sessions)), partial || some
			b.told = true
			if everywhere { // that is how it is now
				*b = baseline{}
			}
		}
	}
	if stripped != nil {
		s.tellLoss(o, &detectors.Downgrade{Stripped: stripped, Baseline: append([]string(nil), before[:established]...), Sessions: sessions, Partial: partial})
	}
}

// netOf is the hash of a client's network.
func (s *Signals) netOf(o *detectors.Observation) uint64 {
	return s.address(ofNet, o.Flow.Client.Addr().Unmap(), 64)
}

// second is the present second.
func (s *Signals) second() uint32 { return uint32((s.now - s.base) / second) }

// present takes a session in which something was offered.
func (s *Signals) present(b *baseline, key uint64, o *detectors.Observation) {
	sec := s.second()
	if !b.lost {
		if b.sessions == 0 {
			b.first = sec
		}
		b.last = sec
		raise(&b.sessions)
		return
	}
	v := s.view(b, key, o)
	if v.absent > 0 { // the same clients have it again: maintenance, or servers that differ
		*b = baseline{first: sec, last: sec, sessions: 1}
		return
	}
	raise(&v.present)
	raise(&b.present)
	b.shown = sec
}

// absent takes a session in which something was not offered. It reports whether it is
// lost for everybody, or on the way to some.
func (s *Signals) absent(b *baseline, key uint64, o *detectors.Observation) (everywhere, some bool) {
	sec := s.second()
	if !b.lost {
		if int(b.sessions) < s.cfg.BaselineSessions || b.last-b.first < uint32(s.cfg.BaselineAge/second) {
			*b = baseline{}
			return false, false
		}
		b.lost, b.lostAt = true, sec
	}
	raise(&b.absent)
	v := s.view(b, key, o)
	if v.absent == 0 {
		v.first = sec
	}
	raise(&v.absent)
	switch {
	case b.told:
	case v.present > 0: // as above, the other way round
		*b = baseline{}
	case b.present >= partialViews && v.absent >= partialViews && b.shown > v.first:
		return false, true
	case b.present == 0 && int(b.absent) >= s.cfg.BaselineSessions && sec-b.lostAt >= uint32(hour/second):
		return true, false
	}
	return false, false
}

// view is what the clients of an observation's network saw since the loss at hand.
func (s *Signals) view(b *baseline, key uint64, o *detectors.Observation) *view {
	v, _ := s.views.touch(s.key.Words(key, s.netOf(o)))
	if v.lostAt != b.lostAt {
		*v = view{lostAt: b.lostAt}
	}
	return v
}

// tellLoss reports that a server does not offer what it did. For some it is high: it
// is taken away between those clients and the server.
func (s *Signals) tellLoss(o *detectors.Observation, d *detectors.Downgrade) {
	f := detectors.Finding{Observation: *o, Rule: detectors.LostOffer, Severity: detectors.Medium, Downgrade: d}
	if d.Partial {
		f.Severity = detectors.High
	}
	f.Kind = detectors.Regression
	s.report(&f)
}
