//go:build linux

package livetest

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"
)

// wants lists the logins that the client of a name and count makes.
func wants(name string, count int) []string {
	var out []string
	for i := range count {
		outcome, user := "success", name+fmt.Sprint(i)
		if i%3 == 2 {
			outcome, user = "failure", masked(user)
		}
		out = append(out, "pop3 USER/PASS "+user+" 10.9.0.2 "+outcome)
	}
	return out
}

// masked is how a name is shown after a failed login.
func masked(name string) string { return name[:1] + "***" }

// same compares lists without regard to order.
func same(t *testing.T, got, want []string) {
	t.Helper()
	slices.Sort(got)
	slices.Sort(want)
	if !slices.Equal(got, want) {
		t.Errorf("%d logins, want %d\ngot  %q\nwant %q", len(got), len(want), got, want)
	}
}

// Logins over a network whose frames the kernel mirrors are told within a second.
func TestMirrorPort(t *testing.T) {
	t.Parallel()
	n := newNets(t, mirrored+byMirred)
	n.serve()
	s := n.sensor("--workers", "2")
	if out, err := n.actor("client", "client", "user", "30", "5ms").CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	s.until(5*time.Second, "all logins", func() bool { return len(s.all()) >= 30 })
	for _, a := range s.all() {
		if late := a.at.Sub(a.Event.End); late > time.Second || late < 0 {
			t.Errorf("%s was told %v after the reply", a.name(), late)
		}
		if a.Observer.Ingress.Interface.Name != "m1" {
			t.Errorf("interface %q", a.Observer.Ingress.Interface.Name)
		}
	}
	s.stop()
	same(t, s.names(), wants("user", 30))
	if h := s.health(); h.Flows.Half != 0 || h.Drops != 0 || h.Panics != 0 || h.State != "OK" {
		t.Errorf("health %+v", h)
	}
}

// An interface that goes down, and one that is removed and made anew, cost what
// was sent meanwhile and nothing else; each is told once.
func TestInterfaceComesAndGoes(t *testing.T) {
	t.Parallel()
	n := newNets(t, mirrored+byMirred)
	n.serve()
	s := n.sensor("--workers", "2")
	login := func(name string) {
		t.Helper()
		have := len(s.all())
		if out, err := n.actor("client", "client", name, "1", "0s").CombinedOutput(); err != nil {
			t.Fatalf("%v: %s", err, out)
		}
		s.until(5*time.Second, "login of "+name, func() bool { return len(s.all()) > have })
	}
	login("before")
	n.sh("ip link set m1 down")
	s.await("interface is gone", 3*time.Second)
	n.sh("ip link set m1 up")
	s.await("interface is back", 3*time.Second)
	n.link()
	login("between")
	n.sh("ip link del m1")
	s.until(3*time.Second, "second loss", func() bool { return strings.Count(s.said(), "interface is gone") == 2 })
	n.sh("ip link add m0 type veth peer name m1; ip link set m0 up; ip link set m1 up" +
		"\nfor h in client server; do tc qdisc del dev $h clsact; done" + byMirred)
	s.until(3*time.Second, "second return", func() bool { return strings.Count(s.said(), "interface is back") == 2 })
	n.link()
	login("after")
	s.stop()
	if h := s.health(); h.Gaps.Interfaces != 4 { // two workers, twice
		t.Errorf("%d gaps", h.Gaps.Interfaces)
	}
	same(t, s.names(), slices.Concat(wants("before", 1), wants("between", 1), wants("after", 1)))
}

// Reading the configuration again under load, wrong ones included, loses nothing;
// files that were moved away are made anew; SIGTERM under load ends in time, and
// what was told until then is whole.
func TestReloadUnderLoad(t *testing.T) {
	t.Parallel()
	n := newNets(t, mirrored+byMirred)
	n.serve()
	dir := t.TempDir()
	conf, file := filepath.Join(dir, "cleartap.yaml"), filepath.Join(dir, "alerts.jsonl")
	good := "outputs:\n  - {type: file, path: " + file + ", health: false}\nalerts: {suppress: 0, rate: 100000}\n"
	write(t, conf, good)
	s := start(t, n.command("", program, "live", "-i", "m1", "-c", conf, "--stats-interval", "1s"), nil)
	rounds, logins := either(1000, 40), either(7500, 300)
	client := n.actor("client", "client", "user", fmt.Sprint(logins), "5ms")
	if err := client.Start(); err != nil {
		t.Fatal(err)
	}
	reloads, moved := 0, 1
	for i := range rounds {
		if i%2 == 0 {
			write(t, conf, good+"nonsense: 1\n")
		} else {
			write(t, conf, good)
			if i%8 == 1 {
				if err := os.Rename(file, file+fmt.Sprint(i)); err != nil {
					t.Fatal(err)
				}
				moved++
			}
		}
		s.signal(syscall.SIGHUP)
		reloads++
		s.until(5*time.Second, "reload", func() bool {
			return strings.Count(s.said(), "configuration read again")+strings.Count(s.said(), "is refused") == reloads
		})
	}
	if err := client.Wait(); err != nil {
		t.Fatal(err)
	}
	time.Sleep(500 * time.Millisecond)
	s.stop()
	var got []string
	files, err := filepath.Glob(file + "*")
	if err != nil || len(files) != moved {
		t.Errorf("files %q, %v", files, err)
	}
	for _, f := range files {
		got = append(got, readAlerts(t, f)...)
	}
	same(t, got, wants("user", logins))
	if said := s.said(); strings.Count(said, "configuration read again") != rounds/2 || strings.Count(said, `unknown key`) != rounds/2 {
		t.Errorf("reloads told: %s", said)
	}
}

func write(t *testing.T, path, text string) {
	t.Helper()
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}

// A sensor that is told to stop while packets keep coming ends in time, and one
// that was killed finds what comes after it was started again.
func TestStopAndKillUnderLoad(t *testing.T) {
	t.Parallel()
	n := newNets(t, mirrored+byMirred)
	n.serve()
	load := n.actor("", "flood", "m0", "logins", "20", "1", "50000", "20s")
	if err := load.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = load.Process.Kill()
		_ = load.Wait()
	})
	s := n.sensor()
	s.until(10*time.Second, "some logins", func() bool { return len(s.all()) > 500 })
	s.stop()
	if h := s.health(); h.Panics != 0 {
		t.Errorf("health %+v", h)
	}
	s = n.sensor()
	s.until(10*time.Second, "some logins", func() bool { return len(s.all()) > 500 })
	s.signal(syscall.SIGKILL)
	<-s.done
	_ = load.Process.Kill()
	s = n.sensor()
	if out, err := n.actor("client", "client", "again", "6", "0s").CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	s.until(5*time.Second, "logins", func() bool { return count(s.names(), wants("again", 6)) == 6 })
	s.stop()
}

// count is how many of want are in got.
func count(got, want []string) (n int) {
	for _, w := range want {
		if slices.Contains(got, w) {
			n++
		}
	}
	return n
}

// A reader that stands still loses frames; they are counted, nothing crashes, no
// login is made up or given an outcome that it had not, and it finds what comes later.
func TestFullRing(t *testing.T) {
	t.Parallel()
	n := newNets(t, mirrored+byMirred)
	n.serve()
	s := n.sensor("--ring", "4MiB", "--workers", "1")
	s.signal(syscall.SIGSTOP)
	if out, err := n.actor("", "flood", "m0", "logins", "60", "7", "0", "0s").CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	s.signal(syscall.SIGCONT)
	s.until(10*time.Second, "drops in the health record", func() bool { return s.health().Drops > 0 })
	if out, err := n.actor("client", "client", "later", "3", "0s").CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	s.until(5*time.Second, "later logins", func() bool { return count(s.names(), wants("later", 3)) == 3 })
	s.stop()
	h := s.health()
	t.Logf("dropped %d of %d frames, %d freezes", h.Drops, h.Drops+h.Packets, h.Freezes)
	if h.Panics != 0 || h.Drops == 0 {
		t.Errorf("health %+v", h)
	}
	truth := map[string]bool{}
	for _, name := range append(scannedFlood(t, n, "logins", "60", "7"), wants("later", 3)...) {
		truth[name] = true
	}
	for _, a := range s.all() { // a login that was cut may lack its outcome, and its name is shown then
		if name := a.name(); !truth[name] && a.Event.Outcome != "unknown" {
			t.Errorf("there was no login %s", name)
		}
	}
}

// scannedFlood gives the logins that scan finds in what a flood sends.
func scannedFlood(t *testing.T, n *nets, profile, megabytes, seed string) []string {
	t.Helper()
	file := filepath.Join(t.TempDir(), "flood.pcap")
	if out, err := n.actor("", "write", file, profile, megabytes, seed).CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	return scanned(t, file)
}

// A sensor that does not run for a second and a half loses nothing of 50,000 frames a
// second: its rings, as large as they are by default, last for longer.
func TestPause(t *testing.T) {
	t.Parallel()
	n := newNets(t, pair)
	s := n.sensor("--workers", "1", "--usernames", "none")
	load := n.actor("", "flood", "m0", "logins", "30", "3", "50000", "2s")
	must(t, load.Start())
	s.signal(syscall.SIGSTOP)
	time.Sleep(1500 * time.Millisecond)
	s.signal(syscall.SIGCONT)
	must(t, load.Wait())
	s.until(5*time.Second, "logins", func() bool { return len(s.all()) > 0 })
	s.stop()
	if h := s.health(); h.Drops > 0 || h.Packets == 0 {
		t.Errorf("health %+v", h)
	}
}
