package sensor

import (
	"testing"
	"time"

	"cleartap/capture"
)

// fakeClocks are a wall clock that somebody can set, and one that only goes on.
type fakeClocks struct {
	wall capture.Nanos
	mono time.Duration
}

func (f *fakeClocks) read() (capture.Nanos, time.Duration) { return f.wall, f.mono }

func (f *fakeClocks) pass(d time.Duration) {
	f.wall += capture.Nanos(d)
	f.mono += d
}

func TestStepsOfTheWallClockMoveNoTimer(t *testing.T) {
	for _, step := range []time.Duration{time.Second, -time.Second, time.Hour, -time.Hour, -24 * time.Hour, 10 * 365 * 24 * time.Hour} {
		f := &fakeClocks{wall: 1e18}
		c := liveClock{read: f.read}
		c.compare()
		c.busy()
		var last capture.Nanos
		for i := range 200 {
			f.pass(10 * time.Millisecond)
			if i == 100 {
				f.wall += capture.Nanos(step)
			}
			p := c.stamp(f.wall)
			if i > 0 && (p-last < 0 || p-last > capture.Nanos(20*time.Millisecond)) {
				t.Fatalf("step of %v: packet time went from %d to %d", step, last, p)
			}
			if c.back(p) != f.wall {
				t.Fatalf("step of %v: the stamp is told as %d, it was %d", step, c.back(p), f.wall)
			}
			last = p
		}
		if c.steps != 1 {
			t.Errorf("step of %v: %d steps counted", step, c.steps)
		}
	}
}

// A pause in the traffic is no step, and time goes on in it.
func TestIdleTimeGoesOn(t *testing.T) {
	f := &fakeClocks{wall: 1e18}
	c := liveClock{read: f.read}
	c.compare()
	first := c.stamp(f.wall)
	c.busy()
	for range 50 {
		f.pass(200 * time.Millisecond)
		f.wall -= capture.Nanos(time.Minute) // somebody plays with the clock all the while
		c.idle()
	}
	if d := time.Duration(c.last - first); d != 10*time.Second {
		t.Errorf("idle time of %v", d)
	}
	f.pass(time.Millisecond)
	if p := c.stamp(f.wall); time.Duration(p-first) < 10*time.Second || time.Duration(p-first) > 10*time.Second+10*time.Millisecond {
		t.Errorf("the next packet is at %v", time.Duration(p-first))
	}
	var fresh liveClock
	fresh.read = f.read
	if got := fresh.idle(); got != f.wall {
		t.Errorf("without any packet it is %d, want %d", got, f.wall)
	}
	if fresh.back(0) != 0 {
		t.Error("no time became one")
	}
}

// Slow corrections of the clock are followed.
func TestSlewIsNoStep(t *testing.T) {
	f := &fakeClocks{wall: 1e18}
	c := liveClock{read: f.read}
	c.compare()
	for range 1000 {
		f.pass(time.Second)
		f.wall += capture.Nanos(time.Millisecond)
		if p := c.stamp(f.wall); p != f.wall {
			t.Fatalf("packet time %d at %d", p, f.wall)
		}
	}
	if c.steps != 0 {
		t.Errorf("%d steps", c.steps)
	}
}
