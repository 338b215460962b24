package reassembly

import (
	"math/rand/v2"
	"testing"
)

// TestRandomSegments is what FuzzAssembler does, on seeds of its own.
func TestRandomSegments(t *testing.T) {
	text := fuzzText()
	for seed := range uint64(4000) {
		r := rand.New(rand.NewPCG(seed, 11))
		b := make([]byte, 40+r.IntN(1200))
		for i := range b {
			b[i] = byte(r.IntN(256))
		}
		if seed%2 == 0 { // fewer flows, fewer oddities
			for i := 0; i+2 < len(b); i += 3 {
				b[i] %= 24
				if r.IntN(3) > 0 {
					b[i+1] = 14 + b[i+1]%2*32
				}
			}
		}
		fuzzSegments(t, b, uint8(r.IntN(256)), text)
		if t.Failed() {
			t.Fatalf("seed %d", seed)
		}
	}
}
