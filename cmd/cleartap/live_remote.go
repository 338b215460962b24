package main

import (
	"context"
	"fmt"
	"log/slog"
	"strings"
	"sync"
	"time"

	"cleartap/internal/config"
	"cleartap/output"
	"cleartap/output/delivery"
	"cleartap/output/health"
	"cleartap/output/spool"
)

// liveRemotes are the sinks of a live sensor that acknowledge. Alerts go to the spool
// first; a delivery for each sink takes them from there, so that none of them delays
// the capture. Where there can be no spool they wait in memory, and the sensor says so.
type liveRemotes struct {
	all   []*liveRemote
	spool *spool.Spool
	cfg   config.Spool
	log   *slog.Logger
	lost  uint64 // alerts for which there was no room
	told  uint64 // of them, those that a health record told of
	buf   []byte
}

// liveRemote is one of them.
type liveRemote struct {
	name   string
	sink   output.Sink
	direct bool // it is on this disk itself: no spool
	reader *spool.Reader
	queue  *delivery.Queue // without a spool
	run    *delivery.Delivery
}

// add notes a sink. It is served from begin on.
func (r *liveRemotes) add(o *config.Output, s output.Sink) {
	if !wantsHealth(o) {
		s = alertsOnly{s}
	}
	r.all = append(r.all, &liveRemote{name: o.Name, sink: s, direct: !acknowledges(o)})
}

// begin opens the spool, or takes over the one of an earlier configuration, and
// begins to serve the sinks.
func (r *liveRemotes) begin(l *config.Loaded, log *slog.Logger, old *spool.Spool) {
	r.cfg, r.log, r.spool = l.Spool, log, old
	if len(r.all) == 0 {
		return
	}
	if r.spool == nil && len(r.names()) > 0 {
		var err error
		if r.spool, err = openSpool(l, r.names(), log); err != nil {
			log.Error("alerts that wait for outputs are in memory only, and are lost when the sensor ends", "reason", err, "setting", "spool.dir", "outputs", strings.Join(r.names(), ","))
		}
	}
	for i := range l.Outputs {
		if warning := inClear(&l.Outputs[i]); warning != "" {
			log.Warn(warning, "output", l.Outputs[i].Name)
		}
	}
	for _, k := range r.all {
		k.serve(r.spool, log)
	}
}

func (r *liveRemotes) names() []string {
	var out []string
	for _, k := range r.all {
		if !k.direct {
			out = append(out, k.name)
		}
	}
	return out
}

func openSpool(l *config.Loaded, readers []string, log *slog.Logger) (*spool.Spool, error) {
	full, err := spool.ParseOnFull(l.Spool.OnFull)
	if err != nil {
		return nil, err
	}
	return spool.Open(spool.Config{
		Dir: l.Spool.Dir, Readers: readers, MaxBytes: int64(l.Spool.MaxSize), OnFull: full, SyncEvery: time.Duration(l.Spool.Sync),
		Event: func(e spool.Event) { log.Warn("spool", "event", e.String()) },
	})
}

// serve begins to deliver.
func (k *liveRemote) serve(s *spool.Spool, log *slog.Logger) {
	var source delivery.Source
	if s != nil && !k.direct {
		var err error
		if k.reader, err = s.Reader(k.name); err != nil {
			log.Error("an output cannot read the spool: its alerts wait in memory only", "output", k.name, "reason", err)
		} else {
			source = delivery.FromSpool(k.reader)
		}
	}
	if source == nil {
		k.queue = delivery.NewQueue(0, 0)
		source = k.queue
	}
	k.run = delivery.Start(delivery.Config{Name: k.name, Sink: k.sink, Source: source, Notify: func(e delivery.Event) { logDelivery(log, e) }})
}

// logDelivery tells of a sink.
func logDelivery(log *slog.Logger, e delivery.Event) {
	level := slog.LevelWarn
	switch e.Kind {
	case delivery.SinkRecovered:
		level = slog.LevelInfo
	case delivery.SinkHeld, delivery.SinkRefused, delivery.SinkGaveUp:
		level = slog.LevelError
	case delivery.SinkFailing:
	}
	log.Log(context.Background(), level, e.String(), "output", e.Sink)
}

// alert hands an alert over. It waits for nothing.
func (r *liveRemotes) alert(a *output.Alert) {
	if len(r.all) == 0 {
		return
	}
	r.buf = a.AppendJSON(r.buf[:0])
	r.put(r.buf, a.Event.Severity >= output.UrgentSeverity)
}

// health hands a health record over.
func (r *liveRemotes) health(h *health.Record) {
	if len(r.all) == 0 {
		return
	}
	r.buf = h.AppendJSON(r.buf[:0])
	r.put(r.buf, false)
}

func (r *liveRemotes) put(doc []byte, urgent bool) {
	if r.spool != nil && !r.spool.Append(doc, urgent) {
		r.lost++ // the spool tells why
	}
	for _, k := range r.all {
		if k.queue == nil {
			continue
		}
		rec, err := output.ParseRecord(append([]byte(nil), doc...))
		if err != nil || !k.queue.Offer(rec) {
			r.lost++
		}
	}
}

// pause ends the deliveries and gives the spool to the next configuration. Of what
// waits nothing is lost, unless it waits in memory. It gives nil if the spool must
// be opened anew.
func (r *liveRemotes) pause(next *config.Loaded) *spool.Spool {
	if r == nil || len(r.all) == 0 {
		return nil
	}
	r.drain(time.Second)
	old := r.spool
	if old == nil {
		return nil
	}
	r.spool = nil
	remotes := map[string]bool{}
	for i := range next.Outputs {
		remotes[next.Outputs[i].Name] = acknowledges(&next.Outputs[i])
	}
	for _, k := range r.all {
		if !remotes[k.name] && !k.direct {
			old.Forget(k.name)
		}
	}
	if next.Spool == r.cfg && anyOf(remotes) {
		return old
	}
	closeSpool(old, r.log)
	return nil
}

func anyOf(of map[string]bool) bool {
	for _, v := range of {
		if v {
			return true
		}
	}
	return false
}

// drain sends what can be sent now and ends the deliveries.
func (r *liveRemotes) drain(limit time.Duration) {
	ctx, cancel := context.WithTimeout(context.Background(), limit)
	defer cancel()
	if r.spool != nil {
		_ = r.spool.Flush(ctx) // what is not on disk is tried again by Close
	}
	var wg sync.WaitGroup
	for _, k := range r.all {
		if k.run == nil {
			continue
		}
		wg.Go(func() {
			_ = k.run.Drain(ctx) // what is left stays in the spool
			if k.reader != nil {
				k.reader.Close()
			}
		})
	}
	wg.Wait()
}

// drainLimit is how long the end of a sensor waits for its sinks.
const drainLimit = 5 * time.Second

// close sends what can be sent, and closes the spool.
func (r *liveRemotes) close() {
	if r == nil || len(r.all) == 0 {
		return
	}
	r.drain(drainLimit)
	if r.spool != nil {
		closeSpool(r.spool, r.log)
		r.spool = nil
	}
}

func closeSpool(s *spool.Spool, log *slog.Logger) {
	ctx, cancel := context.WithTimeout(context.Background(), drainLimit)
	defer cancel()
	if err := s.Close(ctx); err != nil && log != nil {
		log.Error("the spool could not be closed", "reason", err)
	}
}

// figures tells of the sinks for the health record.
func (r *liveRemotes) figures() []health.Sink {
	var out []health.Sink
	for _, k := range r.all {
		if k.run == nil {
			continue
		}
		s := k.run.Stats()
		out = append(out, health.Sink{Name: k.name, Written: s.Delivered, Lost: r.lost + s.Dead, Failing: s.State != delivery.Working})
	}
	return out
}

// trouble tells of sinks that take nothing, and of alerts lost since it was asked last.
func (r *liveRemotes) trouble() []string {
	var out []string
	for _, k := range r.all {
		if k.run == nil {
			continue
		}
		if s := k.run.Stats(); s.State != delivery.Working {
			out = append(out, "output "+k.name+" takes nothing")
		}
	}
	if r.spool != nil && r.spool.Stats().WriteFailing {
		out = append(out, "the spool cannot be written")
	}
	if n := r.lost - r.told; n > 0 {
		r.told = r.lost
		out = append(out, fmt.Sprintf("%d alerts lost: there was no room for them", n))
	}
	return out
}

// acknowledges reports whether an output is a sink that acknowledges from afar: its
// alerts go to the spool first. A file is on this disk as the spool is.
func acknowledges(o *config.Output) bool {
	_, isFile := o.Spec.(*config.File)
	return !isFile
}

// remoteName makes the name of a sink that the command line names, which must not be
// one of the configuration's.
func remoteName(name string, taken []config.Output) string {
	for i := 1; ; i++ {
		try := name
		if i > 1 {
			try = fmt.Sprintf("%s-%d", name, i)
		}
		free := true
		for _, o := range taken {
			free = free && o.Name != try
		}
		if free {
			return try
		}
	}
}
