package sensor

import (
	"runtime"
	"runtime/debug"
	"runtime/metrics"
	"sync"
)

const (
	// gcPercent keeps the heap near what is in use: there is little garbage, so
	// collecting it often costs little.
	gcPercent = 20
	// leastHeap is what the heap may grow to before it is collected, however little of it
	// is in use: each collection looks at the globals as well, which the tables of
	// gopacket make larger than the heap of most scans.
	leastHeap = 24 << 20
	// firstHeap is what the runtime multiplies by its percentage to begin with
	// (https://go.dev/doc/gc-guide).
	firstHeap = 4 << 20
)

// limitMemory makes the collector keep the process within the bound, and gives
// what takes that back.
func limitMemory(cfg *Config) (restore func()) {
	memory := cfg.MaxMemory
	if memory <= 0 {
		memory = DefaultMemory
	}
	limit, percent := debug.SetMemoryLimit(memory), debug.SetGCPercent(100*leastHeap/firstHeap)
	p := new(pace)
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
	if percent := percentFor(live, roots); percent != p.percent {
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

// percentFor is the percentage at which a heap of live bytes in use grows to leastHeap,
// at least gcPercent. The runtime takes it of the roots too.
func percentFor(live, roots int64) int {
	return int(max(gcPercent, 100*(leastHeap-live)/max(1, live+roots)))
}
