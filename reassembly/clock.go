package reassembly

import "cleartap/capture"

// unitShift makes the unit of idle times and timers: 2^24 ns, about 17 ms.
const unitShift = 24

// The clock is packet time. Captures have stamps that go back a little (several
// taps), that go back for good or leap by months (files put together), and
// single stamps that are wrong. What is out of step is believed only when
// packets keep saying it.
const (
	backStep    = capture.Nanos(10e9)        // further back than this is a step, less is jitter
	forwardStep = capture.Nanos(24 * 3600e9) // further ahead than this is a step
	backPackets = 256
	nextPackets = 16
)

type clock struct {
	now   capture.Nanos // never while no packet came
	unit  uint32
	odd   int // packets in a row that were out of step the same way
	ahead bool
	steps uint64
}

// never is before all packets, and too long ago for any of them to be in step with it.
const never = capture.Nanos(-1 << 62)

// advance takes the time of a packet.
func (c *clock) advance(t capture.Nanos) {
	if uint64(t-c.now) > uint64(forwardStep) {
		c.outOfStep(t)
		return
	}
	c.moveTo(t)
}

func (c *clock) outOfStep(t capture.Nanos) {
	if c.now == never {
		c.moveTo(t)
		return
	}
	d := t - c.now
	if d < 0 && d >= -backStep {
		c.odd = 0
		return
	}
	if ahead := d > 0; ahead != c.ahead {
		c.ahead, c.odd = ahead, 0
	}
	c.odd++
	if (c.ahead && c.odd >= nextPackets) || c.odd >= backPackets {
		c.moveTo(t)
		c.steps++
	}
}

func (c *clock) moveTo(t capture.Nanos) {
	c.now = t
	c.unit = uint32(t >> unitShift)
	c.odd = 0
}

// idle is how long ago a unit was; after a step back it was never long ago.
func (c *clock) idle(last uint32) uint32 {
	d := c.unit - last
	if int32(d) < 0 {
		return 0
	}
	return d
}

// since is how long ago a time was. After a step back it is for ever ago, so
// that nothing waits for a time that does not come.
func (c *clock) since(t capture.Nanos) capture.Nanos {
	if d := c.now - t; d >= 0 {
		return d
	}
	return 1 << 62
}
