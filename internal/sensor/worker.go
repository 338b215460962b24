package sensor

import (
	"cmp"
	"context"
	"slices"
	"sync/atomic"
	"time"

	"cleartap/capture"
	"cleartap/detectors"
	"cleartap/reassembly"
)

// tickFrames is how many frames pass between two looks at clocks and at
// whether to go on.
const tickFrames = 1024

// tickBursts is how many bursts of tickFrames pass between two ticks of the assembler.
const tickBursts = 64

// worker reads one capture at a time. All that it needs for it is its own: no
// lock, no channel per packet.
type worker struct {
	cfg    *Config
	budget *budget
	index  int          // of the capture
	read   atomic.Int64 // bytes of the inputs that were read

	decoder   *capture.Decoder
	assembler *reassembly.Assembler
	engine    *detectors.Engine
	source    capture.Source
	lane      *lane
	sieve     sieve
	known     known
	totals    Totals
	frame     capture.Frame
	segment   capture.Segment
	flushed   time.Time
	bursts    uint64 // of tickFrames each
	stuck     uint64 // frames read when something panicked last, plus 1
	ending    bool   // the source is over: findings are collected in last
	last      []detectors.Finding
	order     []int // of them
}

// scan reads a capture, and what turned out not to be part of it but to follow
// it, to the end or until ctx ends.
func (w *worker) scan(ctx context.Context, i int, c *capture.Capture, l *lane) Totals {
	w.lane, w.index = l, i
	w.totals = Totals{}
	w.budget.begin(i)
	defer w.budget.end(i)
	for ; c != nil && ctx.Err() == nil; c = c.Rest() {
		w.one(ctx, c)
	}
	return w.totals
}

// one reads one capture with flows of its own.
func (w *worker) one(ctx context.Context, c *capture.Capture) {
	w.source = c.Open(w.lane.problem, &w.read)
	files := w.source.Files()
	w.lane.begin(files, c.Size == 0)
	w.begin()
	for !w.burst(ctx) { // a burst ends early when something panicked
	}
	w.end()
	w.totals.Captures++
	w.totals.Files += len(files)
	if rest := c.Rest(); rest != nil {
		w.totals.Files -= len(rest.Files())
	}
	_ = w.source.Close() // what was read stays read
}

func (w *worker) begin() {
	w.bursts, w.sieve, w.known = 0, sieve{}, known{}
	w.ending, w.stuck = false, 0
	memory := w.budget.each
	w.decoder = capture.NewDecoder(w.cfg.decoder(memory))
	w.engine = detectors.NewEngine(w.cfg.engine(memory, w.report))
	w.assembler = reassembly.New(w.cfg.assembler(memory, w.engine))
}

// burst reads frames until the source or ctx ends. A panic costs the flow of
// the frame at hand: what was thrown is not looked at, as it may quote traffic.
func (w *worker) burst(ctx context.Context) (over bool) {
	defer func() {
		if recover() != nil {
			over = w.failed()
		}
	}()
	src, dec, asm := w.source, w.decoder, w.assembler
	f, s, t := &w.frame, &w.segment, &w.totals
	for {
		for range tickFrames {
			if src.Next(f) != nil {
				return true
			}
			if t.Packets == 0 || f.Time < t.First {
				t.First = f.Time
			}
			t.Last = max(t.Last, f.Time)
			t.Packets++
			t.Bytes += uint64(len(f.Data))
			if len(f.Data) < f.Length {
				t.Snapped++
			}
			if w.cfg.Filter != nil && !w.sieve.pass(w, f) {
				t.LeftOut++
				continue
			}
			if dec.Decode(f, s) {
				asm.Push(s)
			}
		}
		if w.bursts++; w.bursts%tickBursts == 0 { // segments move the assembler's time; this is for captures that have few
			asm.Tick(f.Time)
		}
		w.engine.Tick(f.Time)
		if time.Since(w.flushed) >= tickEvery { // each hand-over wakes the collector
			w.lane.flush()
			w.flushed = time.Now()
		}
		w.budget.use(w.index, asm.Stats().Memory)
		if ctx.Err() != nil {
			return true
		}
	}
}

// failed gives up the flow of the frame at hand. It reports that there is no way
// on when no frame was read since it was called last: the source itself fails.
func (w *worker) failed() (over bool) {
	w.totals.Panics++
	if w.stuck == w.totals.Packets+1 {
		w.lane.problem(capture.Problem{
			Path: w.source.Files()[w.frame.File], Offset: capture.NoOffset, Kind: capture.ReadFailed,
			Reason: "a fault of cleartap keeps what follows from being read", Cure: "please report it",
		})
		return true
	}
	w.stuck = w.totals.Packets + 1
	defer func() {
		if recover() != nil {
			w.totals.Panics++
		}
	}()
	w.assembler.Forget(&w.segment)
	return false
}

// mostLast is how many findings of the end of a capture are brought into order at a
// time: 1 MiB of them. It is the same for all, since the order must not depend on how
// much memory there is.
const mostLast = 2048

// end settles what is still open. What that gives comes in the order of the
// packets that it is about, not in that of a table, mostLast at a time.
func (w *worker) end() {
	w.ending = true
	w.settle()
	w.sortLast()
	d := w.decoder.Stats()
	w.totals.Decode.Add(&d)
	r := w.assembler.Stats()
	w.totals.Flows.Add(&r)
	e := w.engine.Stats()
	addDialogues(&w.totals.Dialogues, &e)
}

// sortLast hands on what the end of a capture gave so far.
func (w *worker) sortLast() {
	order := w.order[:0]
	for i := range w.last {
		order = append(order, i)
	}
	slices.SortFunc(order, func(i, k int) int {
		a, b := &w.last[i].Mark, &w.last[k].Mark
		return cmp.Or(cmp.Compare(a.Time, b.Time), cmp.Compare(a.File, b.File), cmp.Compare(a.Frame, b.Frame), cmp.Compare(i, k))
	})
	for _, i := range order {
		w.lane.finding(&w.last[i])
	}
	w.order = order
	clear(w.last)
	w.last = w.last[:0]
}

func (w *worker) settle() {
	defer func() {
		if recover() != nil {
			w.totals.Panics++
		}
	}()
	w.assembler.Flush()
	w.engine.Close()
}

// report judges an observation and hands on what comes of it. What is no login may
// give several findings: they come first, and then the observation without a rule.
func (w *worker) report(o *detectors.Observation) {
	if o.Kind > detectors.Conflict {
		known := !w.ending && w.known.repeats(o)
		if known && o.Kind == detectors.Greeting { // the receiver alone would be told
			return
		}
		detectors.JudgeAll(o, func(f *detectors.Finding) { w.hand(o, f.Rule, f.Severity, false) })
		w.hand(o, nil, 0, known)
		return
	}
	r, s := detectors.RuleOf(o)
	w.hand(o, r, s, false)
}

// hand hands on an observation, and what rule is about it.
func (w *worker) hand(o *detectors.Observation, r *detectors.Rule, s detectors.Severity, known bool) {
	if !w.ending {
		w.lane.observation(o, r, s, known)
		return
	}
	if w.last = append(w.last, detectors.Finding{Observation: *o, Rule: r, Severity: s}); len(w.last) >= mostLast {
		w.sortLast()
	}
}
