package file

import (
	"errors"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"syscall"
	"testing"

	"cleartap/output"
)

// A disk that fills up holds whole lines only; when there is room again, what was
// not acknowledged comes, and nothing is lost.
func TestAFullDisk(t *testing.T) {
	if os.Geteuid() != 0 {
		t.Log("left out, a small disk takes root to mount")
		return
	}
	dir := t.TempDir()
	done := make(chan error)
	go func() {
		runtime.LockOSThread() // never unlocked: the thread and its mounts end with the goroutine
		done <- onSmallDisk(t, dir)
	}()
	if err := <-done; err != nil {
		t.Fatal(err)
	}
}

func onSmallDisk(t *testing.T, dir string) error {
	if err := syscall.Unshare(syscall.CLONE_NEWNS); err != nil {
		t.Log("left out, no mounts of our own here: ", err)
		return nil
	}
	if err := syscall.Mount("", "/", "", syscall.MS_REC|syscall.MS_PRIVATE, ""); err != nil {
		return err
	}
	if err := syscall.Mount("none", dir, "tmpfs", 0, "size=256k"); err != nil {
		return err
	}
	ballast := filepath.Join(dir, "ballast")
	if err := os.WriteFile(ballast, make([]byte, 128<<10), 0o600); err != nil {
		return err
	}
	path := filepath.Join(dir, "alerts")
	s, err := New(Config{Path: path})
	if err != nil {
		return err
	}
	defer s.Close()
	rest := records(0, 150)
	for full := false; len(rest) > 0; {
		n := min(7, len(rest))
		v, err := s.Send(t.Context(), rest[:n])
		var f *output.Fault
		if errors.As(err, &f) {
			if full || !strings.Contains(f.Cause, "no room left") || f.Hold || v[0].Outcome != output.Retry {
				return errors.New(f.Cause)
			}
			full = true
			if b, err := os.ReadFile(path); err != nil || b[len(b)-1] != '\n' {
				t.Errorf("a part of a line was left, %v", err)
			}
			if err := os.Remove(ballast); err != nil {
				return err
			}
			continue
		}
		rest = rest[n:]
		if len(rest) == 0 && !full {
			t.Error("the disk was never full")
		}
	}
	if got := ids(t, path); len(got) != 150 {
		t.Errorf("%d lines", len(got))
	}
	return nil
}
