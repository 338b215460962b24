package spool

import (
	"cmp"
	"slices"
	"time"
)

// Stats are the figures of a spool since it was opened, but for what it holds.
type Stats struct {
	Accepted  uint64    // alerts that Append took
	Waiting   int       // of them, not yet committed
	Committed uint64    // the last sequence number that is on disk
	Records   int       // on disk, whoever has had them
	Bytes     int64     // what the segments take on disk
	Capacity  int64     // the most that they may take
	Oldest    time.Time // when the oldest segment was begun; zero when there is none

	Lost    Losses
	Torn    uint64 // records of batches that a crash had cut short: they were never committed
	Copies  uint64 // segments that repeated others
	Rescued uint64 // records of files in no order, appended anew
	Strange uint64 // files that are not the spool's, or that hold no record

	QuarantineFiles int
	QuarantineBytes int64
	NotQuarantined  uint64 // damaged pieces that found no room there
	EventsLost      uint64 // events that came in too great a number

	WriteErrors    uint64
	WriteFailing   bool
	CursorsFailing bool
	Syncs          Durations // of segments

	Readers []ReaderStats // by name
}

// ReaderStats are the figures of one reader.
type ReaderStats struct {
	Name    string
	Read    uint64 // the last record that it was given
	Done    uint64 // the last one it is done with
	Durable uint64 // the last one of which its cursor file says so
	Lag     uint64 // committed records that it is not done with, as numbers go
	Lost    uint64 // records given up before it had them (DropOldest); one that was carried over first may count though it had it
	Dead    uint64 // dead letters
}

// Durations is a histogram of durations.
type Durations struct {
	Buckets [len(durationBounds)]uint64 // by the bounds that DurationBounds gives; longer ones are in Count only
	Count   uint64
	Sum     time.Duration
}

var durationBounds = [...]time.Duration{
	250 * time.Microsecond, time.Millisecond, 5 * time.Millisecond, 25 * time.Millisecond, 100 * time.Millisecond, time.Second,
}

// DurationBounds are the upper bounds of the buckets of Durations.
func DurationBounds() []time.Duration { return durationBounds[:] }

func (d *Durations) add(v time.Duration) {
	d.Count++
	d.Sum += v
	for i, bound := range durationBounds {
		if v <= bound {
			d.Buckets[i]++
			return
		}
	}
}

// Stats gives the figures of now.
func (s *Spool) Stats() Stats {
	s.mu.Lock()
	defer s.mu.Unlock()
	st := s.stats
	st.Waiting, st.Committed, st.Capacity, st.WriteFailing = s.waiting, s.committed, s.cfg.MaxBytes, s.failing
	if len(s.segs) > 0 {
		st.Oldest = s.segs[0].made
	}
	for _, r := range s.readers {
		rs := ReaderStats{Name: r.name, Read: r.pos, Done: r.done, Durable: r.durable, Lost: r.lost, Dead: r.letters}
		rs.Lag = span(r.done, s.committed)
		st.Readers = append(st.Readers, rs)
	}
	slices.SortFunc(st.Readers, func(a, b ReaderStats) int { return cmp.Compare(a.Name, b.Name) })
	return st
}
