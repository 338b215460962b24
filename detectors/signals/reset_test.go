package signals

import (
	"runtime"
	"strconv"
	"testing"

	"cleartap/capture"
)

// Where packet time goes back again and again, all is forgotten with each login. That
// takes no more memory each time than the few things that were known.
func TestTimeThatJumpsTakesNoMemory(t *testing.T) {
	v := newCrowd(Config{MaxMemory: 1 << 20})
	const n = 1000
	jump := func(i int) {
		at := begin + capture.Nanos(i%2)*2*hour + capture.Nanos(i)
		v.o.Attempt.Identity, v.o.Mark.Time, v.o.Decided.Time = "somebody", at, at
		v.s.Observe(at, &v.o)
	}
	jump(0)
	jump(1)
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	for i := range n {
		jump(i)
	}
	runtime.ReadMemStats(&after)
	if each := (after.TotalAlloc - before.TotalAlloc) / n; each > 2048 {
		t.Errorf("a jump takes %d bytes", each)
	}
	if st := v.s.Stats(); st.Unmerged < n/2-1 {
		t.Errorf("%d steps back", st.Unmerged)
	}
}

// After a reset a table is as good as new, whatever was in it.
func TestTableResets(t *testing.T) {
	for _, n := range []int{0, 1, few - 1, few, few + 1, 3 * chunk} {
		tab := table[int64]{max: 2 * chunk}
		var numbers slab[int64]
		numbers.max = n + 1
		for range 2 {
			for i := range n {
				v, fresh := tab.touch(uint64(i) * 0x1000100010001)
				w := numbers.at(numbers.take())
				if !fresh || *v != 0 || *w != 0 {
					t.Fatalf("%d entries: %s is %d, %d; fresh %v", n, strconv.Itoa(i), *v, *w, fresh)
				}
				*v, *w = 1, 1
			}
			tab.reset()
			numbers.reset()
			if tab.get(0) != nil || tab.count != 0 {
				t.Fatalf("%d entries: %d are left", n, tab.count)
			}
		}
	}
}
