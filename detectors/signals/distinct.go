package signals

// seen is a hash and when it came last, in seconds.
type seen struct{ hash, sec uint32 }

// A set of distinct hashes begins small, and grows twice: to one that is as large
// as any threshold needs, then to a sketch, which no longer slides.
type (
	smallSet [8]seen
	largeSet [64]seen
)

// distincts are all such sets. They are named by a handle, whose two upper bits
// tell the size; 0 is the empty set. Hashes are remembered by 32 of their bits, so
// that two of a set of 64 are taken for one less than once in a million sets.
type distincts struct {
	small    slab[smallSet]
	large    slab[largeSet]
	sketches slab[sketch]
	full     uint64 // sets that could not grow
}

const (
	kindSmall uint32 = iota << 30
	kindLarge
	kindSketch
	kindMask uint32 = 3 << 30
)

// add adds a hash that came at sec to a set, and gives its size without what came
// before oldest. The handle may change. Where there is no room, the set stays as
// it is.
func (d *distincts) add(set *uint32, hash uint64, sec, oldest uint32) int {
	if *set&^kindMask == 0 {
		*set = kindSmall | d.small.take()
		if *set == 0 {
			d.full++
			return 0
		}
	}
	i := *set &^ kindMask
	switch *set & kindMask {
	case kindSmall:
		if n, ok := addTo(d.small.at(i)[:], uint32(hash), sec, oldest); ok {
			return n
		}
		return d.grow(set, hash, sec, oldest)
	case kindLarge:
		if n, ok := addTo(d.large.at(i)[:], uint32(hash), sec, oldest); ok {
			return n
		}
		return d.widen(set, hash)
	}
	s := d.sketches.at(i)
	s.add(spread(uint32(hash)))
	return s.estimate()
}

// spread makes 64 bits of the 32 that are remembered, for a sketch.
func spread(h uint32) uint64 {
	x := uint64(h) * 0x9e3779b97f4a7c15
	x ^= x >> 32
	x *= 0xd6e8feb86659fd93
	return x ^ x>>29
}

// addTo adds to a list, in the place of what is too old. ok is false when it is full.
func addTo(list []seen, hash, sec, oldest uint32) (n int, ok bool) {
	room := -1
	for i := range list {
		v := &list[i]
		switch {
		case v.sec != 0 && v.hash == hash:
			v.sec, ok = sec, true
			n++
		case v.sec == 0 || v.sec < oldest:
			room = i
		default:
			n++
		}
	}
	if ok {
		return n, true
	}
	if room < 0 {
		return n, false
	}
	list[room] = seen{hash, sec}
	return n + 1, true
}

// grow makes a large set of a small one that is full.
func (d *distincts) grow(set *uint32, hash uint64, sec, oldest uint32) int {
	small := *d.small.at(*set)
	i := d.large.take()
	if i == 0 {
		d.full++
		return len(small)
	}
	d.small.give(*set)
	large := d.large.at(i)
	copy(large[:], small[:])
	*set = kindLarge | i
	n, _ := addTo(large[:], uint32(hash), sec, oldest)
	return n
}

// widen makes a sketch of a large set that is full.
func (d *distincts) widen(set *uint32, hash uint64) int {
	large := *d.large.at(*set &^ kindMask)
	i := d.sketches.take()
	if i == 0 {
		d.full++
		return len(large)
	}
	d.large.give(*set &^ kindMask)
	s := d.sketches.at(i)
	for _, v := range large {
		s.add(spread(v.hash))
	}
	s.add(spread(uint32(hash)))
	*set = kindSketch | i
	return s.estimate()
}

// size is how many hashes of a set came at oldest or later.
func (d *distincts) size(set uint32, oldest uint32) int {
	i := set &^ kindMask
	if i == 0 {
		return 0
	}
	var list []seen
	switch set & kindMask {
	case kindSketch:
		return d.sketches.at(i).estimate()
	case kindLarge:
		list = d.large.at(i)[:]
	default:
		list = d.small.at(i)[:]
	}
	n := 0
	for _, v := range list {
		if v.sec != 0 && v.sec >= oldest {
			n++
		}
	}
	return n
}

// remove takes a hash out of a set. A sketch keeps it.
func (d *distincts) remove(set uint32, hash uint64) {
	i := set &^ kindMask
	if i == 0 {
		return
	}
	var list []seen
	switch set & kindMask {
	case kindSmall:
		list = d.small.at(i)[:]
	case kindLarge:
		list = d.large.at(i)[:]
	}
	short := uint32(hash) //nolint:gosec // that many bits of it are kept
	for k := range list {
		if list[k].hash == short {
			list[k] = seen{}
		}
	}
}

// forget gives a set back.
func (d *distincts) forget(set *uint32) {
	i := *set &^ kindMask
	if i != 0 {
		switch *set & kindMask {
		case kindSmall:
			d.small.give(i)
		case kindLarge:
			d.large.give(i)
		default:
			d.sketches.give(i)
		}
	}
	*set = 0
}

// slabChunk is how many values of a slab are allocated at a time.
const slabChunk = 64

// slab hands out values by number, from 1, up to a bound.
type slab[T any] struct {
	max    int
	chunks [][]T
	used   uint32
	free   []uint32
}

func (s *slab[T]) at(i uint32) *T { return &s.chunks[i/slabChunk][i%slabChunk] }

// take gives a zero value's number, 0 when there is none left.
func (s *slab[T]) take() uint32 {
	if n := len(s.free); n > 0 {
		i := s.free[n-1]
		s.free = s.free[:n-1]
		return i
	}
	if int(s.used) >= s.max {
		return 0
	}
	s.used++
	if int(s.used/slabChunk) >= len(s.chunks) {
		s.chunks = append(s.chunks, written(make([]T, slabChunk)))
	}
	return s.used
}

// reset takes all values back.
func (s *slab[T]) reset() {
	if len(s.chunks) > 1 {
		s.chunks = nil
	} else if s.used > 0 {
		clear(s.chunks[0][:s.used+1])
	}
	s.used, s.free = 0, s.free[:0]
}

// give takes a value back.
func (s *slab[T]) give(i uint32) {
	var zero T
	*s.at(i) = zero
	s.free = append(s.free, i)
}
