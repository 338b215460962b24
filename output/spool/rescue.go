package spool

import "time"

// rescue appends the records of a file anew that no other one holds, and
// removes the file. When that fails the file stays for the next time.
func (s *Spool) rescue(j *judgement, g *segmentFile) {
	for _, p := range g.pieces {
		if p.to > p.from && !p.unreadable {
			s.damage = append(s.damage, damage{g.name, p.from, p.to})
		}
	}
	s.setAside()
	a := again{s: s}
	err := j.strangers(s.dir, g, a.add)
	if err == nil {
		err = a.flush()
	}
	s.stats.Rescued += uint64(a.n)
	s.say(Event{Kind: Rescued, Segment: g.name, Records: uint64(a.n), Err: err})
	if err == nil {
		s.out.doomed = append(s.out.doomed, doomed{name: g.name})
	}
}

// again appends records a second time, under new numbers.
type again struct {
	s *Spool
	b batch
	n int // of records that are committed
}

func (a *again) add(it item) error {
	a.b.add(it.payload, it.flags, a.s.id, it.time)
	if len(a.b.buf) < keepRoom/4 {
		return nil
	}
	return a.flush()
}

func (a *again) flush() error {
	for i := 0; i < len(a.b.ends); {
		n, err := a.s.put(&a.b, i, time.Now())
		if err != nil {
			return err
		}
		i += n
		a.n += n
	}
	a.b.reset()
	return nil
}
