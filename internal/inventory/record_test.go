package inventory

import (
	"bytes"
	"encoding/base64"
	"fmt"
	"net/netip"
	"regexp"
	"testing"
)

// Sketches are stored in hexadecimal digits; a store in which they are base64 is read too.
func TestSketchesInRecords(t *testing.T) {
	for _, n := range []int{0, 1, mostFew, 5000} {
		s := &Server{Key: Key{netip.MustParseAddrPort("192.0.2.25:110"), "pop3"}}
		for i := range n {
			s.Clients.Add(uint64(i+1) * 0x9e3779b97f4a7c15)
			s.Accounts.Add(uint64(i+1) * 0xc2b2ae3d27d4eb4f)
		}
		now, err := s.encode()
		if err != nil {
			t.Fatal(err)
		}
		if m := regexp.MustCompile(`"accounts":"([0-9a-f]*)"`).FindSubmatch(now); m == nil {
			t.Errorf("%d accounts: not in digits", n)
		}
		before := now
		for name, k := range map[string]*Sketch{"clients": &s.Clients, "accounts": &s.Accounts} {
			p, _ := k.MarshalBinary()
			before = bytes.Replace(before, fmt.Appendf(nil, `"%s":"%x"`, name, p), fmt.Appendf(nil, `"%s":"%s"`, name, base64.StdEncoding.EncodeToString(p)), 1)
		}
		if bytes.Equal(before, now) {
			t.Fatal("the two forms are the same")
		}
		for form, value := range map[string][]byte{"now": now, "before": before} {
			back, err := decode(s.Key.encode(), value)
			if err != nil || back.Clients.Count() != s.Clients.Count() || back.Accounts.Count() != s.Accounts.Count() {
				t.Errorf("%d, as written %s: %v, %v", n, form, back, err)
			}
		}
	}
	for _, bad := range []string{"A", "AA!A", "0", "0g", "zz", "01"} {
		if _, err := decode((Key{netip.MustParseAddrPort("192.0.2.25:110"), "pop3"}).encode(), fmt.Appendf(nil, `{"clients":"%s","accounts":"00"}`, bad)); err == nil {
			t.Errorf("%s was read", bad)
		}
	}
}

// What was added last counts like the rest, once, wherever a sketch is read: as it is
// counted, stored and joined.
func TestLateInSketches(t *testing.T) {
	for n := range mostFew + 2*mostLate {
		var s, back, joined Sketch
		for i := range n {
			for range 2 {
				s.Add(uint64(i+1) * 0x9e3779b97f4a7c15)
				s.Add(uint64(i/2+1) * 0x9e3779b97f4a7c15)
			}
		}
		joined.Add(0x9e3779b97f4a7c15)
		joined.Join(&s)
		p, _ := s.MarshalBinary()
		if err := back.UnmarshalBinary(p); err != nil {
			t.Fatal(err)
		}
		if got := back.Count(); got != s.Count() || n <= mostFew && got != n || n > 0 && joined.Count() != got {
			t.Errorf("%d things: %d are stored, %d joined", n, got, joined.Count())
		}
	}
}
