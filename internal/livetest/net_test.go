//go:build linux

package livetest

import (
	"fmt"
	"io"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// nets is a set of network namespaces that only the test sees: their names live in a
// mount namespace of their own, and all of it goes with one process.
type nets struct {
	t    *testing.T
	pid  int
	hold io.Closer
}

// newNets makes it. script is run inside by a shell with ip(8); it may make
// namespaces by "ip netns add".
func newNets(t *testing.T, script string) *nets {
	t.Helper()
	first := exec.Command("cat")
	first.SysProcAttr = &unix.SysProcAttr{Cloneflags: unix.CLONE_NEWNET | unix.CLONE_NEWNS}
	hold, err := first.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := first.Start(); err != nil {
		t.Fatal(err)
	}
	n := &nets{t: t, pid: first.Process.Pid, hold: hold}
	t.Cleanup(func() {
		_ = hold.Close()
		_ = first.Wait()
	})
	n.sh("mount --make-rprivate / && mkdir -p /run/netns && mount -t tmpfs tmpfs /run/netns && ip link set lo up")
	n.sh(script)
	return n
}

// command prepares a program inside; where is a namespace made by the script, or "".
func (n *nets) command(where string, args ...string) *exec.Cmd {
	all := []string{"--target", fmt.Sprint(n.pid), "--net", "--mount"}
	if where != "" {
		all = append(all, "ip", "netns", "exec", where)
	}
	return exec.Command("nsenter", append(all, args...)...)
}

// sh runs a script inside.
func (n *nets) sh(script string) string {
	n.t.Helper()
	out, err := n.command("", "sh", "-ec", script).CombinedOutput()
	if err != nil {
		n.t.Fatalf("%s: %v\n%s", script, err, out)
	}
	return string(out)
}

// actor is this test's own program in a role, see play.
func (n *nets) actor(where, role string, args ...string) *exec.Cmd {
	self, err := os.Executable()
	if err != nil {
		n.t.Fatal(err)
	}
	cmd := n.command(where, append([]string{self}, args...)...)
	cmd.Env = append(os.Environ(), "CLEARTAP_TEST_ROLE="+role)
	return cmd
}

// sensor runs the program on interface m1.
func (n *nets) sensor(more ...string) *sensor {
	n.t.Helper()
	return start(n.t, n.live(more...), nil)
}

// live is the command of the program on interface m1, every alert told.
func (n *nets) live(more ...string) *exec.Cmd {
	args := append([]string{program, "live", "-i", "m1", "--format", "jsonl", "--suppress", "0", "--alert-rate", "1000000", "--stats-interval", "1s"}, more...)
	return n.command("", args...)
}

// mirrored is a network of a client and a server whose frames the kernel copies to
// m1: by mirred, or by nftables.
const mirrored = `
ip netns add client; ip netns add server
for h in client server; do
  ip link add $h type veth peer name eth0 netns $h
  ip link set $h up
  ip -n $h link set lo up
done
ip link add br0 type bridge; ip link set br0 up
ip link set client master br0; ip link set server master br0
ip -n client addr add 10.9.0.1/24 dev eth0; ip -n client link set eth0 up
ip -n server addr add 10.9.0.2/24 dev eth0; ip -n server link set eth0 up
ip link add m0 type veth peer name m1
ip link set m0 up; ip link set m1 up
`

// byMirred copies what comes in from either host.
const byMirred = `
for h in client server; do
  tc qdisc add dev $h clsact
  tc filter add dev $h ingress u32 match u32 0 0 action mirred egress mirror dev m0
done
`

// link waits until the veths carry packets.
func (n *nets) link() { time.Sleep(100 * time.Millisecond) }

// talk starts a server, and gives the command of a client that makes count logins.
func (n *nets) serve() {
	n.t.Helper()
	cmd := n.actor("server", "server")
	out, err := cmd.StdoutPipe()
	if err != nil {
		n.t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		n.t.Fatal(err)
	}
	n.t.Cleanup(func() {
		_ = cmd.Process.Kill()
		_ = cmd.Wait()
	})
	buf := make([]byte, 16)
	if _, err := out.Read(buf); err != nil || !strings.HasPrefix(string(buf), "ready") {
		n.t.Fatalf("the server does not start: %v", err)
	}
}
