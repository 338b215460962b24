//go:build linux

package livetest

import (
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"cleartap/capture"
)

// What was captured and is sent over an interface again gives the same logins as
// reading the captures does. Each capture has a sensor of its own.
func TestReplayGivesWhatScanGives(t *testing.T) {
	files, err := filepath.Glob("../../pcaps/*.pcap*")
	if err != nil || len(files) < 20 {
		t.Fatalf("%d captures, %v", len(files), err)
	}
	files = slices.DeleteFunc(files, func(f string) bool { return strings.HasSuffix(f, ".jsonl") })
	var all atomic.Int64
	for _, group := range groups(files, 4) {
		t.Run("", func(t *testing.T) {
			t.Parallel()
			n := newNets(t, "ip link add m0 type veth peer name m1; for i in m0 m1; do ip link set $i mtu 65535 up; done")
			for _, f := range group {
				all.Add(int64(replayed(t, n, f)))
			}
		})
	}
	t.Cleanup(func() {
		if n := all.Load(); n < 100 {
			t.Errorf("only %d logins were compared", n)
		}
	})
}

// groups deals files out.
func groups(files []string, n int) [][]string {
	out := make([][]string, n)
	for i, f := range files {
		if abs, err := filepath.Abs(f); err == nil {
			out[i%n] = append(out[i%n], abs)
		}
	}
	return out
}

// replayed compares one capture, and gives how many logins it has.
func replayed(t *testing.T, n *nets, file string) int {
	t.Helper()
	if !ethernet(t, file) { // it cannot be sent
		return 0
	}
	want := scanned(t, file)
	s := n.sensor("--ports", "any", "--workers", "1")
	if out, err := n.actor("", "replay", "m0", "2ms", file).CombinedOutput(); err != nil {
		t.Fatalf("%s: %v: %s", file, err, out)
	}
	time.Sleep(50 * time.Millisecond)
	s.stop()
	got := s.names()
	slices.Sort(got)
	if !slices.Equal(got, want) {
		t.Errorf("%s\nlive %q\nscan %q", filepath.Base(file), got, want)
	}
	return len(want)
}

// ethernet reports whether a capture's frames are those of Ethernet.
func ethernet(t *testing.T, file string) bool {
	t.Helper()
	src := capture.Find([]string{file}, capture.FindOptions{}).Captures[0].Open(nil, nil)
	defer src.Close()
	var f capture.Frame
	must(t, src.Next(&f))
	return f.Link == capture.LinkEthernet
}

// scanned gives the logins that scan finds.
func scanned(t *testing.T, file string) []string {
	t.Helper()
	out := filepath.Join(t.TempDir(), "out.jsonl")
	cmd := exec.Command(program, "scan", "--quiet", "--format", "none", "-o", out, file)
	if text, err := cmd.CombinedOutput(); err != nil {
		t.Logf("%s: %v: %s", file, err, text)
	}
	got := readAlerts(t, out)
	slices.Sort(got)
	return got
}
