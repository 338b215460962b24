//go:build linux

package livetest

import (
	"strings"
	"testing"
	"time"
)

// jumbo is a pair of interfaces with room for tunnels.
const jumbo = pair + "; for i in m0 m1; do ip link set $i mtu 9000; done"

// The workers share what comes in tunnels by the inner addresses: however the outer ones
// differ by direction, no flow is split, and all logins are told with their outcome.
func TestTunnelsAreShared(t *testing.T) {
	t.Parallel()
	_, truth, err := generated("logins", 1<<20, 5)
	must(t, err)
	n := newNets(t, jumbo)
	for kind := range tunnels {
		s := n.sensor("--workers", "3")
		runTunnel(t, n, kind, "1", "5")
		s.until(5*time.Second, "all logins in "+kind, func() bool { return len(s.all()) >= int(truth.Logins) })
		s.stop()
		if h := s.health(); h.Flows.Half != 0 || h.Drops != 0 || strings.Contains(s.said(), "both directions of a flow") {
			t.Errorf("%s: health %+v", kind, h)
		}
		if n := unknown(s.all()); n*10 > len(s.all()) {
			t.Errorf("%s: the outcome of %d logins is unknown", kind, n)
		}
	}
}

// unknown counts logins without an outcome.
func unknown(all []alert) (n int) {
	for _, a := range all {
		if a.Event.Outcome == "unknown" {
			n++
		}
	}
	return n
}

func runTunnel(t *testing.T, n *nets, kind, megabytes, seed string) {
	t.Helper()
	if out, err := n.actor("", "tunnel", "m0", kind, megabytes, "20000", seed).CombinedOutput(); err != nil {
		t.Fatalf("%s: %v: %s", kind, err, out)
	}
}

// byVXLAN copies what comes in from either host into a VXLAN of the kernel's, which comes
// out of t1.
const byVXLAN = `
ip link add t0 type veth peer name t1; ip link set t0 mtu 1600 up; ip link set t1 mtu 1600 up
ip addr add 10.8.0.1/24 dev t0; ip neigh add 10.8.0.2 lladdr 02:00:00:00:00:02 dev t0
ip link add vx0 type vxlan id 7 dstport 4789 local 10.8.0.1 remote 10.8.0.2 dev t0; ip link set vx0 up
for i in 1 2 3 4 5 6 7 8 9; do ip -n client addr add 10.9.0.1$i/24 dev eth0; done
for h in client server; do
  tc qdisc add dev $h clsact
  tc filter add dev $h ingress u32 match u32 0 0 action mirred egress mirror dev vx0
done
`

// A real mirror by a real tunnel: the kernel's VXLAN carries copies of real connections.
func TestMirrorInVXLAN(t *testing.T) {
	t.Parallel()
	n := newNets(t, mirrored+byVXLAN)
	n.serve()
	s := start(t, n.command("", program, "live", "-i", "t1", "--workers", "3", "--format", "jsonl", "--suppress", "0", "--stats-interval", "1s"), nil)
	runClient(t, n, "user", "27", "0s", "9")
	s.until(5*time.Second, "logins", func() bool { return len(s.all()) >= 27 })
	s.stop()
	same(t, s.names(), wants("user", 27))
	if h := s.health(); h.Flows.Half != 0 || h.Panics != 0 {
		t.Errorf("health %+v", h)
	}
}

// What the kernel cannot share by flow, here tunnels in tunnels in tunnels, splits flows:
// that is noticed on live flows, one worker goes on alone, and finds what comes.
func TestTunnelSplitsFlows(t *testing.T) {
	t.Parallel()
	const deep = "vxlan,gre,vxlan"
	n := newNets(t, jumbo)
	s := n.sensor("--workers", "3")
	runTunnel(t, n, deep, "4", "5")
	s.await("does not keep both directions of a flow together", 5*time.Second)
	time.Sleep(500 * time.Millisecond)
	before := len(s.all())
	runTunnel(t, n, deep, "2", "6")
	_, truth, err := generated("logins", 2<<20, 6)
	must(t, err)
	s.until(5*time.Second, "all logins", func() bool { return len(s.all())-before >= int(truth.Logins) })
	s.stop()
	h, later := s.health(), s.all()[before:]
	t.Logf("%d half flows; then %d logins of %d, %d without an outcome", h.Flows.Half, len(later), truth.Logins, unknown(later))
	if h.Flows.Half == 0 || h.State != "DEGRADED" || unknown(later)*10 > len(later) {
		t.Errorf("health %+v", h)
	}
}
