package geoip

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestOnlyFilesOfASizeAreRead(t *testing.T) {
	dir := t.TempDir()
	for _, path := range []string{os.DevNull, dir} {
		if _, err := Open(path); err == nil || !strings.Contains(err.Error(), "not a regular file") || !strings.Contains(err.Error(), path) {
			t.Errorf("%s: %v", path, err)
		}
		if _, err := read(path, MaxFile); err == nil {
			t.Errorf("%s is read", path)
		}
	}
	path := filepath.Join(dir, "x")
	if err := os.WriteFile(path, make([]byte, 11), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := read(path, 10); err == nil || !strings.Contains(err.Error(), "11 bytes are more") {
		t.Error(err)
	}
	if b, err := read(path, 11); err != nil || len(b) != 11 {
		t.Errorf("%d bytes, %v", len(b), err)
	}
}
