package main

import (
	"bytes"
	"strings"
	"testing"
	"unicode/utf8"
)

func TestByteSize(t *testing.T) {
	for s, want := range map[string]int64{
		"64MiB": 64 << 20, "1GiB": 1 << 30, "512M": 512 << 20, "1.5g": 3 << 29, "100000000": 100_000_000, "1 GB": 1e9, "2kb": 2000,
		"": -1, "MiB": -1, "-1MiB": -1, "1TiB": -1, "1e9": -1, "9999999GiB": -1, "1..5M": -1,
	} {
		got, ok := byteSize(s)
		if ok != (want >= 0) || ok && got != want {
			t.Errorf("%q: %d, %v, want %d", s, got, ok, want)
		}
	}
}

func TestParseNet(t *testing.T) {
	for s, want := range map[string]string{
		"10.1.2.3/8": "10.0.0.0/8", "10.1.2.3": "10.1.2.3/32", "::ffff:10.1.2.3": "10.1.2.3/32", "::ffff:10.0.0.0/104": "10.0.0.0/8",
		"2001:db8::1/32": "2001:db8::/32", "fe80::1": "fe80::1/128", "fe80::1%eth0": "", "10.0.0.0/33": "", "x": "", "": "", "10.0.0.0/": "",
	} {
		got, err := parseNet(s)
		if (err != nil) != (want == "") || err == nil && got.String() != want {
			t.Errorf("%q: %s, %v, want %q", s, got, err, want)
		}
	}
}

// All help fits a terminal of 80 columns, and names every exit code.
func TestHelpIsNarrow(t *testing.T) {
	app := newApp(&streams{})
	texts := map[string]string{"cleartap": app.CustomAppHelpTemplate}
	for _, c := range app.Commands {
		texts[c.Name] = c.CustomHelpTemplate
	}
	for name, text := range texts {
		if strings.Contains(text, "{{") || strings.Contains(text, "\t") {
			t.Errorf("%s: the text would be changed on its way", name)
		}
		for _, line := range strings.Split(text, "\n") {
			if utf8.RuneCountInString(line) > helpWidth || strings.TrimRight(line, " ") != line {
				t.Errorf("%s: %q", name, line)
			}
		}
	}
	for _, code := range []string{"0", "1", "2", "3", "4", "130"} {
		if !strings.Contains(texts["scan"], "\n  "+code+" ") {
			t.Errorf("exit code %s is not in the help of scan", code)
		}
	}
}

// What was thrown is not printed: it may quote traffic. The place is.
func TestFaultTellsItsPlaceOnly(t *testing.T) {
	var errs bytes.Buffer
	code := run(t.Context(), []string{"cleartap", "scan", "-"}, thrower{}, &errs, &errs)
	if code == exitDone || strings.Contains(errs.String(), "Canary") {
		t.Errorf("exit code %d: %s", code, errs.String())
	}
	errs.Reset()
	code = run(t.Context(), nil, nil, throwingWriter{}, &errs) // no arguments at all
	if strings.Contains(errs.String(), "Canary") {
		t.Errorf("exit code %d: %s", code, errs.String())
	}
	errs.Reset()
	code = run(t.Context(), []string{"cleartap", "version"}, nil, throwingWriter{}, &errs)
	if code != exitFailed || strings.Contains(errs.String(), "Canary") || !strings.Contains(errs.String(), "a fault of the program") || !strings.Contains(errs.String(), "printVersion") {
		t.Errorf("exit code %d: %s", code, errs.String())
	}
}

type thrower struct{}

func (thrower) Read([]byte) (int, error) { panic("Canary-5ecret") }

type throwingWriter struct{}

func (throwingWriter) Write([]byte) (int, error) { panic("Canary-5ecret") }
