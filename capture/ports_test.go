package capture

import (
	"slices"
	"strings"
	"testing"
)

func TestParsePorts(t *testing.T) {
	for in, want := range map[string]string{
		"any":              "any",
		"ANY":              "any",
		"mail":             "mail",
		" mail ":           "mail",
		"mail,any":         "any",
		"25":               "25",
		"25,110,2525-2530": "25,110,2525-2530",
		"110, 25":          "25,110",
		"2525 - 2530":      "2525-2530",
		"25,26,27,26":      "25-27",
		"1-65535":          "any",
		"65535":            "65535",
		"mail,8025":        "24-26,110,119,143,465,563,587,993,995,2525,4190,8025",
		"24-26,110,119,143,465,563,587,993,995,2525,4190": "mail",
	} {
		p, err := ParsePorts(in)
		if err != nil {
			t.Errorf("%q: %v", in, err)
			continue
		}
		if got := p.String(); got != want {
			t.Errorf("%q: %s, want %s", in, got, want)
		}
		again, err := ParsePorts(p.String())
		if err != nil || again.String() != want {
			t.Errorf("%q: written as %s it does not read back: %v", in, want, err)
		}
	}
}

func TestParsePortsErrors(t *testing.T) {
	for in, want := range map[string]string{
		"":           "nothing given",
		"  ":         "nothing given",
		"25,,110":    `"": empty part`,
		"25,":        `"": empty part`,
		"25,smtp":    `"smtp": want`,
		"0":          `"0": want`,
		"65536":      `"65536": want`,
		"-25":        `"-25": want`,
		"25-":        `"25-": want`,
		"30-20":      `"30-20": the range ends before it begins: write 20-30`,
		"25;110":     `"25;110": want`,
		"mail,1-2-3": `"1-2-3": want`,
	} {
		p, err := ParsePorts(in)
		if err == nil {
			t.Errorf("%q: read as %s", in, p)
		} else if !strings.Contains(err.Error(), want) {
			t.Errorf("%q: %q, want it to say %q", in, err, want)
		}
	}
}

func TestPortsHas(t *testing.T) {
	p, err := ParsePorts("1,31-33,65535")
	if err != nil {
		t.Fatal(err)
	}
	var got []int
	for n := range 1 << 16 {
		if p.Has(uint16(n)) {
			got = append(got, n)
		}
	}
	if want := []int{1, 31, 32, 33, 65535}; !slices.Equal(got, want) {
		t.Errorf("ports %v, want %v", got, want)
	}
	if want := [][2]uint16{{1, 1}, {31, 33}, {65535, 65535}}; !slices.Equal(p.Ranges(), want) {
		t.Errorf("ranges %v, want %v", p.Ranges(), want)
	}
	if p.Any() || !AnyPort().Any() || MailPorts().Any() {
		t.Error("Any is wrong")
	}
	if s := new(Ports).String(); s != "none" {
		t.Errorf("the empty set is %q", s)
	}
	if r := AnyPort().Ranges(); !slices.Equal(r, [][2]uint16{{0, 65535}}) {
		t.Errorf("all ports are %v", r)
	}
}

func TestMailPorts(t *testing.T) {
	p := MailPorts()
	for _, n := range []uint16{24, 25, 26, 110, 119, 143, 465, 563, 587, 993, 995, 2525, 4190} {
		if !p.Has(n) {
			t.Errorf("%d is missing", n)
		}
	}
	for _, n := range []uint16{0, 23, 27, 80, 443, 8025} {
		if p.Has(n) {
			t.Errorf("%d is there", n)
		}
	}
}
