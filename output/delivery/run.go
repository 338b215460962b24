package delivery

import (
	"context"
	"errors"
	"io"
	"time"

	"cleartap/output"
)

// run is the goroutine of the sink.
func (d *Delivery) run() {
	defer close(d.ended)
	for d.fill() && d.round() {
	}
	d.voice.tell(time.Now(), true)
	_ = d.cfg.Sink.Close() // what counts was acknowledged, or was not
}

// fill takes records from the source. It waits for some when there are none under
// way. False: it is over.
func (d *Delivery) fill() bool {
	if room := d.cfg.Window - len(d.win.entries); room > 0 && !d.sourced {
		next, cancel := d.patience()
		items, err := d.cfg.Source.Next(next, min(room, d.cfg.Batch))
		cancel()
		switch {
		case len(items) > 0:
			d.take(items)
			return true
		case errors.Is(err, io.EOF):
			d.sourced = true
		case d.draining() && d.win.waiting == 0 && errors.Is(err, context.DeadlineExceeded):
			d.sourced = true // it is dry
		}
	}
	if d.sourced && d.win.waiting == 0 {
		d.update(func(s *Stats) { s.Finished = true })
		return false
	}
	return d.ctx.Err() == nil
}

func (d *Delivery) take(items []Item) {
	if d.win.waiting == 0 {
		d.moved = time.Now()
	}
	d.win.add(items)
	d.update(func(s *Stats) { s.Waiting = d.win.waiting })
}

const (
	glance   = time.Millisecond      // how long a source is waited for while records are under way
	dryAfter = 20 * time.Millisecond // how long a source gives nothing until it counts as dry when draining
	nap      = 50 * time.Millisecond // how long new records wait while single ones rest
)

// patience is how long to wait for records.
func (d *Delivery) patience() (context.Context, context.CancelFunc) {
	switch {
	case d.win.waiting > 0:
		return context.WithTimeout(d.ctx, glance)
	case d.draining():
		return context.WithTimeout(d.ctx, dryAfter)
	}
	return d.idle, func() {}
}

func (d *Delivery) draining() bool { return d.idle.Err() != nil }

// round sends what is due, or waits until something is. False: it is over.
func (d *Delivery) round() bool {
	d.dropUnreadable()
	now := time.Now()
	d.voice.tell(now, false)
	if d.win.waiting == 0 {
		return true
	}
	if d.draining() && !d.last { // one more try at once
		d.last, d.notTill = true, now
		d.win.ready()
	}
	batch, next := d.win.due(now, d.cfg.Batch)
	wait := d.notTill.Sub(now)
	if len(batch) == 0 {
		wait = max(wait, next.Sub(now))
	}
	kept := d.last && d.cfg.GiveUp == 0 // the source keeps what the sink does not take now
	switch {
	case wait <= 0:
		return (d.send(batch) || !kept) && d.ctx.Err() == nil && !d.giveUp(time.Now())
	case kept:
		return false
	}
	if len(batch) == 0 && len(d.win.entries) < d.cfg.Window { // the sink works, only single records rest
		wait = min(wait, nap)
	}
	return d.rest(min(wait, d.untilGiveUp(now))) && !d.giveUp(time.Now())
}

// rest waits, until draining begins at most.
func (d *Delivery) rest(wait time.Duration) bool {
	t := time.NewTimer(wait)
	defer t.Stop()
	draining := d.idle.Done()
	if d.last {
		draining = nil
	}
	select {
	case <-t.C:
	case <-draining:
	case <-d.ctx.Done():
	}
	return d.ctx.Err() == nil
}

// dropUnreadable settles records that are no documents: damage that the source did not find.
func (d *Delivery) dropUnreadable() {
	for i := range d.win.entries {
		if e := &d.win.entries[i]; !e.settled && len(e.JSON) == 0 {
			d.bury(i, output.Verdict{Status: "unreadable", Kind: "no_document"})
		}
	}
	d.advance()
}

// send sends a batch and settles what can be. It reports whether anything was.
func (d *Delivery) send(batch []int) bool {
	begun := time.Now()
	verdicts, fault := d.call(d.win.records(batch))
	now := time.Now()
	n := tally{whole: len(verdicts) == 0}
	for k, i := range batch {
		v := output.Verdict{}
		if k < len(verdicts) {
			v = verdicts[k]
		}
		d.judge(now, i, v, &n)
	}
	d.advance()
	progress := n.done+n.dead > 0
	if d.ctx.Err() != nil && !progress {
		return false // it was stopped: that says nothing of the sink
	}
	d.update(func(s *Stats) {
		s.Sends++
		s.Delivered += n.done
		s.Duplicates += n.duplicates
		s.Dead += n.dead
		s.Retries += n.left
		s.Slowest = max(s.Slowest, now.Sub(begun))
		if n.done > 0 {
			s.LastDone = now
		}
	})
	d.conclude(now, progress, &n, fault)
	d.voice.tell(now, false) // it may be long until the next record
	return progress
}

// tally counts the verdicts of one Send.
type tally struct {
	done, duplicates, dead, left uint64
	held                         bool
	whole                        bool   // it was about the sink as a whole, not about single records
	status, kind                 string // of the first that was not settled
}

// call calls the sink. A panic of it is a fault of this sink alone; what was
// thrown may quote a record and is dropped.
func (d *Delivery) call(records []output.Record) (verdicts []output.Verdict, fault *output.Fault) {
	ctx, cancel := context.WithTimeout(d.ctx, sendLimit)
	defer cancel()
	defer func() {
		if recover() != nil {
			verdicts, fault = nil, &output.Fault{Cause: "a fault of the program in this output", Cure: "please report it"}
		}
	}()
	verdicts, err := d.cfg.Sink.Send(ctx, records)
	if err != nil && !errors.As(err, &fault) {
		fault = &output.Fault{Cause: "it failed without a reason"} // the error's text is not ours to quote
	}
	return verdicts, fault
}

// judge does with one record what its verdict says.
func (d *Delivery) judge(now time.Time, i int, v output.Verdict, n *tally) {
	e := &d.win.entries[i]
	n.whole = n.whole || e.tries == 0
	switch v.Outcome {
	case output.Done:
		n.done++
		if v.Duplicate {
			n.duplicates++
		}
		d.win.settle(i)
		return
	case output.Dead:
		n.dead++
		d.bury(i, v)
		return
	case output.Hold:
		n.held = true
		e.due = now.Add(d.cfg.Pace.hold())
	default:
		e.due = now.Add(d.cfg.Pace.backoff(e.tries + 1))
	}
	e.tries++
	if n.left++; n.left == 1 {
		n.status, n.kind = v.Status, v.Kind
	}
}

// bury leaves a dead letter.
func (d *Delivery) bury(i int, v output.Verdict) {
	d.cfg.Source.DeadLetter(d.win.entries[i].ID, v.Status, v.Kind)
	d.voice.refused(v.Status, v.Kind)
	d.win.settle(i)
}

// advance tells the source what is settled.
func (d *Delivery) advance() {
	if seq := d.win.shift(); seq > 0 {
		_ = d.cfg.Source.Done(seq) // it was given, so it can be done
	}
	d.update(func(s *Stats) { s.Waiting = d.win.waiting })
}

func (d *Delivery) update(f func(*Stats)) {
	d.mu.Lock()
	defer d.mu.Unlock()
	f(&d.stats)
}
