package sensor

import (
	"runtime"
	"time"
)

// State says how well a sensor sees.
type State string

// The states of a sensor.
const (
	StateOK       State = "OK"
	StateDegraded State = "DEGRADED" // something is lost
	StateBlind    State = "BLIND"    // it sees nothing, or too little to be trusted
)

// Health is how a live sensor is at a moment. Counters are totals since it began.
type Health struct {
	Time    time.Time
	Uptime  time.Duration
	State   State
	Reasons []string // why State is not StateOK
	Total   LiveCounters
	Inputs  []InputHealth
	Queue   int   // observations that wait
	Room    int   // that may wait
	Memory  int64 // bytes that the program has from the system
	Limit   int64 // LiveConfig.MaxMemory
}

// InputHealth is how one input is.
type InputHealth struct {
	Name    string
	Away    []string // interfaces that are not there
	Idle    time.Duration
	Counted LiveCounters
}

// Health tells how the sensor is. It is for the goroutine of Run.
func (l *Live) Health() *Health {
	now := time.Now()
	h := &Health{Time: now, Uptime: now.Sub(l.begun), State: StateOK, Queue: len(l.queue), Room: cap(l.queue), Limit: l.cfg.MaxMemory}
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	h.Memory = int64(m.Sys - m.HeapReleased)
	for i := range l.cfg.Inputs {
		c := l.input(i)
		in := InputHealth{Name: l.watch.inputs[i].name, Away: l.links.away(l.cfg.Inputs[i]), Idle: now.Sub(l.watch.inputs[i].arrived), Counted: c}
		h.Inputs = append(h.Inputs, in)
		h.Total.add(&c)
		l.watch.judge(h, i, &in)
	}
	h.Total.Panics += l.panics
	l.watch.judgeAll(h)
	return h
}

// worse makes the state no better than s.
func (h *Health) worse(s State, reason string) {
	h.Reasons = append(h.Reasons, reason)
	if h.State == StateOK || s == StateBlind {
		h.State = s
	}
}

// judge says what an input's faults mean.
func (w *watch) judge(h *Health, i int, in *InputHealth) {
	at := &w.inputs[i]
	for _, name := range in.Away {
		h.worse(StateBlind, "interface "+name+" is away")
	}
	for _, f := range at.faults {
		s := StateDegraded
		switch f {
		case silent:
			if !at.ever || in.Idle >= silentBlind*w.cfg.Patience {
				s = StateBlind
			}
		case oneSided:
			s = StateBlind
		case dropping:
			if at.window.dropShare() > dropsBlind {
				s = StateBlind
			}
		}
		h.worse(s, at.name+": "+string(f))
	}
}

// judgeAll says what is amiss beyond the inputs.
func (w *watch) judgeAll(h *Health) {
	if w.full {
		h.worse(StateDegraded, "observations are lost: the outputs are too slow")
	}
	if w.half {
		h.worse(StateDegraded, "the kernel does not keep both directions of a flow together")
	}
}
