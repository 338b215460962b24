package secret

import (
	"encoding/json"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
)

func key(b byte) *Key {
	var random [16]byte
	for i := range random {
		random[i] = b + byte(i)
	}
	return NewKey(random)
}

func TestMarksTellEqualSecretsApart(t *testing.T) {
	mark := func(k *Key, s string) uint64 {
		h, ok := k.Of([]byte(s)).Mark()
		if !ok {
			t.Fatal("a secret was not marked")
		}
		return h
	}
	a, b := key(1), key(2)
	again := mark(a, "one")
	if mark(a, "one") != again || mark(a, "one") == mark(a, "two") || mark(a, "") == mark(a, "one") {
		t.Error("marks do not tell whether two secrets are the same")
	}
	if mark(a, "one") == mark(b, "one") {
		t.Error("the mark does not depend on the key")
	}
}

func TestNoKeyNoMark(t *testing.T) {
	var none *Key
	for name, s := range map[string]Secret{"no key": none.Of([]byte("x")), "of": Of([]byte("x")), "unmarked": key(1).Of([]byte("x")).Unmarked()} {
		if h, ok := s.Mark(); ok || h != 0 || !s.Seen() {
			t.Errorf("%s: mark %t, seen %t", name, ok, s.Seen())
		}
	}
	if (Secret{}).Seen() || (Secret{}).Unmarked().Seen() {
		t.Error("no secret was seen")
	}
}

// Whatever prints or encodes a secret, or something with a secret inside, shows no
// mark: not even where the secret is out of reach of its own methods.
func TestMarksAreNotPrinted(t *testing.T) {
	s := key(1).Of([]byte("canary"))
	h, _ := s.Mark()
	hidden := struct {
		name string
		s    Secret
		all  []Secret
		of   map[string]Secret
	}{"x", s, []Secret{s}, map[string]Secret{"y": s}}
	var text strings.Builder
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%d", "%x", "%q"} {
		fmt.Fprintf(&text, verb+verb+verb, s, &s, hidden)
	}
	for _, v := range []any{s, &s, map[string]any{"s": s}} {
		b, err := json.Marshal(v)
		if err != nil {
			t.Fatal(err)
		}
		text.Write(b)
	}
	if s.String() != "[secret]" || (Secret{}).String() != "[none]" {
		t.Error("a secret says something else")
	}
	for _, form := range []string{strconv.FormatUint(h, 10), strconv.FormatUint(h, 16), strings.ToUpper(strconv.FormatUint(h, 16)), "canary"} {
		if strings.Contains(text.String(), form) {
			t.Errorf("%q is in %s", form, text.String())
		}
	}
}

// Only the signals read marks: nobody else in the program calls Mark.
func TestOnlySignalsReadMarks(t *testing.T) {
	found := map[string]bool{}
	err := filepath.WalkDir("../..", func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || !strings.HasSuffix(path, ".go") || strings.HasSuffix(path, "_test.go") {
			return err
		}
		text, err := os.ReadFile(path)
		if strings.Contains(string(text), "Secret.Mark()") || strings.Contains(string(text), ".Secret).Mark(") {
			found[filepath.ToSlash(filepath.Dir(path))] = true
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	if len(found) != 1 || !found["../../detectors/signals"] {
		t.Errorf("marks are read in %v", found)
	}
}

func TestMarkingTakesOneAllocation(t *testing.T) {
	k, p := key(1), []byte("canary")
	var none *Key
	if n := testing.AllocsPerRun(100, func() { k.Of(p) }); n > 1 {
		t.Errorf("%v allocations", n)
	}
	if n := testing.AllocsPerRun(100, func() { none.Of(p) }); n != 0 {
		t.Errorf("%v allocations without a key", n)
	}
}
