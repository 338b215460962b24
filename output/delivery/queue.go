package delivery

import (
	"context"
	"errors"
	"io"
	"sync"

	"cleartap/output"
)

// Queue is a source in memory, for a scan: its sender waits while it is full, and
// at the end for the acknowledgements. What it holds is bounded; what was taken
// and not acknowledged counts.
type Queue struct {
	records int
	bytes   int64

	mu        sync.Mutex
	items     []Item // not taken yet
	sizes     []int64
	held      int64 // bytes of what is not done
	next      uint64
	done      uint64
	closed    bool
	abandoned bool
	refused   uint64 // Put after the end
	letters   []Letter
	change    chan struct{} // closed and renewed when anything changes
}

// Letter tells of a record that the sink refused for good.
type Letter struct{ ID, Status, Kind string }

// keptLetters is how many letters are kept; the others are counted.
const keptLetters = 1000

// ErrAbandoned is what Put gives when the sink takes nothing any more.
var ErrAbandoned = errors.New("the output takes nothing any more")

// NewQueue makes a queue that holds records at most, and bytes of their documents
// (at least one record). Zero values: 16,384 and 16 MiB.
func NewQueue(records int, bytes int64) *Queue {
	if records <= 0 {
		records = 16384
	}
	if bytes <= 0 {
		bytes = 16 << 20
	}
	return &Queue{records: records, bytes: bytes, change: make(chan struct{})}
}

// Put hands over a record and waits while the queue is full. An error: it was not
// taken, for ctx ended or the sink was given up.
func (q *Queue) Put(ctx context.Context, r output.Record) error {
	size := int64(len(r.JSON))
	for {
		q.mu.Lock()
		change := q.change
		switch {
		case q.abandoned || q.closed:
			q.refused++
			q.mu.Unlock()
			return ErrAbandoned
		case len(q.sizes) == 0 || len(q.sizes) < q.records && q.held+size <= q.bytes:
			q.next++
			q.items = append(q.items, Item{q.next, r})
			q.sizes = append(q.sizes, size)
			q.held += size
			q.changed()
			q.mu.Unlock()
			return nil
		}
		q.mu.Unlock()
		select {
		case <-change:
		case <-ctx.Done():
			q.mu.Lock()
			q.refused++
			q.mu.Unlock()
			return ctx.Err()
		}
	}
}

// Offer is Put that does not wait: false, and the record counts as offered, when
// there is no room.
func (q *Queue) Offer(r output.Record) bool {
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	return q.Put(ctx, r) == nil
}

// Close says that no more will come.
func (q *Queue) Close() {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.closed = true
	q.changed()
}

// changed wakes who waits. q.mu is held.
func (q *Queue) changed() {
	close(q.change)
	q.change = make(chan struct{})
}

// Next implements Source.
func (q *Queue) Next(ctx context.Context, limit int) ([]Item, error) {
	for {
		q.mu.Lock()
		n := min(limit, len(q.items))
		out := append([]Item(nil), q.items[:n]...)
		clear(q.items[:n])
		if q.items = q.items[n:]; len(q.items) == 0 {
			q.items = nil
		}
		over, change := q.closed || q.abandoned, q.change
		q.mu.Unlock()
		switch {
		case n > 0:
			return out, nil
		case over:
			return nil, io.EOF
		}
		select {
		case <-change:
		case <-ctx.Done():
			return nil, ctx.Err()
		}
	}
}

// Done implements Source.
func (q *Queue) Done(seq uint64) error {
	q.mu.Lock()
	defer q.mu.Unlock()
	for q.done < seq && len(q.sizes) > 0 {
		q.held -= q.sizes[0]
		q.sizes = q.sizes[1:]
		q.done++
	}
	q.changed()
	return nil
}

// DeadLetter implements Source.
func (q *Queue) DeadLetter(id, status, kind string) {
	q.mu.Lock()
	defer q.mu.Unlock()
	if len(q.letters) < keptLetters {
		q.letters = append(q.letters, Letter{id, status, kind})
	}
}

// Abandon implements Source.
func (q *Queue) Abandon() {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.abandoned = true
	q.changed()
}

// Offered is how many records were put, or refused because the end had come.
func (q *Queue) Offered() uint64 {
	q.mu.Lock()
	defer q.mu.Unlock()
	return q.next + q.refused
}

// Letters gives the first thousand of the records that the sink refused for good.
func (q *Queue) Letters() []Letter {
	q.mu.Lock()
	defer q.mu.Unlock()
	return append([]Letter(nil), q.letters...)
}
