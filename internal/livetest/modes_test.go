//go:build linux

package livetest

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"
)

// twoOutputs is a tap: what the client sends comes out at m1, what the server sends at t1.
const twoOutputs = `
ip link add t0 type veth peer name t1; ip link set t0 up; ip link set t1 up
tc qdisc add dev client clsact; tc filter add dev client ingress u32 match u32 0 0 action mirred egress mirror dev m0
tc qdisc add dev server clsact; tc filter add dev server ingress u32 match u32 0 0 action mirred egress mirror dev t0
`

func runClient(t *testing.T, n *nets, args ...string) {
	t.Helper()
	if out, err := n.actor("client", "client", args...).CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
}

// The two outputs of a tap are one input; apart, each sees one direction.
func TestTap(t *testing.T) {
	t.Parallel()
	n := newNets(t, mirrored+twoOutputs)
	n.serve()
	args := []string{program, "live", "--format", "jsonl", "--suppress", "0", "--stats-interval", "1s"}
	joined := start(t, n.command("", append(args, "-i", "m1+t1")...), nil)
	apart := start(t, n.command("", append(args, "-i", "m1", "-i", "t1")...), nil)
	runClient(t, n, "user", "9", "10ms")
	joined.until(5*time.Second, "logins", func() bool { return len(joined.all()) == 9 })
	joined.stop()
	same(t, joined.names(), wants("user", 9))
	apart.until(15*time.Second, "logins", func() bool { return len(apart.all()) == 9 })
	apart.stop()
	for _, a := range apart.all() {
		if a.Event.Outcome != "unknown" || a.Observer.Ingress.Interface.Name != "m1" {
			t.Errorf("%s at %s", a.name(), a.Observer.Ingress.Interface.Name)
		}
	}
}

// Repeats are told once, exceptions never, and each is counted.
func TestSuppressionAndExceptions(t *testing.T) {
	t.Parallel()
	n := newNets(t, mirrored+byMirred)
	n.serve()
	conf := filepath.Join(t.TempDir(), "c.yaml")
	write(t, conf, "exceptions:\n  - {accounts: 'known*', servers: 10.9.0.0/24, reason: test, until: 2999-12-31}\n"+
		"  - {accounts: 'past*', reason: it is over, until: 2020-01-01}\nprivacy: {usernames: full}\n")
	s := start(t, n.command("", program, "live", "-i", "m1", "-c", conf, "--suppress", "10m", "--format", "jsonl", "--stats-interval", "1s"), nil)
	s.await("an exception has ended", 3*time.Second)
	for range 5 {
		runClient(t, n, "user", "1", "0s")
	}
	runClient(t, n, "known", "3", "0s")
	runClient(t, n, "past", "1", "0s")
	s.until(5*time.Second, "both logins", func() bool { return len(s.all()) >= 2 })
	time.Sleep(300 * time.Millisecond)
	s.stop() // what was held back is summed up at the end
	var got []string
	for _, a := range s.all() {
		got = append(got, fmt.Sprintf("%s %d", a.User.Name, a.Cleartap.Count))
	}
	slices.Sort(got)
	if want := []string{"past0 1", "user0 1", "user0 4"}; !slices.Equal(got, want) {
		t.Errorf("told %q, want %q", got, want)
	}
	if h := s.health(); h.Alerts.Sent != 3+uint64(len(s.inventoried())) || h.Alerts.Suppressed != 4 || h.Alerts.Excepted != 3 {
		t.Errorf("health %+v", h.Alerts)
	}
}

// A filter of the user's narrows what is captured, whether tcpdump translates it
// now or did so before.
func TestFilters(t *testing.T) {
	t.Parallel()
	n := newNets(t, mirrored+byMirred)
	n.serve()
	compiled, err := exec.Command("tcpdump", "-ddd", "-y", "EN10MB", "host 10.9.0.2 and not port 25").Output()
	if err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(t.TempDir(), "filter")
	write(t, file, string(compiled))
	var sensors []*sensor
	for _, f := range [][]string{
		{"--bpf", "host 10.9.0.1"}, {"--bpf", "not host 10.9.0.1"}, {"--bpf-file", file}, {"--net", "10.9.0.1"}, {"--exclude-net", "10.9.0.0/24"},
		{"--ports", "143,587"}, {"--ports", "any", "--snaplen", "1600"},
	} {
		sensors = append(sensors, n.sensor(f...))
	}
	runClient(t, n, "user", "3", "0s")
	for i, want := range []int{3, 0, 3, 3, 0, 0, 3} {
		s := sensors[i]
		s.until(5*time.Second, "logins", func() bool { return len(s.all()) >= want })
		s.stop()
		if got := len(s.all()); got != want {
			t.Errorf("%q: %d logins, want %d", s.cmd.Args, got, want)
		}
	}
	out, err := n.live("--bpf", "host and port").CombinedOutput()
	if exitCode(err) != 2 || !strings.Contains(string(out), "--bpf") {
		t.Errorf("a wrong expression: %v: %s", err, out)
	}
}

// A reader that went away ends the sensor; one that stands still does not keep it
// from stopping.
func TestReadersOfStandardOutput(t *testing.T) {
	t.Parallel()
	n := newNets(t, mirrored+byMirred)
	n.serve()
	sh := n.command("", "sh", "-c", program+" live -i m1 --suppress 0 --format jsonl | head -n 1")
	out := make(chan []byte)
	go func() {
		b, _ := sh.Output()
		out <- b
	}()
	time.Sleep(time.Second)
	for range 5 {
		runClient(t, n, "user", "2", "100ms")
	}
	select {
	case b := <-out:
		if strings.Count(string(b), "\n") != 1 {
			t.Errorf("%d lines", strings.Count(string(b), "\n"))
		}
	case <-time.After(10 * time.Second):
		t.Error("the sensor goes on though nobody reads it")
	}
	stuck := n.live("--stats-interval", "1m")
	r, w, err := os.Pipe()
	must(t, err)
	defer r.Close()
	stuck.Stdout = w
	must(t, stuck.Start())
	must(t, w.Close())
	load := n.actor("", "flood", "m0", "logins", "20", "1", "50000", "2s")
	time.Sleep(500 * time.Millisecond)
	must(t, load.Run())
	begun := time.Now()
	must(t, stuck.Process.Signal(syscall.SIGTERM))
	err = stuck.Wait()
	if took := time.Since(begun); took > 10*time.Second || exitCode(err) != 4 {
		t.Errorf("ended with %v after %v", err, took)
	}
}
