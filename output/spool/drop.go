package spool

import (
	"slices"
	"time"
)

// makeRoom gives up old segments until a record of size bytes fits
// (DropOldest). With DropNewest it was seen to when the record was accepted.
func (s *Spool) makeRoom(size int64) error {
	if s.cfg.OnFull != DropOldest {
		return nil
	}
	for {
		s.mu.Lock()
		full := s.used()+size+2*block > s.cfg.MaxBytes-reserve(s.cfg.MaxBytes)
		s.mu.Unlock()
		if !full || !s.dropOldest() {
			return nil
		}
		if err := s.remove(); err != nil {
			return err
		}
	}
}

// dropOldest gives up the oldest segment; false when there is only the active
// one. Records that nobody has had yet are lost and counted, but for urgent
// ones: they are appended anew, so that a flood of others cannot push them out,
// as long as they take no more than 5 % of the spool.
func (s *Spool) dropOldest() bool {
	s.mu.Lock()
	if len(s.segs) == 0 || s.segs[0] == s.active {
		s.mu.Unlock()
		return false
	}
	g := s.segs[0]
	g.giving = true // from here on no reader moves in it
	at := map[*position]uint64{}
	for _, r := range s.readers {
		if !r.leaving {
			at[r] = r.pos
		}
	}
	room := reserve(s.cfg.MaxBytes)
	for _, k := range s.segs[1:] {
		room -= k.carried
	}
	s.mu.Unlock()

	carry, dropped := s.sift(g, at, room)
	carried := s.carry(&carry, 0)
	if carried < len(carry.seqs) && s.dir.remove(g.name) == nil { // the disk is full: this makes room
		carried = s.carry(&carry, carried)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	for i, seq := range carry.seqs {
		if i >= carried {
			dropped = append(dropped, seq)
		}
	}
	s.countDropped(at, dropped)
	s.forget(g)
	s.out.doomed = append(s.out.doomed, doomed{g.name, g.disk()})
	s.rouse()
	return true
}

// carrying are the records that are appended anew.
type carrying struct {
	batch
	seqs []uint64
}

// sift says which records of a segment that goes are carried over, and which are lost.
func (s *Spool) sift(g *segment, at map[*position]uint64, room int64) (carry carrying, dropped []uint64) {
	f, err := s.dir.open(g.name)
	if err != nil {
		for seq := g.first; seq <= g.last; seq++ { // all that it held
			dropped = append(dropped, seq)
		}
		return carry, dropped
	}
	defer leave(f)
	low := uint64(maxSequence)
	for _, pos := range at {
		low = min(low, pos)
	}
	if len(at) == 0 {
		low = 0
	}
	records(f, g.start, g.size, func(it item) bool {
		switch n := it.end - it.off; {
		case it.seq <= low:
		case it.flags&flagUrgent != 0 && n <= room:
			carry.add(it.payload, it.flags|flagCarried, s.id, it.time)
			carry.seqs = append(carry.seqs, it.seq)
			room -= n
		default:
			dropped = append(dropped, it.seq)
		}
		return true
	})
	return carry, dropped
}

// carry appends records anew, from the one at index done on, and says how many
// of them are on disk then.
func (s *Spool) carry(c *carrying, done int) int {
	for done < len(c.ends) {
		n, err := s.put(&c.batch, done, time.Now())
		if err != nil {
			break
		}
		done += n
	}
	return done
}

// countDropped counts lost records: once in the sum, and for each reader that
// had not been given them. s.mu is held.
func (s *Spool) countDropped(at map[*position]uint64, dropped []uint64) {
	slices.Sort(dropped)
	s.stats.Lost[LostDropped] += uint64(len(dropped))
	for r, pos := range at {
		i, exact := slices.BinarySearch(dropped, pos)
		if exact {
			i++
		}
		r.lost += uint64(len(dropped) - i)
	}
}
