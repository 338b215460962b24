package signals

import (
	"math/rand/v2"
	"slices"
	"testing"
)

// A table does what a map and a list of recent keys do.
func TestTableIsAMapThatForgetsTheOldest(t *testing.T) {
	for _, most := range []int{1, 2, 50, 700} {
		r := rand.New(rand.NewPCG(1, uint64(most)))
		dropped := 0
		tab := table[int64]{max: most, drop: func(*int64) { dropped++ }}
		model, order := map[uint64]int64{}, []uint64(nil)
		forget := func(key uint64) {
			delete(model, key)
			order = slices.DeleteFunc(order, func(k uint64) bool { return k == key })
		}
		evicted, removed := uint64(0), 0
		for i := range int64(20_000) {
			key := r.Uint64N(uint64(most)*3) * 0x1000100010001 // many keys that begin at the same place
			switch r.IntN(5) {
			case 0:
				if _, ok := model[key]; ok {
					removed++
				}
				tab.remove(key)
				forget(key)
			case 1:
				got, want := tab.get(key), model[key]
				if (got == nil) != (want == 0) || got != nil && *got != want {
					t.Fatalf("%d entries: step %d: got %v, want %d", most, i, got, want)
				}
			default:
				_, have := model[key]
				if !have && len(model) == most {
					evicted++
					forget(order[0])
				}
				v, fresh := tab.touch(key)
				if fresh == have || fresh && *v != 0 {
					t.Fatalf("%d entries: step %d: fresh %v", most, i, fresh)
				}
				*v = i + 1
				forget(key)
				model[key], order = i+1, append(order, key)
			}
			if tab.count != len(model) || tab.evicted != evicted || dropped != int(evicted)+removed {
				t.Fatalf("%d entries: step %d: %d kept and %d evicted, want %d and %d", most, i, tab.count, tab.evicted, len(model), evicted)
			}
		}
	}
}

func TestTableStaysWithinItsBound(t *testing.T) {
	tab := table[int64]{max: 5000}
	for i := range uint64(100_000) {
		tab.touch(i * 0x9e3779b97f4a7c15)
	}
	if len(tab.chunks) > 5000/chunk+1 || len(tab.index) > 16384 {
		t.Errorf("%d chunks and an index of %d for %d entries", len(tab.chunks), len(tab.index), tab.count)
	}
	if n := testing.AllocsPerRun(1000, func() { tab.touch(rand.Uint64()) }); n != 0 {
		t.Errorf("%v allocations", n)
	}
}

func TestEmptyTable(t *testing.T) {
	var tab table[int]
	if tab.get(1) != nil {
		t.Error("something is in it")
	}
	tab.remove(1)
	tab.max = 1
	tab.touch(1)
	if tab.get(1) == nil {
		t.Error("what was put in is not there")
	}
}
