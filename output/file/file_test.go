package file

import (
	"bytes"
	"encoding/csv"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"cleartap/output"
	"cleartap/output/format/formattest"
)

func open(t *testing.T, c Config) *Sink {
	t.Helper()
	s, err := New(c)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Close() })
	return s
}

func records(from, n int) []output.Record {
	var all []output.Record
	for i := range n {
		a := formattest.Sample()
		a.Event.ID = fmt.Sprintf("ID%06d", from+i)
		all = append(all, output.NewRecord(&a))
	}
	return all
}

func send(t *testing.T, s *Sink, r []output.Record) {
	t.Helper()
	v, err := s.Send(t.Context(), r)
	if err != nil {
		t.Fatal(err)
	}
	for i := range v {
		if v[i].Outcome != output.Done {
			t.Fatalf("record %d: %+v", i, v[i])
		}
	}
}

// ids lists the ids in the lines of files, which must all be whole.
func ids(t *testing.T, paths ...string) []string {
	t.Helper()
	var all []string
	for _, p := range paths {
		b, err := os.ReadFile(p)
		if err != nil {
			t.Fatal(err)
		}
		if len(b) > 0 && b[len(b)-1] != '\n' {
			t.Fatalf("%s ends in the middle of a line", p)
		}
		for line := range bytes.Lines(b) {
			r, err := output.ParseRecord(line)
			if err != nil {
				t.Fatalf("%s: %v: %q", p, err, line)
			}
			all = append(all, r.ID)
		}
	}
	return all
}

func TestFormats(t *testing.T) {
	for _, name := range Names() {
		f, err := ParseFormat(name)
		if err != nil || f.String() != name {
			t.Fatal(name, f, err)
		}
		path := filepath.Join(t.TempDir(), "alerts")
		for range 2 { // the second goes on where the first ended
			s := open(t, Config{Path: path, Format: f, Health: true})
			if err := s.Open(); err != nil {
				t.Fatal(err)
			}
			send(t, s, records(0, 3))
			send(t, s, []output.Record{{Dataset: healthDataset, JSON: []byte(`{"event":{"dataset":"cleartap.health"}}`)}})
			if err := s.Close(); err != nil {
				t.Fatal(err)
			}
		}
		b, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		if st, err := os.Stat(path); err != nil || modesMatter && st.Mode().Perm() != 0o600 {
			t.Errorf("mode %v, %v", st.Mode(), err)
		}
		lines := strings.Count(string(b), "\n")
		switch f {
		case JSONL:
			if lines != 8 {
				t.Errorf("%d lines", lines)
			}
		case CSV:
			if rows, err := csv.NewReader(bytes.NewReader(b)).ReadAll(); err != nil || len(rows) != 7 || rows[0][0] != "time" || rows[4][1] != "critical" {
				t.Errorf("%v, %q", err, rows)
			}
		default:
			for line := range bytes.Lines(b) {
				if !json.Valid(line) {
					t.Errorf("%q", line)
				}
			}
			if lines != 6 {
				t.Errorf("%s: %d lines", name, lines)
			}
		}
	}
}

func TestRotation(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "alerts.jsonl")
	s := open(t, Config{Path: path, Size: 8192, Keep: 3})
	send(t, s, records(0, 50))
	for i := range 50 {
		send(t, s, records(50+i, 1))
	}
	names, err := os.ReadDir(dir)
	if err != nil || len(names) != 4 {
		t.Fatalf("%v, %v", names, err)
	}
	got := ids(t, path+".3", path+".2", path+".1", path)
	if !slices.IsSorted(got) || got[len(got)-1] != "ID000099" || len(got) < 15 {
		t.Errorf("%q", got)
	}
	for _, n := range names {
		if st, err := n.Info(); err != nil || st.Size() > 8192+2048 {
			t.Errorf("%s has %d bytes", n.Name(), st.Size())
		}
	}
	none := open(t, Config{Path: filepath.Join(dir, "none"), Size: 4096})
	send(t, none, records(0, 40))
	if got := ids(t, filepath.Join(dir, "none")); got[len(got)-1] != "ID000039" {
		t.Errorf("%q", got)
	}
}

func TestRotationByTime(t *testing.T) {
	path := filepath.Join(t.TempDir(), "alerts")
	s := open(t, Config{Path: path, Every: 24 * time.Hour, Keep: 2})
	day := time.Date(2026, 11, 22, 23, 59, 0, 0, time.UTC)
	s.now = func() time.Time { return day }
	send(t, s, records(0, 1))
	send(t, s, records(1, 1))
	day = day.Add(2 * time.Minute)
	send(t, s, records(2, 1))
	if a, b := ids(t, path+".1"), ids(t, path); len(a) != 2 || len(b) != 1 {
		t.Errorf("%q, %q", a, b)
	}
	// A sensor that starts again goes by the time of the file.
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	if err := os.Chtimes(path, day, day); err != nil {
		t.Fatal(err)
	}
	again := open(t, Config{Path: path, Every: 24 * time.Hour, Keep: 2})
	again.now = func() time.Time { return day.Add(time.Hour) }
	send(t, again, records(3, 1))
	again.now = func() time.Time { return day.Add(24 * time.Hour) }
	send(t, again, records(4, 1))
	if got := ids(t, path+".2", path+".1", path); !slices.Equal(got, []string{"ID000000", "ID000001", "ID000002", "ID000003", "ID000004"}) {
		t.Errorf("%q", got)
	}
}

// logrotate moves the file away and says so, or does not.
func TestAFileThatWasMovedIsMadeAnew(t *testing.T) {
	path := filepath.Join(t.TempDir(), "alerts")
	s := open(t, Config{Path: path})
	send(t, s, records(0, 2))
	if err := os.Rename(path, path+".old"); err != nil {
		t.Fatal(err)
	}
	send(t, s, records(2, 1))
	if err := os.Remove(path); err != nil {
		t.Fatal(err)
	}
	s.Reopen()
	send(t, s, records(3, 1))
	if got := ids(t, path+".old", path); !slices.Equal(got, []string{"ID000000", "ID000001", "ID000003"}) {
		t.Errorf("%q", got)
	}
}

// A crash may leave a part of a line. It was not acknowledged and comes again.
func TestPartsOfLinesAreMended(t *testing.T) {
	whole := string(records(0, 1)[0].JSON)
	for left, want := range map[string]string{
		"":                        "",
		whole + "\n" + whole[:40]: whole + "\n",
		whole[:len(whole)-1]:      "",
		whole:                     whole + "\n",
		"somebody's":              "somebody's\n",
	} {
		path := filepath.Join(t.TempDir(), "alerts")
		if err := os.WriteFile(path, []byte(left), 0o600); err != nil {
			t.Fatal(err)
		}
		s := open(t, Config{Path: path})
		send(t, s, records(7, 1))
		b, err := os.ReadFile(path)
		if got, _ := strings.CutSuffix(string(b), string(records(7, 1)[0].JSON)+"\n"); err != nil || got != want {
			t.Errorf("%.50q became %.50q", left, got)
		}
	}
}

func TestWrongSettings(t *testing.T) {
	for want, c := range map[string]Config{
		"path: nothing": {}, "is a folder": {Path: "/tmp/"}, "rotate.size": {Path: "x", Size: 100}, "rotate.every": {Path: "x", Every: time.Second}, "rotate.keep": {Path: "x", Keep: -1},
	} {
		if _, err := New(c); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("want %q: got %v", want, err)
		}
	}
	if _, err := ParseFormat("xml"); err == nil {
		t.Error("xml")
	}
}

func TestUnreadableRecordsAreDead(t *testing.T) {
	s := open(t, Config{Path: filepath.Join(t.TempDir(), "alerts")})
	v, err := s.Send(t.Context(), []output.Record{records(0, 1)[0], {JSON: []byte("no")}, records(1, 1)[0]})
	if err != nil || v[0].Outcome != output.Done || v[1].Outcome != output.Dead || v[2].Outcome != output.Done {
		t.Errorf("%v, %v", v, err)
	}
}

// refused demands a fault that says what is wrong.
func refused(t *testing.T, c Config, want string) {
	t.Helper()
	s := open(t, c)
	v, err := s.Send(t.Context(), records(0, 2))
	var f *output.Fault
	if !errors.As(err, &f) || !strings.Contains(f.Cause, want) || !f.Hold || f.Cure == "" || v[1].Outcome != output.Hold {
		t.Errorf("want %q: got %v, %v", want, err, v)
	}
}

// One batch of 500 alerts a time: formatted, written, and on the disk.
func BenchmarkSend(b *testing.B) {
	s, err := New(Config{Path: filepath.Join(b.TempDir(), "alerts"), Size: 100 << 20, Keep: 1})
	if err != nil {
		b.Fatal(err)
	}
	defer s.Close()
	all := records(0, 500)
	for b.Loop() {
		if _, err := s.Send(b.Context(), all); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64(500*b.N)/b.Elapsed().Seconds(), "alerts/s")
}

// The sink that takes over, when a sensor reads its configuration again, may have the new
// file before the one that it follows has written all: that goes to the end of the old file.
func TestMovedAwayWhileAnotherTakesOver(t *testing.T) {
	path := filepath.Join(t.TempDir(), "a.jsonl")
	first, second := open(t, Config{Path: path}), open(t, Config{Path: path})
	send(t, first, records(0, 3))
	if err := os.Rename(path, path+".old"); err != nil {
		t.Fatal(err)
	}
	if err := second.Open(); err != nil {
		t.Fatal(err)
	}
	send(t, first, records(3, 2))
	if err := first.Close(); err != nil {
		t.Fatal(err)
	}
	send(t, second, records(5, 2))
	for p, want := range map[string]int{path + ".old": 5, path: 2} {
		if got := ids(t, p); len(got) != want {
			t.Errorf("%s: %q, want %d", p, got, want)
		}
	}
}
