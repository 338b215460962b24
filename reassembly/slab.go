package reassembly

import "math/bits"

// chunkLen is how many records a chunk holds. Chunks of 64-byte records are 64 KiB:
// cheap to clear, and small enough to be given back when a flood is over.
const chunkLen = 1024

// sparesKept is how many empty chunks a slab keeps rather than giving them back.
const sparesKept = 8

// slab holds records without pointers, by number, in chunks that never move.
// The lowest free place is always taken first, so that the chunks above empty
// themselves. Number 0 is no record.
type slab[T any] struct {
	data   []*[chunkLen]T
	meta   []chunkMeta
	roomy  []uint64 // a bit for each chunk that has a free place
	chunks int      // that have memory
	live   int      // records in use
}

type chunkMeta struct {
	used [chunkLen / 64]uint64
	live int
	low  int // no word of used below this one has a free place
}

func (s *slab[T]) at(i uint32) *T { return &s.data[i/chunkLen][i%chunkLen] }

// alloc gives a cleared record.
func (s *slab[T]) alloc() uint32 {
	c := s.roomyChunk()
	m := &s.meta[c]
	w := m.low
	for m.used[w] == ^uint64(0) {
		w++
	}
	m.low = w
	b := bits.TrailingZeros64(^m.used[w])
	m.used[w] |= 1 << b
	m.live++
	s.live++
	if m.live == chunkLen {
		s.roomy[c/64] &^= 1 << (c % 64)
	}
	return uint32(c*chunkLen + w*64 + b)
}

// roomyChunk finds the lowest chunk with a free place, or adds one.
func (s *slab[T]) roomyChunk() int {
	c := len(s.data)
	for w, word := range s.roomy {
		if word != 0 {
			c = w*64 + bits.TrailingZeros64(word)
			break
		}
	}
	if c == len(s.data) {
		s.data = append(s.data, nil)
		s.meta = append(s.meta, chunkMeta{})
		if c/64 == len(s.roomy) {
			s.roomy = append(s.roomy, 0)
		}
		s.roomy[c/64] |= 1 << (c % 64)
		if c == 0 { // number 0 stays unused
			s.meta[0].used[0], s.meta[0].live = 1, 1
		}
	}
	if s.data[c] == nil {
		s.data[c] = new([chunkLen]T)
		s.chunks++
	}
	return c
}

// free clears a record and takes it back.
func (s *slab[T]) free(i uint32) {
	var zero T
	*s.at(i) = zero
	c, w := int(i/chunkLen), int(i%chunkLen/64)
	m := &s.meta[c]
	m.used[w] &^= 1 << (i % 64)
	m.low = min(m.low, w)
	m.live--
	s.live--
	s.roomy[c/64] |= 1 << (c % 64)
	if m.live == 0 && s.chunks > sparesKept {
		s.data[c] = nil
		s.chunks--
	}
}

// end is one more than the highest number that may be in use.
func (s *slab[T]) end() uint32 { return uint32(len(s.data) * chunkLen) }
