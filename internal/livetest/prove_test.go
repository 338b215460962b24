//go:build linux

package livetest

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"cleartap/capture"
	"cleartap/capture/afpacket"
	"cleartap/detectors/all"
	sense "cleartap/internal/sensor"
)

// prove says whether the long forms were asked for, by make prove.
func prove() bool { return os.Getenv("CLEARTAP_PROVE") != "" }

// soakTime is how long a soak lasts: CLEARTAP_PROVE may say it.
func soakTime() time.Duration {
	if d, err := time.ParseDuration(os.Getenv("CLEARTAP_PROVE")); err == nil {
		return d
	}
	return either(30*time.Minute, 6*time.Second)
}

// either gives the long form's value, or the short one's.
func either[T any](long, short T) T {
	if prove() {
		return long
	}
	return short
}

// sent is what a flood says in the end.
type sent struct {
	frames, logins uint64
	seconds        float64
}

func (n *nets) flooded(args ...string) sent {
	n.t.Helper()
	out, err := n.actor("", "flood", args...).Output()
	if err != nil {
		n.t.Fatalf("flood %q: %v", args, err)
	}
	var s sent
	if _, err := fmt.Sscan(string(out), &s.frames, &s.logins, &s.seconds); err != nil {
		n.t.Fatal(err)
	}
	return s
}

// As many frames as one or two senders can offer: the kernel drops next to none, and
// the logins among them are found.
func TestHighestRate(t *testing.T) {
	for _, senders := range []int{1, 2} {
		n := newNets(t, pair)
		s := n.sensor("--workers", "1", "--ring", "64MiB", "--usernames", "none")
		results := make(chan sent)
		for i := range senders {
			go func() {
				results <- n.flooded("m0", "mix", "64", fmt.Sprint(i+1), "0", either("20s", "1s"))
			}()
		}
		var all sent
		for range senders {
			r := <-results
			all.frames, all.logins, all.seconds = all.frames+r.frames, all.logins+r.logins, max(all.seconds, r.seconds)
		}
		time.Sleep(500 * time.Millisecond)
		cpu := cpuTime(t, s.cmd.Process.Pid)
		s.stop()
		h := s.health()
		share := float64(h.Drops) / float64(all.frames)
		t.Logf("%d senders: %d frames in %.1f s, %.2f million/s; %d passed the filter, %d dropped (%.5f %%); %d logins told of %d or more; the sensor took %v of CPU, %v a frame that it got",
			senders, all.frames, all.seconds, float64(all.frames)/all.seconds/1e6, h.Packets, h.Drops, 100*share, len(s.all()), all.logins, cpu.Round(time.Millisecond), cpu/time.Duration(max(1, h.Packets)))
		if share > .00001 {
			t.Errorf("%d senders: %.5f %% dropped", senders, 100*share)
		}
		if uint64(len(s.all())) < all.logins*99/100 {
			t.Errorf("%d senders: %d logins of %d", senders, len(s.all()), all.logins)
		}
	}
}

// cpuTime is what a process has used.
func cpuTime(t *testing.T, pid int) time.Duration {
	t.Helper()
	b, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		t.Fatal(err)
	}
	f := strings.Fields(string(b[strings.LastIndexByte(string(b), ')')+1:]))
	var user, system int
	if _, err := fmt.Sscan(f[11]+" "+f[12], &user, &system); err != nil {
		t.Fatal(err)
	}
	return time.Duration(user+system) * 10 * time.Millisecond
}

// A long run at a steady rate, with new flows throughout: memory, descriptors and
// threads stay what they were, and nothing is dropped.
func TestSoak(t *testing.T) {
	n := newNets(t, pair)
	s := n.sensor("--usernames", "none", "--workers", "2", "--suppress", either("1m", "0"), "--alert-rate", "100") // without summaries the end of the short form is short
	long := soakTime()
	done := make(chan sent, 1)
	go func() {
		done <- n.flooded("m0", "logins", either("200", "30"), "3", either("50000", "20000"), long.String())
	}()
	var rss, fds, threads []float64
	every := long / 60
	for range 58 {
		time.Sleep(every)
		m := status(t, s)[0]
		var kb float64
		if _, err := fmt.Sscan(m["VmRSS"], &kb); err != nil {
			t.Fatal(err)
		}
		open, err := filepath.Glob(fmt.Sprintf("/proc/%d/fd/*", s.cmd.Process.Pid))
		if err != nil {
			t.Fatal(err)
		}
		var th float64
		if _, err := fmt.Sscan(m["Threads"], &th); err != nil {
			t.Fatal(err)
		}
		rss, fds, threads = append(rss, kb/1024), append(fds, float64(len(open))), append(threads, th)
	}
	offered := <-done
	time.Sleep(500 * time.Millisecond)
	cpu := cpuTime(t, s.cmd.Process.Pid)
	s.stop()
	h := s.health()
	half := len(rss) / 2
	t.Logf("%d frames in %.0f s (%.0f/s), %d logins: %d dropped, %d flows, %d alerts; RSS %.1f MiB in the first half, %.1f in the second, %.1f at most (rings included); %.0f to %.0f descriptors, %.0f to %.0f threads; CPU %v, %v a frame; state %s",
		offered.frames, offered.seconds, float64(offered.frames)/offered.seconds, offered.logins, h.Drops, h.Flows.Started, h.Alerts.Sent,
		mean(rss[half/2:half]), mean(rss[half:]), slices.Max(rss), slices.Min(fds), slices.Max(fds), slices.Min(threads), slices.Max(threads),
		cpu.Round(time.Millisecond), cpu/time.Duration(max(1, h.Packets)), h.State)
	if h.Drops > 0 || h.Panics > 0 || h.Queues[0].Lost > 0 {
		t.Errorf("health %+v", h)
	}
	if prove() && mean(rss[half:]) > 1.1*mean(rss[half/2:half])+4 {
		t.Errorf("memory grows: %.1f", rss)
	}
	if slices.Max(fds) > fds[len(fds)/6]+2 || prove() && slices.Max(threads) > threads[len(threads)/6]+3 {
		t.Errorf("descriptors %v, threads %v", fds, threads)
	}
}

func mean(v []float64) (m float64) {
	for _, x := range v {
		m += x / float64(len(v))
	}
	return m
}

// enter moves the test's thread into the network of nets. The thread is not used again.
func (n *nets) enter() {
	n.t.Helper()
	runtime.LockOSThread()
	fd, err := unix.Open(fmt.Sprintf("/proc/%d/ns/net", n.pid), unix.O_RDONLY|unix.O_CLOEXEC, 0)
	if err != nil {
		n.t.Fatal(err)
	}
	defer unix.Close(fd)
	if err := unix.Setns(fd, unix.CLONE_NEWNET); err != nil {
		n.t.Fatal(err)
	}
}

// timed is a source that notes when the first and the n-th frame were asked for.
type timed struct {
	capture.Live
	n, left    uint64
	begin, end time.Time
	cpu        time.Duration
}

func (s *timed) Next(f *capture.Frame) error {
	if s.left == s.n {
		s.begin, s.cpu = time.Now(), ownCPU()
	}
	err := s.Live.Next(f)
	if err == nil && s.left > 0 {
		if s.left--; s.left == 0 {
			s.end, s.cpu = time.Now(), ownCPU()-s.cpu
		}
	}
	return err
}

func ownCPU() time.Duration {
	var u unix.Rusage
	if unix.Getrusage(unix.RUSAGE_SELF, &u) != nil {
		return 0
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

// nobody takes what a sensor tells.
type nobody struct{ observations int }

func (r *nobody) Observation(*sense.LiveObservation) { r.observations++ }
func (r *nobody) Notice(sense.Notice)                {}
func (r *nobody) Health(*sense.Health)               {}
func (r *nobody) Tick()                              {}
func (r *nobody) Settle()                            {}

// A ring that was filled before anybody read it is drained by one core through the
// whole pipeline.
func TestDrain(t *testing.T) {
	n := newNets(t, pair)
	n.enter()
	before := runtime.NumGoroutine()
	ring := either(1<<30, 128<<20)
	src := &timed{}
	ports := capture.MailPorts()
	live, err := sense.OpenLive(sense.LiveConfig{
		Config: sense.Config{Ports: ports, Protocols: all.Protocols()}, Inputs: [][]string{{"m1"}}, Workers: 1,
		Open: func(tap sense.Tap) (capture.Live, error) {
			s, err := afpacket.Open(afpacket.Config{Interfaces: tap.Interfaces, Ring: ring, Promiscuous: true})
			src.Live = s
			return src, err
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	offered := n.flooded("m0", "mix", fmt.Sprint(ring*5/8>>20), "1", "0", "0s")
	time.Sleep(100 * time.Millisecond)
	st := src.Stats()
	src.n = st.Packets - st.Drops
	src.left = src.n
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
	defer cancel()
	live.Run(ctx, &nobody{}, nil)
	for end := time.Now().Add(time.Second); runtime.NumGoroutine() > before; time.Sleep(time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("%d goroutines are left of the sensor", runtime.NumGoroutine()-before)
		}
	}
	took := src.end.Sub(src.begin)
	if src.left != 0 || took <= 0 {
		t.Fatalf("%d of %d frames were not read", src.left, src.n)
	}
	// What a core does is told by its time, not by the clock: others use it as well.
	rate := float64(src.n) / src.cpu.Seconds() / 1e6
	t.Logf("%d of %d frames (%d dropped) drained in %v of CPU, %v by the clock: %.2f million for each second of a core, %v a frame",
		src.n, offered.frames, st.Drops, src.cpu.Round(time.Millisecond), took.Round(time.Millisecond), rate, src.cpu/time.Duration(src.n))
	if least := either(5.0, .5); rate < least {
		t.Errorf("%.2f million frames/s, want %.1f", rate, least)
	}
}
