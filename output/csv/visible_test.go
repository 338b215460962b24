package csv

import "testing"

func TestUnseenCharactersAreVisible(t *testing.T) {
	for in, want := range map[string]string{
		"":                        "",
		"jürgen 李":                "jürgen 李",
		"a\u202eb\u2066c\u200bd":  `a\u202Eb\u2066c\u200Bd`,
		"\ufeffa\u2028\U000e0041": `\uFEFFa\u2028\uE0041`,
	} {
		if got := visible(in); got != want {
			t.Errorf("%q is written %q", in, got)
		}
	}
}
