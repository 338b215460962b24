package capture

import (
	"os"
	"path/filepath"
	"runtime"
	"syscall"
	"testing"
)

func TestFindSkipsPipesInFolders(t *testing.T) {
	dir := t.TempDir()
	path := writeFile(t, dir, "x.pcap", simpleFile(testStart, 1))
	if err := syscall.Mkfifo(filepath.Join(dir, "pipe.pcap"), 0o600); err != nil {
		t.Fatal(err)
	}
	in := Find([]string{dir}, FindOptions{})
	wantCaptures(t, in, path)
	if in.Skipped != 1 || len(in.Problems) != 0 {
		t.Errorf("skipped %d, problems %q", in.Skipped, problemLines(in))
	}
}

// asNobody runs the test's body as a user whom file modes bind.
func asNobody(t *testing.T, f func()) {
	t.Helper()
	if os.Geteuid() != 0 {
		f()
		return
	}
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	const nobody = 65534
	if _, _, e := syscall.RawSyscall(syscall.SYS_SETFSUID, nobody, 0, 0); e != 0 {
		t.Fatal(e)
	}
	defer syscall.RawSyscall(syscall.SYS_SETFSUID, 0, 0, 0)
	f()
}

func TestFindUnreadable(t *testing.T) {
	dir, err := os.MkdirTemp("", "find")
	if err != nil {
		t.Fatal(err)
	}
	defer os.RemoveAll(dir)
	t.Chdir(dir)
	writeFile(t, "in", "closed/x.pcap", simpleFile(testStart, 1))
	writeFile(t, "in", "secret.pcap", simpleFile(testStart, 1))
	writeFile(t, "in", "secret.txt", []byte("text"))
	open := writeFile(t, "in", "y.pcap", simpleFile(testStart, 1))
	for path, mode := range map[string]os.FileMode{".": 0o755, "in": 0o755, open: 0o644, "in/closed": 0, "in/secret.pcap": 0, "in/secret.txt": 0} {
		if err := os.Chmod(path, mode); err != nil {
			t.Fatal(err)
		}
	}
	asNobody(t, func() {
		in := Find([]string{"in", "in/secret.txt"}, FindOptions{})
		wantCaptures(t, in, "in/y.pcap")
		wantLines(t, problemLines(in), "in/closed: permission denied (run it as a user who may read it, such as with sudo)", "in/secret.pcap: permission denied (run it as a user who may read it, such as with sudo)")
		if in.Skipped != 1 {
			t.Errorf("skipped %d", in.Skipped)
		}
		in = Find([]string{"in/secret.txt"}, FindOptions{})
		wantLines(t, problemLines(in), "in/secret.txt: permission denied (run it as a user who may read it, such as with sudo)")
	})
	if err := os.Chmod("in/closed", 0o700); err != nil {
		t.Fatal(err)
	}
}

func TestFindPipe(t *testing.T) {
	path := filepath.Join(t.TempDir(), "pipe")
	if err := syscall.Mkfifo(path, 0o600); err != nil {
		t.Fatal(err)
	}
	raw, want := little.file(testData(100, 300))
	go func() { _ = os.WriteFile(path, gzipped(t, raw), 0) }()
	r := readArgs(t, FindOptions{}, path)
	wantFrames(t, r.frames(), want)
	if r.inputs.Captures[0].Size != 0 {
		t.Errorf("a pipe of %d bytes", r.inputs.Captures[0].Size)
	}
}
