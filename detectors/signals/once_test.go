package signals

import (
	"net/netip"
	"testing"

	"cleartap/capture"
	"cleartap/detectors"
	"cleartap/reassembly"
)

// told counts what passes of the findings of an observation.
func told(o *Once, at capture.Nanos, server string, x detectors.Observation) (n int) {
	x.Flow = reassembly.Flow{Client: netip.MustParseAddrPort("10.0.0.1:40000"), Server: netip.MustParseAddrPort(server)}
	x.Mark.Time = at
	detectors.JudgeAll(&x, func(f *detectors.Finding) {
		if o.Pass(f) {
			n++
		}
	})
	return n
}

func TestOnceADay(t *testing.T) {
	const begin = 1_700_000_000 * second
	tls := func(v detectors.TLSVersion, suite uint16, cert string) detectors.Observation {
		return detectors.Observation{Kind: detectors.Handshake, Protocol: "imap", TLS: &detectors.TLS{Version: v, Suite: suite, Weakness: detectors.SuiteRC4,
			Faults: detectors.CertExpired, Leaf: &detectors.Certificate{SHA1: cert}}}
	}
	masked := detectors.Observation{Kind: detectors.Offered, Offer: &detectors.Offer{Masked: 1}}
	greeting := detectors.Observation{Kind: detectors.Greeting, Server: &detectors.Server{Masked: true}}
	injection := detectors.Observation{Kind: detectors.Injection, Oddity: &detectors.Oddity{}}
	o := NewOnce(0, [2]uint64{1, 2})
	for _, c := range []struct {
		name   string
		at     capture.Nanos
		server string
		o      detectors.Observation
		want   int
	}{
		{"first", begin, "192.0.2.1:143", tls(detectors.TLS10, 5, "A"), 3},
		{"again", begin + hour, "192.0.2.1:143", tls(detectors.TLS10, 5, "A"), 0},
		{"another version", begin + hour, "192.0.2.1:143", tls(detectors.TLS11, 5, "A"), 1},
		{"another suite", begin + hour, "192.0.2.1:143", tls(detectors.TLS10, 4, "A"), 1},
		{"another certificate", begin + hour, "192.0.2.1:143", tls(detectors.TLS10, 5, "B"), 1},
		{"another port", begin + hour, "192.0.2.1:993", tls(detectors.TLS10, 5, "A"), 3},
		{"another server", begin + hour, "192.0.2.2:143", tls(detectors.TLS10, 5, "A"), 3},
		{"the next day", begin + day, "192.0.2.1:143", tls(detectors.TLS10, 5, "A"), 3},
		{"masked capability", begin, "192.0.2.1:25", masked, 1},
		{"masked greeting of the same server", begin, "192.0.2.1:25", greeting, 0},
		{"an attack", begin, "192.0.2.1:25", injection, 1},
		{"another attack", begin, "192.0.2.1:25", injection, 1},
	} {
		if got := told(o, c.at, c.server, c.o); got != c.want {
			t.Errorf("%s: %d findings, want %d", c.name, got, c.want)
		}
	}
	login := &detectors.Finding{Observation: detectors.Observation{Kind: detectors.Login}, Rule: detectors.BruteForce}
	first := o.Pass(login)
	if !first || !o.Pass(login) {
		t.Error("logins are held back")
	}
}

func TestOnceIsBounded(t *testing.T) {
	o := NewOnce(100, [2]uint64{})
	at := func(i int) string {
		return netip.AddrPortFrom(netip.AddrFrom4([4]byte{10, 0, byte(i >> 8), byte(i)}), 993).String()
	}
	plain := detectors.Observation{Kind: detectors.PlainPort}
	for i := range 1000 {
		if told(o, capture.Nanos(i/300)*day, at(i), plain) != 1 {
			t.Errorf("server %d is not told", i)
		}
		if len(o.seen) > 100 {
			t.Fatalf("%d are remembered", len(o.seen))
		}
	}
	if told(o, 3*day, at(999), plain) != 0 {
		t.Error("the last one is told again")
	}
}
