package signals

import (
	"net/netip"

	"cleartap/detectors"
	"cleartap/detectors/siphash"
)

// answers are what a server was seen to answer to a client with STARTTLS masked. A mask
// has no other cause than something on the way: one session of somebody of another
// network that is shown STARTTLS within a day is enough.
type answers struct {
	sec  uint32 // of the last masked session
	net  uint32 // beginning of the hash of its client's network
	told uint32
}

// twin is what one copy of a connection showed of a server's offer. Copies of one
// connection come from captures, or mirrors, on both sides of something.
type twin struct {
	start    uint64 // when the copy began, in nanoseconds
	sec      uint32 // of the offer
	starttls bool
}

// apart is how far apart two copies of one connection may begin.
const apart = 3 * second

// compared compares an offer with what other clients, and other places, were shown.
func (s *Signals) compared(o *detectors.Observation, server uint64) {
	offer := o.Offer
	if offer.Refused || offer.Source == detectors.FromAuthList {
		return
	}
	if s.differs(o, server) {
		about := *o
		about.Flow.Client = netip.AddrPort{} // this one sees all; of who does not, no address is kept
		s.tellLoss(&about, shownToSome())
	}
	if s.twins(o, server) {
		s.tellLoss(o, shownToSome())
	}
}

// shownToSome is the loss of STARTTLS on the way to some.
func shownToSome() *detectors.Downgrade {
	return &detectors.Downgrade{Stripped: []string{detectors.StartTLSWord}, Sessions: 1, Partial: true}
}

// differs reports whether STARTTLS is shown to one after it was masked for another, of
// another network: once a day for a server.
func (s *Signals) differs(o *detectors.Observation, server uint64) bool {
	now := s.second()
	if !o.Offer.StartTLS {
		if o.Offer.Masked > 0 {
			v, _ := s.masks.touch(server)
			v.sec, v.net = now, uint32(s.netOf(o)) //nolint:gosec // that many bits are kept
		}
		return false
	}
	v := s.masks.get(server)
	if v == nil || v.net == uint32(s.netOf(o)) || now-v.sec > s.limits.day || v.told != 0 && now-v.told < s.limits.day {
		return false
	}
	v.told = now
	return true
}

// twins reports whether another copy of this very connection shows another offer: the
// same addresses and ports, begun at the same time, told by another flow.
func (s *Signals) twins(o *detectors.Observation, server uint64) bool {
	f := &o.Flow
	high, low := siphash.Address(f.Client.Addr())
	key := s.key.Three(high, low, server^uint64(f.Client.Port()))
	start := uint64(f.Start) //nolint:gosec // compared with its like
	v, fresh := s.copies.touch(key)
	was := *v
	*v = twin{start: start, sec: s.second(), starttls: o.Offer.StartTLS}
	between := max(was.start, start) - min(was.start, start)
	copied := !fresh && was.start != start && between <= uint64(apart)
	s.doubled = s.doubled || copied
	return copied && was.starttls != o.Offer.StartTLS
}
