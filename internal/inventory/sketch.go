package inventory

import (
	"math"
	"math/bits"
	"slices"
)

// A Sketch counts different things without keeping any: of each it has ten bits of a
// hash and how many zeros follow them (HyperLogLog, Flajolet et al. 2007). Few are
// counted almost exactly, many within 3 %. Two sketches under the same key can be joined.
// It takes two bytes a thing, at most 1 KiB.
type Sketch struct {
	few   []uint16 // register and rank, sorted
	ranks []byte   // by register, once there are many
}

const (
	registerBits = 10
	registers    = 1 << registerBits
	rankBits     = 6
	mostFew      = 256
)

// Add counts a thing by its hash.
func (s *Sketch) Add(h uint64) {
	register := int(h >> (64 - registerBits))
	rank := byte(min(bits.LeadingZeros64(h<<registerBits)+1, 1<<rankBits-1))
	s.set(register, rank)
}

func (s *Sketch) set(register int, rank byte) {
	if s.ranks != nil {
		s.ranks[register] = max(s.ranks[register], rank)
		return
	}
	i, _ := slices.BinarySearch(s.few, uint16(register<<rankBits))
	if i < len(s.few) && int(s.few[i]>>rankBits) == register {
		s.few[i] = max(s.few[i], uint16(register<<rankBits)|uint16(rank))
		return
	}
	s.few = slices.Insert(s.few, i, uint16(register<<rankBits)|uint16(rank))
	if len(s.few) > mostFew {
		s.spread()
	}
}

// spread makes room for many.
func (s *Sketch) spread() {
	s.ranks = make([]byte, registers)
	for _, v := range s.few {
		s.ranks[v>>rankBits] = byte(v & (1<<rankBits - 1))
	}
	s.few = nil
}

// Count estimates how many different things were added.
func (s *Sketch) Count() int {
	sum, empty := 0.0, registers
	each := func(rank byte) {
		sum += math.Ldexp(1, -int(rank))
		empty--
	}
	for _, v := range s.few {
		each(byte(v & (1<<rankBits - 1)))
	}
	for _, rank := range s.ranks {
		if rank > 0 {
			each(rank)
		}
	}
	const m = registers
	estimate := 0.7213 / (1 + 1.079/m) * m * m / (sum + float64(empty))
	if estimate <= 2.5*m && empty > 0 {
		estimate = m * math.Log(m/float64(empty))
	}
	return int(math.Round(estimate))
}

// Join adds all that t has.
func (s *Sketch) Join(t *Sketch) {
	for _, v := range t.few {
		s.set(int(v>>rankBits), byte(v&(1<<rankBits-1)))
	}
	for register, rank := range t.ranks {
		if rank > 0 {
			s.set(register, rank)
		}
	}
}

// MarshalBinary implements encoding.BinaryMarshaler.
func (s *Sketch) MarshalBinary() ([]byte, error) {
	if s.ranks != nil {
		return append([]byte{1}, s.ranks...), nil
	}
	out := make([]byte, 1, 1+2*len(s.few))
	for _, v := range s.few {
		out = append(out, byte(v>>8), byte(v))
	}
	return out, nil
}

// UnmarshalBinary implements encoding.BinaryUnmarshaler.
func (s *Sketch) UnmarshalBinary(p []byte) error {
	*s = Sketch{}
	switch {
	case len(p) == 1+registers && p[0] == 1:
		for register, rank := range p[1:] {
			if rank > 0 {
				s.set(register, rank&(1<<rankBits-1))
			}
		}
		return nil
	case len(p)%2 == 1 && p[0] == 0 && len(p) <= 1+2*mostFew:
		for p = p[1:]; len(p) > 0; p = p[2:] {
			s.set((int(p[0])<<8|int(p[1]))>>rankBits, p[1]&(1<<rankBits-1))
		}
		return nil
	}
	return errDamaged
}
