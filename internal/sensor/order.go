package sensor

import (
	"context"
	"sync"
	"time"

	"cleartap/capture"
	"cleartap/detectors"
)

// window is how many captures may be under way or waiting for their turn: what
// workers that run ahead may pile up is bounded by it.
const window = 32

// batchSize is how many findings travel together, batches how many of these
// may wait in a lane. A collector that is faster than the worker sleeps behind each
// batch, and to wake it costs as much as thirty findings: so batches are large.
// They begin small, for captures that give little.
const (
	batchSize  = 1024
	smallBatch = 32
	batches    = 2
)

// handed is what a worker hands over: a finding, or an observation that no rule is about.
type handed struct {
	detectors.Finding
	known bool // the receiver knows it: it is for the signals alone
}

// batch is what a worker hands over at a time: findings, then a problem that
// came after them.
type batch struct {
	findings []handed
	files    []string // that the File of the findings' marks is an index into
	problem  *capture.Problem
}

// lane carries what one capture gives from its worker to the collector. A
// worker that gets ahead of the collector waits, also when the scan was called
// off: results so far are not lost.
type lane struct {
	out   chan batch
	free  chan []handed // slices for use again, shared by all lanes
	files []string      // of the source that is being read
	eager bool          // it may pause at any time: each finding goes at once
	next  []handed
}

// finding takes a copy of f.
func (l *lane) finding(f *detectors.Finding) {
	l.place().Finding = *f
	l.placed()
}

// observation takes a copy of o, and the rule that is about it, if there is one.
func (l *lane) observation(o *detectors.Observation, r *detectors.Rule, s detectors.Severity, known bool) {
	if n := len(l.next); n > 0 && r == nil && endsWith(&l.next[n-1].Finding, o) {
		return
	}
	f := l.place()
	f.Observation = *o
	f.Rule, f.Severity, f.known = r, s, known
	l.placed()
}

// place gives a cleared finding of the batch at hand, to be filled in.
func (l *lane) place() *handed {
	if l.next == nil {
		select {
		case l.next = <-l.free:
		default:
			l.next = make([]handed, 0, smallBatch)
		}
	}
	n := len(l.next)
	if n == cap(l.next) {
		l.next = append(make([]handed, 0, min(4*n, batchSize)), l.next...)
	}
	l.next = l.next[:n+1]
	return &l.next[n]
}

// placed says that the finding was filled in.
func (l *lane) placed() {
	if l.eager || len(l.next) >= batchSize {
		l.flush()
	}
}

// problem hands over that something of the input could not be read.
func (l *lane) problem(p capture.Problem) {
	l.out <- batch{l.next, l.files, &p}
	l.next = nil
}

// begin says that what comes now is from another source.
func (l *lane) begin(files []string, eager bool) {
	l.flush()
	l.files, l.eager = files, eager
}

// flush hands over what has come together.
func (l *lane) flush() {
	if len(l.next) > 0 {
		l.out <- batch{l.next, l.files, nil}
		l.next = nil
	}
}

// collector receives on one goroutine what all workers give.
type collector struct {
	take func(i int, b *batch) // what capture i gave
	done func(i int)           // capture i gave all it has
	tick func()                // now and then
}

// tickEvery is how often a collector is ticked.
const tickEvery = 100 * time.Millisecond

// inOrder runs work for the numbers 0 to n-1 on some workers, and hands what
// they give to c in the order of the numbers. When ctx ends no further number is
// begun; work must see to it itself that it ends.
func inOrder(ctx context.Context, n, workers int, work func(worker, i int, l *lane), c collector) {
	lanes := make(chan *lane, window) // in the order of the numbers
	free := make(chan []handed, 2*batches)
	var mu sync.Mutex // a number and the place of its lane are taken at once
	next := 0
	begin := func() (int, *lane) {
		mu.Lock()
		defer mu.Unlock()
		if next >= n || ctx.Err() != nil {
			return -1, nil
		}
		l := &lane{out: make(chan batch, batches), free: free}
		lanes <- l // waits for the collector when it is far behind
		next++
		return next - 1, l
	}
	var wg sync.WaitGroup
	for w := range min(workers, n) {
		wg.Go(func() {
			for i, l := begin(); l != nil; i, l = begin() {
				work(w, i, l)
				l.flush()
				close(l.out)
			}
		})
	}
	go func() {
		wg.Wait()
		close(lanes)
	}()
	collect(lanes, free, c)
}

// collect drains the lanes one after the other.
func collect(lanes <-chan *lane, free chan<- []handed, c collector) {
	ticker := time.NewTicker(tickEvery)
	defer ticker.Stop()
	i := 0
	for l := range lanes {
		for open := true; open; {
			select {
			case b, ok := <-l.out:
				if open = ok; ok {
					c.take(i, &b)
					recycle(free, b.findings)
				}
			case <-ticker.C:
				c.tick()
			}
		}
		c.done(i)
		i++
	}
}

// recycle keeps a slice for use again. What it held is forgotten.
func recycle(free chan<- []handed, s []handed) {
	if cap(s) == 0 {
		return
	}
	clear(s)
	select {
	case free <- s[:0]:
	default:
	}
}
