package signals

import (
	"math"
	"math/rand/v2"
	"slices"
	"testing"
)

func TestSketchIsRightWithinItsError(t *testing.T) {
	for _, n := range []int{0, 1, 10, 100, 1000, 3000, 10_000, 100_000, 1_000_000} {
		worst, sum := 0.0, 0.0
		const runs = 5
		for run := range runs {
			var s sketch
			r := rand.New(rand.NewPCG(uint64(n), uint64(run)))
			for range n {
				h := r.Uint64()
				s.add(h)
				s.add(h) // once more changes nothing
			}
			off := math.Abs(float64(s.estimate()-n)) / math.Max(1, float64(n))
			worst, sum = math.Max(worst, off), sum+off
		}
		if worst > 0.13 || sum/runs > 0.05 { // four standard deviations; mean
			t.Errorf("%d hashes: off by %.3f at worst, %.3f in the mean", n, worst, sum/runs)
		}
	}
}

func TestSketchUsesAllOfAHash(t *testing.T) {
	var s sketch
	s.add(0)
	if s[0] != 64-precision+1 {
		t.Errorf("a hash of zeros has the rank %d", s[0])
	}
	s.add(math.MaxUint64)
	if s[len(s)-1] != 1 {
		t.Errorf("a hash of ones has the rank %d", s[len(s)-1])
	}
}

// sets makes sets with room for a few of each size.
func sets(n int) *distincts {
	return &distincts{small: slab[smallSet]{max: n}, large: slab[largeSet]{max: n}, sketches: slab[sketch]{max: n}}
}

// Sets that slide are exact; sketches are near.
func TestDistinctsCount(t *testing.T) {
	d := sets(3)
	var set uint32
	r := rand.New(rand.NewPCG(1, 1))
	var hashes []uint64
	for i := range 5000 {
		hashes = append(hashes, r.Uint64())
		n := d.add(&set, hashes[i], 10, 1)
		if again := d.add(&set, hashes[r.IntN(i+1)], 11, 1); again != n {
			t.Fatalf("a hash that is in already made %d of %d", again, n)
		}
		if size := d.size(set, 1); size != n || i < 64 && n != i+1 || math.Abs(float64(n-i-1)) > .13*float64(i+1) {
			t.Fatalf("%d hashes are counted as %d, then %d", i+1, n, size)
		}
	}
	d.forget(&set)
	if set != 0 || len(d.small.free) != 1 || len(d.large.free) != 1 || len(d.sketches.free) != 1 {
		t.Error("not everything was given back")
	}
	if d.add(&set, 1, 1, 1) != 1 {
		t.Error("a set that is used again is not empty")
	}
}

func TestDistinctsSlide(t *testing.T) {
	d := sets(3)
	var set uint32
	for sec := uint32(1); sec < 3000; sec++ {
		n := d.add(&set, rand.New(rand.NewPCG(uint64(sec), 0)).Uint64(), sec, max(30, sec)-29)
		if want := int(min(sec, 30)); n != want || d.size(set, max(30, sec)-29) != want {
			t.Fatalf("at %d: %d, want %d", sec, n, want)
		}
	}
	if set&kindMask != kindLarge {
		t.Error("30 at a time need no sketch")
	}
	d.forget(&set)
	d.add(&set, 5, 1, 1)
	d.add(&set, 6, 1, 1)
	d.remove(set, 5)
	if d.size(set, 1) != 1 || d.add(&set, 6, 1, 1) != 1 {
		t.Error("what was removed is still counted")
	}
}

func TestDistinctsAreBounded(t *testing.T) {
	d := sets(2)
	var all [20]uint32
	for i := range 20 * 500 {
		d.add(&all[i%20], rand.Uint64(), 1, 1)
	}
	if len(d.small.chunks)+len(d.large.chunks)+len(d.sketches.chunks) != 3 || d.full == 0 {
		t.Errorf("more than the bound, or not counted: %d", d.full)
	}
	for i := range all {
		d.forget(&all[i])
	}
	if len(d.small.free)+int(d.small.used) == 0 || slices.Max(all[:]) != 0 {
		t.Error("a set was not given back")
	}
}

func TestWindowsSlide(t *testing.T) {
	n := make([]uint8, 3)
	raise(&n[0])
	age(n, 1)
	raise(&n[0])
	raise(&n[0])
	if sum(n) != 3 || n[1] != 1 {
		t.Errorf("%v", n)
	}
	move(n, true, 1)
	if n[0] != 3 || n[1] != 0 {
		t.Errorf("%v", n)
	}
	withdraw(n, 2)
	withdraw(n, 300)
	age(n, 2)
	age(n, 0)
	if n[2] != 3 || sum(n) != 3 {
		t.Errorf("%v", n)
	}
	age(n, 3)
	if sum(n) != 0 {
		t.Errorf("%v", n)
	}
	n[0] = 255
	raise(&n[0])
	if n[0] != 255 {
		t.Error("a count ran over")
	}
}

// The sum of an estimate is the one of its definition, in which each register counts by
// a fraction.
func TestEstimateIsItsDefinition(t *testing.T) {
	for _, n := range []int{0, 1, 100, 1000, 3000, 20_000, 500_000} {
		var s sketch
		for i := range n {
			s.add(spread(uint32(i)))
		}
		total, empty := 0.0, 0
		for _, r := range s {
			total += 1 / float64(uint64(1)<<r)
			if r == 0 {
				empty++
			}
		}
		const m = float64(len(s))
		e := 0.7213 / (1 + 1.079/m) * m * m / total
		if e <= 2.5*m && empty > 0 {
			e = m * math.Log(m/float64(empty))
		}
		if got := s.estimate(); got != int(e+0.5) {
			t.Errorf("%d: estimated as %d, want %d", n, got, int(e+0.5))
		}
	}
	var full sketch
	for i := range full {
		full[i] = 255 // as no state has it that was saved
	}
	if n := full.estimate(); n < 0 {
		t.Errorf("estimated as %d", n)
	}
}

func BenchmarkEstimate(b *testing.B) {
	var s sketch
	for i := range 3000 {
		s.add(spread(uint32(i)))
	}
	for b.Loop() {
		s.estimate()
	}
}
