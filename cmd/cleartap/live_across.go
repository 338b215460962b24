package main

import (
	"crypto/rand"
	"encoding/binary"
	"net/netip"
	"time"

	"cleartap/capture"
	"cleartap/detectors"
	"cleartap/detectors/secret"
	"cleartap/detectors/signals"
	"cleartap/internal/config"
	"cleartap/internal/geoip"
	"cleartap/internal/sensor"
)

// across is what a live sensor tells of many dialogues together. It lives as long
// as the sensor: reading the configuration again changes nothing of it.
type across struct {
	signals *signals.Signals
	at      capture.Nanos // packet time of the last observation
	came    time.Time     // when it came
	iface   string        // where
	places  *geoip.DB     // nil: nobody knows where addresses are
}

// begin makes the signals, which report to report.
func (a *across) begin(l *config.Loaded, report func(*detectors.Finding)) error {
	cfg := l.Signals.Thresholds()
	var err error
	if a.places, err = openPlaces(l.Signals.GeoIP); err != nil {
		return &outcome{exitFailed, "signals.geoip: " + err.Error()}
	}
	cfg.Place = placesOf(a.places)
	cfg.MaxMemory = sensor.SignalsMemory(int64(l.Limits.Memory))
	cfg.Updates = true
	random := randomBytes()
	cfg.Seed = [2]uint64{binary.LittleEndian.Uint64(random[:8]), binary.LittleEndian.Uint64(random[8:])}
	a.signals = signals.New(cfg, report)
	return nil
}

// resume lets packet time go on from where it was when the state was saved.
func (a *across) resume(now time.Time) {
	if at := a.signals.Now(); at != 0 {
		a.at, a.came = at, now
	}
}

// openPlaces opens the files that tell where addresses are; without any there is nothing to open.
func openPlaces(files []string) (*geoip.DB, error) {
	if len(files) == 0 {
		return nil, nil
	}
	return geoip.Open(files...)
}

// placesOf is how the signals ask where an address is; nil when nobody knows.
func placesOf(db *geoip.DB) func(netip.Addr) (signals.Place, bool) {
	if db == nil {
		return nil
	}
	return func(a netip.Addr) (signals.Place, bool) {
		p := db.Lookup(a)
		out := signals.Place{AS: p.ASN, Latitude: float32(p.Latitude), Longitude: float32(p.Longitude), Located: p.Located}
		copy(out.Country[:], p.Country)
		return out, p.Country != "" || p.ASN != 0 || p.Located
	}
}

// observe takes an observation.
func (a *across) observe(o *sensor.LiveObservation) {
	if !signals.Wants(&o.Observation) {
		return
	}
	if a.at-o.At > capture.Nanos(time.Hour) { // what was resumed is of a clock that was wrong
		a.at = o.At
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
