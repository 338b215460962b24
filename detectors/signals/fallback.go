package signals

import "cleartap/detectors"

// trial is what is remembered of a client's last try at TLS that failed.
type trial struct {
	sec  uint32 // when it failed
	told uint32 // when a login in clear after such a try was reported last
	how  uint8  // index into howEnded
}

// howEnded are the ends of a try after which a login in clear is told.
var howEnded = [...]string{"", "rejected", "interrupted", "not_followed", "failed"}

// tried takes how a wish for TLS ended, or a handshake.
func (s *Signals) tried(o *detectors.Observation) {
	how := uint8(0)
	switch {
	case o.Kind == detectors.Handshake:
		if o.TLS.End == detectors.HandshakeFailed {
			how = 4
		}
	case o.Upgrade.Result == detectors.Rejected:
		how = 1
	case o.Upgrade.Result == detectors.Interrupted:
		how = 2
	case o.Upgrade.Result == detectors.NotFollowed:
		how = 3
	}
	if how == 0 {
		return
	}
	t, _ := s.trials.touch(s.side(o))
	t.sec, t.how = s.second(), how
}

// side is the hash of a client, a server and the protocol between them, whatever
// the ports.
func (s *Signals) side(o *detectors.Observation) uint64 {
	client, server := s.address(ofSource, o.Flow.Client.Addr().Unmap(), 128), s.address(ofServer, o.Flow.Server.Addr().Unmap(), 128)
	return s.key.Words(s.key.Words(client, server), s.name(o.Protocol))
}

// fallback reports a login in clear soon after a try at TLS by the same client at the
// same server failed; once a day, since such clients do it each time.
func (s *Signals) fallback(o *detectors.Observation) {
	if s.trials.count == 0 {
		return
	}
	t := s.trials.get(s.side(o))
	now := s.second()
	if t == nil || t.how == 0 || now-t.sec > uint32(s.cfg.FallbackWindow/second) || t.told != 0 && now-t.told < uint32(s.cfg.Day/second) {
		return
	}
	t.told = now
	f := detectors.Finding{Observation: *o, Rule: detectors.PlainFallback, Severity: detectors.PlainFallback.Floor(),
		Downgrade: &detectors.Downgrade{Upgrade: howEnded[t.how]}}
	f.Kind = detectors.Fallback
	f.Attempt.Secret = f.Attempt.Secret.Unmarked()
	s.report(&f)
}
