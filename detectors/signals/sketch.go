package signals

import (
	"bytes"
	"math"
	"math/bits"
)

// precision is how many bits of a hash choose a register of a sketch: 1024
// registers, so that an estimate is off by 3.25 % (one standard deviation).
const precision = 10

// sketch is a HyperLogLog (Flajolet et al., 2007): it estimates how many different
// hashes were added, in 1 KiB whatever their number. The zero value is empty.
type sketch [1 << precision]uint8

// add adds a hash of 64 bits.
func (s *sketch) add(h uint64) {
	rank := uint8(bits.LeadingZeros64(h<<precision|1<<(precision-1))) + 1
	if r := &s[h>>(64-precision)]; *r < rank {
		*r = rank
	}
}

// estimate is how many different hashes were added, nearly.
func (s *sketch) estimate() int {
	const m = float64(len(s))
	const one = 53 // binary places: the sum fits, and a rank beyond them does not occur
	all := uint64(0)
	for _, r := range s {
		all += 1 << one >> (r & 63)
	}
	empty := bytes.Count(s[:], []byte{0})
	total := math.Ldexp(float64(max(all, 1)), -one)
	e := 0.7213 / (1 + 1.079/m) * m * m / total
	if e <= 2.5*m && empty > 0 { // few: count the empty registers instead
		e = m * math.Log(m/float64(empty))
	}
	return int(min(e, 1<<40) + 0.5)
}
