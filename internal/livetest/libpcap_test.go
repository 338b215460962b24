//go:build linux

package livetest

import (
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"
)

// The build with libpcap finds the same logins, narrowed by an expression that libpcap
// translates, and an interface that goes down, or vanishes, and comes back is told.
func TestLibpcap(t *testing.T) {
	t.Parallel()
	byPcap := filepath.Join(t.TempDir(), "cleartap-libpcap")
	build := exec.Command("go", "build", "-tags", "libpcap", "-o", byPcap, "cleartap/cmd/cleartap")
	build.Env = append(os.Environ(), "CGO_ENABLED=1")
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("build with libpcap-dev, which make setup installs: %v\n%s", err, out)
	}
	n := newNets(t, mirrored+byMirred)
	n.serve()
	s := start(t, n.command("", byPcap, "live", "-i", "m1", "--capture", "libpcap", "--bpf", "host 10.9.0.1", "--format", "jsonl", "--suppress", "0", "--stats-interval", "1s"), nil)
	come := func(name string) {
		t.Helper()
		have := len(s.all())
		runClient(t, n, name, "3", "0s")
		s.until(5*time.Second, "logins", func() bool { return len(s.all()) == have+3 })
	}
	times := func(words string, want int) {
		t.Helper()
		s.until(5*time.Second, words, func() bool { return strings.Count(s.said(), words) == want })
	}
	come("before")
	n.sh("ip link set m1 down")
	times("interface is gone", 1)
	n.sh("ip link set m1 up")
	times("interface is back", 1)
	n.link()
	come("between")
	n.sh("ip link del m1")
	times("interface is gone", 2)
	n.sh("ip link add m0 type veth peer name m1; ip link set m0 up; ip link set m1 up" +
		"\nfor h in client server; do tc qdisc del dev $h clsact; done" + byMirred)
	times("interface is back", 2)
	n.link()
	come("after")
	s.stop()
	same(t, s.names(), slices.Concat(wants("before", 3), wants("between", 3), wants("after", 3)))
	if h := s.health(); h.Gaps.Interfaces != 2 || h.Panics != 0 {
		t.Errorf("health %+v", h)
	}
	out, err := n.live("--capture", "libpcap").CombinedOutput() // the other build says what to do
	if exitCode(err) != 1 || !strings.Contains(string(out), "make build-libpcap") {
		t.Errorf("%v: %s", err, out)
	}
}
