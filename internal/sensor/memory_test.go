package sensor

import (
	"runtime"
	"runtime/debug"
	"runtime/metrics"
	"testing"
	"time"
)

var garbage []byte

// collections reports how often n bytes of garbage are collected.
func collections(t *testing.T, n int) uint64 {
	t.Helper()
	count := func() uint64 {
		m := []metrics.Sample{{Name: "/gc/cycles/automatic:gc-cycles"}}
		metrics.Read(m)
		return m[0].Value.Uint64()
	}
	before := count()
	for ; n > 0; n -= 64 << 10 {
		garbage = make([]byte, 64<<10)
		if n%(1<<20) == 0 {
			time.Sleep(time.Millisecond) // the pace is set beside
		}
	}
	return count() - before
}

// A small heap is left alone until it has grown to leastHeap; a large one is kept near what
// is in use.
func TestPaceOfTheCollector(t *testing.T) {
	before := debug.SetGCPercent(100)
	debug.SetGCPercent(before)
	limit := debug.SetMemoryLimit(-1)
	runtime.GC()
	restore := limitMemory(1<<30, liveGarbage)
	runtime.GC()
	time.Sleep(20 * time.Millisecond) // what is set after a collection is set beside
	if n := collections(t, 96<<20); n > 12 {
		t.Errorf("96 MiB of garbage beside a small heap: %d collections", n)
	}
	large := make([]byte, 100<<20)
	runtime.GC()
	time.Sleep(20 * time.Millisecond)
	if n := collections(t, 96<<20); n < 3 || n > 8 {
		t.Errorf("96 MiB of garbage beside 100 MiB in use: %d collections", n)
	}
	runtime.KeepAlive(large)
	restore()
	runtime.GC()
	time.Sleep(20 * time.Millisecond)
	if p := debug.SetGCPercent(before); p != before || debug.SetMemoryLimit(-1) != limit {
		t.Errorf("%d %% and %d bytes are left behind", p, debug.SetMemoryLimit(-1))
	}
}

func TestPercentages(t *testing.T) {
	for _, c := range []struct {
		live, roots int64
		want        int
	}{
		{0, 0, 100 * leastHeap}, {12 << 20, 0, 100}, {10 << 20, 4 << 20, 100}, {16 << 20, 4 << 20, 40}, {20 << 20, 5 << 20, 16}, {1000 << 20, 0, -97},
	} {
		if p := percentFor(c.live, c.roots); p != c.want {
			t.Errorf("%d bytes and %d of roots: %d %%, want %d", c.live, c.roots, p, c.want)
		}
	}
}
