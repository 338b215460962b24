package sensor

import (
	"runtime/debug"
)

// gcPercent keeps the heap near what is in use: there is little garbage, so
// collecting it often costs little.
const gcPercent = 20

// limitMemory makes the collector keep the process within the bound, and gives
// what takes that back.
func limitMemory(cfg *Config) (restore func()) {
	memory := cfg.MaxMemory
	if memory <= 0 {
		memory = DefaultMemory
	}
	limit, percent := debug.SetMemoryLimit(memory), debug.SetGCPercent(gcPercent)
	return func() {
		debug.SetMemoryLimit(limit)
		debug.SetGCPercent(percent)
	}
}
