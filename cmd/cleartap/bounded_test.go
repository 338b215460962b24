package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestFilesAreReadWithinBounds(t *testing.T) {
	dir := t.TempDir()
	large := filepath.Join(dir, "large")
	if err := os.WriteFile(large, make([]byte, maxFilter+1), 0o600); err != nil {
		t.Fatal(err)
	}
	for path, want := range map[string]string{
		os.DevNull:                   "neither a regular file nor a pipe",
		dir:                          "neither a regular file nor a pipe",
		large:                        "more than 1048576 bytes",
		filepath.Join(dir, "absent"): "no such file or folder",
	} {
		if _, err := readFilter(path); err == nil || !strings.Contains(err.Error(), want) || !strings.Contains(err.Error(), path) {
			t.Errorf("%s: %v", path, err)
		}
	}
	good := filepath.Join(dir, "good")
	if err := os.WriteFile(good, []byte("1\n6 0 0 262144\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	if p, err := readFilter(good); err != nil || len(p) != 1 {
		t.Errorf("%v, %v", p, err)
	}
}
