package spool

import (
	"errors"
	"fmt"
	"time"
)

// run is the goroutine that writes.
func (s *Spool) run() {
	defer close(s.stopped)
	timer := time.NewTimer(0)
	defer timer.Stop()
	for {
		aborted := false
		select {
		case <-s.poke:
		case <-timer.C:
		case <-s.abort:
			aborted = true
		}
		now := time.Now()
		s.turn(now)
		if s.over(aborted) {
			s.end()
			return
		}
		timer.Reset(s.idle(now))
	}
}

// turn does what is due.
func (s *Spool) turn(now time.Time) {
	if s.commitDue(now) {
		s.commit(now)
	}
	s.setAside() // before the segment can go
	if s.keepDue(now) {
		s.keep(now)
	}
	s.report(now, false)
}

func (s *Spool) commitDue(now time.Time) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	w := &s.out
	if s.waiting == 0 || now.Before(w.retryAt) {
		return false
	}
	return w.left() > 0 || len(s.queue.ends) >= s.cfg.SyncRecords || s.flushing || s.closing ||
		!now.Before(s.since.Add(s.cfg.SyncEvery))
}

func (s *Spool) keepDue(now time.Time) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return (s.closing || !now.Before(s.out.keepAt)) && s.behind()
}

// behind says whether a cursor, a dead letter or a file that goes is yet to be
// written. s.mu is held.
func (s *Spool) behind() bool {
	if len(s.out.doomed) > 0 {
		return true
	}
	for _, r := range s.readers {
		if r.dirty() {
			return true
		}
	}
	return false
}

// idle is how long nothing will be due.
func (s *Spool) idle(now time.Time) time.Duration {
	s.mu.Lock()
	defer s.mu.Unlock()
	at := now.Add(time.Hour)
	sooner := func(t time.Time) {
		if t.Before(at) {
			at = t
		}
	}
	if s.waiting > 0 {
		due := s.since.Add(s.cfg.SyncEvery)
		if s.out.retryAt.After(due) || s.out.left() > 0 {
			due = s.out.retryAt
		}
		sooner(due)
	}
	if s.behind() {
		sooner(s.out.keepAt)
	}
	if s.stats.Lost != s.told {
		sooner(s.toldAt.Add(reportEvery))
	}
	return max(at.Sub(now), time.Millisecond)
}

// over says whether the spool was closed and nothing is left to be done, or
// nothing more shall be tried.
func (s *Spool) over(aborted bool) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if !s.closing {
		return false
	}
	if s.waiting == 0 && !s.behind() {
		return true
	}
	if aborted {
		if s.waiting > 0 {
			s.stats.Lost[LostDisk] += uint64(s.waiting)
			s.out.final = fmt.Errorf("spool %s: %d alerts could not be written: lost", s.cfg.Dir, s.waiting)
			s.waiting, s.waitBytes = 0, 0
		} else {
			s.out.final = fmt.Errorf("spool %s: the cursors could not be written: alerts will be sent again", s.cfg.Dir)
		}
	}
	return aborted
}

// end gives back all that is held.
func (s *Spool) end() {
	s.markEnd()
	s.seal()
	s.report(time.Now(), true)
	s.mu.Lock()
	s.closed = true
	s.rouse()
	s.mu.Unlock()
	if err := s.dir.close(); err != nil && s.out.final == nil {
		s.out.final = fmt.Errorf("spool %s: close: %w", s.cfg.Dir, err)
	}
}

// markEnd says in the segment that all of it was committed, so that damage in
// the last batch is not taken for what a crash left. Nothing depends on it.
func (s *Spool) markEnd() {
	g := s.active
	if g == nil || g.records == 0 {
		return
	}
	rec := frame(nil, nil, flagEnd, s.id, time.Now().UnixMilli())
	stamp(rec, g.last, g.last)
	if _, err := g.open.Write(rec); err == nil {
		_ = g.open.Sync() // only a hint
	}
}

// refused notes that the disk did not take what was to be written.
func (s *Spool) refused(now time.Time, err error) {
	w := &s.out
	w.pause = min(max(2*w.pause, retryFirst), retryLast)
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closing {
		w.pause = min(w.pause, retryFirst)
	}
	w.retryAt = now.Add(w.pause)
	s.stats.WriteErrors++
	if !s.failing {
		s.failing = true
		s.say(Event{Kind: WriteFailed, Err: err, Records: uint64(s.waiting)})
	}
}

// recovered notes that the disk takes again what is written.
func (s *Spool) recovered() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.flushing = s.flushing && s.waiting > 0
	s.out.retryAt = time.Time{}
	if s.failing {
		s.failing = false
		s.say(Event{Kind: WriteRecovered})
	}
}

// doom notes a file that is to be removed, for it was not possible yet. bytes
// is what it takes on disk of the spool's share.
func (s *Spool) doom(name string, bytes int64) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.out.doomed = append(s.out.doomed, doomed{name, bytes})
}

// doomed is a file that is to be removed.
type doomed struct {
	name  string
	bytes int64
}

// remove removes files of the spool; those that it cannot, it tries again later.
func (s *Spool) remove() error {
	s.mu.Lock()
	files := s.out.doomed
	s.out.doomed = nil
	s.mu.Unlock()
	var first error
	for i, f := range files {
		if err := s.dir.remove(f.name); err != nil && !isMissing(err) {
			s.mu.Lock()
			s.out.doomed = append(s.out.doomed, files[i])
			s.mu.Unlock()
			first = errors.Join(first, err)
			continue
		}
		s.mu.Lock()
		s.stats.Bytes -= f.bytes
		s.mu.Unlock()
		s.out.retryAt = time.Time{} // there may be room now
	}
	return first
}
