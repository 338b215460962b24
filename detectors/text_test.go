package detectors_test

import (
	"strings"
	"testing"

	"cleartap/detectors"
)

func TestText(t *testing.T) {
	for _, c := range []struct{ name, in, want string }{
		{"empty", "", ""},
		{"plain", "alice@example.org", "alice@example.org"},
		{"UTF-8", "müller", "müller"},
		{"Latin-1", "m\xfcller", "müller"},
		{"Latin-1 next to UTF-8", "é\xe9", "Ã©é"},
		{"C0 and DEL", "a\x00\x1b[31m\r\nb\x7f", "a[31mb"},
		{"C1 in UTF-8", "a\u0085\u009bb", "ab"},
		{"C1 in Latin-1", "a\x9b\x85b\xff", "abÿ"},
		{"only control characters", "\x01\x02", ""},
		{"markup is not its business", "<b>\",;", "<b>\",;"},
		{"a character cut in two", "a\xc3", "aÃ"},
		{"long", strings.Repeat("x", 257), strings.Repeat("x", 256)},
		{"long in UTF-8", strings.Repeat("😀", 300), strings.Repeat("😀", 256)},
		{"long in Latin-1", strings.Repeat("\xe9", 300), strings.Repeat("é", 256)},
		{"control characters do not count", strings.Repeat("\x00", 300) + "x", "x"},
		{"at the limit", strings.Repeat("x", 256), strings.Repeat("x", 256)},
	} {
		t.Run(c.name, func(t *testing.T) {
			in := []byte(c.in)
			if got := detectors.Text(in); got != c.want {
				t.Errorf("got %q, want %q", got, c.want)
			}
			if string(in) != c.in {
				t.Error("the bytes were changed")
			}
		})
	}
}

func TestTextAllocatesOnce(t *testing.T) {
	for _, s := range []string{"alice@example.org", "m\xfcller of nowhere in particular", strings.Repeat("é", 1000)} {
		p := []byte(s)
		if n := testing.AllocsPerRun(100, func() { detectors.Text(p) }); n > 1 {
			t.Errorf("%v allocations", n)
		}
	}
}
