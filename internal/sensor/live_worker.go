package sensor

import (
	"context"
	"errors"
	"sync/atomic"
	"time"

	"cleartap/capture"
	"cleartap/detectors"
	"cleartap/reassembly"
)

// liveWorker reads one socket. All that it needs is its own: no lock, no channel
// per packet. It publishes its counters four times a second.
type liveWorker struct {
	input   int // index into LiveConfig.Inputs
	number  int // among the workers of the input
	names   []string
	source  capture.Live
	hands   *handshakes // nil: it has the input alone
	mail    *capture.Ports
	out     chan<- LiveObservation
	clock   liveClock
	count   LiveCounters
	decoder *capture.Decoder

	assembler *reassembly.Assembler
	engine    *detectors.Engine
	frame     capture.Frame
	segment   capture.Segment
	ticked    capture.Nanos // packet time of the last tick
	failed    uint64        // packets when something panicked last
	told      time.Duration // monotonic time at which counters were published
	until     capture.Nanos // stamp after which frames are not read any more; 0: for ever
	end       time.Duration // monotonic time at which reading ends at the latest

	published atomic.Pointer[LiveCounters]
	beats     atomic.Uint64
	over      atomic.Bool
}

// LiveObservation is an observation on its way to the receiver.
type LiveObservation struct {
	detectors.Observation
	Interface string
	At        capture.Nanos // packet time at which it was decided, which steps of the wall clock do not move
}

const (
	liveTick     = capture.Nanos(100 * time.Millisecond)
	publishEvery = 250 * time.Millisecond
	drainAtMost  = 3 * time.Second // for frames that were in the ring when the sensor was told to stop
)

func newLiveWorker(cfg *LiveConfig, memory int64) *liveWorker {
	w := &liveWorker{}
	w.clock.read = systemClocks
	if w.mail = cfg.Ports; w.mail == nil || w.mail.Any() {
		w.mail = capture.MailPorts()
	}
	d := cfg.decoder(memory)
	d.NoTunnels = cfg.NoTunnels
	w.decoder = capture.NewDecoder(d)
	w.engine = detectors.NewEngine(cfg.engine(memory, w.report))
	w.assembler = reassembly.New(cfg.assembler(memory, w.engine))
	return w
}

// run reads until ctx ends, and then what is in the ring already.
func (w *liveWorker) run(ctx context.Context) {
	w.clock.compare()
	w.clock.busy()
	for !w.burst(ctx) { // a burst ends early when something panicked
	}
	w.settle()
	w.publish()
	_ = w.source.Close() // what was read stays read
	w.over.Store(true)
}

// burst reads frames until ctx ends. A panic costs the flow of the frame at hand:
// what was thrown is not looked at, as it may quote traffic.
func (w *liveWorker) burst(ctx context.Context) (over bool) {
	defer func() {
		if recover() != nil {
			w.count.Panics++
			w.assembler.Forget(&w.segment)
			if w.count.Packets == w.failed { // the source itself fails
				time.Sleep(time.Duration(liveTick))
				w.beat(ctx)
			}
			w.failed = w.count.Packets
		}
	}()
	src, dec, asm := w.source, w.decoder, w.assembler
	f, s, n := &w.frame, &w.segment, &w.count
	for {
		for range tickFrames {
			if err := src.Next(f); err != nil {
				if w.pause(ctx, err) {
					return true
				}
				break
			}
			if w.until != 0 && f.Time > w.until {
				return true
			}
			f.Time = w.clock.stamp(f.Time)
			n.Packets++
			n.Bytes += uint64(len(f.Data))
			if dec.Decode(f, s) {
				n.direction(s, w.mail)
				if w.hands != nil && w.hands.note(s, w.number) {
					n.HalfFlows++
				}
				asm.Push(s)
			}
			if f.Time-w.ticked > liveTick || f.Time < w.ticked-liveTick {
				w.tick(f.Time)
				break
			}
		}
		w.beat(ctx)
		if w.until != 0 && w.clock.seen > w.end {
			return true
		}
	}
}

// beat shows that the loop goes on, and does what is due about once a tick.
func (w *liveWorker) beat(ctx context.Context) {
	w.beats.Add(1)
	w.clock.busy()
	if w.clock.seen-w.told >= publishEvery {
		w.publish()
	}
	if w.until == 0 && (ctx.Err() != nil || w.hands != nil && w.hands.retire(w.number)) {
		w.stop()
	}
}

// stop makes now the last moment of which frames are read.
func (w *liveWorker) stop() {
	wall, mono := w.clock.read()
	w.until, w.end = wall, mono+drainAtMost
}

// pause is what is done when no frame came. It reports that the source is over.
func (w *liveWorker) pause(ctx context.Context, err error) (over bool) {
	if !errors.Is(err, capture.ErrIdle) || w.until != 0 || ctx.Err() != nil {
		return true
	}
	w.tick(w.clock.idle())
	return false
}

func (w *liveWorker) tick(now capture.Nanos) {
	w.ticked = now
	w.assembler.Tick(now)
	w.engine.Tick(now)
}

// settle ends all flows and reports what was open.
func (w *liveWorker) settle() {
	defer func() {
		if recover() != nil {
			w.count.Panics++
		}
	}()
	w.assembler.Flush()
	w.engine.Close()
}

// report hands an observation on. It never waits: the capture goes before.
func (w *liveWorker) report(o *detectors.Observation) {
	w.count.Observations++
	item := LiveObservation{Observation: *o, Interface: w.names[min(int(o.Mark.File), len(w.names)-1)], At: o.Decided.Time}
	for _, t := range []*capture.Nanos{&item.Mark.Time, &item.Decided.Time, &item.Flow.Start} {
		*t = w.clock.back(*t)
	}
	select {
	case w.out <- item:
	default:
		w.count.Lost++
	}
}

// publish makes the counters visible to other goroutines.
func (w *liveWorker) publish() {
	_, w.told = w.clock.read()
	c := w.count
	c.Workers = 1
	c.Kernel = w.source.Stats()
	c.Decode = w.decoder.Stats()
	c.Flows = w.assembler.Stats()
	c.Dialogues = w.engine.Stats()
	c.ClockSteps = w.clock.steps
	c.Last = w.clock.back(w.clock.last)
	w.published.Store(&c)
}
