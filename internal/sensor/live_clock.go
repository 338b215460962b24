package sensor

import (
	"time"

	"cleartap/capture"
)

// liveClock turns the stamps of live frames, which follow the wall clock, into
// packet time that only goes on: when somebody sets the wall clock, timers are not
// moved, and what is reported still carries the stamps of the frames.
type liveClock struct {
	read func() (wall capture.Nanos, mono time.Duration)

	skew   capture.Nanos // what is taken off a stamp to get packet time
	offset capture.Nanos // wall less monotonic time, when it was last looked at
	last   capture.Nanos // packet time of the last frame, or of the last idle moment
	seen   time.Duration // monotonic time of it
	steps  uint64
	begun  bool
}

// How far stamps may leap before the clocks are compared, and how far the
// clocks must have moved against each other for it to be a step.
const (
	suspicious = capture.Nanos(500 * time.Millisecond)
	leastStep  = capture.Nanos(200 * time.Millisecond)
)

// epoch is where monotonic time is counted from.
var epoch = time.Now()

func systemClocks() (capture.Nanos, time.Duration) {
	now := time.Now()
	return capture.Nanos(now.UnixNano()), now.Sub(epoch)
}

// stamp gives the packet time of a frame's stamp.
func (c *liveClock) stamp(t capture.Nanos) capture.Nanos {
	p := t - c.skew
	if d := p - c.last; d > suspicious || d < -suspicious {
		p = c.leap(t)
	}
	if p > c.last {
		c.last = p
	}
	return p
}

// leap looks whether a stamp far from the last one is due to a step of the wall clock.
func (c *liveClock) leap(t capture.Nanos) capture.Nanos {
	c.compare()
	return t - c.skew
}

// compare looks how wall and monotonic clock have moved against each other.
func (c *liveClock) compare() {
	wall, mono := c.read()
	offset := wall - capture.Nanos(mono)
	d := offset - c.offset
	if c.begun && (d > leastStep || d < -leastStep) {
		c.skew += d
		c.steps++
	}
	c.offset, c.begun = offset, true
}

// busy notes the moment of the last frame, from which idle time is counted.
func (c *liveClock) busy() {
	_, c.seen = c.read()
}

// idle gives packet time while no frame comes: it goes on with the monotonic clock.
func (c *liveClock) idle() capture.Nanos {
	wall, mono := c.read()
	if c.last == 0 {
		c.compare()
		c.last = wall - c.skew
	} else if d := capture.Nanos(mono - c.seen); d > 0 {
		c.last += d
	}
	c.seen = mono
	return c.last
}

// back gives the stamp of a moment in packet time, for reports.
func (c *liveClock) back(t capture.Nanos) capture.Nanos {
	if t == 0 {
		return 0
	}
	return t + c.skew
}
