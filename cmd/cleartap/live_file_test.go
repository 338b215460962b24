package main

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"cleartap/internal/config"
	"cleartap/output"
	"cleartap/output/health"
)

func openFile(t *testing.T, spec config.File) *fileSink {
	t.Helper()
	s, err := openFileSink(&spec)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func lineCount(t *testing.T, path string) int {
	t.Helper()
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if len(b) > 0 && b[len(b)-1] != '\n' {
		t.Errorf("%s ends in the middle of a line", path)
	}
	return strings.Count(string(b), "\n")
}

// A file is begun anew when it is large enough; so many old ones stay, and no line is
// cut or lost but those of files that had to go.
func TestFileRotates(t *testing.T) {
	path := filepath.Join(t.TempDir(), "alerts.jsonl")
	s := openFile(t, config.File{Path: path, Format: "jsonl", Health: true, Rotate: config.Rotate{Size: 6000, Keep: 2}})
	for i := range 300 {
		if err := s.Alert(&output.Alert{Timestamp: "2026-11-25T00:00:00Z", Message: fmt.Sprint("alert ", i)}); err != nil {
			t.Fatal(err)
		}
	}
	if err := s.Health(health.New(time.Unix(0, 0), "s", "v", health.Health{State: "OK"})); err != nil {
		t.Fatal(err)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	files, err := filepath.Glob(path + "*")
	if err != nil || len(files) != 3 {
		t.Fatalf("%q %v", files, err)
	}
	records := ""
	for _, f := range files {
		b, err := os.ReadFile(f)
		if err != nil {
			t.Fatal(err)
		}
		lineCount(t, f)
		records += string(b)
	}
	if !strings.Contains(records, `"dataset":"cleartap.health"`) || !strings.Contains(records, `"alert 299"`) || strings.Contains(records, `"alert 0"`) {
		t.Errorf("what is there: %.300s", records)
	}
	st, err := os.Stat(path)
	if err != nil || st.Mode().Perm()&0o007 != 0 {
		t.Errorf("mode %v: others may read it", st.Mode())
	}
}

// A file of lines for tables has one header, also when it is opened again.
func TestCSVFileHasOneHeader(t *testing.T) {
	path := filepath.Join(t.TempDir(), "alerts.csv")
	for range 2 {
		s := openFile(t, config.File{Path: path, Format: "csv", Health: true})
		for range 2 {
			if err := s.Alert(&output.Alert{Timestamp: "2026-11-25T00:00:00Z"}); err != nil {
				t.Fatal(err)
			}
		}
		if err := s.Health(health.New(time.Unix(0, 0), "s", "v", health.Health{})); err != nil {
			t.Fatal(err)
		}
		if err := s.Close(); err != nil {
			t.Fatal(err)
		}
	}
	if n := lineCount(t, path); n != 5 {
		t.Errorf("%d lines, want a header and four", n)
	}
}

// What cannot be written is told; the next line tries anew.
func TestFileThatFails(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "later")
	if _, err := openFileSink(&config.File{Path: filepath.Join(dir, "x"), Format: "jsonl"}); err == nil {
		t.Error("a folder that is not there: no error")
	}
	if err := os.Mkdir(dir, 0o700); err != nil {
		t.Fatal(err)
	}
	if _, err := openFileSink(&config.File{Path: dir, Format: "jsonl"}); err == nil {
		t.Error("a folder was opened as a file")
	}
	s := openFile(t, config.File{Path: filepath.Join(dir, "x"), Format: "jsonl"})
	_ = s.f.Close() // as if the disk failed
	if err := s.Alert(&output.Alert{}); err != nil {
		t.Fatal(err)
	}
	for range 2 {
		if s.Flush() == nil {
			t.Error("the failure is not told")
		}
	}
	if err := s.Alert(&output.Alert{}); err != nil {
		t.Fatal(err)
	}
	if err := s.Flush(); err != nil {
		t.Errorf("after it works again: %v", err)
	}
	if err := s.Close(); err != nil {
		t.Error(err)
	}
}
