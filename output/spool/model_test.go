package spool

import (
	"context"
	"math/rand/v2"
	"runtime"
	"sync"
	"syscall"
	"testing"
	"time"
)

// model plays one random life of a spool: appends, commits, readers, cursors,
// crashes, kills and restarts, on a disk that loses what it may lose.
type model struct {
	t    *testing.T
	rng  *rand.Rand
	seed uint64
	d    *memDisk
	s    *Spool
	cfg  Config

	accepted  []uint64 // of this run of the spool, in order
	committed map[uint64]bool
	all       map[uint64]bool
	last      uint64
	names     []string
	readers   map[string]*Reader
	got       map[string]map[uint64]bool
	bySeq     map[uint64]uint64
	faults    bool
}

func (m *model) fatal(format string, args ...any) {
	m.t.Helper()
	m.t.Fatalf("seed %d: "+format, append([]any{m.seed}, args...)...)
}

func (m *model) open() {
	m.t.Helper()
	s, err := load(stillConfig(m.cfg), m.d)
	if err != nil {
		m.fatal("load: %v", err)
	}
	m.s = s
	m.accepted = nil
	m.readers = map[string]*Reader{}
	for _, name := range m.names {
		if m.readers[name], err = s.Reader(name); err != nil {
			m.fatal("reader: %v", err)
		}
	}
}

func (m *model) step() {
	if m.rng.IntN(5) == 0 {
		m.d.dies = m.d.calls + 1 + m.rng.IntN(40)
	}
	m.act()
	if m.d.dead() {
		m.restart()
	}
}

func (m *model) act() {
	switch m.rng.IntN(12) {
	case 0, 1, 2, 3:
		for range 1 + m.rng.IntN(6) {
			m.last++
			if m.s.Append(payload(m.last, 8+m.rng.IntN(1500)), m.rng.IntN(4) == 0) {
				m.accepted = append(m.accepted, m.last)
				m.all[m.last] = true
			}
		}
	case 4, 5, 6:
		m.commit()
	case 7, 8:
		name := m.names[m.rng.IntN(len(m.names))]
		m.read(name, 1+m.rng.IntN(8))
	case 9, 10:
		m.keep()
	case 11:
		m.restart()
	}
}

func (m *model) commit() {
	m.s.out.retryAt = time.Time{}
	m.s.commit(time.Now())
	for _, n := range m.accepted[:len(m.accepted)-m.s.waiting] {
		m.committed[n] = true
	}
}

func (m *model) keep() {
	m.s.keep(time.Now())
	m.s.setAside()
}

func (m *model) read(name string, n int) int {
	r := m.readers[name]
	before := r.pos
	out, err := r.fill(context.Background(), n)
	if err != nil && !m.faults && !m.d.dead() {
		m.fatal("read: %v", err)
	}
	for _, rec := range out {
		if rec.Seq <= before {
			m.fatal("%s: record %d after %d", name, rec.Seq, before)
		}
		before = rec.Seq
		id := number(m.t, rec.Payload)
		if !m.all[id] {
			m.fatal("%s: record %d was never accepted", name, id)
		}
		if old, ok := m.bySeq[rec.Seq]; ok && old != id && !m.faults { // what a refused sync left behind may be read, and vanish then
			m.fatal("%s: number %d stood for %d and stands for %d", name, rec.Seq, old, id)
		}
		m.bySeq[rec.Seq] = id
		m.got[name][id] = true
	}
	if len(out) > 0 && m.rng.IntN(4) > 0 {
		if err := r.Done(out[m.rng.IntN(len(out))].Seq); err != nil {
			m.fatal("%v", err)
		}
	}
	return len(out)
}

// restart ends the run in one of the ways that there are, and opens again.
func (m *model) restart() {
	type place struct{ durable, done uint64 }
	was := map[string]place{}
	for name, r := range m.readers {
		was[name] = place{r.durable, r.done}
	}
	switch m.rng.IntN(3) {
	case 0:
		m.d = m.d.kill()
	default:
		m.d = m.d.crash(m.rng)
	}
	m.open()
	for name, r := range m.readers {
		if r.done < was[name].durable && !m.faults || r.done > was[name].done {
			m.fatal("%s: the cursor is %d, but was between %d and %d", name, r.done, was[name].durable, was[name].done)
		}
	}
	if n := m.s.stats.Lost[LostDamaged]; n > 0 && !m.faults {
		m.fatal("%d records count as damaged, but nothing was", n)
	}
	if m.s.stats.Strange > 0 {
		m.fatal("%d files are strange", m.s.stats.Strange)
	}
}

// finish reads all that is left, and looks for what is missing.
func (m *model) finish() {
	m.restart()
	for _, name := range m.names {
		for m.read(name, 1000) > 0 {
		}
		for id := range m.committed {
			if !m.got[name][id] {
				m.fatal("%s never got record %d, which was committed", name, id)
			}
		}
	}
}

func newModel(t *testing.T, seed uint64) *model {
	m := &model{
		t: t, seed: seed, rng: rand.New(rand.NewPCG(seed, 7)), d: newMemDisk(),
		committed: map[uint64]bool{}, all: map[uint64]bool{}, bySeq: map[uint64]uint64{}, got: map[string]map[uint64]bool{},
	}
	m.names = []string{"a", "b"}[:1+m.rng.IntN(2)]
	m.cfg = Config{Readers: m.names, SegmentBytes: 4096 << m.rng.IntN(3)}
	if m.rng.IntN(2) == 0 {
		m.cfg.MaxBytes = 4 * m.cfg.SegmentBytes
	}
	for _, name := range m.names {
		m.got[name] = map[uint64]bool{}
	}
	m.open()
	return m
}

// parallel calls fn with the seeds below n, on as many goroutines as there are processors.
func parallel(n int, fn func(seed uint64)) {
	var wg sync.WaitGroup
	workers := min(runtime.GOMAXPROCS(0), 2)
	for w := range workers {
		wg.Add(1)
		go func() {
			defer wg.Done()
			for seed := w; seed < n; seed += workers {
				fn(uint64(seed))
			}
		}()
	}
	wg.Wait()
}

// T2: whatever the disk loses at a crash that it may lose, each committed record
// is read by each reader, none is made up, and no number is used twice.
func TestModelOfCrashes(t *testing.T) {
	parallel(times(10_000, 1_000_000), func(seed uint64) {
		if t.Failed() {
			return
		}
		m := newModel(t, seed)
		for range 10 + m.rng.IntN(40) {
			m.step()
		}
		m.finish()
	})
}

// T2 with faults: the disk refuses calls at random too.
func TestModelOfCrashesWithFaults(t *testing.T) {
	faults := []error{syscall.EIO, syscall.ENOSPC, syscall.EROFS, syscall.EDQUOT}
	parallel(times(5_000, 500_000), func(seed uint64) {
		if t.Failed() {
			return
		}
		m := newModel(t, seed+1<<32)
		m.faults = true
		for range 10 + m.rng.IntN(40) {
			m.d.fault = func(_ int, op, _ string) error {
				if op == "read" || op == "list" || op == "open" || m.rng.IntN(12) > 0 {
					return nil
				}
				return faults[m.rng.IntN(len(faults))]
			}
			m.step()
			m.d.fault = nil
		}
		m.finish()
	})
}
