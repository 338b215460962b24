//go:build linux

package livetest

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
	"time"
)

// Whatever happens to an interface, in whatever order (down and up, removed and made anew,
// renamed and back, another MTU), the sensor goes on within two seconds of its return, and
// uses next to no CPU while it is away.
func TestInterfaceStorm(t *testing.T) {
	t.Parallel()
	n := newNets(t, mirrored+byMirred)
	n.serve()
	s := n.sensor("--workers", "2")
	random := rand.New(rand.NewPCG(11, 1))
	gone := 0
	away := func(down, up string) {
		t.Helper()
		gone++
		n.sh(down)
		s.until(3*time.Second, "the loss", func() bool { return strings.Count(s.said(), "interface is gone") >= gone })
		cpu, begun := cpuTime(t, s.cmd.Process.Pid), time.Now()
		time.Sleep(time.Duration(50+random.IntN(1000)) * time.Millisecond)
		if used := cpuTime(t, s.cmd.Process.Pid) - cpu; used > time.Since(begun)/20+20*time.Millisecond { // it is told in steps of 10 ms
			t.Errorf("%v of CPU in %v without the interface", used, time.Since(begun))
		}
		n.sh(up)
		s.until(2*time.Second, "the return", func() bool { return strings.Count(s.said(), "interface is back") >= gone })
	}
	const renewed = "ip link add m0 type veth peer name m1; ip link set m0 up; ip link set m1 up\nfor h in client server; do tc qdisc del dev $h clsact; done" + byMirred
	events := []func(){
		func() { away("ip link set m1 down", "ip link set m1 up") },
		func() { away("ip link del m1", renewed) },
		func() {
			away("ip link set m1 down; ip link set m1 name other", "ip link set other name m1; ip link set m1 up")
		},
		func() { n.sh(fmt.Sprintf("ip link set m1 mtu %d; ip link set m0 mtu 1500", 1500+random.IntN(4000))) },
	}
	rounds := either(100, 6)
	for i := range rounds {
		events[i%len(events)]()
		if i >= 4 { // in any order, once all have been seen
			events[random.IntN(len(events))]()
		}
		n.link()
		have := len(s.all())
		runClient(t, n, fmt.Sprintf("round%d-", i), "1", "0s")
		s.until(2*time.Second, "the login", func() bool { return len(s.all()) == have+1 })
	}
	s.stop()
	if h := s.health(); h.Gaps.Interfaces != uint64(2*gone) || h.Panics != 0 {
		t.Errorf("%d gaps of two workers for %d losses: %+v", h.Gaps.Interfaces, gone, h)
	}
}
