package spool

import (
	"cmp"
	"errors"
	"io"
	"slices"
)

// judgement says what becomes of each segment file.
type judgement struct {
	kept    []*segmentFile // in order; no record is in two of them, but for equal ones
	odd     []*segmentFile // in no order, or of another spool: their records are appended anew
	garbage []*segmentFile // no record at all, but bytes
	gone    []*segmentFile // to be removed: all readers had it, or it is empty, or a copy
	copies  int            // of gone, how many repeat what others hold
	id      uint32
	low     uint64 // all readers have what is up to here
}

// judge sorts the segment files of a spool. It reads some of them again, and
// changes nothing.
func (f *findings) judge(dir fsys, id uint32, low uint64) *judgement {
	j := &judgement{id: id, low: low}
	var own []*segmentFile
	for _, g := range f.segments {
		switch {
		case g.records == 0 && g.err == nil && g.bytes <= segmentHeader:
			j.gone = append(j.gone, g)
		case g.records == 0:
			j.garbage = append(j.garbage, g)
		case g.mixed || g.spool != id || g.highest >= maxSequence/2:
			j.odd = append(j.odd, g)
		case g.highest <= low:
			j.gone = append(j.gone, g)
		case !g.sorted:
			j.odd = append(j.odd, g)
		default:
			own = append(own, g)
		}
	}
	slices.SortFunc(own, func(a, b *segmentFile) int {
		return cmp.Or(cmp.Compare(a.first, b.first), cmp.Compare(b.records, a.records), cmp.Compare(a.name, b.name))
	})
	var last uint64
	for _, g := range own {
		switch {
		case g.first > last:
			j.kept = append(j.kept, g)
		case j.news(dir, g, last) > 0:
			j.odd = append(j.odd, g)
			continue
		case j.copyOf(g):
			j.copies++
			j.gone = append(j.gone, g)
		default: // written twice, for the first sync had failed: only one of them may be on the disk for good
			j.kept = append(j.kept, g)
		}
		last = max(last, g.last)
	}
	return j
}

// copyOf says whether g is a copy of a file that is kept.
func (j *judgement) copyOf(g *segmentFile) bool {
	return slices.ContainsFunc(j.kept, func(k *segmentFile) bool {
		return g.whole && k.whole && g.head == k.head && g.first >= k.first && g.last <= k.last
	})
}

// news is how many records of g, up to last, the kept segments do not hold.
func (j *judgement) news(dir fsys, g *segmentFile, last uint64) int {
	n := 0
	err := j.strangers(dir, g, func(it item) error {
		if it.seq <= last {
			n++
		}
		return nil
	})
	if err != nil {
		return 1 // it cannot be told: better twice than never
	}
	return n
}

// chunk is how many records are compared at once.
const chunk = 1 << 15

type identity struct {
	spool   uint32
	seq     uint64
	time    int64
	payload uint32
}

// strangers calls fn with each record of g that no kept segment holds and not
// all readers have had.
func (j *judgement) strangers(dir fsys, g *segmentFile, fn func(item) error) error {
	f, err := dir.open(g.name)
	if err != nil {
		return err
	}
	defer leave(f)
	for off := g.start; off < g.bytes; {
		fresh := map[identity]bool{}
		low, high := uint64(maxSequence), uint64(0)
		from := off
		off = records(f, from, g.bytes, func(it item) bool {
			if it.seq > j.low || it.spool != j.id {
				fresh[identify(it)] = true
				low, high = min(low, it.seq), max(high, it.seq)
			}
			return len(fresh) < chunk
		})
		for _, k := range j.kept {
			if k != g && k.first <= high && k.last >= low {
				j.strike(dir, k, fresh)
			}
		}
		var failed error
		records(f, from, off, func(it item) bool {
			if fresh[identify(it)] {
				delete(fresh, identify(it)) // twice in one file is once
				failed = fn(it)
			}
			return failed == nil
		})
		if failed != nil {
			return failed
		}
	}
	return nil
}

// strike takes the records of k out of the set.
func (j *judgement) strike(dir fsys, k *segmentFile, set map[identity]bool) {
	f, err := dir.open(k.name)
	if err != nil {
		return
	}
	defer leave(f)
	records(f, k.start, k.bytes, func(it item) bool {
		delete(set, identify(it))
		return true
	})
}

func identify(it item) identity { return identity{it.spool, it.seq, it.time, sum(it.payload)} }

// records calls fn with each intact record that begins between two offsets,
// until fn gives false, and says where it stopped.
func records(f io.ReaderAt, from, to int64, fn func(item) bool) int64 {
	scan := newScanner(f, from, to)
	for {
		it, err := scan.next()
		switch {
		case errors.Is(err, io.EOF):
			return to
		case err != nil:
			scan.skip()
		case !it.damaged && it.flags&flagEnd == 0 && !fn(it):
			return it.end
		}
	}
}
