package main

import (
	"fmt"
	"io"
	"log/slog"
	"math/rand/v2"
	"os"
	"time"

	"cleartap/capture"
	"cleartap/detectors"
	"cleartap/detectors/signals"
	"cleartap/internal/config"
	"cleartap/internal/sensor"
	"cleartap/output"
	"cleartap/output/spool"
	"cleartap/output/throttle"
)

// pipeline is the way of an observation to the outputs. It can be made anew from
// another configuration while the capture goes on. All its methods run on one goroutine.
type pipeline struct {
	policy     output.Policy
	exceptions []throttle.Exception
	throttle   *throttle.Throttle
	across     across
	kept       kept
	memory     memory
	once       *signals.Once
	sinks      *liveSinks
	log        *slog.Logger
	logins     uint64
	excepted   uint64
	sent       uint64
	limited    limiter
	over       map[int]bool // exceptions that were told to have ended
}

// configure sets what a configuration says. Nothing is changed when it fails.
func (p *pipeline) configure(l *config.Loaded, std *streams, o *liveOpts) error {
	policy, err := livePolicy(l)
	if err != nil {
		return err
	}
	logger, err := newLogger(l, std.err)
	if err != nil {
		return err
	}
	sinks, err := openLiveSinks(l, std, o)
	if err != nil {
		return err
	}
	var kept *spool.Spool
	if p.sinks != nil {
		kept = p.sinks.remotes.pause(l)
		_ = p.sinks.close(p.log) // it has been logged
	}
	sinks.remotes.begin(l, logger, kept)
	p.policy, p.log, p.sinks, p.over = policy, logger, sinks, map[int]bool{}
	p.exceptions = exceptionsOf(l.Exceptions)
	cfg := throttle.Config{Window: time.Duration(l.Alerts.Suppress), Rate: l.Alerts.Rate}
	if cfg.Window == 0 {
		cfg.Window = -1
	}
	if p.throttle == nil {
		p.throttle, p.once = throttle.New(cfg, p.release), signals.NewOnce(0, [2]uint64{rand.Uint64(), rand.Uint64()})
	} else {
		p.throttle.Configure(cfg)
	}
	return nil
}

// livePolicy makes the policy of a configuration.
func livePolicy(l *config.Loaded) (output.Policy, error) {
	c := &l.Privacy
	p := output.Policy{
		Usernames: output.Usernames(c.Usernames), Clients: output.Clients(c.Clients), RuleBase: l.Alerts.RuleBase,
		Version: version, SensorName: l.Sensor.Name, HomeNets: config.Prefixes(c.HomeNet),
	}
	if p.SensorName == "" {
		name, err := os.Hostname()
		if err != nil {
			return p, fmt.Errorf("ask for the host's name: %w (give the sensor one: sensor.name)", err)
		}
		p.SensorName = name
	}
	if c.PseudonymKeyFile != "" {
		key, err := readKey(c.PseudonymKeyFile)
		if err != nil {
			return p, err
		}
		p.PseudonymKey = key
	}
	err := p.Validate()
	return p, err
}

func newLogger(l *config.Loaded, w io.Writer) (*slog.Logger, error) {
	var level slog.Level
	if err := level.UnmarshalText([]byte(l.Log.Level)); err != nil {
		return nil, err
	}
	o := &slog.HandlerOptions{Level: level}
	if l.Log.Format == "json" {
		return slog.New(slog.NewJSONHandler(w, o)), nil
	}
	return slog.New(slog.NewTextHandler(w, o)), nil
}

func exceptionsOf(list []config.Exception) []throttle.Exception {
	var out []throttle.Exception
	for _, e := range list {
		x := throttle.Exception{Servers: config.Prefixes(e.Servers), Clients: config.Prefixes(e.Clients), Rules: e.Rules, Reason: e.Reason, Until: e.Until.AddDate(0, 0, 1)}
		for _, g := range e.Accounts {
			x.Accounts = append(x.Accounts, string(g))
		}
		out = append(out, x)
	}
	return out
}

// take is the way of one observation.
func (p *pipeline) take(o *sensor.LiveObservation) {
	detectors.JudgeAll(&o.Observation, func(f *detectors.Finding) {
		if f.Kind == detectors.Login {
			p.logins++
		}
		if p.once.Pass(f) {
			p.pass(f, o.Interface)
		}
	})
	p.across.observe(o)
	p.kept.observe(o)
}

// pass hands a finding to the throttle, unless an exception silences it.
func (p *pipeline) pass(f *detectors.Finding, iface string) {
	now := time.Now()
	if _, silent := throttle.Silenced(p.exceptions, f, now); silent {
		p.excepted++
		return
	}
	p.throttle.Take(now, f, output.Where{Interface: iface, Created: capture.Nanos(now.UnixNano())})
}

// release redacts and writes what the throttle lets through.
func (p *pipeline) release(r throttle.Release) {
	p.sent++
	var a output.Alert
	if r.Repeats.Count > 0 {
		r.Where.Created = capture.Nanos(time.Now().UnixNano())
		a = r.Repeats.Redact(r.Finding, r.Where, &p.policy)
	} else {
		a = output.Redact(r.Finding, r.Where, &p.policy)
	}
	p.sinks.alert(&a)
}

// tick does what is due now and then.
func (p *pipeline) tick(now time.Time) {
	p.across.tick(now)
	p.kept.tick(now)
	p.memory.tick(now, p)
	p.throttle.Tick(now)
	if n := p.limited.look(now, p.throttle.Stats().Limited); n > 0 {
		p.log.Warn("more alerts than alerts.rate lets out", "held_back", n)
		a := output.SensorQuality(capture.Nanos(now.UnixNano()), n, &p.policy)
		p.sinks.alert(&a)
	}
	for i, e := range p.exceptions {
		if !now.Before(e.Until) && !p.over[i] {
			p.over[i] = true
			p.log.Warn("an exception has ended: what it silenced is told again", "reason", e.Reason)
		}
	}
	p.sinks.flush(p.log)
}

// close closes the outputs.
func (p *pipeline) close() error { return p.sinks.close(p.log) }

// limiter makes one alert a minute of any number that were above the rate.
type limiter struct {
	told uint64
	at   time.Time
}

func (l *limiter) look(now time.Time, limited uint64) int {
	if limited == l.told || now.Sub(l.at) < time.Minute {
		return 0
	}
	n := limited - l.told
	l.told, l.at = limited, now
	return int(n)
}
