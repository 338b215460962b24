package delivery

import (
	"strings"
	"time"

	"cleartap/output"
)

// conclude says what a Send means for the sink as a whole: when it is tried again
// and what is told.
func (d *Delivery) conclude(now time.Time, progress bool, n *tally, fault *output.Fault) {
	if progress {
		d.tries, d.moved, d.notTill = 0, now, time.Time{}
	}
	if n.left == 0 {
		if !d.win.troubled() {
			d.voice.well(now)
			d.state(now, Working, "")
		}
		return
	}
	if fault == nil {
		fault = faultOf(n)
	}
	held := fault.Hold || n.held
	if !progress && n.whole {
		d.tries++
		rest := d.cfg.Pace.backoff(d.tries)
		if held {
			rest = d.cfg.Pace.hold()
		}
		d.notTill = now.Add(max(rest, min(fault.After, longestAsked)))
		d.win.ready()
	}
	d.voice.fault(now, held, fault.Error())
	if held {
		d.state(now, Held, fault.Error())
		return
	}
	d.state(now, Failing, fault.Error())
}

// faultOf words what verdicts say when the sink gave no fault.
func faultOf(n *tally) *output.Fault {
	f := &output.Fault{Cause: "it did not take all records", Hold: n.held}
	if why := strings.TrimSpace(n.status + " " + n.kind); why != "" {
		f.Cause += " (" + why + ")"
	}
	return f
}

func (d *Delivery) state(now time.Time, state State, cause string) {
	d.update(func(s *Stats) {
		if s.State != state {
			s.Since = now
		}
		s.State, s.Cause = state, cause
	})
}

// untilGiveUp is how long it is until patience ends.
func (d *Delivery) untilGiveUp(now time.Time) time.Duration {
	if d.cfg.GiveUp == 0 {
		return 24 * time.Hour
	}
	return max(0, d.cfg.GiveUp-now.Sub(d.moved))
}

// giveUp ends the service of a sink that takes nothing, when nobody is there who
// would keep the records.
func (d *Delivery) giveUp(now time.Time) bool {
	s := d.Stats()
	if d.cfg.GiveUp == 0 || s.State == Working || s.State != Held && d.untilGiveUp(now) > 0 {
		return false
	}
	d.voice.say(Event{Kind: SinkGaveUp, Text: s.Cause, Records: uint64(d.win.waiting)})
	d.state(now, GaveUp, s.Cause)
	d.cfg.Source.Abandon()
	return true
}
