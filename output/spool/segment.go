package spool

import (
	"cmp"
	"fmt"
	"slices"
	"time"
)

// segment is a segment as readers and the writer know it. It is guarded by
// Spool.mu, but for what never changes.
type segment struct {
	name        string
	first, last uint64 // of the records in it; 0 when it is empty
	records     int
	start, size int64 // where the records begin, and up to where they are committed
	beyond      int64 // bytes behind size that are nobody's
	carried     int64 // bytes of records that were carried over into it
	made        time.Time
	giving      bool           // being given up: readers leave it
	known       map[int64]bool // damaged pieces that were told of, by their offset
	open        file           // while it is the active one
}

const segmentSuffix = ".seg"

// segmentName is the name of the file. Its number is that of the first record,
// or above it where that name is taken: it orders nothing, the records do.
func segmentName(number uint64) string { return fmt.Sprintf("%016x%s", number, segmentSuffix) }

// segmentNumber reads a file's name; false: it is no segment's.
func segmentNumber(name string) (n uint64, ok bool) {
	const digits = 16
	if len(name) != digits+len(segmentSuffix) || name[digits:] != segmentSuffix {
		return 0, false
	}
	for _, c := range []byte(name[:digits]) {
		switch {
		case c >= '0' && c <= '9':
			n = n<<4 | uint64(c-'0')
		case c >= 'a' && c <= 'f':
			n = n<<4 | uint64(c-'a'+10)
		default:
			return 0, false
		}
	}
	return n, true
}

// disk is what the file takes on disk.
func (g *segment) disk() int64 { return onDisk(g.size + g.beyond) }

// insert puts a segment in its place. s.mu is held.
func (s *Spool) insert(g *segment) {
	i, _ := slices.BinarySearchFunc(s.segs, g, func(a, b *segment) int { return cmp.Compare(a.first, b.first) })
	s.segs = slices.Insert(s.segs, i, g)
	s.stats.Bytes += g.disk()
	s.stats.Records += g.records
}

// forget takes a segment out of the list; its file is to be removed. s.mu is held.
func (s *Spool) forget(g *segment) {
	if i := slices.Index(s.segs, g); i >= 0 {
		s.segs = slices.Delete(s.segs, i, i+1)
		s.stats.Records -= g.records
	}
}

// after is the segment that holds the first record beyond seq, nil when none
// does. s.mu is held.
func (s *Spool) after(seq uint64) *segment {
	for _, g := range s.segs {
		if g.last > seq && !g.giving {
			return g
		}
	}
	return nil
}
