package spool

import "errors"

// adopt takes over what the folder holds: it keeps what is intact, sets aside
// what is damaged, appends anew what is in no order, and removes what is over.
// Nothing in it is a reason to stop.
func (s *Spool) adopt(f *findings) {
	low, _ := s.lowest()
	j := f.judge(s.dir, s.id, low)
	s.clean(f)
	s.quarantined()
	s.number(f)
	for i, g := range j.kept {
		s.insert(g.segment())
		s.committed = max(s.committed, g.last)
		s.assess(j, i)
	}
	s.out.previous = s.committed
	for _, g := range j.kept {
		s.secure(g)
	}
	for _, g := range j.garbage {
		s.banish(g.name, g.bytes, g.err == nil && (g.blank || g.whole && g.head.spool == s.id))
	}
	s.setAside()
	for _, g := range j.odd {
		s.rescue(j, g)
	}
	for _, g := range j.gone {
		s.out.doomed = append(s.out.doomed, doomed{name: g.name})
	}
	s.stats.Copies += uint64(j.copies)
	if err := errors.Join(s.remove(), s.dir.syncDir("")); err != nil {
		s.say(Event{Kind: CleanFailed, Err: err})
	}
}

// clean names what is not ours, removes leftovers, and shuts out others.
func (s *Spool) clean(f *findings) {
	for _, name := range f.strange {
		s.stats.Strange++
		s.say(Event{Kind: Strange, Segment: name})
	}
	for _, name := range f.unopened {
		s.banish(name, 0, false)
	}
	for _, name := range f.leftovers {
		s.out.doomed = append(s.out.doomed, doomed{name: name})
	}
	for _, name := range f.loose {
		if err := s.dir.tighten(name); err != nil {
			s.say(Event{Kind: CleanFailed, Segment: name, Err: err})
		}
	}
}

// number sets where the sequence goes on: above every record and every cursor,
// so that no number is ever used twice.
func (s *Spool) number(f *findings) {
	w := &s.out
	w.next = 1
	for _, at := range f.cursors {
		w.next = max(w.next, at+1)
	}
	for _, g := range f.segments {
		if g.spool == s.id && !g.mixed && g.highest < maxSequence/2 {
			w.next = max(w.next, g.highest+1)
		}
		if g.whole && g.head.spool == s.id && g.head.first < maxSequence/2 {
			w.next = max(w.next, g.head.first)
		}
		if n, ok := segmentNumber(g.name); ok && n < maxSequence/2 {
			w.number = max(w.number, n+1)
		}
	}
}

// segment is what readers need of a file.
func (g *segmentFile) segment() *segment {
	k := &segment{
		name: g.name, first: g.first, last: g.last, records: g.records,
		start: g.start, size: g.end, beyond: g.bytes - g.end, carried: g.carried, made: g.oldest, known: map[int64]bool{},
	}
	for _, p := range g.pieces {
		k.known[p.from] = true
	}
	return k
}

// assess counts what is damaged in the kept segment i and what is missing
// behind it, and has a copy made of it.
func (s *Spool) assess(j *judgement, i int) {
	g := j.kept[i]
	damaged, torn := g.losses(j, i)
	s.stats.Lost[LostDamaged] += damaged
	s.stats.Torn += torn
	var bytes int64
	for _, p := range g.pieces {
		bytes += p.to - p.from
		if p.to > p.from && !p.unreadable {
			s.damage = append(s.damage, damage{g.name, p.from, p.to})
		}
	}
	if damaged > 0 || bytes > 0 && torn == 0 {
		s.say(Event{Kind: Damaged, Segment: g.name, Offset: g.firstPiece(), Bytes: bytes, Records: damaged})
	} else if torn > 0 {
		s.say(Event{Kind: Torn, Segment: g.name, Offset: g.firstPiece(), Bytes: bytes, Records: torn})
	}
	if g.err != nil {
		s.say(Event{Kind: Unreadable, Segment: g.name, Err: g.err})
	}
}

func (g *segmentFile) firstPiece() int64 {
	if len(g.pieces) == 0 {
		return g.end
	}
	return g.pieces[0].from
}

// losses counts the records that are missing around a kept segment: those that
// had been committed are damaged; those of a batch that a crash tore were not.
func (g *segmentFile) losses(j *judgement, i int) (damaged, torn uint64) {
	inside, tail := g.proven, g.last
	if i+1 < len(j.kept) {
		next := j.kept[i+1]
		tail = next.previous()
		if next.whole && next.head.flags&flagFollows != 0 {
			inside = max(inside, tail)
		}
	}
	missing := func(after, before, proven uint64) {
		if before <= after+1 {
			return
		}
		all := before - after - 1
		lost := span(max(after, j.low), min(before-1, proven))
		damaged += lost
		torn += all - span(after, min(before-1, proven))
	}
	for _, p := range g.pieces {
		switch {
		case p.before == 0: // the tail
			if span(g.last, tail) == 0 {
				torn++
			}
		case p.after > 0:
			missing(p.after, p.before, inside)
		default:
			missing(g.begins(i == 0)-1, p.before, inside)
		}
	}
	missing(g.last, tail+1, tail)
	return damaged, torn
}

// span is how many numbers lie above low, up to high.
func span(low, high uint64) uint64 {
	if high <= low {
		return 0
	}
	return high - low
}

// previous is the last record before the segment, as far as it knows.
func (g *segmentFile) previous() uint64 {
	if g.whole {
		return g.head.previous
	}
	return g.before
}

// begins is the first record that was written to the segment. When its head is
// damaged, the one before it tells, by what is missing between the two; the
// very first has its name.
func (g *segmentFile) begins(veryFirst bool) uint64 {
	n, _ := segmentNumber(g.name)
	switch {
	case g.whole:
		return g.head.first
	case veryFirst && n > 0 && n <= g.first:
		return n
	case g.before == 0:
		return g.first // it cannot be told
	}
	return g.before + 1
}

// secure makes sure that what is read from a segment will be there after the
// next crash too, and cuts the torn end off the last one.
func (s *Spool) secure(g *segmentFile) {
	get := s.dir.edit
	if g.shared {
		get = s.dir.open
	}
	f, err := get(g.name)
	if err != nil {
		s.say(Event{Kind: CleanFailed, Segment: g.name, Err: err})
		return
	}
	if g.last == s.committed && g.end < g.bytes && !g.shared && g.err == nil {
		s.setAside() // a copy first
		if err = f.Truncate(g.end); err == nil {
			s.trimmed(g.name)
		}
	}
	err = errors.Join(err, f.Sync(), f.Close())
	if err != nil {
		s.say(Event{Kind: CleanFailed, Segment: g.name, Err: err})
	}
}

// trimmed notes that the last segment has lost its torn end.
func (s *Spool) trimmed(name string) {
	for _, g := range s.segs {
		if g.name == name {
			s.stats.Bytes -= onDisk(g.size+g.beyond) - onDisk(g.size)
			g.beyond = 0
		}
	}
}
