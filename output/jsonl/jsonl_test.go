package jsonl

import (
	"encoding/json"
	"errors"
	"slices"
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

// chunks notes where each write ended.
type chunks struct {
	all  []byte
	ends []int
}

func (c *chunks) Write(p []byte) (int, error) {
	c.all = append(c.all, p...)
	c.ends = append(c.ends, len(c.all))
	return len(p), nil
}

// What is written ends at a whole block, also after a flush in between and a line that
// is longer than blocks; nothing of it is lost.
func TestWriterWritesWholeBlocks(t *testing.T) {
	c := &chunks{}
	w := New(c)
	var want []byte
	var flushed []int
	for i := range 2000 {
		a := &output.Alert{Message: strings.Repeat("x", i%700)}
		if i == 1000 {
			a.Message = strings.Repeat("y", 3*blockSize)
		}
		want = append(a.AppendJSON(want), '\n')
		if err := w.Write(a); err != nil {
			t.Fatal(err)
		}
		if i%900 == 10 {
			if err := w.Flush(); err != nil {
				t.Fatal(err)
			}
			flushed = append(flushed, len(want))
		}
	}
	if err := w.Flush(); err != nil {
		t.Fatal(err)
	}
	flushed = append(flushed, len(want))
	if string(c.all) != string(want) {
		t.Fatalf("%d bytes were written, %d wanted, or others", len(c.all), len(want))
	}
	for _, end := range c.ends {
		if end%blockSize != 0 && !slices.Contains(flushed, end) {
			t.Errorf("a write ended at %d", end)
		}
	}
}
