package spool

import (
	"bytes"
	"time"
)

// place makes sure that the reader stands in a segment with something left to
// read; false: all that is committed was read.
func (r *Reader) place() (bool, error) {
	for {
		r.s.mu.Lock()
		g := r.seg
		switch {
		case r.s.closed || r.closed:
			r.s.mu.Unlock()
			r.leave()
			return false, ErrClosed
		case g == nil:
			g = r.s.after(r.pos)
		case g.giving:
			r.s.mu.Unlock()
			r.leave()
			continue
		case r.scan.off < g.size || r.scan.passing:
			r.scan.end = g.size
			r.s.mu.Unlock()
			return true, nil
		case g == r.s.active:
			r.s.mu.Unlock()
			return false, nil
		default: // read to its end
			r.s.mu.Unlock()
			r.pass()
			continue
		}
		var from, to int64
		if g != nil {
			from, to = g.start, g.size
		}
		r.s.mu.Unlock()
		if g == nil {
			return false, nil
		}
		f, err := r.s.dir.open(g.name)
		if err != nil {
			r.hurt = -1
			r.seg = nil
			return false, err
		}
		r.seg, r.f, r.hurt = g, f, -1
		r.scan = newScanner(f, from, to)
	}
}

// leave closes the segment that the reader stands in.
func (r *Reader) leave() {
	if r.f != nil {
		leave(r.f)
	}
	r.seg, r.f, r.hurt, r.tries = nil, nil, -1, 0
	r.scan = scanner{}
}

// pass leaves a segment at its end. If its last records could not be read, they
// are lost.
func (r *Reader) pass() {
	s := r.s
	s.mu.Lock()
	g := r.seg
	if g == s.active && !g.giving && r.scan.off >= g.size {
		s.mu.Unlock()
		return // there will be more
	}
	if !g.giving && g.last > r.pos {
		s.lostIn(g, max(r.hurt, 0), g.last-r.pos)
		r.pos = g.last
	}
	s.mu.Unlock()
	r.leave()
}

// skip gives up the block of the disk that cannot be read.
func (r *Reader) skip() bool {
	r.scan.skip()
	return true
}

// surrender gives up a segment that cannot be opened; false: it is the active
// one, which there is no way around.
func (r *Reader) surrender() bool {
	s := r.s
	s.mu.Lock()
	defer s.mu.Unlock()
	g := s.after(r.pos)
	if g == nil || g == s.active {
		return false
	}
	s.lostIn(g, 0, g.last-r.pos)
	r.pos = g.last
	return true
}

// meet notes a damaged piece.
func (r *Reader) meet(it item) {
	if r.hurt < 0 {
		r.hurt = it.off
	}
	s := r.s
	s.mu.Lock()
	defer s.mu.Unlock()
	if g := r.seg; !g.known[it.off] && !it.unreadable && len(s.damage) < maxDamage {
		s.damage = append(s.damage, damage{g.name, it.off, it.end})
		s.nudge()
	}
}

// take gives a record to the sink, unless it had it or it is given up.
func (r *Reader) take(it item) (Record, bool) {
	s := r.s
	payload := bytes.Clone(it.payload)
	if payload == nil {
		payload = []byte{}
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if r.seg.giving || it.spool != s.id || it.flags&flagEnd != 0 {
		return Record{}, false
	}
	if it.seq <= r.pos {
		r.hurt = -1 // what is damaged before it does not matter any more
		return Record{}, false
	}
	if r.hurt >= 0 && it.seq > r.pos+1 && it.seq > r.seg.first {
		s.lostIn(r.seg, r.hurt, it.seq-max(r.pos+1, r.seg.first))
	}
	r.hurt = -1
	r.pos = it.seq
	return Record{Seq: it.seq, Time: time.UnixMilli(it.time), Urgent: it.flags&flagUrgent != 0, Payload: payload}, true
}

// lostIn counts records that no reader gets any more for damage at an offset of
// a segment: once, whoever meets it. s.mu is held.
func (s *Spool) lostIn(g *segment, at int64, n uint64) {
	if g.known[at] {
		return
	}
	if g.known == nil {
		g.known = map[int64]bool{}
	}
	g.known[at] = true
	s.stats.Lost[LostDamaged] += n
	s.say(Event{Kind: Damaged, Segment: g.name, Offset: at, Records: n})
	s.nudge()
}
