package sensor

import (
	"sync"
	"sync/atomic"
	"testing"
)

// Whatever the captures want, together they never use more than the whole, and
// all of them come to their end.
func TestBudget(t *testing.T) {
	const whole, captures, workers = 1000, 60, 6
	b := newBudget(whole, captures)
	var using [captures]atomic.Int64
	var next atomic.Int64
	var wg sync.WaitGroup
	for range workers {
		wg.Go(func() {
			for i := int(next.Add(1) - 1); i < captures; i = int(next.Add(1) - 1) {
				b.begin(i)
				for use := int64(0); use <= b.each; use += b.each / 10 {
					using[i].Store(use)
					b.use(i, use)
				}
				sum := int64(0)
				for k := range using {
					sum += using[k].Load()
				}
				// each of the others may have grown by one step before it was told to wait
				if sum > whole+workers*b.each/10 {
					t.Errorf("capture %d: %d in use of %d", i, sum, whole)
				}
				using[i].Store(0)
				b.end(i)
			}
		})
	}
	wg.Wait()
	if b.sum != 0 || len(b.used) != 0 {
		t.Errorf("left over: %d, %v", b.sum, b.used)
	}
}

func TestBudgetOfOneIsTheWhole(t *testing.T) {
	b := newBudget(0, 1)
	if b.each != DefaultMemory {
		t.Errorf("each %d", b.each)
	}
	b.begin(0)
	b.use(0, 10*DefaultMemory) // the only one never waits
	b.end(0)
}
