//go:build linux

package livetest

import (
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

const pair = "ip link add m0 type veth peer name m1; ip link set m0 up; ip link set m1 up"

// netRaw is the bit of CAP_NET_RAW, as /proc shows sets of capabilities.
const netRaw = "0000000000002000"

// asNobody makes a command one of an ordinary user who has CAP_NET_RAW alone, or nothing.
func asNobody(n *nets, capability bool, args ...string) *exec.Cmd {
	caps := "-all"
	if capability {
		caps = "-all,+net_raw"
	}
	return n.command("", append([]string{"setpriv", "--reuid=65534", "--regid=65534", "--clear-groups",
		"--inh-caps=" + caps, "--ambient-caps=" + caps, "--bounding-set=" + caps}, args...)...)
}

// status reads what the kernel says of every thread of the sensor.
func status(t *testing.T, s *sensor) []map[string]string {
	t.Helper()
	files, err := filepath.Glob(fmt.Sprintf("/proc/%d/task/*/status", s.cmd.Process.Pid))
	if err != nil || len(files) < 3 {
		t.Fatalf("%d threads, %v", len(files), err)
	}
	var out []map[string]string
	for _, f := range files {
		text, err := os.ReadFile(f)
		if err != nil {
			t.Fatal(err)
		}
		m := map[string]string{}
		for line := range strings.Lines(string(text)) {
			k, v, _ := strings.Cut(strings.TrimSpace(line), ":")
			m[k] = strings.Join(strings.Fields(v), " ")
		}
		out = append(out, m)
	}
	return out
}

// bare checks that all threads have given up all but the right to capture.
func bare(t *testing.T, s *sensor, uid string, bounding string) {
	t.Helper()
	for _, m := range status(t, s) {
		for _, k := range []string{"CapPrm", "CapEff"} {
			if m[k] != netRaw {
				t.Errorf("thread %s has %s %s", m["Pid"], k, m[k])
			}
		}
		if m["CapBnd"] != bounding || m["CapInh"] != strings.Repeat("0", 16) && m["CapInh"] != netRaw || m["CapAmb"] != strings.Repeat("0", 16) {
			t.Errorf("thread %s: bounding %s, inheritable %s, ambient %s", m["Pid"], m["CapBnd"], m["CapInh"], m["CapAmb"])
		}
		if m["NoNewPrivs"] != "1" || m["Seccomp"] != "2" || m["Uid"] != strings.Join([]string{uid, uid, uid, uid}, " ") {
			t.Errorf("thread %s: no_new_privs %s, seccomp %s, user %s", m["Pid"], m["NoNewPrivs"], m["Seccomp"], m["Uid"])
		}
	}
	s.until(5*time.Second, "a health record", func() bool { return s.health().Sandbox.Landlock > 0 })
	if b := s.health().Sandbox; !b.Seccomp || !b.NoNewPrivs || fmt.Sprint(b.User) != uid {
		t.Errorf("the sensor says %+v", b)
	}
}

// An ordinary user with CAP_NET_RAW alone can run the sensor, which finds logins
// and gives up the rest; an interface that comes back is opened again.
func TestOrdinaryUser(t *testing.T) {
	t.Parallel()
	n := newNets(t, mirrored+byMirred)
	n.serve()
	open(t)
	s := start(t, asNobody(n, true, program, "live", "-i", "m1", "--format", "jsonl", "--suppress", "0", "--sandbox", "required", "--stats-interval", "1s"), nil)
	bare(t, s, "65534", netRaw)
	n.sh("ip link set m1 down; sleep 0.3; ip link set m1 up")
	s.await("interface is back", 5*time.Second)
	n.link()
	if out, err := n.actor("client", "client", "user", "3", "0s").CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	s.until(5*time.Second, "logins", func() bool { return len(s.all()) == 3 })
	s.stop()
}

// open lets everybody run the program.
func open(t *testing.T) {
	t.Helper()
	if err := os.Chmod(filepath.Dir(program), 0o755); err != nil {
		t.Fatal(err)
	}
}

// Root becomes the user that was named, and writes files as that user.
func TestRootBecomesAUser(t *testing.T) {
	t.Parallel()
	n := newNets(t, pair)
	dir := t.TempDir()
	if err := os.Chown(dir, 65534, 65534); err != nil {
		t.Fatal(err)
	}
	for d := dir; d != "/tmp" && d != "/"; d = filepath.Dir(d) { // the user must get there
		if err := os.Chmod(d, 0o755); err != nil {
			t.Fatal(err)
		}
	}
	conf, file := filepath.Join(dir, "c.yaml"), filepath.Join(dir, "alerts.jsonl")
	write(t, conf, "outputs: [{type: file, path: "+file+"}]\nhealth: {interval: 1s}\n")
	if err := os.Chown(conf, 65534, 65534); err != nil {
		t.Fatal(err)
	}
	s := start(t, n.command("", program, "live", "-c", conf, "-i", "m1", "--user", "nobody", "--sandbox", "required"), nil)
	for _, m := range status(t, s) {
		if m["CapPrm"] != netRaw || m["CapBnd"] != netRaw || m["Seccomp"] != "2" || !strings.HasPrefix(m["Uid"], "65534 65534") || !strings.HasPrefix(m["Gid"], "65534 65534") {
			t.Errorf("thread %s: %q", m["Pid"], m)
		}
	}
	if err := os.Rename(file, file+".1"); err != nil {
		t.Fatal(err)
	}
	s.signal(syscall.SIGHUP)
	s.await("configuration read again", 5*time.Second)
	s.until(5*time.Second, "a new file", func() bool {
		st, err := os.Stat(file)
		return err == nil && st.Sys().(*syscall.Stat_t).Uid == 65534
	})
	s.stop()
}

// Root that names no user keeps the one right as well.
func TestRootGivesUpItsRights(t *testing.T) {
	t.Parallel()
	n := newNets(t, pair)
	s := n.sensor("--sandbox", "required")
	bare(t, s, "0", netRaw)
	for _, m := range status(t, s) { // and has taken precedence before
		if nice, err := unix.Getpriority(unix.PRIO_PROCESS, number(t, m["Pid"])); err != nil || 20-nice > -10 {
			t.Errorf("thread %s has nice value %d, %v", m["Pid"], 20-nice, err)
		}
	}
	s.stop()
}

func number(t *testing.T, text string) int {
	t.Helper()
	n, err := strconv.Atoi(text)
	must(t, err)
	return n
}

// Without the right to capture it is said which is missing, and how to give it.
func TestWithoutTheRight(t *testing.T) {
	t.Parallel()
	n := newNets(t, pair)
	open(t)
	out, err := asNobody(n, false, program, "live", "-i", "m1").CombinedOutput()
	if exitCode(err) != 1 {
		t.Fatalf("%v: %s", err, out)
	}
	for _, want := range []string{"CAP_NET_RAW is missing", "sudo setcap cap_net_raw=ep " + program, "m1"} {
		if !strings.Contains(string(out), want) {
			t.Errorf("%q is not said: %s", want, out)
		}
	}
	out, err = asNobody(n, false, program, "doctor", "-i", "m1", "--for", "100ms").CombinedOutput()
	if err == nil || !regexp.MustCompile(`(?m)^FAIL  CAP_NET_RAW is missing`).Match(out) {
		t.Errorf("doctor: %v: %s", err, out)
	}
}

// systemd is told that the sensor is ready, reads its configuration, lives and stops.
func TestSystemd(t *testing.T) {
	t.Parallel()
	n := newNets(t, pair)
	path := filepath.Join(t.TempDir(), "notify")
	l, err := net.ListenUnixgram("unixgram", &net.UnixAddr{Name: path, Net: "unixgram"})
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	cmd := n.live()
	cmd.Env = append(os.Environ(), "NOTIFY_SOCKET="+path, "WATCHDOG_USEC=600000")
	s := start(t, cmd, nil)
	next := func(limit time.Duration, want string) bool {
		buf := make([]byte, 4096)
		for end := time.Now().Add(limit); time.Now().Before(end); {
			if err := l.SetReadDeadline(end); err != nil {
				t.Fatal(err)
			}
			n, err := l.Read(buf)
			if err == nil && regexp.MustCompile(want).Match(buf[:n]) {
				return true
			}
		}
		return false
	}
	for _, want := range []string{"^READY=1$", "^WATCHDOG=1$", "^STATUS=OK: "} {
		if !next(5*time.Second, want) {
			t.Errorf("%s did not come", want)
		}
	}
	s.signal(syscall.SIGHUP)
	for _, want := range []string{`^RELOADING=1\nMONOTONIC_USEC=\d+$`, "^READY=1$"} {
		if !next(5*time.Second, want) {
			t.Errorf("%s did not come", want)
		}
	}
	s.stop()
	if !next(time.Second, "^STOPPING=1$") {
		t.Error("STOPPING=1 did not come")
	}
}

// Doctor sees what the sensor would not: one direction only, nothing at all.
func TestDoctor(t *testing.T) {
	t.Parallel()
	half := strings.Replace(byMirred, "for h in client server", "for h in client", 1)
	for _, c := range []struct{ mirror, want string }{
		{byMirred, `(?m)^ok    input m1: both directions of mail traffic`},
		{half, `(?m)^FAIL  input m1: only one direction is seen \(\d+ packets to servers, 0 to clients\)`},
		{"", `(?m)^warn  input m1: (nothing arrived|too little mail traffic \(0 packets\))`},
	} {
		n := newNets(t, mirrored+c.mirror)
		n.serve()
		cmd := n.command("", program, "doctor", "-i", "m1", "--for", "1s")
		client := n.actor("client", "client", "user", "20", "20ms")
		if err := client.Start(); err != nil {
			t.Fatal(err)
		}
		out, _ := cmd.CombinedOutput()
		if !regexp.MustCompile(c.want).Match(out) {
			t.Errorf("no %s in\n%s", c.want, out)
		}
		if err := client.Wait(); err != nil {
			t.Error(err)
		}
	}
}
