package main

import (
	"errors"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"time"

	"cleartap/detectors/signals"
	"cleartap/internal/config"
	"cleartap/output"
)

// When the state of the signals is written: every stateEvery, and stateSoon after an
// attack began, so that a sensor that is killed does not tell its start twice.
const (
	stateEvery = 5 * time.Minute
	stateSoon  = 10 * time.Second
	mostState  = 1 << 30 // bytes of a file that are read
)

// memory is the file in which what the signals remember outlives the process. Its
// methods run on one goroutine; the disk is waited for on another.
type memory struct {
	path    string // empty: there is no file
	written time.Time
	attacks uint64 // that had begun then
	under   chan error
	failing bool
	log     *slog.Logger
}

// open loads what is in the file. One that cannot be used costs what was learnt, not the
// sensor: it is told, and written anew.
func (m *memory) open(path string, log *slog.Logger, s *signals.Signals, once *signals.Once) error {
	m.path, m.log, m.written = path, log, time.Now()
	if path == "" {
		return nil
	}
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return &outcome{exitFailed, "signals.state: " + err.Error()}
	}
	st, err := os.Stat(path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return m.trial()
	case err != nil:
		return &outcome{exitFailed, "signals.state: " + err.Error()}
	case !st.Mode().IsRegular() || st.Size() > mostState:
		return &outcome{exitFailed, "signals.state: " + path + " is no state of signals: want a file of its own"}
	}
	p, err := os.ReadFile(path)
	if err != nil {
		return &outcome{exitFailed, "signals.state: " + err.Error()}
	}
	switch err := signals.Load(p, s, once); {
	case err != nil && !signals.IsState(p):
		return &outcome{exitFailed, "signals.state: " + path + " is no state of signals: want a file of its own"}
	case err != nil:
		log.Warn("what was learnt is lost: it is learnt anew", "file", path, "reason", err)
	}
	return m.trial()
}

// trial finds out now whether the file can be written later.
func (m *memory) trial() error {
	f, err := createPending(m.path)
	if err != nil {
		return &outcome{exitFailed, "signals.state: " + err.Error()}
	}
	f.discard()
	return nil
}

// tick writes the state when it is time to, without waiting for the disk.
func (m *memory) tick(now time.Time, p *pipeline) {
	if m.path == "" {
		return
	}
	if m.under != nil {
		select {
		case err := <-m.under:
			m.under = nil
			m.told(err)
		default:
			return
		}
	}
	passed := now.Sub(m.written)
	if passed < stateSoon || passed < stateEvery && p.across.signals.Stats().Attacks == m.attacks {
		return
	}
	state := m.state(now, p)
	m.under = make(chan error, 1)
	go func(under chan<- error) { under <- writeState(m.path, state) }(m.under)
}

func (m *memory) state(now time.Time, p *pipeline) []byte {
	m.written, m.attacks = now, p.across.signals.Stats().Attacks
	return signals.Save(p.across.signals, p.once, signals.Shown{
		Names:     p.policy.Usernames == output.UsernamesAuto || p.policy.Usernames == output.UsernamesFull,
		Addresses: p.policy.Clients == output.ClientsFull,
	})
}

// end writes the state and reports whether it is there now: attacks in it are not over.
func (m *memory) end(p *pipeline) bool {
	if m.path == "" {
		return false
	}
	if m.under != nil {
		m.told(<-m.under)
		m.under = nil
	}
	err := writeState(m.path, m.state(time.Now(), p))
	m.told(err)
	return err == nil
}

// told tells once that the file cannot be written, and once that it can be again.
func (m *memory) told(err error) {
	switch {
	case err != nil && !m.failing:
		m.log.Error("what was learnt cannot be saved; it is tried again", "file", m.path, "reason", reason(err))
	case err == nil && m.failing:
		m.log.Info("what was learnt can be saved again", "file", m.path)
	}
	m.failing = err != nil
}

// writeState puts a state in the place of the one before.
func writeState(path string, state []byte) error {
	f, err := createPending(path)
	if err != nil {
		return err
	}
	if _, err := f.Write(state); err != nil {
		f.discard()
		return err
	}
	return f.commit()
}

// rest is what becomes of attacks that are not over when the sensor stops: with a file
// they go on at the next start.
func (p *pipeline) rest() {
	if p.memory.end(p) {
		p.across.signals.FlushUnsaved()
		return
	}
	p.across.signals.Flush()
}

// remember loads what an earlier sensor learnt.
func (p *pipeline) remember(l *config.Loaded) error {
	if err := p.memory.open(l.SignalsFile(), p.log, p.across.signals, p.once); err != nil {
		return err
	}
	p.across.resume(time.Now())
	return nil
}
