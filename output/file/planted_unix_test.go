//go:build linux || darwin || freebsd || netbsd || openbsd || dragonfly

package file

import (
	"errors"
	"os"
	"path/filepath"
	"syscall"
	"testing"

	"cleartap/output"
)

// What somebody put in the file's place is left alone.
func TestPlantedFilesAreRefused(t *testing.T) {
	dir := t.TempDir()
	victim := filepath.Join(dir, "victim")
	if err := os.WriteFile(victim, []byte("kept\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	at := func(name string) string { return filepath.Join(dir, name) }
	for what, plant := range map[string]func(path string) error{
		"is a link":                func(p string) error { return os.Symlink(victim, p) },
		"is a link ":               func(p string) error { return os.Symlink(at("nowhere"), p) },
		"has a second name":        func(p string) error { return os.Link(victim, p) },
		"is no plain file":         func(p string) error { return syscall.Mkfifo(p, 0o600) },
		"is no plain file ":        func(p string) error { return os.Mkdir(p, 0o700) },
		"can be written by others": func(p string) error { return errors.Join(os.WriteFile(p, nil, 0o600), os.Chmod(p, 0o620)) },
		"belongs to another user":  func(p string) error { return errors.Join(os.WriteFile(p, nil, 0o600), os.Chown(p, 12345, 12345)) },
	} {
		if os.Geteuid() != 0 && what == "belongs to another user" {
			t.Log("left out, only root can give files away: " + what)
			continue
		}
		path := at("planted " + what)
		if err := plant(path); err != nil {
			t.Fatal(err)
		}
		refused(t, Config{Path: path}, what[:len(what)-1])
	}
	if b, err := os.ReadFile(victim); err != nil || string(b) != "kept\n" {
		t.Errorf("the victim has %q, %v", b, err)
	}
	if _, err := os.Lstat(at("nowhere")); err == nil {
		t.Error("a file was made through a link")
	}
}

func TestPlacesThatCannotBe(t *testing.T) {
	dir := t.TempDir()
	refused(t, Config{Path: filepath.Join(dir, "none", "alerts")}, "no such folder")
	open := filepath.Join(dir, "open")
	if err := errors.Join(os.Mkdir(open, 0o700), os.Chmod(open, 0o777)); err != nil {
		t.Fatal(err)
	}
	refused(t, Config{Path: filepath.Join(open, "alerts")}, "anybody can put files")
}

func TestTwoWritersAreOneTooMany(t *testing.T) {
	path := filepath.Join(t.TempDir(), "alerts")
	first := open(t, Config{Path: path})
	send(t, first, records(0, 1))
	refused(t, Config{Path: path}, "written by another process")
	if err := first.Close(); err != nil {
		t.Fatal(err)
	}
	send(t, open(t, Config{Path: path}), []output.Record{records(1, 1)[0]})
}
