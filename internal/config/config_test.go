package config

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"cleartap/internal/fuzzing"
)

// load reads a configuration from text.
func load(t *testing.T, text string, environ []string, flags ...Flag) (*Loaded, error) {
	t.Helper()
	path := filepath.Join(t.TempDir(), "c.yaml")
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return Load(path, environ, flags)
}

// The example says of every setting what it is when it is not set: read, it is the
// default.
func TestExampleIsTheDefault(t *testing.T) {
	l, err := load(t, Example(), nil)
	if err != nil {
		t.Fatal(err)
	}
	var none Loaded
	none.Config = Default()
	for i, s := range l.settings() {
		if got, want := Text(s.value.Interface()), Text(none.settings()[i].value.Interface()); got != want {
			t.Errorf("%s is %s in the example, %s by default", s.path, got, want)
		}
		if l.Origins[s.path] == "" {
			t.Errorf("%s is not in the example", s.path)
		}
	}
}

// What is commented out in the example is right as well.
func TestExampleUncommented(t *testing.T) {
	var b strings.Builder
	for line := range strings.Lines(Example()) {
		trimmed := strings.TrimPrefix(line, "#")
		switch {
		case strings.HasPrefix(line, "exceptions: []"), strings.HasPrefix(line, "outputs: []"):
			b.WriteString(strings.Replace(line, " []", "", 1))
		case trimmed != line && (strings.HasPrefix(trimmed, "  - ") || strings.HasPrefix(trimmed, "    ")):
			b.WriteString(trimmed)
		default:
			b.WriteString(line)
		}
	}
	l, err := load(t, b.String(), nil)
	if err != nil {
		t.Fatal(err)
	}
	if len(l.Exceptions) != 1 || len(l.Outputs) == 0 || len(l.Exceptions[0].Servers) != 2 {
		t.Errorf("%d exceptions, %d outputs", len(l.Exceptions), len(l.Outputs))
	}
}

// What Show prints is the same configuration when it is read.
func TestShowCanBeRead(t *testing.T) {
	l, err := load(t, `
capture: {interfaces: [eth1, a+b], ring: 1GiB, net: [10.0.0.0/8, "2001:db8::/32"], bpf: "host 1.2.3.4 and # not a comment"}
alerts: {suppress: 1h30m}
exceptions:
  - {accounts: ["a*", "yes", "- x"], reason: "it's \"known\": for now", until: 2031-02-03}
outputs:
  - {type: file, path: "/tmp/x y.jsonl", rotate: {size: 1500KB}}
`, []string{"CLEARTAP_LOG_LEVEL=debug"}, Flag{"workers", "capture.workers", "3"})
	if err != nil {
		t.Fatal(err)
	}
	var b bytes.Buffer
	if err := l.Show(&b); err != nil {
		t.Fatal(err)
	}
	again, err := load(t, b.String(), nil)
	if err != nil {
		t.Fatalf("%v\n%s", err, b.String())
	}
	l.Origins, again.Origins = Origins{}, Origins{}
	var first, second bytes.Buffer
	if err := errors.Join(l.Show(&first), again.Show(&second)); err != nil || first.String() != second.String() {
		t.Errorf("%v\n%s\n%s", err, first.String(), second.String())
	}
	for _, want := range []string{"# flag --workers", "# environment CLEARTAP_LOG_LEVEL", "c.yaml:2", "# default"} {
		if !strings.Contains(b.String(), want) {
			t.Errorf("%s is not told:\n%s", want, b.String())
		}
	}
}

func TestFaultsAreTold(t *testing.T) {
	for _, c := range []struct{ text, want string }{
		{"a: &x 1\nlog: *x\n", `unknown key "a"`},
		{"log: {level: &x info, format: *x}", "aliases"},
		{"log:\n  level: [info]", "c.yaml:2: log.level: want one value"},
		{"log: loud", "want keys with values below it, such as level:"},
		{"log: {level: loud}", `log.level: "loud": want error, warn, info or debug`},
		{"log: {}\na: b: c", "c.yaml: line 2"},
		{"log: {}\n---\nlog: {}", "more than one document"},
		{"outputs: file", "want a list"},
		{"outputs: {type: file}", "want a list"},
		{"outputs: [{type: file, path: a}, {type: file, path: b}]", `a second output has the name "file"`},
		{"outputs: [{type: file}]", "outputs[0]: path: nothing given"},
		{"exceptions: [{reason: x, until: 2030-01-01}]", "it would silence everything"},
		{"exceptions: [{rules: X}]", "no reason"},
		{"exceptions: [{rules: X, reason: y}]", "no end"},
		{"capture: {interfaces: [eth0, eth0]}", "eth0 is named twice"},
		{"capture: {interfaces: a/b}", `"a/b": want the name of an interface`},
		{"capture: {ring: 1KiB}", "1024 bytes: want 4MiB to 4GiB"},
		{"capture: {bpf: x, bpf_file: y}", "both given"},
		{"capture: {ports: imaps}", "capture.ports"},
		{"privacy: {usernames: pseudonym}", "pseudonyms need a key"},
		{"alerts: {suppress: 1}", `alerts.suppress: "1": want a time`},
		{"alerts: {rule_base: x}", "want a URL"},
		{"health: {interval: 1ms}", "1ms: want 1s to 24h"},
	} {
		if _, err := load(t, c.text, nil); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s\ngives  %v\nwant %s", c.text, err, c.want)
		}
	}
	if _, err := load(t, "", nil, Flag{"ring", "capture.ring", "x"}); err == nil || !strings.HasPrefix(err.Error(), "--ring: ") {
		t.Errorf("a wrong flag: %v", err)
	}
	if _, err := Load(filepath.Join(t.TempDir(), "none"), nil, nil); err == nil || !strings.Contains(err.Error(), "config init") {
		t.Errorf("no file: %v", err)
	}
	path := filepath.Join(t.TempDir(), "open")
	if err := os.WriteFile(path, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Chmod(path, 0o666); err != nil {
		t.Fatal(err)
	}
	if _, err := Load(path, nil, nil); err == nil || !strings.Contains(err.Error(), "chmod o-w") {
		t.Errorf("a file that anybody may change: %v", err)
	}
}

func TestValues(t *testing.T) {
	for text, want := range map[string]int64{"1": 1, "64MiB": 64 << 20, "1.5k": 1536, "2GB": 2e9, "1 GiB": 1 << 30} {
		var s Size
		if err := s.UnmarshalText([]byte(text)); err != nil || int64(s) != want {
			t.Errorf("%s is %d, %v", text, s, err)
		}
	}
	for _, bad := range []string{"", "x", "-1", "1TiBx", "9e99", "NaN"} {
		var s Size
		if err := s.UnmarshalText([]byte(bad)); err == nil && bad != "" {
			t.Errorf("%q is %d", bad, s)
		}
	}
	for d, want := range map[time.Duration]string{time.Hour: "1h", 90 * time.Minute: "1h30m", 10 * time.Second: "10s", 0: "0s", 10 * time.Millisecond: "10ms", time.Hour + 5*time.Second: "1h0m5s"} {
		if got, err := Duration(d).MarshalText(); err != nil || string(got) != want {
			t.Errorf("%v is written %s", d, got)
		}
	}
	var n Net
	if err := n.UnmarshalText([]byte("::ffff:10.1.2.3/104")); err != nil || n.String() != "10.0.0.0/8" {
		t.Errorf("%v %v", n, err)
	}
	day := Date{time.Date(2026, 11, 25, 0, 0, 0, 0, time.UTC)}
	if day.Over(time.Date(2026, 11, 25, 23, 59, 59, 0, time.UTC)) || !day.Over(time.Date(2026, 11, 26, 0, 0, 0, 0, time.UTC)) {
		t.Error("a day holds to its end")
	}
}

// No way of printing a secret shows it.
func TestSecrets(t *testing.T) {
	var s Secret
	if err := s.UnmarshalText([]byte("Canary-1")); err != nil {
		t.Fatal(err)
	}
	text, err := s.MarshalText()
	for _, shown := range []string{fmt.Sprint(s), fmt.Sprintf("%+v %#v %s %q", s, s, s, s), Text(s), string(text)} {
		if strings.Contains(shown, "Canary") || err != nil {
			t.Errorf("shown: %s", shown)
		}
	}
	if got, err := s.Read(); got != "Canary-1" || err != nil {
		t.Errorf("%v", err)
	}
	t.Setenv("SOME_KEY", "from env")
	path := filepath.Join(t.TempDir(), "key")
	if err := os.WriteFile(path, []byte("from file\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	for ref, want := range map[string]string{"${env:SOME_KEY}": "from env", "${file:" + path + "}": "from file"} {
		var s Secret
		if err := s.UnmarshalText([]byte(ref)); err != nil {
			t.Fatal(err)
		}
		if got, err := s.Read(); got != want || err != nil || s.String() != ref {
			t.Errorf("%s: %v", ref, err)
		}
	}
	for _, bad := range []string{"${env:}", "${vault:x}"} {
		var s Secret
		if s.UnmarshalText([]byte(bad)) == nil {
			t.Errorf("%s is taken", bad)
		}
	}
}

func FuzzParse(f *testing.F) {
	f.Add([]byte(Example()))
	f.Add([]byte("capture: {ring: 64MiB, interfaces: [a, b]}\noutputs:\n- type: file\n"))
	f.Add([]byte("a: &a [*a]\n"))
	f.Add([]byte("? [x]\n: y\n"))
	fuzzing.Begin()
	f.Fuzz(func(t *testing.T, text []byte) {
		l := &Loaded{Config: Default(), Origins: Origins{}}
		if len(faults(l.parse("f", text))) == 0 {
			l.Validate()
			var b bytes.Buffer
			if err := l.Show(&b); err != nil {
				t.Fatal(err)
			}
		}
	})
}

// faults are those that parse gives.
func faults(_ bool, errs []error) []error { return errs }
