package main

import (
	"errors"
	"fmt"
	"io"
	"log/slog"

	"cleartap/internal/config"
	"cleartap/output"
	"cleartap/output/health"
)

// liveSink is one place that a live sensor's records go to.
type liveSink interface {
	Alert(a *output.Alert) error
	Health(r *health.Record) error
	Flush() error
	Close() error
}

// liveSinks are all of them.
type liveSinks struct {
	all     []*openSink
	remotes liveRemotes
}

type openSink struct {
	name    string
	sink    liveSink
	written uint64
	lost    uint64
	failing bool
	gone    bool // its reader went away
}

// openLiveSinks opens the outputs of a configuration; without any, standard output.
func openLiveSinks(l *config.Loaded, std *streams, o *liveOpts) (*liveSinks, error) {
	s := &liveSinks{}
	for _, out := range l.Outputs {
		if remote, err := openRemote(&out); err != nil {
			return nil, errors.Join(fmt.Errorf("output %s: %w", out.Name, err), s.close(nil))
		} else {
			s.remotes.add(&out, remote)
		}
	}
	if len(l.Outputs) == 0 && o.format != "none" {
		s.all = append(s.all, &openSink{name: "standard output", sink: &stdoutSink{w: std.out, alerts: newWriter(o.format, std.out, o.colour), records: o.format == "jsonl"}})
	}
	return s, nil
}

func (s *liveSinks) alert(a *output.Alert) {
	for _, k := range s.all {
		k.note(k.sink.Alert(a))
	}
	s.remotes.alert(a)
}

func (s *liveSinks) health(r *health.Record) {
	for _, k := range s.all {
		k.note(k.sink.Health(r))
	}
	s.remotes.health(r)
}

func (k *openSink) note(err error) {
	if err != nil {
		k.lost++
		return
	}
	k.written++
}

// flush brings out what is buffered, and tells once when an output fails or works again.
func (s *liveSinks) flush(log *slog.Logger) {
	for _, k := range s.all {
		err := k.sink.Flush()
		switch {
		case err != nil && !k.failing && !brokenPipe(err):
			log.Error("an output fails", "output", k.name, "reason", reason(err))
		case err == nil && k.failing:
			log.Info("an output works again", "output", k.name)
		}
		k.failing = err != nil
		k.gone = brokenPipe(err)
	}
}

// unread reports whether there are outputs and nobody reads any of them any more.
func (s *liveSinks) unread() bool {
	for _, k := range s.all {
		if !k.gone {
			return false
		}
	}
	return len(s.all) > 0
}

func (s *liveSinks) close(log *slog.Logger) error {
	s.remotes.close()
	var errs []error
	for _, k := range s.all {
		if err := k.sink.Close(); err != nil && !brokenPipe(err) {
			errs = append(errs, fmt.Errorf("output %s: %s", k.name, reason(err)))
			if log != nil {
				log.Error("an output could not be closed", "output", k.name, "reason", reason(err))
			}
		}
	}
	return errors.Join(errs...)
}

// figures tells of the outputs for the health record.
func (s *liveSinks) figures() []health.Sink {
	var out []health.Sink
	for _, k := range s.all {
		out = append(out, health.Sink{Name: k.name, Written: k.written, Lost: k.lost, Failing: k.failing})
	}
	return append(out, s.remotes.figures()...)
}

// trouble tells of outputs that do not take alerts, and of alerts lost since it was
// asked last.
func (s *liveSinks) trouble() []string {
	var out []string
	for _, k := range s.all {
		if k.failing {
			out = append(out, "output "+k.name+" fails")
		}
	}
	return append(out, s.remotes.trouble()...)
}

// stdoutSink prints: alerts in any format, health records among JSON lines.
type stdoutSink struct {
	w       io.Writer
	alerts  alertWriter
	records bool
	line    []byte
}

// Alert implements liveSink.
func (s *stdoutSink) Alert(a *output.Alert) error { return s.alerts.Write(a) }

// Health implements liveSink.
func (s *stdoutSink) Health(r *health.Record) error {
	if !s.records {
		return nil
	}
	if err := s.alerts.Flush(); err != nil {
		return err
	}
	s.line = append(r.AppendJSON(s.line[:0]), '\n')
	_, err := s.w.Write(s.line)
	return err
}

// Flush implements liveSink.
func (s *stdoutSink) Flush() error { return s.alerts.Flush() }

// Close implements liveSink.
func (s *stdoutSink) Close() error { return s.alerts.Flush() }
