//go:build linux

package lab

import (
	"math/rand/v2"
	"time"
)

// Conditions are what the wire does to frames on their way. The zero value
// delivers every frame at once, as it is. Only IP frames are harmed: without
// ARP and neighbour discovery nobody would talk.
type Conditions struct {
	Loss      float64 // share of IP frames that vanish, 0 to 1
	Duplicate float64 // share that arrives twice, the copy up to 10 ms later
	Reorder   float64 // share that arrives 2 to 12 ms late, behind its followers
	Seed      uint64  // of the random choices: the same seed makes the same ones

	// Fragment cuts IP packets that are longer, in bytes with their header. 0 does
	// not cut. The receiver's kernel puts them together again.
	Fragment int
	Reverse  bool // the last fragment comes first

	// Tags are the VLAN identifiers that frames carry on the wire, the outer one
	// first, by direction. Of two, the outer has the service type 88a8.
	Tags [2][]uint16

	OneWay bool // the mirror shows frames to the server only (taps see all)
}

// piece is a frame and when it goes out.
type piece struct {
	data  []byte
	after time.Duration
}

// apply gives what becomes of one frame.
func (c *Conditions) apply(r *rand.Rand, d Dir, data []byte) []piece {
	if !isIP(data) {
		return []piece{{data: tag(data, c.Tags[d])}}
	}
	if chance(r, c.Loss) {
		return nil
	}
	parts := [][]byte{data}
	if c.Fragment > 0 {
		parts = fragment(data, c.Fragment, c.Reverse)
	}
	var out []piece
	for _, p := range parts {
		p = tag(p, c.Tags[d])
		f := piece{data: p}
		if chance(r, c.Reorder) {
			f.after = between(r, 2, 12)
		}
		out = append(out, f)
		if chance(r, c.Duplicate) {
			out = append(out, piece{data: p, after: between(r, 0, 10)})
		}
	}
	return out
}

// chance draws only for what can happen, so that conditions do not disturb each other.
func chance(r *rand.Rand, p float64) bool { return p > 0 && r.Float64() < p }

func between(r *rand.Rand, from, to float64) time.Duration {
	return time.Duration((from + r.Float64()*(to-from)) * float64(time.Millisecond))
}
