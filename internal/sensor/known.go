package sensor

import (
	"net/netip"
	"time"

	"cleartap/capture"
	"cleartap/detectors"
	"cleartap/detectors/siphash"
)

// known is what servers said last, by a hash that is no secret: whoever makes two share a
// place makes them be told of more often, and no more.
type known [2048]sayings

// sayings are what a server said last.
type sayings struct {
	server   netip.AddrPort
	protocol string
	file     uint32
	since    capture.Nanos
	said     *detectors.Server
	offered  *detectors.Offer
}

// knownFor is how long what a server says to one client after the other is not told
// again: not long, since when it was heard last is told too.
const knownFor = capture.Nanos(time.Second)

// repeats reports whether a greeting or an offer is what its server said less than
// knownFor ago, and no rule is about it. An engine has each of these in memory once.
func (k *known) repeats(o *detectors.Observation) bool {
	switch o.Kind {
	case detectors.Greeting:
		s := k.of(o)
		same := s.said == o.Server && !o.Server.Masked
		s.said = o.Server
		return same
	case detectors.Offered:
		s := k.of(o)
		same := s.offered == o.Offer && o.Offer.Masked == 0
		s.offered = o.Offer
		return same
	}
	return false
}

// of gives what is known of an observation's server, nothing if that is too old.
func (k *known) of(o *detectors.Observation) *sayings {
	s := &k[siphash.Place(o.Flow.Server)%uint64(len(k))]
	if s.server != o.Flow.Server || s.protocol != o.Protocol || s.file != o.Mark.File || o.Mark.Time < s.since || o.Mark.Time-s.since >= knownFor {
		*s = sayings{server: o.Flow.Server, protocol: o.Protocol, file: o.Mark.File, since: o.Mark.Time}
	}
	return s
}
