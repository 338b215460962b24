package main

import (
	"context"
	"fmt"
	"log/slog"
	"strings"
	"time"

	"cleartap/capture"
	"cleartap/detectors"
	"cleartap/internal/inventory"
	"cleartap/internal/sensor"
	"cleartap/output"
	"cleartap/output/table"
	"cleartap/output/throttle"
)

// scanning is one scan under way. All its methods run on one goroutine.
type scanning struct {
	o        *options
	std      *streams
	log      *slog.Logger
	sinks    *sinks
	progress *progress
	summary  table.Summary
	servers  *inventory.Inventory
	redactor output.Redactor
	alert    output.Alert // the last one
	cancel   context.CancelFunc
	usable   int   // captures that were read without a problem, or gave packets in spite of it
	troubled bool  // the capture at hand has a problem
	gone     bool  // nobody takes the results any more
	worst    bool  // a finding reached --fail-on
	bytes    int64 // of the inputs that were read
	rows     bool  // rows wait for the terminal
	screen   bool  // standard output and standard error are the same terminal

	ctx         context.Context // of the scan
	undelivered uint64          // alerts that a sink did not acknowledge
}

// runScan finds the captures, reads them, and tells how it ended.
func runScan(ctx context.Context, o *options, std *streams) error {
	out, err := openSinks(o, std.out)
	if err != nil {
		return err
	}
	if len(o.remotes) > 0 {
		std = &streams{std.in, std.out, &lockedWriter{w: std.err}}
		if out.sendings, err = openSendings(o.remotes, o.sendWait, func(text string) { fmt.Fprintf(std.err, "cleartap: %s\n", printable(text)) }); err != nil {
			out.discard()
			return err
		}
	}
	ctx, cancel := patient(ctx, o.paths)
	defer cancel()
	s := &scanning{o: o, std: std, sinks: out, ctx: ctx, cancel: cancel}
	s.redactor.Policy = &o.policy
	s.servers = inventory.New(inventory.Config{HomeNets: o.policy.HomeNets})
	s.log = slog.New(slog.NewTextHandler(std.err, &slog.HandlerOptions{Level: o.level}))
	s.screen = isTerminal(std.out) && isTerminal(std.err)
	found := capture.Find(o.paths, capture.FindOptions{Merge: o.merge, Stdin: std.in, End: ctx.Done()})
	s.summary.Skipped = found.Skipped
	for i := range found.Problems {
		s.Problem(&found.Problems[i])
	}
	s.troubled = false
	s.progress = newProgress(o, total(&found), std.err)
	start := time.Now()
	totals := sensor.Scan(ctx, o.sensor, found.Captures, s)
	s.tellServers()
	s.summary.Bytes = uint64(s.bytes)
	s.summary.Took = time.Since(start)
	return s.finish(ctx, &totals)
}

// total is how many bytes there are to read, -1 when that is not known.
func total(in *capture.Inputs) int64 {
	for _, c := range in.Captures {
		if c.Size == 0 { // a stream
			return -1
		}
	}
	return in.Size
}

// Finding implements sensor.Receiver.
func (s *scanning) Finding(where output.Where, f *detectors.Finding) {
	if _, known := throttle.Silenced(s.o.exceptions, f, f.Mark.Time.Time()); known {
		s.summary.Excepted++
		return
	}
	if !s.o.never && f.Severity >= s.o.failOn {
		s.worst = true
	}
	s.summary.Tally.Add(f)
	if len(s.sinks.all)+len(s.sinks.sendings) == 0 {
		return
	}
	s.redactor.To(&s.alert, f, where)
	s.sinks.write(s.ctx, &s.alert)
	s.rows = true
	s.checkSinks()
}

// Observation implements sensor.Receiver.
func (s *scanning) Observation(where output.Where, o *detectors.Observation) {
	if server := s.servers.Observe(o); server != nil && server.Path != where.Path {
		server.Path = where.Path
	}
}

// tellServers reports the servers that were seen, behind all that their connections gave.
func (s *scanning) tellServers() {
	s.servers.Tell(func(server *inventory.Server, f *detectors.Finding) { s.Finding(output.Where{Path: server.Path}, f) })
}

// checkSinks stops the scan when nobody takes its results any more.
func (s *scanning) checkSinks() {
	if s.sinks.nobody() {
		s.gone = true
		s.cancel()
	}
}

// Problem implements sensor.Receiver.
func (s *scanning) Problem(p *capture.Problem) {
	if endedByUser(s.ctx, p) {
		return
	}
	s.summary.Unread++
	s.troubled = true
	s.progress.hide()
	fmt.Fprintf(s.std.err, "cleartap: %s\n", p)
}

// Done implements sensor.Receiver.
func (s *scanning) Done(c *capture.Capture, t *sensor.Totals) {
	if t.Packets > t.Decode.UnknownLink || !s.troubled {
		s.usable++
	}
	s.troubled = false
	if !s.log.Enabled(context.Background(), slog.LevelInfo) {
		return
	}
	s.progress.hide()
	s.log.Info("capture read", "files", c.Files(), "packets", t.Packets, "findings", t.Findings)
}

// Tick implements sensor.Receiver.
func (s *scanning) Tick(bytes int64) {
	s.bytes = bytes
	if s.screen && s.rows {
		s.progress.hide()
	}
	s.rows = false
	s.sinks.flush()
	s.checkSinks()
	s.progress.show(bytes, s.summary.Tally.Logins)
}

// finish writes what is buffered, tells the summary, and gives how it ended.
func (s *scanning) finish(ctx context.Context, t *sensor.Totals) error {
	interrupted := ctx.Err() != nil && !s.gone
	err := s.sinks.finish()
	delivered, left := s.sinks.end(ctx)
	s.undelivered = left
	interrupted = interrupted || ctx.Err() != nil && !s.gone
	s.progress.end(s.bytes, s.summary.Tally.Logins, ctx.Err() == nil)
	s.sum(t, interrupted)
	if !s.o.quiet && (!s.gone || err != nil) { // who closed the pipe has seen enough
		_ = s.summary.Print(s.std.err) // nowhere else to tell
		for _, line := range delivered {
			fmt.Fprintln(s.std.err, line)
		}
	}
	s.log.Debug("counters", "decode", fmt.Sprintf("%+v", t.Decode), "flows", fmt.Sprintf("%+v", t.Flows), "dialogues", fmt.Sprintf("%+v", t.Dialogues))
	switch {
	case err != nil:
		return &outcome{exitFailed, err.Error()}
	case interrupted:
		return &outcome{code: exitInterrupted}
	case s.worst:
		return &outcome{code: exitFindings}
	case s.usable == 0 && s.summary.Unread == 0:
		return &outcome{exitFailed, "no capture in " + strings.Join(s.o.paths, ", ")}
	case s.usable == 0:
		return &outcome{code: exitFailed}
	case s.summary.Unread > 0 || s.summary.Evicted > 0 || s.summary.Panics > 0 || s.undelivered > 0:
		return &outcome{code: exitPartial}
	}
	return nil
}

// sum fills in what the summary says of the reading.
func (s *scanning) sum(t *sensor.Totals, interrupted bool) {
	m := &s.summary
	m.Captures, m.Files, m.Packets = t.Captures, t.Files, t.Packets
	m.Flows, m.Evicted, m.Lost = t.Flows.Flows, t.Flows.EvictedFlows, t.Flows.GapBytes
	if t.Packets > 0 {
		m.From, m.To = t.First.Time(), t.Last.Time()
	}
	m.Cut, m.LeftOut, m.Interrupt = t.Snapped, t.LeftOut, interrupted
	m.Forgotten = t.Signals.Evicted
	m.Panics = t.Panics + t.Decode.Panics
	for _, p := range t.Dialogues.Protocols {
		m.Panics += p.Panics
	}
}
