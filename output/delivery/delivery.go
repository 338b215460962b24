// Package delivery brings records to sinks: one goroutine and one queue for each
// sink, so that one that is down, slow or wrong delays neither the capture nor
// another. Its one job is to decide when what is sent, and again; its invariant
// is that a record leaves its source only when the sink has it or refused it for
// good, and the latter leaves a dead letter first.
package delivery

import (
	"context"
	"errors"
	"sync"
	"time"

	"cleartap/output"
)

// Item is a record and its place in the source.
type Item struct {
	Seq uint64
	output.Record
}

// Source gives one sink its records, in order.
type Source interface {
	// Next waits for records and gives up to limit of them, with ascending
	// Seq. It ends early with ctx's error, or with io.EOF when no more will come.
	Next(ctx context.Context, limit int) ([]Item, error)
	// Done says that all items up to seq are settled.
	Done(seq uint64) error
	// DeadLetter notes a record that the sink refused for good, before Done passes it.
	DeadLetter(id, status, kind string)
	// Abandon says that nothing will be taken any more.
	Abandon()
}

// Config is how one sink is served. Zero values of Batch and Pace are their defaults.
type Config struct {
	Name   string // for events and statistics
	Sink   output.Sink
	Source Source
	Batch  int // the most records of one Send; 512 by default
	Window int // the most records under way, those that wait for another try included; 8 batches by default
	Pace   Pace
	// GiveUp is how long to go on when the sink takes nothing. Then, or at once when
	// the fault is one of Hold, the rest is undelivered. 0: never, as the source keeps it.
	GiveUp time.Duration
	// Notify is told what an operator should know, on the goroutine of this sink.
	// Nil: nobody is told, Stats still counts.
	Notify func(Event)
}

const defaultBatch = 512

// sendLimit is the longest that one Send may take; sinks have shorter limits of their own.
const sendLimit = 5 * time.Minute

// Delivery is the service of one sink. Its methods may be called from any goroutine.
type Delivery struct {
	cfg   Config
	ctx   context.Context    // ends when the service must
	stop  context.CancelFunc // ends ctx
	idle  context.Context    // ends with ctx, or when draining begins
	drain context.CancelFunc // ends idle
	ended chan struct{}      // closed: the service has ended

	mu    sync.Mutex
	stats Stats

	// owned by the goroutine
	win     window
	tries   int       // rounds without progress, one after the other
	notTill time.Time // the sink rests until then
	moved   time.Time // when the sink last took something, or was given something to take
	voice   voice
	sourced bool // the source has ended
	last    bool // draining: the last try began
}

// Start begins to serve a sink.
func Start(c Config) *Delivery {
	if c.Batch <= 0 {
		c.Batch = defaultBatch
	}
	if c.Window <= 0 {
		c.Window = 8 * c.Batch
	}
	c.Pace = c.Pace.withDefaults()
	d := &Delivery{cfg: c, ended: make(chan struct{}), stats: Stats{Name: c.Name}, voice: voice{sink: c.Name, notify: c.Notify}}
	d.ctx, d.stop = context.WithCancel(context.Background())
	d.idle, d.drain = context.WithCancel(d.ctx)
	go d.run()
	return d
}

// ErrUnfinished is what Drain gives when records were not delivered.
var ErrUnfinished = errors.New("not all records were delivered")

// Drain delivers what the source still has, until ctx ends, then stops and closes
// the sink. With a source that keeps records (GiveUp 0) it does not wait for a
// sink that takes nothing. ErrUnfinished: something was left.
func (d *Delivery) Drain(ctx context.Context) error {
	d.drain()
	select {
	case <-d.ended:
	case <-ctx.Done():
		d.stop()
		select {
		case <-d.ended:
		case <-time.After(time.Second): // a sink that hangs keeps its goroutine
			return ErrUnfinished
		}
	}
	d.stop()
	s := d.Stats()
	if s.Waiting > 0 || s.State == GaveUp || !s.Finished {
		return ErrUnfinished
	}
	return nil
}

// Stats gives the figures of now.
func (d *Delivery) Stats() Stats {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.stats
}

// State is how the service of a sink goes.
type State uint8

// The states.
const (
	Working State = iota // the sink takes what comes
	Failing              // it does not, or not all, and that may pass
	Held                 // it does not, and somebody must change something
	GaveUp               // nothing is sent any more
)

// String is the state in a word.
func (s State) String() string {
	words := [...]string{"working", "failing", "held", "gave_up"}
	if int(s) < len(words) {
		return words[s]
	}
	return "unknown"
}

// Stats are the figures of one sink since the start, in records unless said otherwise.
type Stats struct {
	Name       string
	Delivered  uint64 // acknowledged, duplicates included
	Duplicates uint64 // of them, those that the sink had before
	Dead       uint64 // refused for good
	Retries    uint64 // sent again
	Sends      uint64 // calls of Send
	Waiting    int    // taken from the source and not settled
	State      State
	Cause      string // why it fails; no text of a server
	Since      time.Time
	LastDone   time.Time     // when something was last acknowledged
	Slowest    time.Duration // the longest Send
	Finished   bool          // the source had ended, or was dry, when the service ended
}
