package main

import (
	"context"
	"errors"
	"log/slog"
	"path/filepath"
	"strings"
	"time"

	"cleartap/detectors"
	"cleartap/internal/config"
	"cleartap/internal/privilege"
	"cleartap/internal/sensor"
	"cleartap/internal/systemd"
)

// listening is one live sensor at work. All its methods run on the goroutine of
// sensor.Live.Run.
type listening struct {
	pipeline
	o        *liveOpts
	std      *streams
	loaded   *config.Loaded
	live     *sensor.Live
	rights   privilege.State
	reloaded uint64
	refused  uint64
	cancel   context.CancelFunc
}

// runLive opens the interfaces, gives up rights, and listens until ctx ends.
func runLive(ctx context.Context, o *liveOpts, std *streams) error {
	s := &listening{o: o, std: std, loaded: o.loaded}
	cfg, err := sensorConfig(o.loaded)
	if err != nil {
		return err
	}
	if s.live, err = sensor.OpenLive(cfg); err != nil {
		return openFault(o.loaded, err)
	}
	if err := s.prepare(); err != nil {
		return errors.Join(err, s.live.Close())
	}
	control := make(chan func())
	stop := s.signals(ctx, control)
	defer stop()
	s.log.Info("listening", "interfaces", strings.Join(o.loaded.Capture.Interfaces, ","), "ports", o.loaded.Capture.Ports, "workers", s.live.Workers(), "version", version)
	s.tellSystemd(systemd.Ready)
	end := s.watchdog()
	stopping := context.AfterFunc(ctx, func() { _ = systemd.Notify(systemd.Stopping) })
	defer stopping()
	defer end()
	return s.run(ctx, control)
}

// run listens until ctx ends, and not much longer: outputs that take nothing any
// more do not keep the sensor from stopping.
func (s *listening) run(ctx context.Context, control <-chan func()) error {
	ctx, s.cancel = context.WithCancel(ctx)
	defer s.cancel()
	done := make(chan error, 1)
	go func() {
		s.live.Run(ctx, s, control)
		s.kept.end()
		err := s.close()
		s.log.Info("stopped", "alerts", s.sent, "logins", s.logins)
		done <- err
	}()
	late := make(chan struct{})
	defer context.AfterFunc(ctx, func() { time.AfterFunc(stopAtMost, func() { close(late) }) })()
	select {
	case err := <-done:
		return err
	case <-late:
		return &outcome{exitPartial, "stopped although outputs did not take all that was found"}
	}
}

// stopAtMost is how long the sensor may take to stop.
const stopAtMost = 9 * time.Second

// prepare opens the outputs and gives up rights: first the user, so that files
// belong to it, then the rest.
func (s *listening) prepare() error {
	preferred := privilege.Prefer(s.loaded.Process.Nice)
	if err := privilege.Become(s.loaded.Process.User); err != nil {
		return &outcome{exitFailed, err.Error()}
	}
	if err := s.configure(s.loaded, s.std, s.o); err != nil {
		return err
	}
	if err := s.across.begin(s.loaded, func(f *detectors.Finding) { s.pass(f, s.across.iface) }); err != nil {
		return err
	}
	if err := s.remember(s.loaded); err != nil {
		return err
	}
	if err := s.kept.begin(s.loaded, s.log, func(f *detectors.Finding) { s.pass(f, s.kept.iface) }); err != nil {
		return err
	}
	if preferred != nil && s.loaded.Origins["process.nice"] != "" { // without having been told to it was worth a try
		s.log.Warn("the sensor has no precedence on this machine", "process.nice", s.loaded.Process.Nice, "reason", preferred)
	}
	var err error
	s.rights, err = privilege.Drop(privilege.Config{Mode: privilege.Mode(s.loaded.Process.Sandbox), Access: access(s.loaded, s.o)})
	if err != nil {
		return &outcome{exitFailed, err.Error()}
	}
	for _, lack := range s.rights.Missing {
		s.log.Warn("a right could not be given up", "reason", lack)
	}
	return nil
}

// access is what must still be reached when rights are given up.
func access(l *config.Loaded, o *liveOpts) config.Access {
	var a config.Access
	for _, path := range append([]string{o.path, l.Privacy.PseudonymKeyFile}, l.Signals.GeoIP...) {
		if path != "" {
			a.Read = append(a.Read, path)
		}
	}
	for _, path := range []string{l.InventoryFile(), l.SignalsFile()} {
		if path != "" {
			a.Write = append(a.Write, filepath.Dir(path))
		}
	}
	for i := range l.Outputs {
		a.Add(l.Outputs[i].Spec.Access())
		if acknowledges(&l.Outputs[i]) {
			a.Add(config.Access{Write: []string{l.Spool.Dir}})
		}
	}
	return a
}

// Observation implements sensor.LiveReceiver.
func (s *listening) Observation(o *sensor.LiveObservation) { s.take(o) }

// Notice implements sensor.LiveReceiver.
func (s *listening) Notice(n sensor.Notice) {
	level := slog.LevelWarn
	if n.Over {
		level = slog.LevelInfo
	}
	s.log.Log(context.Background(), level, n.Text, n.Fields...)
}

// Tick implements sensor.LiveReceiver. A reader of standard output that went away
// has seen enough.
func (s *listening) Tick() {
	s.tick(time.Now())
	if s.sinks.unread() {
		s.cancel()
	}
}

// Settle implements sensor.LiveReceiver.
func (s *listening) Settle() {
	s.rest()
	s.throttle.Close()
}

// Health implements sensor.LiveReceiver.
func (s *listening) Health(h *sensor.Health) {
	r := s.record(h)
	s.sinks.health(r)
	s.log.Debug("health", "state", h.State, "packets", h.Total.Packets, "drops", h.Total.Kernel.Drops)
	s.tellSystemd(systemd.Status(statusLine(h, s.sent)))
}

func (s *listening) tellSystemd(state string) {
	if err := systemd.Notify(state); err != nil {
		s.log.Debug("systemd", "reason", err)
	}
}

// watchdog tells systemd that the sensor lives, as long as every worker goes round
// its loop. It gives what ends it.
func (s *listening) watchdog() (end func()) {
	every := systemd.WatchdogInterval() / 3
	if every <= 0 {
		return func() {}
	}
	ctx, cancel := context.WithCancel(context.Background())
	go func() {
		for t := time.NewTicker(every); ; {
			select {
			case <-ctx.Done():
				t.Stop()
				return
			case <-t.C:
			}
			if s.live.Moved() {
				_ = systemd.Notify(systemd.Watchdog) // without it systemd acts, as it should
			}
		}
	}()
	return cancel
}

// reload reads the configuration again. What is wrong is refused as a whole.
func (s *listening) reload() {
	s.tellSystemd(systemd.Reloading())
	defer s.tellSystemd(systemd.Ready)
	l, err := s.o.load()
	if err == nil {
		err = s.configure(l, s.std, s.o)
	}
	if err != nil {
		s.refused++
		s.log.Error("the new configuration is refused, the old one goes on", "reason", err)
		return
	}
	for _, path := range l.Differences(s.loaded) {
		if needsRestart(path) {
			s.log.Warn("a changed setting takes effect at the next start", "setting", path)
		}
	}
	if _, err := s.across.places.Reload(); err != nil {
		s.log.Warn("what tells where addresses are could not be read again, the old one goes on", "reason", err)
	}
	s.loaded = l
	s.reloaded++
	s.log.Info("configuration read again", "file", l.Path)
}

// needsRestart reports whether a setting is used only at the start.
func needsRestart(path string) bool {
	for _, p := range []string{"capture.", "limits.", "detect.", "signals.", "inventory.", "process.", "health."} {
		if strings.HasPrefix(path, p) {
			return true
		}
	}
	return false
}

// tapOf is what a single reader wants of interfaces.
func tapOf(names []string) sensor.Tap { return sensor.Tap{Interfaces: names} }
