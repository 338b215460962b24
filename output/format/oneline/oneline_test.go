package oneline

import (
	"encoding/json"
	"testing"
	"unicode"

	"cleartap/internal/fuzzing"
)

func TestText(t *testing.T) {
	for in, want := range map[string]string{
		"": "", "alice": "alice", "a\nb\x1b[2J": "a\ufffdb\ufffd[2J", "é\u202e\u200b\u0085x": "é\ufffd\ufffd\ufffdx", "a\xffb": "a\ufffdb", "\u00a0=": "\ufffd=",
	} {
		if got := Text(in); got != want {
			t.Errorf("%q gives %q, not %q", in, got, want)
		}
	}
}

func FuzzJSON(f *testing.F) {
	f.Add("a\x7f\u0080\u202e\u2028é日\U000e0001\U0001f600\xff")
	fuzzing.Begin()
	f.Fuzz(func(t *testing.T, s string) {
		b, err := json.Marshal(map[string]string{s: s})
		if err != nil {
			t.Fatal(err)
		}
		var want, got map[string]string
		if err := json.Unmarshal(b, &want); err != nil {
			t.Fatal(err)
		}
		line := JSON(b)
		for _, r := range string(line) {
			if !unicode.IsPrint(r) {
				t.Fatalf("%q in %q", r, line)
			}
		}
		if err := json.Unmarshal(line, &got); err != nil || len(got) != len(want) {
			t.Fatalf("%v: %q", err, line)
		}
		for k, v := range want {
			if got[k] != v {
				t.Fatalf("%q of %q", got, line)
			}
		}
	})
}
