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
	if o.Kind == detectors.Greeting && !s.seen && o.Server.Source == detectors.FromGreeting {
		s.seen = true
		v.report(detectors.AccessibleServer, s, o)
	}
	if o.Kind != detectors.Ended || s.Sessions < exposedAfter {
		return
	}
	g := s.Grade()
	today := day(o.Mark.Time)
	if g != detectors.PlainAllowed && g != detectors.PlainOnly || s.told == today {
		return
	}
	s.told = today
	v.report(detectors.ExposedServer, s, o)
}

// report makes a finding about a server.
func (v *Inventory) report(rule *detectors.Rule, s *Server, o *detectors.Observation) {
	f := detectors.Finding{Rule: rule, Severity: rule.Floor(), Exposure: s.exposure()}
	f.Kind, f.Protocol = detectors.Exposed, s.Protocol
	f.Mark, f.Decided = o.Mark, o.Decided
	f.Flow.Server, f.Flow.VLAN, f.Flow.Start = o.Flow.Server, o.Flow.VLAN, s.First
	v.cfg.Report(&f)
}

func (s *Server) exposure() *detectors.Exposure {
	return &detectors.Exposure{Product: s.Product, Version: s.Version, Grade: s.Grade(), StartTLS: s.StartTLS, Implicit: s.Implicit,
		Mechanisms: s.Mechanisms, Sessions: int(s.Sessions), Clients: s.Clients.Count(), Accounts: s.Accounts.Count(), //nolint:gosec // counts
		First: s.First, Last: s.Last, External: s.External}
}
