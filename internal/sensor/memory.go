package sensor

import (
	"runtime"
	"runtime/debug"
	"runtime/metrics"
	"sync"
)

const (
	// liveGarbage and scanGarbage are percentages that keep the heap near what is in use:
	// there is little garbage, least in a scan, so collecting it often costs little.
	liveGarbage = 20
	scanGarbage = 8
	// leastHeap is what the heap may grow to before it is collected, however little of it
	// is in use: each collection looks at the globals as well, which the tables of
	// gopacket make larger than the heap of most scans.
	leastHeap = 24 << 20
	// firstHeap is what the runtime multiplies by its percentage to begin with: the
	// globals that it looks at (https://go.dev/doc/gc-guide).
	firstHeap = 6 << 20
)

// limitMemory makes the collector keep the process within the bound, with garbage of
// about a percentage of what is in use, and gives what takes that back.
func limitMemory(memory int64, garbage int) (restore func()) {
	if memory <= 0 {
		memory = DefaultMemory
	}
	limit, percent := debug.SetMemoryLimit(memory), debug.SetGCPercent(100*leastHeap/firstHeap)
	p := &pace{least: garbage}
	p.watch()
	return func() {
		p.end()
		debug.SetMemoryLimit(limit)
		debug.SetGCPercent(percent)
	}
}

// pace sets after each collection when the next one is due.
type pace struct {
	mu      sync.Mutex
	least   int
	percent int
	ended   bool
}

// watch has next called once after the collection that finds what it makes.
func (p *pace) watch() {
	unused := new(*pace) // what holds no pointer may be kept with others
	runtime.AddCleanup(unused, (*pace).next, p)
}

func (p *pace) next() {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.ended {
		return
	}
	m := []metrics.Sample{{Name: "/gc/heap/live:bytes"}, {Name: "/gc/scan/globals:bytes"}, {Name: "/gc/scan/stack:bytes"}}
	metrics.Read(m)
	live, roots := int64(m[0].Value.Uint64()), int64(m[1].Value.Uint64()+m[2].Value.Uint64()) //nolint:gosec // of this process
	// To set it stops the world.
	if percent := max(p.least, percentFor(live, roots)); percent != p.percent {
		debug.SetGCPercent(percent)
		p.percent = percent
	}
	p.watch()
}

func (p *pace) end() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.ended = true
}

// percentFor is the percentage at which a heap of live bytes in use grows to leastHeap; of
// a larger one it is negative. The runtime takes it of the roots too.
func percentFor(live, roots int64) int {
	return int(100 * (leastHeap - live) / max(1, live+roots))
}
