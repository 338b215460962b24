package syntax

import (
	"net/netip"
	"testing"
)

func TestXClient(t *testing.T) {
	for args, want := range map[string]string{
		"ADDR=198.51.100.9 PORT=5050 SESSION=x":                 "198.51.100.9:5050",
		"addr=IPV6:2001:db8::9 port=25":                         "[2001:db8::9]:25",
		"ADDR=2001:db8::9":                                      "[2001:db8::9]:0",
		"PORT=1 ADDR=::ffff:192.0.2.1":                          "192.0.2.1:1",
		"NAME=[UNAVAILABLE] ADDR=[UNAVAILABLE]":                 "",
		"ADDR=192.0.2.1 PORT=65536":                             "",
		"ADDR=fe80::1%eth0":                                     "",
		"ADDR=2001:db8:0000:0000:0000:0000:0000:0000:0000:0001": "",
		"": "",
	} {
		var expected netip.AddrPort
		if want != "" {
			expected = netip.MustParseAddrPort(want)
		}
		if got := XClient([]byte(args)); got != expected {
			t.Errorf("%q: %v, want %v", args, got, expected)
		}
	}
}
