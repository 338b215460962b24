package jsonl

import (
	"encoding/json"
	"errors"
	"strings"
	"testing"

	"cleartap/output"
)

func TestWriter(t *testing.T) {
	var b strings.Builder
	w := New(&b)
	for _, user := range []string{"alice", "b\nob", "\x1b[2J\u2028\xff"} {
		if err := w.Write(&output.Alert{User: output.User{Name: user}}); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Flush(); err != nil {
		t.Fatal(err)
	}
	lines := strings.Split(strings.TrimSuffix(b.String(), "\n"), "\n")
	if len(lines) != 3 {
		t.Fatalf("%d lines: %q", len(lines), b.String())
	}
	for i, want := range []string{"alice", "b\nob", "\x1b[2J\u2028\ufffd"} {
		var a output.Alert
		if err := json.Unmarshal([]byte(lines[i]), &a); err != nil || a.User.Name != want {
			t.Errorf("line %d: %q, %v", i, a.User.Name, err)
		}
	}
}

type full struct{}

var errFull = errors.New("full")

func (full) Write([]byte) (int, error) { return 0, errFull }

func TestWriterTellsErrors(t *testing.T) {
	w := New(full{})
	var err error
	for range 10_000 {
		if err = w.Write(&output.Alert{Message: "a message of some length"}); err != nil {
			break
		}
	}
	if !errors.Is(err, errFull) || !errors.Is(w.Flush(), errFull) {
		t.Errorf("got %v", err)
	}
}

func TestWriterAllocatesNothing(t *testing.T) {
	w := New(discard{})
	a := &output.Alert{Message: "message", User: output.User{Name: "alice"}}
	if n := testing.AllocsPerRun(1000, func() {
		if err := w.Write(a); err != nil {
			t.Fatal(err)
		}
	}); n != 0 {
		t.Errorf("%v allocations per alert", n)
	}
}

type discard struct{}

func (discard) Write(p []byte) (int, error) { return len(p), nil }
