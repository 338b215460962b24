//go:build unix

package spool

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
)

// The spool on real files: written, read, closed, opened, used up; only its
// owner may use what is in it, whatever the umask.
func TestRealFiles(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "spool")
	old := syscall.Umask(0)
	defer syscall.Umask(old)
	s := realSpool(t, dir, Config{SegmentBytes: 64 << 10, MaxBytes: 1 << 20})
	for n := uint64(1); n <= 500; n++ {
		s.Append(payload(n, 1000), false)
		if n%100 == 0 {
			flush(t, s)
		}
	}
	same(t, "read", numbers(t, drain(t, s, "a")), upTo(500))
	letterFrom, err := s.Reader("a")
	if err != nil {
		t.Fatal(err)
	}
	letterFrom.DeadLetter("ID", "400", "x")
	wait(t, "the cursor", func() bool { return s.Stats().Readers[0].Durable == 500 && s.Stats().Records < 100 })
	for n := uint64(501); n <= 600; n++ {
		s.Append(payload(n, 1000), false)
	}
	closeSpool(t, s)
	all := 0
	err = filepath.WalkDir(dir, func(path string, e fs.DirEntry, err error) error {
		st, _ := e.Info()
		want := fs.FileMode(0o600)
		if e.IsDir() {
			want = 0o700
		}
		if st.Mode().Perm() != want {
			t.Errorf("%s has mode %v", path, st.Mode())
		}
		all++
		return err
	})
	if err != nil || all < 7 {
		t.Errorf("%d files, %v", all, err)
	}
	s = realSpool(t, dir, Config{})
	same(t, "read after a restart", numbers(t, drain(t, s, "a")), upTo(600, upTo(500)...))
	closeSpool(t, s)
}

func TestFoldersThatAreRefused(t *testing.T) {
	base := t.TempDir()
	path := func(name string) string { return filepath.Join(base, name) }
	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	must(os.Mkdir(path("real"), 0o700))
	must(os.Symlink(path("real"), path("link")))
	must(os.WriteFile(path("file"), nil, 0o600))
	must(os.Mkdir(path("loose"), 0o700))
	must(os.Chmod(path("loose"), 0o755))
	must(os.Mkdir(path("open"), 0o700))
	must(os.Chmod(path("open"), 0o777))
	must(os.Mkdir(path("open/spool"), 0o700))
	must(os.Mkdir(path("sticky"), 0o700))
	must(os.Chmod(path("sticky"), 0o777|fs.ModeSticky))
	must(os.Mkdir(path("linked"), 0o700))
	must(os.Symlink(path("file"), path("linked/lock")))
	me := strconv.Itoa(os.Geteuid())
	cases := []struct{ name, want string }{
		{"link", "is a symbolic link, which others may turn elsewhere: name the folder itself"},
		{"file", "is not a folder: name another"},
		{"loose", "others may use the folder (mode 0755): chmod 700 " + path("loose")},
		{"open/spool", "anyone may put another folder in its place, for all may write in " + path("open") + ": chmod o-w " + path("open")},
		{"no/spool", "its parent folder does not exist: mkdir -p " + path("no")},
		{"linked", "its file lock is not a plain file of the owner of the folder: remove it"},
		{"sticky/spool", ""},
		{"real", ""},
	}
	if os.Geteuid() == 0 {
		must(os.Mkdir(path("theirs"), 0o700))
		must(os.Chown(path("theirs"), 4711, 4711))
		cases = append(cases, struct{ name, want string }{"theirs", "belongs to user 4711, but cleartap runs as user 0: chown -R 0 " + path("theirs")})
	} else {
		must(os.Mkdir(path("shut"), 0o500))
		cases = append(cases, struct{ name, want string }{"shut", "cannot write in the folder: permission denied: let user " + me + " write there, or name another folder"})
		cases = append(cases, struct{ name, want string }{"shut/spool", "cannot make the folder: permission denied: let user " + me + " write in " + path("shut") + ", or name another folder"})
	}
	for _, c := range cases {
		s, err := Open(Config{Dir: path(c.name)})
		if err == nil {
			closeSpool(t, s)
		}
		got := ""
		if err != nil {
			got = err.Error()
		}
		want := c.want
		if want != "" {
			want = "spool " + path(c.name) + ": " + want
		}
		if got != want {
			t.Errorf("%s:\n got %q\nwant %q", c.name, got, want)
		}
		if strings.Contains(got, "\n") {
			t.Errorf("%s: more than a line", c.name)
		}
	}
	if _, err := Verify(path("nothing")); err == nil || !strings.Contains(err.Error(), "no such folder") {
		t.Errorf("verify of nothing: %v", err)
	}
}

// Two never share a spool; the second is told who has it.
func TestLock(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "spool")
	s := realSpool(t, dir, Config{})
	_, err := Open(Config{Dir: dir})
	if !errors.Is(err, ErrInUse) || !strings.Contains(err.Error(), "give each sensor a folder of its own") {
		t.Errorf("a second one: %v", err)
	}
	if _, err := Repair(dir, nil); !errors.Is(err, ErrInUse) {
		t.Errorf("repair: %v", err)
	}
	if _, err := Replay(dir, "a", 0); !errors.Is(err, ErrInUse) {
		t.Errorf("replay: %v", err)
	}
	if r, err := Verify(dir); err != nil || !r.Running || !r.Sound() {
		t.Errorf("verify: %+v, %v", r, err)
	}
	closeSpool(t, s)
	if r, err := Verify(dir); err != nil || r.Running {
		t.Errorf("verify afterwards: %+v, %v", r, err)
	}
	closeSpool(t, realSpool(t, dir, Config{}))
}

// T17: whatever is planted under a name of the spool, it is neither followed
// nor waited for, and nothing outside is read or changed.
func TestPlantedFiles(t *testing.T) {
	outside := filepath.Join(t.TempDir(), "outside")
	secret := []byte("what others must not have")
	kinds := map[string]func(string) error{
		"symbolic link":    func(p string) error { return os.Symlink(outside, p) },
		"hard link":        func(p string) error { return os.Link(outside, p) },
		"pipe":             func(p string) error { return syscall.Mkfifo(p, 0o600) },
		"folder":           func(p string) error { return os.Mkdir(p, 0o700) },
		"link to a folder": func(p string) error { return os.Symlink(filepath.Dir(outside), p) },
	}
	for kind, plant := range kinds {
		for _, name := range []string{segmentName(1), segmentName(2), "a.cursor", "a.cursor.tmp", formatName, quarantineFolder, deadFolder, "dead/a.jsonl"} {
			if err := os.WriteFile(outside, secret, 0o600); err != nil {
				t.Fatal(err)
			}
			dir := filepath.Join(t.TempDir(), "spool")
			if err := os.MkdirAll(filepath.Dir(filepath.Join(dir, name)), 0o700); err != nil {
				t.Fatal(err)
			}
			if err := plant(filepath.Join(dir, name)); err != nil {
				t.Fatal(err)
			}
			within(t, kind+" at "+name, func() {
				s, err := Open(Config{Dir: dir, Readers: []string{"a"}})
				if err != nil {
					if name == formatName {
						return // refused with a reason is as well
					}
					t.Errorf("%s at %s: %v", kind, name, err)
					return
				}
				s.Append(payload(1, 100), false)
				flush(t, s)
				r, err := s.Reader("a")
				if err != nil {
					t.Error(err)
					return
				}
				out, err := r.Next(context.Background(), 10)
				if len(out) != 1 || err != nil || number(t, out[0].Payload) != 1 {
					t.Errorf("%s at %s: read %v, %v", kind, name, out, err)
					return
				}
				r.DeadLetter("ID", "400", "x")
				_ = r.Done(out[0].Seq)
				ctx, cancel := context.WithTimeout(context.Background(), 100*time.Millisecond)
				defer cancel()
				_ = s.Close(ctx) // a cursor that cannot be written is told
			})
			if got, err := os.ReadFile(outside); err != nil || string(got) != string(secret) {
				t.Errorf("%s at %s: outside there is now %d bytes, %v", kind, name, len(got), err)
			}
		}
	}
}

func within(t *testing.T, what string, fn func()) {
	t.Helper()
	done := make(chan struct{})
	go func() { defer close(done); fn() }()
	select {
	case <-done:
	case <-time.After(20 * time.Second):
		t.Fatalf("%s: hangs", what)
	}
}

// T17: somebody keeps putting another folder in the place of the spool; what is
// written goes to the folder that was opened.
func TestFolderIsOpenedOnce(t *testing.T) {
	base := t.TempDir()
	dir, aside := filepath.Join(base, "spool"), filepath.Join(base, "aside")
	trap := filepath.Join(base, "trap")
	if err := os.Mkdir(trap, 0o700); err != nil {
		t.Fatal(err)
	}
	s := realSpool(t, dir, Config{SegmentBytes: 4096, SyncEvery: time.Millisecond})
	var stop sync.WaitGroup
	quit := make(chan struct{})
	stop.Add(1)
	go func() {
		defer stop.Done()
		for {
			select {
			case <-quit:
				return
			default:
			}
			_ = os.Rename(dir, aside)
			_ = os.Symlink(trap, dir)
			_ = os.Remove(dir)
			_ = os.Rename(aside, dir)
		}
	}()
	all := uint64(times(300, 20_000))
	var got []uint64
	for n := uint64(1); n <= all; n++ {
		s.Append(payload(n, 500), false)
		if n%20 == 0 {
			flush(t, s)
			got = append(got, numbers(t, drain(t, s, "a"))...)
		}
	}
	close(quit)
	stop.Wait()
	closeSpool(t, s)
	same(t, "read", got, upTo(all))
	if left, err := os.ReadDir(trap); err != nil || len(left) > 0 {
		t.Errorf("in the trap: %v, %v", left, err)
	}
}

// A segment that has a second name elsewhere, as after a backup by hard links, is read and never changed.
func TestSharedSegment(t *testing.T) {
	base := t.TempDir()
	dir := filepath.Join(base, "spool")
	s := realSpool(t, dir, Config{})
	for n := uint64(1); n <= 10; n++ {
		s.Append(payload(n, 100), false)
	}
	closeSpool(t, s)
	segments, _ := filepath.Glob(filepath.Join(dir, "*.seg"))
	f, err := os.OpenFile(segments[0], os.O_WRONLY|os.O_APPEND, 0)
	if err != nil {
		t.Fatal(err)
	}
	f.WriteString("a torn end")
	f.Close()
	backup := filepath.Join(base, "backup")
	if err := os.Link(segments[0], backup); err != nil {
		t.Fatal(err)
	}
	before, _ := os.ReadFile(backup)
	s = realSpool(t, dir, Config{})
	same(t, "read", numbers(t, drain(t, s, "a")), upTo(10))
	closeSpool(t, s)
	if after, _ := os.ReadFile(backup); string(after) != string(before) {
		t.Error("the backup was changed")
	}
}

// Files that others may use, as after a careless restore, are shut to them.
func TestLooseFiles(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "spool")
	s := realSpool(t, dir, Config{})
	s.Append(payload(1, 100), false)
	closeSpool(t, s)
	segments, _ := filepath.Glob(filepath.Join(dir, "*.seg"))
	if err := os.Chmod(segments[0], 0o644); err != nil {
		t.Fatal(err)
	}
	s = realSpool(t, dir, Config{})
	st, err := os.Stat(segments[0])
	if err != nil || st.Mode().Perm() != 0o600 {
		t.Errorf("%v, %v", st.Mode(), err)
	}
	same(t, "read", numbers(t, drain(t, s, "a")), upTo(1))
	closeSpool(t, s)
}

// Root may look at the spool of the sensor and mend it; the sensor can use it still.
func TestRootRepairsForTheSensor(t *testing.T) {
	if os.Geteuid() != 0 {
		t.Log("not root: left out")
		return
	}
	dir := filepath.Join(t.TempDir(), "spool")
	s := realSpool(t, dir, Config{SegmentBytes: 4096, MaxBytes: 1 << 20})
	for n := uint64(1); n <= 50; n++ {
		s.Append(payload(n, 300), false)
		if n%5 == 0 {
			flush(t, s)
		}
	}
	closeSpool(t, s)
	if out, err := exec.Command("chown", "-R", "4711:4711", dir).CombinedOutput(); err != nil {
		t.Fatal(string(out), err)
	}
	segments, _ := filepath.Glob(filepath.Join(dir, "*.seg"))
	f, _ := os.OpenFile(segments[1], os.O_WRONLY, 0)
	f.WriteAt([]byte("damage"), 400)
	f.Close()
	r, err := Repair(dir, nil)
	if err != nil || !r.Sound() || r.Records != 49 {
		t.Fatalf("%+v, %v", r, err)
	}
	err = filepath.WalkDir(dir, func(path string, e fs.DirEntry, err error) error {
		st, _ := e.Info()
		if uid, _ := owner(st); uid != 4711 {
			t.Errorf("%s belongs to %d", path, uid)
		}
		return err
	})
	if err != nil {
		t.Error(err)
	}
}

// T3: a start reads the spool as a stream, whatever its size, and so do looking at it and reading it.
func TestMemoryDoesNotGrowWithTheSpool(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "spool")
	s := realSpool(t, dir, Config{SegmentBytes: 2 << 20})
	const all = 20_000
	for n := uint64(1); n <= all; n++ {
		for !s.Append(payload(n, 1000), false) {
			time.Sleep(time.Millisecond)
		}
	}
	flush(t, s)
	closeSpool(t, s)
	allocated := func(what string, most uint64, fn func()) {
		t.Helper()
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		fn()
		runtime.ReadMemStats(&after)
		if n := after.TotalAlloc - before.TotalAlloc; n > most {
			t.Errorf("%s allocates %d bytes for %d bytes on disk", what, n, s.Stats().Bytes)
		}
	}
	allocated("a look", 3<<20, func() {
		if r, err := Verify(dir); err != nil || r.Records != all {
			t.Error(r.Records, err)
		}
	})
	allocated("a start", 3<<20, func() { s = realSpool(t, dir, Config{}) })
	r, err := s.Reader("a")
	if err != nil {
		t.Fatal(err)
	}
	n := uint64(0)
	allocated("reading", 2*all*1100, func() { // the records themselves
		for n < all {
			out, err := r.Next(t.Context(), 100)
			if err != nil {
				t.Fatal(err)
			}
			n = out[len(out)-1].Seq
		}
	})
	r.Close()
	closeSpool(t, s)
}
