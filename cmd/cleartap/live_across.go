package main

import (
	"crypto/rand"
	"encoding/binary"
	"time"

	"cleartap/capture"
	"cleartap/detectors"
	"cleartap/detectors/secret"
	"cleartap/detectors/signals"
	"cleartap/internal/config"
	"cleartap/internal/sensor"
)

// across is what a live sensor tells of many dialogues together. It lives as long
// as the sensor: reading the configuration again changes nothing of it.
type across struct {
	signals *signals.Signals
	at      capture.Nanos // packet time of the last observation
	came    time.Time     // when it came
	iface   string        // where
}

// begin makes the signals, which report to report.
func (a *across) begin(l *config.Loaded, report func(*detectors.Finding)) {
	cfg := l.Signals.Thresholds()
	cfg.MaxMemory = sensor.SignalsMemory(int64(l.Limits.Memory))
	cfg.Updates = true
	random := randomBytes()
	cfg.Seed = [2]uint64{binary.LittleEndian.Uint64(random[:8]), binary.LittleEndian.Uint64(random[8:])}
	a.signals = signals.New(cfg, report)
}

// observe takes an observation.
func (a *across) observe(o *sensor.LiveObservation) {
	if !signals.Wants(&o.Observation) {
		return
	}
	a.at, a.came, a.iface = max(a.at, o.At), time.Now(), o.Interface
	a.signals.Observe(o.At, &o.Observation)
	a.iface = ""
}

// tick moves packet time on by the monotonic clock while nothing is observed.
func (a *across) tick(now time.Time) {
	if !a.came.IsZero() {
		a.signals.Tick(a.at + capture.Nanos(now.Sub(a.came)))
	}
}

// randomBytes are for a key that dies with the process.
func randomBytes() (b [16]byte) {
	_, _ = rand.Read(b[:]) // never fails: it ends the program instead
	return b
}

// secretMarks makes the key of marks if they are asked for, else nil.
func secretMarks(wanted bool) *secret.Key {
	if !wanted {
		return nil
	}
	return secret.NewKey(randomBytes())
}
