package throttle

import (
	"net/netip"
	"testing"
	"time"

	"cleartap/detectors"
	"cleartap/reassembly"
)

func flowOf(client string) reassembly.Flow {
	return reassembly.Flow{Client: netip.AddrPortFrom(netip.MustParseAddr(client), 40000), Server: netip.MustParseAddrPort("192.0.2.1:110")}
}

func TestExceptions(t *testing.T) {
	now := time.Date(2026, 11, 25, 12, 0, 0, 0, time.UTC)
	later := now.AddDate(0, 0, 1)
	nets := func(s ...string) (out []netip.Prefix) {
		for _, p := range s {
			out = append(out, netip.MustParsePrefix(p))
		}
		return out
	}
	f := login("Scan/ner-7@Example.org", detectors.Success, "10.1.2.3")
	for name, c := range map[string]struct {
		e    Exception
		want bool
	}{
		"server":            {Exception{Servers: nets("192.0.2.0/24"), Until: later}, true},
		"other server":      {Exception{Servers: nets("192.0.3.0/24"), Until: later}, false},
		"client":            {Exception{Clients: nets("10.9.0.0/16", "10.1.0.0/16"), Until: later}, true},
		"client and server": {Exception{Clients: nets("10.1.0.0/16"), Servers: nets("192.0.3.0/24"), Until: later}, false},
		"account":           {Exception{Accounts: []string{"x", "scan*@example.org"}, Until: later}, true},
		"one character":     {Exception{Accounts: []string{"scan/ner-?@*"}, Until: later}, true},
		"not two":           {Exception{Accounts: []string{"scan/ner?@*"}, Until: later}, false},
		"rule":              {Exception{Rules: []string{"CT-CRED-001"}, Until: later}, true},
		"other rule":        {Exception{Rules: []string{"CT-CRED-002"}, Until: later}, false},
		"over":              {Exception{Servers: nets("192.0.2.0/24"), Until: now}, false},
	} {
		if got := c.e.Silences(f, now); got != c.want {
			t.Errorf("%s: %t", name, got)
		}
		if i, got := Silenced([]Exception{{Until: now}, c.e}, f, now); got != c.want || got && i != 1 {
			t.Errorf("%s in a list: %d %t", name, i, got)
		}
	}
	mapped := login("a", detectors.Success, "::ffff:10.1.2.3")
	if e := (Exception{Clients: nets("10.0.0.0/8"), Until: later}); !e.Silences(mapped, now) {
		t.Error("a mapped address is not that of IPv4")
	}
}
