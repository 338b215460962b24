package spool

import (
	"context"
	"errors"
	"fmt"
	"io"
	"sync"
	"time"
)

// position is how far a sink has come. It is guarded by Spool.mu.
type position struct {
	name    string
	pos     uint64 // the last record that Next gave
	done    uint64 // the last one that the sink is done with
	durable uint64 // the last one of which the cursor file says so
	written bool   // there is a cursor file
	lent    bool   // there is a Reader for it
	leaving bool   // no longer regarded
	lost    uint64 // records that were given up before it had them (DropOldest)
	dead    []byte // dead letters to be written
	letters uint64
}

// Reader gives one sink the records in order, and remembers how far the sink
// has come. One goroutine at a time may be in Next; Done, DeadLetter and Close
// may be called from any.
type Reader struct {
	*position
	s      *Spool
	closed bool // guarded by Spool.mu

	busy  sync.Mutex // guards what follows
	seg   *segment
	f     file
	scan  scanner
	hurt  int64 // where the damage began that was passed last, -1
	tries int   // of reading the same place
}

// Bounds of what Next gives at once.
const (
	defaultBatch = 512
	batchBytes   = 4 << 20
)

// dirty says whether there is something to write down. Spool.mu is held.
func (r *position) dirty() bool { return !r.written || r.done != r.durable || len(r.dead) > 0 }

// addReader makes the position of a reader, which stands where its cursor says. A
// cursor that is missing, damaged or of another spool makes it start at the
// oldest record.
func (s *Spool) addReader(name string, at uint64, written bool) *position {
	p := &position{name: name, pos: at, done: at, durable: at, written: written}
	s.readers[name] = p
	return p
}

// Reader gives the reader of a sink. One that Config.Readers did not name is
// made, and from now on nothing is deleted before it has had it. A reader is
// lent to one user at a time: Close gives it back.
func (s *Spool) Reader(name string) (*Reader, error) {
	if err := checkName(name); err != nil {
		return nil, err
	}
	// not under the lock, which Append needs: a disk may hang
	_, id, at, ok := parseLine("cursor", readSmall(s.dir, name+cursorSuffix))
	if !ok || id != s.id {
		at, ok = 0, false
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return nil, ErrClosed
	}
	p := s.readers[name]
	if p == nil {
		p = s.addReader(name, at, ok)
		s.nudge()
	}
	p.leaving = false
	if p.lent {
		return nil, fmt.Errorf("the reader of sink %s is in use", name)
	}
	p.lent = true
	p.pos = p.done
	return &Reader{position: p, s: s, hurt: -1}, nil
}

// Forget lets segments go without regard to a sink that is no longer
// configured. Its cursor file stays, for the case that it returns.
func (s *Spool) Forget(name string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if p := s.readers[name]; p != nil {
		p.leaving = true
		s.unlist(p)
		s.nudge()
	}
}

// unlist drops a reader that is leaving, once all about it is on disk. s.mu is held.
func (s *Spool) unlist(p *position) {
	if p.leaving && !p.dirty() && s.readers[p.name] == p {
		delete(s.readers, p.name)
	}
}

// Close gives the reader back; Next ends with ErrClosed. What was read and not
// done is read again by the next user.
func (r *Reader) Close() {
	r.s.mu.Lock()
	again := r.closed
	r.closed = true
	r.s.rouse()
	r.s.mu.Unlock()
	r.busy.Lock() // until Next has seen it
	defer r.busy.Unlock()
	r.leave()
	if !again {
		r.s.mu.Lock()
		r.lent = false
		r.s.mu.Unlock()
	}
}

// Next waits for committed records and gives up to limit of them (0: 512), at
// most about 4 MiB. It ends early with ctx's error, with ErrClosed, or, when
// the segment that grows cannot be opened for seconds, with the disk's error:
// call it again later. Damage is passed over and counted; it is no error.
func (r *Reader) Next(ctx context.Context, limit int) ([]Record, error) {
	if limit <= 0 {
		limit = defaultBatch
	}
	for {
		r.s.mu.Lock()
		wake := r.s.wake
		r.s.mu.Unlock()
		out, err := r.fill(ctx, limit)
		if len(out) > 0 || err != nil {
			return out, err
		}
		select {
		case <-wake:
		case <-ctx.Done():
			return nil, ctx.Err()
		}
	}
}

// fill reads what is there, up to limit records. Records that it gives come without error.
func (r *Reader) fill(ctx context.Context, limit int) ([]Record, error) {
	r.busy.Lock()
	defer r.busy.Unlock()
	var out []Record
	bytes := 0
	for len(out) < limit && bytes < batchBytes {
		rec, err := r.step(ctx, len(out) > 0)
		switch {
		case errors.Is(err, io.EOF):
			return out, nil
		case err != nil && len(out) > 0:
			return out, nil // it will come again
		case err != nil:
			return nil, err
		}
		out = append(out, rec)
		bytes += len(rec.Payload)
	}
	return out, nil
}

// step gives the next record; io.EOF when all that is committed was read. With
// hasty it does not wait for a disk that does not answer.
func (r *Reader) step(ctx context.Context, hasty bool) (Record, error) {
	for {
		if err := ctx.Err(); err != nil {
			return Record{}, err
		}
		if ok, err := r.place(); err != nil {
			if err := r.again(ctx, hasty, err, r.surrender); err != nil {
				return Record{}, err
			}
			continue
		} else if !ok {
			return Record{}, io.EOF
		}
		it, err := r.scan.next()
		switch {
		case errors.Is(err, io.EOF):
			r.pass()
		case err != nil:
			if err := r.again(ctx, hasty, err, r.skip); err != nil {
				return Record{}, err
			}
		case it.damaged:
			r.tries = 0
			r.meet(it)
		default:
			r.tries = 0
			if rec, ok := r.take(it); ok {
				return rec, nil
			}
		}
	}
}

// readTries is how often a place is read before it counts as damaged; with the
// pauses in between that takes about five seconds.
const readTries = 8

// again waits before the next try, or gives up the place.
func (r *Reader) again(ctx context.Context, hasty bool, err error, giveUp func() bool) error {
	if hasty || errors.Is(err, ErrClosed) {
		return err
	}
	if r.tries++; r.tries > readTries {
		r.tries = 0
		if !giveUp() {
			return err
		}
		return nil
	}
	pause := min(r.s.cfg.patience<<r.tries, time.Second)
	select {
	case <-time.After(pause):
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// Done says that the sink is done with all records up to seq: they are stored
// there, or dead letters. The cursor file follows within a tenth of a second;
// after a crash before that, records are given again. The error is about seq,
// which was never given, or ErrClosed.
func (r *Reader) Done(seq uint64) error {
	r.s.mu.Lock()
	defer r.s.mu.Unlock()
	if r.closed {
		return ErrClosed
	}
	if seq > r.pos {
		return fmt.Errorf("sink %s: done with record %d, but the last one given is %d", r.name, seq, r.pos)
	}
	if seq > r.done {
		r.done = seq
		r.s.nudge()
	}
	return nil
}
