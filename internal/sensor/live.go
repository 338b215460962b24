package sensor

import (
	"context"
	"errors"
	"math/rand/v2"
	"os"
	"sync"
	"time"
)

// LiveReceiver is told what a live sensor sees. All calls come from the goroutine
// that called Run, one at a time.
type LiveReceiver interface {
	Observation(o *LiveObservation) // valid during the call
	Notice(n Notice)                // something changed that people should know
	Health(h *Health)               // every LiveConfig.StatsInterval, and at the end
	Tick()                          // ten times a second
	Settle()                        // once, when all was observed: what was held back is to be told
}

// Live is a sensor that listens on interfaces: one goroutine for each socket, which
// hands observations to the goroutine of Run through one bounded queue.
type Live struct {
	cfg     LiveConfig
	workers []*liveWorker
	queue   chan LiveObservation
	links   links
	watch   watch
	begun   time.Time
	beats   []uint64 // of Moved
	panics  uint64   // of the receiver
}

// OpenLive opens the sockets. After it the process can give up its rights; it reads
// when Run is called.
func OpenLive(cfg LiveConfig) (*Live, error) {
	if err := cfg.Validate(); err != nil {
		return nil, err
	}
	cfg = cfg.withDefaults()
	l := &Live{cfg: cfg, queue: make(chan LiveObservation, cfg.Queue)}
	all := 0
	for _, in := range cfg.Inputs {
		all += cfg.workers(in)
	}
	for i, in := range cfg.Inputs {
		if err := l.openInput(i, in, (cfg.MaxMemory-SignalsMemory(cfg.MaxMemory)-InventoryMemory(cfg.MaxMemory))/int64(all)); err != nil {
			return nil, errors.Join(err, l.Close())
		}
	}
	l.links.init(&cfg)
	l.watch.init(&cfg)
	return l, nil
}

// openInput opens the sockets of one input.
func (l *Live) openInput(i int, in []string, memory int64) error {
	n := l.cfg.workers(in)
	tap := Tap{Interfaces: in, Event: l.links.event}
	var hands *handshakes
	if n > 1 {
		hands = &handshakes{seed: rand.Uint64()}
		tap.Fanout = uint16(os.Getpid()*31+i) | 1
	}
	for k := range n {
		src, err := l.cfg.Open(tap)
		if err != nil {
			return err
		}
		w := newLiveWorker(&l.cfg, memory)
		w.input, w.number, w.names, w.source, w.hands, w.out = i, k, in, src, hands, l.queue
		w.publish() // nobody else reads yet
		l.workers = append(l.workers, w)
	}
	return nil
}

// Close gives up the sockets of a sensor that was not run.
func (l *Live) Close() error {
	var errs []error
	for _, w := range l.workers {
		errs = append(errs, w.source.Close())
	}
	return errors.Join(errs...)
}

// Run listens until ctx ends, then tells what is still open and returns. It runs
// what comes from control on the goroutine that tells the receiver.
func (l *Live) Run(ctx context.Context, to LiveReceiver, control <-chan func()) {
	restore := limitMemory(l.cfg.MaxMemory, liveGarbage)
	defer restore()
	l.begun = time.Now()
	var wg sync.WaitGroup
	for _, w := range l.workers {
		wg.Go(func() { w.run(ctx) })
	}
	go func() {
		wg.Wait()
		close(l.queue)
	}()
	l.tell(to, control)
}

// tell is the loop that receives from the workers until all of them are done.
func (l *Live) tell(to LiveReceiver, control <-chan func()) {
	ticker := time.NewTicker(tickEvery)
	defer ticker.Stop()
	next := l.begun.Add(l.cfg.StatsInterval)
	for {
		select {
		case o, ok := <-l.queue:
			if !ok {
				to.Settle()
				to.Health(l.Health())
				return
			}
			l.guard(func() { to.Observation(&o) })
		case f := <-control:
			f()
		case now := <-ticker.C:
			for _, n := range append(l.links.news(), l.watch.look(now, l)...) {
				to.Notice(n)
			}
			l.guard(to.Tick)
			if !now.Before(next) {
				to.Health(l.Health())
				for next = next.Add(l.cfg.StatsInterval); !now.Before(next); {
					next = next.Add(l.cfg.StatsInterval)
				}
			}
		}
	}
}

// guard catches a receiver that fails, and counts it: what was thrown is not looked
// at, as it may quote traffic.
func (l *Live) guard(f func()) {
	defer func() {
		if recover() != nil {
			l.panics++
		}
	}()
	f()
}

// Moved reports whether every worker that is at work went around its loop since the
// last call. It is for one goroutine.
func (l *Live) Moved() bool {
	moved := true
	if l.beats == nil {
		l.beats = make([]uint64, len(l.workers))
	}
	for i, w := range l.workers {
		now := w.beats.Load()
		if now == l.beats[i] && !w.over.Load() {
			moved = false
		}
		l.beats[i] = now
	}
	return moved
}

// Workers is how many workers there are in all.
func (l *Live) Workers() int { return len(l.workers) }

// input sums up the counters that the workers of an input published.
func (l *Live) input(i int) LiveCounters {
	var sum LiveCounters
	for _, w := range l.workers {
		if w.input == i {
			sum.add(w.published.Load())
		}
	}
	return sum
}
