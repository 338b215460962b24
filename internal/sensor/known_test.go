package sensor

import (
	"net/netip"
	"testing"

	"cleartap/capture"
	"cleartap/detectors"
	"cleartap/reassembly"
)

// What a server says to one client after the other is known for a second, and not if
// anything about it differs.
func TestKnown(t *testing.T) {
	said, other := &detectors.Server{}, &detectors.Server{}
	offer := &detectors.Offer{}
	k := &known{}
	for i, c := range []struct {
		ms       capture.Nanos
		server   string
		protocol string
		said     *detectors.Server
		offer    *detectors.Offer
		want     bool
	}{
		{5000, "192.0.2.1:25", "smtp", said, nil, false},
		{5001, "192.0.2.1:25", "smtp", nil, offer, false},
		{5002, "192.0.2.1:25", "smtp", said, nil, true},
		{5002, "192.0.2.1:25", "smtp", nil, offer, true},
		{5003, "192.0.2.1:25", "smtp", other, nil, false},
		{5004, "192.0.2.1:25", "smtp", said, nil, false},
		{5999, "192.0.2.1:25", "smtp", said, nil, true},
		{6000, "192.0.2.1:25", "smtp", said, nil, false}, // a second later
		{6001, "192.0.2.1:25", "lmtp", said, nil, false},
		{6002, "192.0.2.2:25", "lmtp", said, nil, false},
		{6003, "192.0.2.2:26", "lmtp", said, nil, false},
		{6002, "192.0.2.2:26", "lmtp", said, nil, false}, // earlier: it may be when the server was seen first
		{6003, "192.0.2.2:26", "lmtp", &detectors.Server{Masked: true}, nil, false},
	} {
		o := &detectors.Observation{Kind: detectors.Greeting, Flow: reassembly.Flow{Server: netip.MustParseAddrPort(c.server)}, Protocol: c.protocol,
			Mark: capture.Mark{Time: c.ms * 1e6}, Server: c.said}
		if c.offer != nil {
			o.Kind, o.Offer = detectors.Offered, c.offer
		}
		if got := k.repeats(o); got != c.want {
			t.Errorf("%d: %v, want %v", i, got, c.want)
		}
	}
	if k.repeats(&detectors.Observation{Kind: detectors.Ended}) {
		t.Error("an end is known")
	}
}
