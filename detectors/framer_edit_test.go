package detectors

import (
	"strings"
	"testing"
)

// A line of beginnings of Telnet subnegotiations, none of which ends, is searched for an
// end once, and is text; those that end before are left out.
func TestEndlessTelnetIsSearchedOnce(t *testing.T) {
	endless := strings.Repeat("\xff\xfa", 5000)
	var n telnet
	for p := []byte(endless); len(p) > 1; p = p[2:] {
		if got := n.command(p); got != len(p)+2 {
			t.Fatalf("a command of %d bytes, %d before the end", got, len(p))
		}
	}
	if n.searches != 1 {
		t.Errorf("the line is searched %d times", n.searches)
	}
	e := NewEngine(Config{})
	for in, want := range map[string]string{
		"A\xff\xfa\x18\xff\xf0B" + endless: "AB" + endless,
		endless + "\xff\xf0C":              "C",
		endless + "\xff\xfb\x01D":          endless + "D",
	} {
		if got := string(e.edit([]byte(in), false)); got != want {
			t.Errorf("%.20q, %d bytes, is %.20q, %d bytes, want %d", in, len(in), got, len(got), len(want))
		}
	}
}
