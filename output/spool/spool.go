// Package spool keeps every alert of a live sensor on disk until each sink has
// had it. Its one job is to stand between a capture that never waits and sinks
// that may be down for hours. Its invariant: a record whose fsync has returned
// is given to every reader at least once, after any crash, whatever else in the
// folder is damaged; what could not be kept is counted, record by record.
//
// A payload is opaque here: it reaches segments and readers, never an error, an
// event or a file's name.
package spool

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"sync"
	"time"
)

// ErrClosed is what a spool that was closed answers.
var ErrClosed = errors.New("the spool is closed")

// Spool is an open spool. Append, Committed, Stats and Flush may be called from
// any goroutine. One goroutine of its own does all the writing.
type Spool struct {
	cfg Config
	dir fsys
	id  uint32 // of this spool; each record carries it

	poke    chan struct{} // there is something to do
	abort   chan struct{} // closed: Close waits no longer
	stopped chan struct{} // closed: the writing goroutine has ended

	mu        sync.Mutex // guards all that follows up to out
	segs      []*segment // in the order of their records; the active one is the last
	active    *segment   // the one that grows, nil before the first record
	queue     batch      // accepted, not yet taken by the writer
	since     time.Time  // when the first record of queue came
	waiting   int        // records accepted and not committed
	waitBytes int64      // their bytes on disk
	committed uint64
	readers   map[string]*position
	damage    []damage // met by readers, to be set aside by the writer
	events    []Event
	told      Losses
	toldAt    time.Time
	failing   bool // the last write failed
	flushing  bool
	closing   bool
	closed    bool
	wake      chan struct{} // closed and renewed when readers have reason to look
	stats     Stats

	out writer // owned by the writing goroutine, or by Open before it starts
}

// Open opens the spool in c.Dir, makes the folder when there is none, and
// starts to write. What it finds in the folder never makes it fail, with one
// exception: files of a newer cleartap (*NewerError). Any other error is about
// the folder itself and names the cure; ErrInUse says that another process
// holds it. Damage that was found has gone to c.Event when Open returns.
func Open(c Config) (*Spool, error) {
	c = c.withDefaults()
	if err := c.Validate(); err != nil {
		return nil, err
	}
	dir, err := openDir(c.Dir, forSensor)
	if err != nil {
		return nil, err
	}
	s, err := load(c, dir)
	if err != nil {
		return nil, errors.Join(err, dir.close())
	}
	go s.run()
	return s, nil
}

// load reads what is in the folder and makes a Spool of it that does not run yet.
func load(c Config, dir fsys) (*Spool, error) {
	s := &Spool{
		cfg: c, dir: dir,
		poke: make(chan struct{}, 1), abort: make(chan struct{}), stopped: make(chan struct{}), wake: make(chan struct{}),
		readers: map[string]*position{},
	}
	s.out.named = map[string]bool{}
	found, err := survey(dir)
	if err != nil {
		return nil, fmt.Errorf("spool %s: %w", c.Dir, err)
	}
	if err := found.refuseNewer(); err != nil {
		return nil, fmt.Errorf("spool %s: %w", c.Dir, err)
	}
	if err := s.identify(found); err != nil {
		return nil, err
	}
	for _, name := range c.Readers {
		at, ok := found.cursors[name]
		s.addReader(name, at, ok)
	}
	s.adopt(found)
	s.report(time.Now(), true)
	return s, nil
}

// identify settles the identity of the spool and writes it down, unless it is.
func (s *Spool) identify(found *findings) error {
	s.id = found.id
	if found.identified {
		return nil
	}
	for s.id == 0 {
		s.id = rand.Uint32()
	}
	if err := replaceFile(s.dir, formatName, formatLine(s.id)); err != nil {
		return cannotWrite(s.cfg.Dir, err)
	}
	if err := s.dir.syncDir(""); err != nil {
		return cannotWrite(s.cfg.Dir, err)
	}
	return nil
}

// Committed is the highest sequence number whose fsync has returned. Records up
// to it survive a crash and may be read.
func (s *Spool) Committed() uint64 {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.committed
}

// Flush waits until every record accepted so far is committed or given up.
func (s *Spool) Flush(ctx context.Context) error {
	for {
		s.mu.Lock()
		done, closed, wake := s.waiting == 0, s.closed, s.wake
		s.flushing = !done
		s.mu.Unlock()
		switch {
		case done:
			return nil
		case closed:
			return ErrClosed
		}
		s.nudge()
		select {
		case <-wake:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

// Close stops accepting records, commits those accepted and makes the cursors
// durable, and tries until ctx is done. What could not be committed by then is
// counted as lost, and Close says so. The readers are of no use afterwards.
func (s *Spool) Close(ctx context.Context) error {
	s.mu.Lock()
	again := s.closing
	s.closing = true
	s.mu.Unlock()
	s.nudge()
	select {
	case <-s.stopped:
	case <-ctx.Done():
		if !again {
			close(s.abort)
		}
		select {
		case <-s.stopped:
		case <-time.After(2 * time.Second): // a disk that hangs keeps its goroutine
			return fmt.Errorf("spool %s: the disk does not answer", s.cfg.Dir)
		}
	}
	return s.out.final
}

// nudge wakes the writing goroutine.
func (s *Spool) nudge() {
	select {
	case s.poke <- struct{}{}:
	default:
	}
}

// rouse lets everybody look who waits for a commit. s.mu is held.
func (s *Spool) rouse() {
	close(s.wake)
	s.wake = make(chan struct{})
}
