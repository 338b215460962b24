package main

import (
	"errors"
	"log/slog"
	"os"
	"path/filepath"
	"time"

	"cleartap/detectors"
	"cleartap/internal/config"
	"cleartap/internal/inventory"
	"cleartap/internal/sensor"
	"cleartap/output/health"
)

// kept is the inventory of a live sensor: it lives as long as the sensor, and outlives
// it in a file if there is one. Its methods run on one goroutine; the disk is waited
// for on another.
type kept struct {
	servers *inventory.Inventory // nil before begin
	store   *inventory.Store     // nil: in memory alone
	every   time.Duration
	next    time.Time
	batch   *inventory.Batch // on its way to the disk
	written chan error       // how that went
	failing bool
	iface   string // where the observation at hand was made
	log     *slog.Logger
}

// serverMemory is what a server may take, in bytes, with sketches and a certificate.
const serverMemory = 5 << 10

// begin opens the file. A file that is damaged does not keep the sensor from its work:
// it is moved out of the way.
func (k *kept) begin(l *config.Loaded, log *slog.Logger, report func(*detectors.Finding)) error {
	k.log, k.every = log, time.Duration(l.Inventory.Save)
	cfg := inventory.Config{HomeNets: config.Prefixes(l.Privacy.HomeNet), Report: report,
		MaxServers: min(inventory.DefaultServers, int(sensor.InventoryMemory(int64(l.Limits.Memory))/serverMemory))}
	k.servers = inventory.New(cfg)
	path := l.InventoryFile()
	if path == "" {
		return nil
	}
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return &outcome{exitFailed, "inventory.path: " + err.Error()}
	}
	var err error
	k.store, err = inventory.OpenStore(path, k.servers)
	if errors.Is(err, inventory.ErrDamaged) {
		aside := path + ".damaged"
		log.Error("the inventory is damaged: a new one is begun", "reason", err, "moved_to", aside)
		if err := os.Rename(path, aside); err != nil {
			return &outcome{exitFailed, "inventory.path: " + err.Error()}
		}
		k.servers = inventory.New(cfg)
		k.store, err = inventory.OpenStore(path, k.servers)
	}
	if err != nil {
		return &outcome{exitFailed, "inventory.path: " + err.Error()}
	}
	return nil
}

// observe takes an observation.
func (k *kept) observe(o *sensor.LiveObservation) {
	if k.servers == nil {
		return
	}
	k.iface = o.Interface
	k.servers.Observe(&o.Observation)
	k.iface = ""
}

// tick saves what changed when it is time to, without waiting for the disk.
func (k *kept) tick(now time.Time) {
	if k.store == nil {
		return
	}
	if k.batch != nil {
		select {
		case err := <-k.written:
			k.saved(err)
		default:
			return
		}
	}
	if now.Before(k.next) {
		return
	}
	k.next = now.Add(k.every)
	k.save()
}

// save sets out to write what changed.
func (k *kept) save() {
	b, err := k.store.Begin(k.servers)
	if err != nil {
		k.told(err)
		return
	}
	if b == nil {
		return
	}
	k.batch, k.written = b, make(chan error, 1)
	go func(written chan<- error) { written <- b.Write() }(k.written)
}

// saved takes how writing went.
func (k *kept) saved(err error) {
	err = k.store.End(k.batch, err)
	k.batch = nil
	k.told(err)
}

// told tells once that the file cannot be written, and once that it can be again.
func (k *kept) told(err error) {
	switch {
	case err != nil && !k.failing:
		k.log.Error("the inventory cannot be saved; it is tried again", "reason", err)
	case err == nil && k.failing:
		k.log.Info("the inventory can be saved again")
	}
	k.failing = err != nil
}

// figures tells of the inventory for the health record; others says that another file
// cannot be written.
func (k *kept) figures(others bool) health.Inventory {
	h := health.Inventory{Failing: k.failing || others}
	if k.servers != nil {
		st := k.servers.Stats()
		h.Servers, h.Forgotten = st.Servers, st.Evicted
	}
	return h
}

// end saves what is not saved yet, and waits for the disk.
func (k *kept) end() {
	if k.store == nil {
		return
	}
	if k.batch != nil {
		k.saved(<-k.written)
	}
	k.save()
	if k.batch != nil {
		k.saved(<-k.written)
	}
}
