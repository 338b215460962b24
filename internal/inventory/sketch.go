package inventory

import (
	"encoding/binary"
	"math"
	"math/bits"
	"slices"
)

// A Sketch counts different things without keeping any. Of the first 256 it has 32 bits
// of a hash, which counts them exactly; then of each ten bits and how many zeros follow
// them (HyperLogLog, Flajolet et al. 2007), which counts them within 3 %. Two sketches
// under the same key can be joined. It takes at most 1 KiB.
type Sketch struct {
	few   []uint32         // the beginnings of hashes, sorted
	ranks *[registers]byte // by register, once there are many
	late  [mostLate]uint32 // what came last: not in few or ranks yet, where memory is to be waited for
	lates uint8            // how many of late there are
}

const (
	registerBits = 10
	registers    = 1 << registerBits
	mostRank     = 32 - registerBits + 1
	mostFew      = 256
	mostLate     = 7
)

// Add counts a thing by its hash.
func (s *Sketch) Add(h uint64) { s.add(uint32(h >> 32)) } //nolint:gosec // its upper half

func (s *Sketch) add(h uint32) {
	if slices.Contains(s.late[:s.lates], h) {
		return
	}
	s.late[s.lates] = h
	if s.lates++; s.lates == mostLate {
		s.settle()
	}
}

// settle brings what is late to the rest.
func (s *Sketch) settle() {
	late := s.late[:s.lates]
	s.lates = 0
	if s.ranks != nil {
		s.rank(late)
		return
	}
	slices.Sort(late)
	var at [mostLate]int // where each belongs in few
	n := 0
	for _, h := range late {
		if i := s.place(h); i == len(s.few) || s.few[i] != h {
			late[n], at[n] = h, i
			n++
		}
	}
	end := len(s.few)
	s.few = slices.Grow(s.few, n)[:end+n]
	for n--; n >= 0; n-- {
		copy(s.few[at[n]+n+1:], s.few[at[n]:end])
		s.few[at[n]+n], end = late[n], at[n]
	}
	if len(s.few) > mostFew {
		s.spread()
	}
}

// place is where a hash stands in few, or would: near where it is if hashes are spread
// evenly, which they are.
func (s *Sketch) place(h uint32) int {
	n := len(s.few)
	i := int(uint64(h) * uint64(n) >> 32) //nolint:gosec // n at most
	for i < n && s.few[i] < h {
		i++
	}
	for i > 0 && s.few[i-1] >= h {
		i--
	}
	return i
}

// rank brings hashes to the ranks: one more than the zeros behind the register's bits.
func (s *Sketch) rank(hashes []uint32) {
	for _, h := range hashes {
		r := byte(min(bits.LeadingZeros32(h<<registerBits)+1, mostRank)) //nolint:gosec // 23 at most
		register := h >> (32 - registerBits)
		s.ranks[register] = max(s.ranks[register], r)
	}
}

// spread makes room for many.
func (s *Sketch) spread() {
	few := s.few
	s.few, s.ranks = nil, new([registers]byte)
	s.rank(few)
}

// Count estimates how many different things were added.
func (s *Sketch) Count() int {
	s.settle()
	if s.ranks == nil {
		return len(s.few)
	}
	sum, empty := 0.0, 0
	for _, r := range s.ranks {
		sum += math.Ldexp(1, -int(r))
		if r == 0 {
			empty++
		}
	}
	const m = registers
	estimate := 0.7213 / (1 + 1.079/m) * m * m / sum
	if estimate <= 2.5*m && empty > 0 {
		estimate = m * math.Log(m/float64(empty))
	}
	return int(math.Round(estimate))
}

// Join adds all that t has.
func (s *Sketch) Join(t *Sketch) {
	s.settle()
	t.settle()
	if t.ranks != nil && s.ranks == nil {
		s.spread()
	}
	for _, h := range t.few {
		s.add(h)
	}
	if t.ranks == nil {
		return
	}
	for register, r := range t.ranks {
		s.ranks[register] = max(s.ranks[register], r)
	}
}

// MarshalBinary implements encoding.BinaryMarshaler.
func (s *Sketch) MarshalBinary() ([]byte, error) {
	s.settle()
	if s.ranks != nil {
		return append([]byte{1}, s.ranks[:]...), nil
	}
	out := make([]byte, 1, 1+4*len(s.few))
	for _, h := range s.few {
		out = binary.BigEndian.AppendUint32(out, h)
	}
	return out, nil
}

// UnmarshalBinary implements encoding.BinaryUnmarshaler.
func (s *Sketch) UnmarshalBinary(p []byte) error {
	*s = Sketch{}
	switch {
	case len(p) == 1+registers && p[0] == 1:
		s.ranks = new([registers]byte)
		for register, r := range p[1:] {
			s.ranks[register] = min(r, mostRank)
		}
		return nil
	case len(p)%4 == 1 && p[0] == 0 && len(p) <= 1+4*mostFew:
		for p = p[1:]; len(p) > 0; p = p[4:] {
			s.add(binary.BigEndian.Uint32(p))
		}
		return nil
	}
	return ErrDamaged
}
