package inventory

import "cleartap/detectors"

// How many connections that would have shown TLS must have been seen before
// something is said of its absence (leastWithout), or of a server at all.
const (
	leastSessions = 2
	leastWithout  = 3
)

// OffersTLS reports whether TLS was seen at the server in any form.
func (s *Server) OffersTLS() bool { return s.StartTLS || s.Implicit || s.Encrypted > 0 }

// Grade says how the server treats logins without TLS, as far as that can be told.
func (s *Server) Grade() detectors.Grade {
	tls := s.OffersTLS()
	switch {
	case s.Telling < leastSessions:
	case s.Plaintext && tls:
		return detectors.PlainAllowed
	case s.Plaintext && s.Telling >= leastWithout && !s.Masked:
		return detectors.PlainOnly
	case !s.Plaintext && tls && (s.Required || s.Implicit || !s.relays()):
		return detectors.TLSRequired
	}
	return detectors.GradeUnknown
}

// relays reports whether the server's port is one at which there often are no logins at
// all: that it offers none there says nothing.
func (s *Server) relays() bool {
	port := s.Addr.Port()
	return (s.Protocol == "smtp" || s.Protocol == "lmtp") && (port == 25 || port == 24 || port == 26)
}

// exposedAfter is how many connections are needed for CT-INV-001.
const exposedAfter = 3

// judge reports what is to be reported of a server: that it is there, once, and that it
// takes logins without TLS, once a day.
func (v *Inventory) judge(s *Server, o *detectors.Observation) {
	if v.cfg.Report == nil {
		return
	}
	if s.greeted && !s.seen {
		s.seen = true
		v.cfg.Report(s.finding(detectors.AccessibleServer))
	}
	if today := day(o.Mark.Time); o.Kind == detectors.Ended && s.told != today && s.exposed() {
		s.told = today
		v.cfg.Report(s.finding(detectors.ExposedServer))
	}
}

// Tell reports all servers that there is something to report of, in their order: for
// who looks at what is over.
func (v *Inventory) Tell(report func(*Server, *detectors.Finding)) {
	for _, s := range v.Servers() {
		if s.exposed() {
			report(s, s.finding(detectors.ExposedServer))
		}
		if s.greeted {
			report(s, s.finding(detectors.AccessibleServer))
		}
	}
}

// exposed reports whether the server is known to take logins without TLS.
func (s *Server) exposed() bool {
	if s.Sessions < exposedAfter {
		return false
	}
	g := s.Grade()
	return g == detectors.PlainAllowed || g == detectors.PlainOnly
}

// finding makes a finding about the server, at the place where it was seen last.
func (s *Server) finding(rule *detectors.Rule) *detectors.Finding {
	f := &detectors.Finding{Rule: rule, Severity: rule.Floor(), Exposure: s.exposure()}
	f.Kind, f.Protocol = detectors.Exposed, s.Protocol
	f.Mark, f.Decided = s.mark, s.mark
	f.Flow.Server, f.Flow.VLAN, f.Flow.Start = s.Addr, s.vlan, s.First
	return f
}

func (s *Server) exposure() *detectors.Exposure {
	return &detectors.Exposure{Product: s.Product, Version: s.Version, Grade: s.Grade(), StartTLS: s.StartTLS, Implicit: s.Implicit,
		Mechanisms: s.Mechanisms, Sessions: int(s.Sessions), Clients: s.Clients.Count(), Accounts: s.Accounts.Count(), //nolint:gosec // counts
		First: s.First, Last: s.Last, External: s.External}
}
