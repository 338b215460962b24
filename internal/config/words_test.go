package config

import "testing"

func TestDistance(t *testing.T) {
	for _, c := range []struct {
		a, b string
		want int
	}{{"", "", 0}, {"a", "", 1}, {"", "ab", 2}, {"format", "format", 0}, {"fromat", "format", 2}, {"kitten", "sitting", 3}, {"port", "ports", 1}} {
		if got := distance(c.a, c.b); got != c.want {
			t.Errorf("%q to %q: %d, want %d", c.a, c.b, got, c.want)
		}
	}
}

func TestNearest(t *testing.T) {
	names := []string{"scan", "live", "config", "--format", "-f", "a"}
	for got, want := range map[string]string{
		"scna": "scan", "conf": "config", "--fromat": "--format", "configs": "config", "alive": "live", "zzz": "", "x": "a",
	} {
		hint := Nearest(got, names)
		if want != "" {
			want = `, did you mean "` + want + `"?`
		}
		if hint != want {
			t.Errorf("%q: %s, want %s", got, hint, want)
		}
	}
}
