package signals

import (
	"cleartap/detectors"
	"cleartap/detectors/siphash"
)

// Once lets a finding about a server through once a day of packet time: what is wrong
// with a server is wrong in each of its connections. Findings about anything else
// pass. Its memory is bounded: when there are too many servers it forgets those of
// earlier days first, and then all.
type Once struct {
	key  siphash.Key
	seen map[uint64]int32 // by what was found where: the day of it
	most int
}

// DefaultOnce is how many different findings are remembered, about 40 bytes each.
const DefaultOnce = 1 << 16

// NewOnce makes a filter that remembers most findings; 0 is DefaultOnce. seed keeps
// others from choosing servers that are taken for one another.
func NewOnce(most int, seed [2]uint64) *Once {
	if most <= 0 {
		most = DefaultOnce
	}
	return &Once{key: siphash.Key{K0: seed[0], K1: seed[1]}, most: most, seen: map[uint64]int32{}}
}

// Pass reports whether a finding is to be told.
func (o *Once) Pass(f *detectors.Finding) bool {
	detail, ok := aboutServer(f)
	if !ok {
		return true
	}
	h := o.hash(f, detail)
	today := int32(f.Mark.Time / day) //nolint:gosec // days fit for 5 million years
	if was, told := o.seen[h]; told && was == today {
		return false
	}
	if len(o.seen) >= o.most {
		o.forget(today)
	}
	o.seen[h] = today
	return true
}

// forget makes room.
func (o *Once) forget(today int32) {
	for h, was := range o.seen {
		if was != today {
			delete(o.seen, h)
		}
	}
	if len(o.seen) >= o.most {
		clear(o.seen)
	}
}

// aboutServer reports whether a finding is about a server as such, and what of it
// makes a difference.
func aboutServer(f *detectors.Finding) (detail uint64, ok bool) {
	switch f.Kind {
	case detectors.Greeting, detectors.Offered, detectors.Upgraded, detectors.Preauth, detectors.PlainPort:
		return 0, true
	case detectors.Referral, detectors.ServerAlert:
		return uint64(f.Severity), true
	case detectors.Handshake:
		return handshakeDetail(f), true
	}
	return 0, false
}

// handshakeDetail is what two findings about one server must have in common to be one.
func handshakeDetail(f *detectors.Finding) uint64 {
	t := f.TLS
	switch f.Rule.ID {
	case "CT-TLS-007":
		return uint64(t.Version)
	case "CT-TLS-008":
		return uint64(t.Suite)<<32 | uint64(t.SSL2Suite)
	}
	detail := uint64(t.Faults)
	for _, c := range []byte(t.Leaf.SHA1) { // a fingerprint: mixing is enough
		detail = detail*131 + uint64(c)
	}
	return detail
}

// hash is of the rule, the server and the detail.
func (o *Once) hash(f *detectors.Finding, detail uint64) uint64 {
	b := f.Flow.Server.Addr().As16()
	var high, low uint64
	for i := range 8 {
		high, low = high<<8|uint64(b[i]), low<<8|uint64(b[8+i])
	}
	where := o.key.Words(high, low)
	what := o.key.Words(uint64(f.Flow.Server.Port())<<32|uint64(f.Rule.SID), detail) //nolint:gosec // ids are small
	return o.key.Words(where, what)
}
