package spool

import (
	"fmt"
	"math/rand/v2"
	"time"
)

// writer is the state of the goroutine that writes.
type writer struct {
	taken    batch // from the queue
	head     int   // records of taken that are done
	next     uint64
	previous uint64 // the last record before the next segment
	number   uint64 // no segment's name has this number or one above it
	follows  bool   // all of the segment before the next one is on disk
	retryAt  time.Time
	pause    time.Duration
	keepAt   time.Time
	doomed   []doomed
	atMost   int64           // bytes of one write after the disk was full; 0: a segment
	named    map[string]bool // readers whose file of dead letters has its name on disk
	final    error           // what Close says
}

// left is how many records wait in taken.
func (w *writer) left() int { return len(w.taken.ends) - w.head }

// commit writes and syncs what waits. When the disk refuses, what is left waits
// in memory for the next try.
func (s *Spool) commit(now time.Time) {
	w := &s.out
	if w.left() == 0 && !s.take() {
		return
	}
	for dropped := false; w.left() > 0; {
		err := s.writeSome(now)
		if noRoom(err) && s.cfg.OnFull == DropOldest && !dropped {
			dropped = true // one segment for each try: it may be others who fill the disk
			if s.dropOldest() && s.remove() == nil {
				continue
			}
		}
		if noRoom(err) && (s.free() || s.lessAtOnce()) {
			continue
		}
		if err != nil {
			s.refused(now, err)
			return
		}
	}
	w.pause, w.atMost = 0, 0
	s.recovered()
}

// free removes what all readers have passed and was kept because it was written to; it
// says whether there was anything. Nobody else would do it while nothing is read.
func (s *Spool) free() bool {
	s.passed()
	s.mu.Lock()
	n := len(s.out.doomed)
	s.mu.Unlock()
	return n > 0 && s.remove() == nil
}

// leastAtOnce is what is still tried on a disk without room, in bytes: a little of what
// waits goes where all of it at once never would.
const leastAtOnce = 64 << 10

// atOnce is the most that is written at once, in bytes.
func (s *Spool) atOnce() int64 {
	if s.out.atMost > 0 {
		return min(s.out.atMost, s.cfg.SegmentBytes)
	}
	return s.cfg.SegmentBytes
}

// lessAtOnce has less written at once; false: it is little already.
func (s *Spool) lessAtOnce() bool {
	w := &s.out
	tried := min(s.atOnce(), int64(len(w.taken.buf)-w.taken.start(w.head)))
	if tried <= leastAtOnce || w.left() == 1 {
		return false
	}
	w.atMost = max(leastAtOnce, tried/2)
	return true
}

// take moves the queue to the writer; false when it is empty.
func (s *Spool) take() bool {
	w := &s.out
	s.mu.Lock()
	defer s.mu.Unlock()
	w.taken.reset()
	w.head = 0
	w.taken, s.queue = s.queue, w.taken
	return w.left() > 0
}

// writeSome writes as many records as go into one segment, and syncs it.
func (s *Spool) writeSome(now time.Time) error {
	w := &s.out
	bytes := int64(len(w.taken.buf) - w.taken.start(w.head))
	if err := s.makeRoom(min(bytes, s.atOnce())); err != nil {
		return err
	}
	n, err := s.put(&w.taken, w.head, now)
	if err != nil {
		return err
	}
	s.mu.Lock()
	s.waiting -= n
	s.waitBytes -= int64(w.taken.ends[w.head+n-1] - w.taken.start(w.head))
	s.rouse()
	s.mu.Unlock()
	w.head += n
	w.pause = 0
	w.atMost = min(2*w.atMost, s.cfg.SegmentBytes)
	return nil
}

// put writes records of b, from index from on, to the active segment, and
// gives their number once they are committed.
func (s *Spool) put(b *batch, from int, now time.Time) (int, error) {
	w := &s.out
	g, err := s.writable(int64(b.ends[from]-b.start(from)), now)
	if err != nil {
		return 0, err
	}
	n := b.cut(from, min(s.cfg.SegmentBytes-g.size, s.atOnce()))
	begin := b.start(from)
	var carried int64
	for i := from; i < from+n; i++ {
		rec := b.buf[b.start(i):b.ends[i]]
		stamp(rec, w.next+uint64(i-from), w.next-1)
		if rec[5]&flagCarried != 0 {
			carried += int64(len(rec))
		}
	}
	bytes := b.buf[begin:b.ends[from+n-1]]
	if err := s.store(g, bytes); err != nil {
		s.abandon(g)
		return 0, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if g.records == 0 {
		g.first = w.next
		s.insert(g)
	}
	s.stats.Bytes += onDisk(g.size+int64(len(bytes))) - onDisk(g.size)
	s.stats.Records += n
	g.records += n
	g.size += int64(len(bytes))
	g.carried += carried
	w.next += uint64(n)
	g.last = w.next - 1
	w.previous = g.last
	s.committed = g.last
	return n, nil
}

// store brings bytes to the disk. A segment that is new gets a name for good only then.
func (s *Spool) store(g *segment, bytes []byte) error {
	if _, err := g.open.Write(bytes); err != nil {
		return err
	}
	begin := time.Now()
	if err := g.open.Sync(); err != nil {
		return fmt.Errorf("sync: %w", err)
	}
	if g.records == 0 {
		if err := s.dir.syncDir(""); err != nil {
			return fmt.Errorf("sync the folder: %w", err)
		}
	}
	s.mu.Lock()
	s.stats.Syncs.add(time.Since(begin))
	s.mu.Unlock()
	return nil
}

// writable gives a segment with room for a record of size bytes.
func (s *Spool) writable(size int64, now time.Time) (*segment, error) {
	if g := s.active; g != nil {
		if g.size+size <= s.cfg.SegmentBytes || g.records == 0 {
			return g, nil
		}
		s.seal()
	}
	w := &s.out
	f, name, err := s.newFile(w.next)
	if err != nil {
		return nil, err
	}
	g := &segment{name: name, start: segmentHeader, size: segmentHeader, made: now, open: f}
	head := segmentHead{version: formatVersion, spool: s.id, first: w.next, previous: w.previous, made: now.UnixMilli(), mark: rand.Uint32()}
	if w.follows {
		head.flags = flagFollows
	}
	s.mu.Lock()
	s.active = g
	s.mu.Unlock()
	if _, err := f.Write(head.encode()); err != nil {
		s.abandon(g)
		return nil, err
	}
	return g, nil
}

// newFile makes a file for a segment that begins with the record first.
func (s *Spool) newFile(first uint64) (f file, name string, err error) {
	w := &s.out
	w.number = max(w.number, first)
	for range 16 { // a name may be taken by something that is not ours
		name = segmentName(w.number)
		w.number++
		if f, err = s.dir.create(name); !isThere(err) {
			break
		}
	}
	return f, name, err
}

// seal ends the active segment: all of it is on disk.
func (s *Spool) seal() {
	s.mu.Lock()
	g := s.active
	s.active = nil
	s.mu.Unlock()
	if g != nil {
		s.out.follows = true
		_ = g.open.Close() // it was synced
	}
}

// abandon leaves the active segment after an error. What lies beyond the last
// commit in it is nobody's: it is cut off if that can be done, and written
// again to another segment in any case; a file is never synced again after its
// sync has failed.
func (s *Spool) abandon(g *segment) {
	s.mu.Lock()
	s.active = nil
	s.mu.Unlock()
	if g.records > 0 {
		s.out.follows = true
		_ = g.open.Truncate(g.size)
		_ = g.open.Close()
		return
	}
	_ = g.open.Close()
	if s.dir.remove(g.name) != nil {
		s.doom(g.name, 0)
	}
}
