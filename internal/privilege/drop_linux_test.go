package privilege

import (
	"os"
	"path/filepath"
	"slices"
	"testing"
)

// What processes may do after Drop is tested on the program itself, in
// internal/livetest: it cannot be taken back from a test's process.

func TestCovered(t *testing.T) {
	dir := t.TempDir()
	conf := filepath.Join(dir, "c.yaml")
	if err := os.WriteFile(conf, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	a := &Access{Read: []string{conf, "/etc/cleartap.yaml"}, Write: []string{"/var/log/cleartap/"}}
	for path, want := range map[string]bool{
		"/var/log/cleartap/x": true, "/var/log/cleartapx": false, "/etc/passwd": false, "/etc/hosts": true, "/etc/ssl/certs/x": true,
		conf: true, filepath.Join(dir, "other"): true, // another file may take its place
		"/etc/cleartap.yaml": true, "/etc/cleartap.yml": false, // of a folder that is everybody's, the file alone
	} {
		if got := covered(a, path); got != want {
			t.Errorf("%s: %t", path, got)
		}
	}
	if f := forbiddenFile(a); f == "" || covered(a, f) {
		t.Errorf("the forbidden file is %q", f)
	}
	if f := forbiddenFile(&Access{Read: []string{"/"}}); f != "" {
		t.Errorf("all is allowed, but %s is forbidden", f)
	}
	if !covered(&Access{Write: []string{"/"}}, "/etc/passwd") {
		t.Error("all may be written")
	}
}

// Calls that this kind of processor does not have are left out; those that matter stay.
func TestRefusedCallsAreKnown(t *testing.T) {
	calls := known(append([]string{"no_such_call"}, refused...))
	for _, name := range []string{"execve", "execveat", "ptrace", "bpf", "mount", "setns", "io_uring_setup", "clock_settime"} {
		if !slices.Contains(calls, name) {
			t.Errorf("%s is not refused", name)
		}
	}
	if slices.Contains(calls, "no_such_call") || len(calls) < len(refused)-5 {
		t.Errorf("%d of %d calls", len(calls), len(refused))
	}
	for _, name := range []string{"socket", "mmap", "openat", "clone", "clone3", "futex", "setsockopt", "ioctl", "fork"} {
		if slices.Contains(refused, name) {
			t.Errorf("%s is refused, but the sensor needs it", name)
		}
	}
}

func TestWhatIsNoUser(t *testing.T) {
	if err := Become(""); err != nil {
		t.Errorf("no user: %v", err)
	}
	if err := Become("no-such-user-x"); err == nil {
		t.Error("a user that is not there")
	}
}
