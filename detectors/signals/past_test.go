package signals

import (
	"net/netip"
	"strconv"
	"testing"

	"cleartap/capture"
	d "cleartap/detectors"
)

// Connections that are forgotten are a loss if a second copy of them may come: there are
// such copies, and the first was not long ago.
func TestConnectionsWithoutCopyAreNoLoss(t *testing.T) {
	for _, c := range []struct {
		name         string
		every        capture.Nanos
		copied, loss bool
	}{
		{"ten thousand a second", second / 10_000, false, false},
		{"two vantage points, one a second", second, true, false},
		{"two vantage points, ten thousand a second", second / 10_000, true, true},
	} {
		v := newSessions()
		v.s = New(Config{MaxMemory: 1 << 20}, func(*d.Finding) {})
		n := 10 * v.s.copies.max
		for i := range n {
			at := begin + capture.Nanos(i)*c.every
			o := d.Observation{Kind: d.Offered, Protocol: "smtp", Sides: 2, Offer: &d.Offer{Source: d.FromEHLO}}
			o.Flow.Client, o.Flow.Server, o.Flow.Start = netip.AddrPortFrom(outside(i), 40000), smtp, at
			v.s.Observe(at, &o)
			if c.copied {
				o.Flow.Start++
				v.s.Observe(at, &o)
			}
		}
		if got := v.s.Stats().Evicted; (got != 0) != c.loss {
			t.Errorf("%s: %d of %d are called forgotten", c.name, got, n)
		}
	}
}

// Refused logins, and where clients log in from, are no loss when their windows are over.
func TestPastLoginsAreNoLoss(t *testing.T) {
	for _, c := range []struct {
		every capture.Nanos
		loss  bool
	}{{hour, false}, {second, true}} {
		v := newCrowd(Config{MaxMemory: 1 << 17})
		for i := range 5000 {
			v.next("somebody"+strconv.Itoa(i), d.Failure, c.every)
			if i%10 == 0 {
				v.next("other"+strconv.Itoa(i), d.Success, c.every)
			}
		}
		if st := v.s.Stats(); (st.Evicted != 0) != c.loss {
			t.Errorf("one login in %d s: %d are called forgotten", c.every/second, st.Evicted)
		}
	}
}
