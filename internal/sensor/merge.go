package sensor

import (
	"unsafe"

	"cleartap/capture"
	"cleartap/detectors"
	"cleartap/detectors/signals"
	"cleartap/output"
)

// merger gives the observations of all captures to the signals in the order of packet
// time. Captures come one after the other, ordered by their first packets; what one
// holds that is later than the first packet of the next waits for that. How much may
// wait is bounded: then the earliest goes on in spite of it, and the signals begin
// anew where time goes back. Nothing of this depends on the number of workers.
type merger struct {
	signals *signals.Signals
	to      Receiver
	files   []string        // of all captures so far; marks are indexes into it
	base    uint32          // where those of the source at hand begin
	last    []string        // they
	next    []capture.Nanos // by capture: time of the first packet of all that come after it; 0: not known
	held    []heldBack      // heap by time, then by order of arrival
	most    int
	arrived uint64
	told    uint64
}

type heldBack struct {
	at          capture.Nanos
	order       uint64
	observation detectors.Observation
}

// newMerger makes a merger that uses so much memory, what the signals use included.
func newMerger(cfg signals.Config, memory int64, captures []*capture.Capture, to Receiver) *merger {
	m := &merger{to: to, next: make([]capture.Nanos, len(captures))}
	m.most = int(max(64, memory/4/int64(unsafe.Sizeof(heldBack{})))) //nolint:gosec // a size, no address
	if cfg.MaxMemory <= 0 {
		cfg.MaxMemory = memory * 3 / 4
	}
	m.signals = signals.New(cfg, m.finding)
	for i := len(captures) - 1; i > 0; i-- {
		m.next[i-1] = captures[i].First
		if later := m.next[i]; later != 0 && later < m.next[i-1] {
			m.next[i-1] = later
		}
	}
	return m
}

// finding hands on what the signals report.
func (m *merger) finding(f *detectors.Finding) {
	m.told++
	m.to.Finding(output.Where{Path: m.files[f.Mark.File]}, f)
}

// add takes an observation of capture i.
func (m *merger) add(i int, files []string, o *detectors.Observation) {
	if !signals.Wants(o) {
		return
	}
	if len(m.last) == 0 || &files[0] != &m.last[0] {
		m.base, m.last = uint32(len(m.files)), files //nolint:gosec // fewer than 2^32 files
		m.files = append(m.files, files...)
	}
	next := m.next[i]
	at := o.Decided.Time
	if len(m.held) == 0 && (next == 0 || at <= next) {
		file := o.Mark.File
		o.Mark.File += m.base
		m.signals.Observe(at, o)
		o.Mark.File = file
		return
	}
	m.hold(at, o)
	for len(m.held) > 0 && (len(m.held) > m.most || m.held[0].at <= at && (next == 0 || m.held[0].at <= next)) {
		m.release()
	}
}

// hold puts an observation on the heap.
func (m *merger) hold(at capture.Nanos, o *detectors.Observation) {
	m.arrived++
	h := heldBack{at, m.arrived, *o}
	h.observation.Mark.File += m.base
	m.held = append(m.held, h)
	for k := len(m.held) - 1; k > 0; {
		up := (k - 1) / 2
		if !m.before(k, up) {
			return
		}
		m.held[k], m.held[up] = m.held[up], m.held[k]
		k = up
	}
}

// release gives the earliest that is held to the signals.
func (m *merger) release() {
	first := m.held[0]
	end := len(m.held) - 1
	m.held[0], m.held[end] = m.held[end], heldBack{}
	m.held = m.held[:end]
	for k := 0; ; {
		down := 2*k + 1
		if down >= end {
			break
		}
		if down+1 < end && m.before(down+1, down) {
			down++
		}
		if !m.before(down, k) {
			break
		}
		m.held[k], m.held[down] = m.held[down], m.held[k]
		k = down
	}
	m.signals.Observe(first.at, &first.observation)
}

func (m *merger) before(a, b int) bool {
	x, y := &m.held[a], &m.held[b]
	return x.at < y.at || x.at == y.at && x.order < y.order
}

// done says that capture i gave all it has.
func (m *merger) done(i int) {
	m.last = nil
	for len(m.held) > 0 && (m.next[i] == 0 || m.held[0].at <= m.next[i]) {
		m.release()
	}
}

// end gives on what is still held, and ends what the signals have not ended.
func (m *merger) end() {
	for len(m.held) > 0 {
		m.release()
	}
	m.signals.Flush()
}
