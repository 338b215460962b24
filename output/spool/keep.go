package spool

import (
	"errors"
	"io/fs"
	"time"
)

func isMissing(err error) bool { return errors.Is(err, fs.ErrNotExist) }
func isThere(err error) bool   { return errors.Is(err, fs.ErrExist) }

// keep makes the cursors durable, and only then removes the segments that all
// readers have passed.
func (s *Spool) keep(now time.Time) {
	s.out.keepAt = now.Add(keepEvery)
	var first error
	moved := map[*position]uint64{}
	for _, r := range s.pending() {
		done, lines := s.toKeep(r)
		if err := s.keepDead(r, lines); err != nil {
			first = err // the cursor stays: it never passes a dead letter that is not on disk
			continue
		}
		if err := s.writeCursor(r.name, done); err != nil {
			first = err
			continue
		}
		moved[r] = done
	}
	if len(moved) > 0 {
		if err := s.dir.syncDir(""); err != nil {
			first, moved = err, nil
		}
	}
	s.mu.Lock()
	for r, done := range moved {
		r.durable, r.written = done, true
		s.unlist(r)
	}
	s.mu.Unlock()
	s.passed()
	if err := s.remove(); err != nil {
		first = err
	}
	s.kept(now, first)
}

// pending are the readers with something to be written.
func (s *Spool) pending() []*position {
	s.mu.Lock()
	defer s.mu.Unlock()
	var all []*position
	for _, r := range s.readers {
		if r.dirty() {
			all = append(all, r)
		}
	}
	return all
}

// toKeep is how far a reader is done, and the dead letters up to there.
func (s *Spool) toKeep(r *position) (done uint64, lines []byte) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return r.done, r.dead
}

// kept notes how keeping went.
func (s *Spool) kept(now time.Time, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	switch failed := s.stats.CursorsFailing; {
	case err != nil:
		s.out.keepAt = now.Add(10 * keepEvery)
		s.stats.CursorsFailing = true
		if !failed {
			s.say(Event{Kind: CursorFailed, Err: err})
		}
	case failed:
		s.stats.CursorsFailing = false
		s.say(Event{Kind: CursorRecovered})
	}
}

// passed takes the segments out of the list that every reader has behind it,
// durably. When the active one is among them and has some size, it ends.
func (s *Spool) passed() {
	s.mu.Lock()
	low, any := s.lowest()
	g := s.active
	done := any && g != nil && g.records > 0 && g.last <= low && g.size > s.cfg.SegmentBytes/4
	s.mu.Unlock()
	if done {
		s.seal()
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	for any && len(s.segs) > 0 && s.segs[0] != s.active && s.segs[0].last <= low {
		g := s.segs[0]
		s.forget(g)
		s.out.doomed = append(s.out.doomed, doomed{g.name, g.disk()})
	}
}

// lowest is the lowest durable cursor; false when there is no reader. s.mu is held.
func (s *Spool) lowest() (low uint64, any bool) {
	for _, r := range s.readers {
		if !r.leaving && (!any || r.durable < low) {
			low, any = r.durable, true
		}
	}
	return low, any
}
