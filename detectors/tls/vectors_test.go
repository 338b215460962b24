package tls

import (
	"encoding/binary"
	"encoding/hex"
	"regexp"
	"slices"
	"strings"
	"testing"

	"cleartap/detectors"
)

// hello is a ClientHello's body with given lists; 0x?A?A among them is GREASE.
func hello(version uint16, suites, exts []uint16, sigs []uint16, alpn string, versions ...uint16) []byte {
	u16 := binary.BigEndian.AppendUint16
	out := u16(nil, version)
	out = append(out, make([]byte, 32)...)
	out = append(out, 0)
	out = u16(out, uint16(2*len(suites)))
	for _, s := range suites {
		out = u16(out, s)
	}
	out = append(out, 1, 0)
	var ext []byte
	for _, e := range exts {
		var body []byte
		switch e {
		case extServerName:
			body = append(body, "\x00\x0e\x00\x00\x0bexample.org"...)
		case extALPN:
			body = append(u16(nil, uint16(1+len(alpn))), byte(len(alpn)))
			body = append(body, alpn...)
		case extSignatures:
			body = u16(nil, uint16(2*len(sigs)))
			for _, s := range sigs {
				body = u16(body, s)
			}
		case extSupportedVersions:
			body = []byte{byte(2 * len(versions))}
			for _, v := range versions {
				body = u16(body, v)
			}
		}
		ext = u16(u16(ext, e), uint16(len(body)))
		ext = append(ext, body...)
	}
	return append(u16(out, uint16(len(ext))), ext...)
}

// numbers reads a list of hexadecimal numbers.
func numbers(t *testing.T, list string) (out []uint16) {
	t.Helper()
	for _, s := range strings.Split(list, ",") {
		b, err := hex.DecodeString(s)
		if err != nil || len(b) != 2 {
			t.Fatal(s)
		}
		out = append(out, binary.BigEndian.Uint16(b))
	}
	return out
}

// The first is the example of JA4's public description, a browser's hello; the others
// follow from its rules.
func TestJA4(t *testing.T) {
	suites := "1301,1302,1303,c02b,c02f,c02c,c030,cca9,cca8,c013,c014,009c,009d,002f,0035"
	exts := "001b,0000,0033,0010,4469,0017,002d,000d,0005,0023,0012,002b,ff01,000b,000a,0015"
	sigs := "0403,0804,0401,0503,0805,0501,0806,0601"
	for name, c := range map[string]struct {
		version            uint16
		suites, exts, sigs string
		alpn               string
		versions           []uint16
		want               string
	}{
		"the example":                    {0x0303, "0a0a," + suites, "1a1a," + exts, sigs, "h2", []uint16{0x2a2a, 0x0304, 0x0303}, "t13d1516h2_8daaf6152771_e5627efa2ab1"},
		"another order":                  {0x0303, suites, "0015,000a,000b,ff01,002b,0012,0023,0005,000d,002d,0017,4469,0010,0033,0000,001b", sigs, "h2", []uint16{0x0304, 0x0303}, "t13d1516h2_8daaf6152771_e5627efa2ab1"},
		"three suites, no name, no ALPN": {0x0303, "1302,1303,1301", "000a,0023,0016,0017,000d,002b,002d,0033,001b", "0403", "", []uint16{0x0304, 0x0303}, "t13i030900_55b375c5d22e_"},
		"no versions, no name":           {0x0301, "0004", "000d", "0401", "", nil, "t10i010100_"},
		"SSL 3.0, no extensions":         {0x0300, "0004", "", "", "", nil, "ts3i010000_"},
		"an ALPN of other bytes":         {0x0303, "c02f", "0010", "", "\xab\xcd", nil, "t12i0101ad_"},
		"an ALPN of one":                 {0x0303, "c02f", "0010", "", "i", nil, "t12i0101ii_"},
	} {
		var e []uint16
		if c.exts != "" {
			e = numbers(t, c.exts)
		}
		var sig []uint16
		if c.sigs != "" {
			sig = numbers(t, c.sigs)
		}
		s := &session{}
		s.clientHello(hello(c.version, numbers(t, c.suites), e, sig, c.alpn, c.versions...))
		if !strings.HasPrefix(s.facts.JA4, c.want) || len(s.facts.JA4) != 36 {
			t.Errorf("%s: %q, want %q", name, s.facts.JA4, c.want)
		}
		if c.exts == "" && !strings.HasSuffix(s.facts.JA4, "_000000000000") {
			t.Errorf("%s: %q", name, s.facts.JA4)
		}
	}
}

func TestGREASE(t *testing.T) {
	n := 0
	for v := range 1 << 16 {
		if isGREASE(v) {
			n++
			if v>>8 != v&0xff || v&0xf != 0xa {
				t.Errorf("%04x", v)
			}
		}
	}
	if n != 16 {
		t.Errorf("%d values", n)
	}
}

// codes reads "0001 0003-0005".
func codes(t *testing.T, list string) map[uint16]bool {
	t.Helper()
	out := map[uint16]bool{}
	for _, word := range strings.Fields(list) {
		from, to, ok := strings.Cut(word, "-")
		if !ok {
			to = from
		}
		for c := int(numbers(t, from)[0]); c <= int(numbers(t, to)[0]); c++ {
			out[uint16(c)] = true
		}
	}
	return out
}

// What is weak is read from the names; these lists are of code points, as they were
// looked up.
func TestWeakSuites(t *testing.T) {
	for w, list := range map[detectors.SuiteWeakness]string{
		detectors.SuiteNull:   "0000-0002 002C-002E 003B 00B0 00B1 00B4 00B5 00B8 00B9 C001 C006 C00B C010 C015 C039-C03B C0B4 C0B5",
		detectors.SuiteExport: "0003 0006 0008 000B 000E 0011 0014 0017 0019 0026-002B 0062-0064",
		detectors.SuiteRC4:    "0004 0005 0018 0020 0024 008A 008E 0092 C002 C007 C00C C011 C016 C033",
		detectors.SuiteDES:    "0009 000C 000F 0012 0015 001A 001E 0022 0007 0021 0025",
		detectors.Suite3DES:   "000A 000D 0010 0013 0016 001B 001F 0023 008B 008F 0093 C003 C008 C00D C012 C017 C01A-C01C C034",
		detectors.SuiteAnon:   "0017-001B 0034 003A 0046 006C 006D 0089 009B 00A6 00A7 00BF 00C5 C015-C019",
	} {
		for code := range codes(t, list) {
			if _, got := suiteOf(code); got&w == 0 {
				t.Errorf("%04X is not known to have %s", code, w)
			}
		}
	}
	for code := range codes(t, "002F 0035 003C 003D 009C 009D") {
		if _, got := suiteOf(code); got != detectors.SuiteStaticRSA {
			t.Errorf("%04X has %d", code, got)
		}
	}
	for code := range codes(t, "1301-1305 C02B C02C C02F C030 CCA8 CCA9 CCAA 009E 009F C09E C09F") {
		if name, got := suiteOf(code); got != 0 || strings.HasPrefix(name, "0x") {
			t.Errorf("%04X, %s, has %s", code, name, got)
		}
	}
}

func TestSuites(t *testing.T) {
	if !slices.IsSortedFunc(suites[:], func(a, b suite) int { return int(a.code) - int(b.code) }) {
		t.Error("not sorted")
	}
	clean := regexp.MustCompile(`^[A-Za-z0-9_]+$`)
	for _, s := range suites {
		if !clean.MatchString(s.name) {
			t.Errorf("%04X is called %q", s.code, s.name)
		}
	}
	if name, w := suiteOf(0xfefe); name != "0xFEFE" || w != 0 {
		t.Errorf("%s %s", name, w)
	}
}

func TestNames(t *testing.T) {
	for name, want := range map[string]string{
		"Mail.Example.ORG": "mail.example.org", "_x.example": "_x.example", "": "", "a b": "", "x\x00": "", "\x1b[31m": "", strings.Repeat("a", 254): "",
	} {
		if got := hostName([]byte(name)); got != want {
			t.Errorf("%q is read as %q", name, got)
		}
	}
	for _, c := range []struct {
		pattern, host string
		want          bool
	}{{"a.example", "a.example", true}, {"*.example", "a.example", true}, {"*.example", "a.b.example", false}, {"*.example", "example", false},
		{"*.example", ".example", false}, {"", "", false}, {"a.example", "a.example.", true}, {"b.example", "a.example", false}} {
		if got := matches(c.pattern, c.host); got != c.want {
			t.Errorf("%s for %s: %t", c.pattern, c.host, got)
		}
	}
	if protocolName([]byte("imap")) != "imap" || protocolName([]byte("secret")) != "" {
		t.Error("a name of nobody's list is kept")
	}
}
