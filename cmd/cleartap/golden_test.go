package main

import (
	"bytes"
	"context"
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

var update = flag.Bool("update", false, "rewrite the golden files of pcaps")

// pcapsDir is the folder of the captures that ship with the project.
const pcapsDir = "../../pcaps"

// Each capture that ships with the project gives what is in its golden file; a
// folder of captures that belong together is one.
func TestGolden(t *testing.T) {
	files := shipped(t)
	for _, path := range files {
		t.Run(filepath.Base(path), func(t *testing.T) {
			got := scanOf(t, filepath.Base(path))
			golden := path + ".golden.jsonl"
			if *update {
				if err := os.WriteFile(filepath.Base(golden), got, 0o644); err != nil {
					t.Fatal(err)
				}
				return
			}
			want, err := os.ReadFile(filepath.Base(golden))
			if err != nil {
				t.Fatal(err)
			}
			compareLines(t, got, want)
		})
	}
}

// A golden file without its capture is left over.
func TestGoldenFilesHaveCaptures(t *testing.T) {
	goldens, err := filepath.Glob(filepath.Join(pcapsDir, "*.golden.jsonl"))
	if err != nil {
		t.Fatal(err)
	}
	for _, g := range goldens {
		if _, err := os.Stat(strings.TrimSuffix(g, ".golden.jsonl")); err != nil {
			t.Errorf("%s: %v", filepath.Base(g), err)
		}
	}
}

// shipped lists the captures of the project, and the folders of captures.
func shipped(t *testing.T) []string {
	t.Helper()
	entries, err := os.ReadDir(pcapsDir)
	if err != nil {
		t.Fatal(err)
	}
	var out []string
	for _, e := range entries {
		name := e.Name()
		inside, err := filepath.Glob(filepath.Join(pcapsDir, name, "*.pcap*"))
		if err != nil {
			t.Fatal(err)
		}
		if len(inside) > 0 || !e.IsDir() && strings.Contains(name, ".pcap") && !strings.HasSuffix(name, ".golden.jsonl") {
			out = append(out, filepath.Join(pcapsDir, name))
		}
	}
	return out
}

// scanOf scans one capture of pcaps from inside that folder, so that paths are bare names.
func scanOf(t *testing.T, name string) []byte {
	t.Helper()
	t.Chdir(pcapsDir)
	old := version
	version = "golden"
	defer func() { version = old }()
	var out, errs bytes.Buffer
	code := run(context.Background(), []string{"cleartap", "scan", "--format", "jsonl", "--usernames", "full", name}, strings.NewReader(""), &out, &errs)
	if code != exitDone {
		t.Fatalf("exit code %d: %s", code, errs.String())
	}
	return out.Bytes()
}

func compareLines(t *testing.T, got, want []byte) {
	t.Helper()
	if bytes.Equal(got, want) {
		return
	}
	g, w := bytes.Split(got, []byte("\n")), bytes.Split(want, []byte("\n"))
	for i := range max(len(g), len(w)) {
		switch {
		case i >= len(g):
			t.Errorf("line %d is missing:\n%s", i+1, w[i])
		case i >= len(w):
			t.Errorf("line %d is new:\n%s", i+1, g[i])
		case !bytes.Equal(g[i], w[i]):
			t.Errorf("line %d:\ngot  %s\nwant %s", i+1, g[i], w[i])
		}
	}
}
