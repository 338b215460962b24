package sensor

import (
	"slices"
	"sync"
	"time"

	"cleartap/capture"
)

// Notice is something that people should know about: what it is, and figures that
// belong to it. It is told once when it begins, and once when it is over.
type Notice struct {
	Text   string
	Over   bool // it is good again
	Fields []any
}

// links knows which interfaces are away. Several workers tell about the same
// interface; it is told on once.
type links struct {
	mu     sync.Mutex
	states map[string]*link
	queue  []Notice
}

type link struct {
	workers int // that read it
	away    int // of these, that lost it
	since   time.Time
}

func (l *links) init(cfg *LiveConfig) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.states = map[string]*link{}
	for _, in := range cfg.Inputs {
		for _, name := range in {
			l.states[name] = &link{workers: cfg.workers(in)}
		}
	}
}

// event is called by workers.
func (l *links) event(e capture.LinkEvent) {
	l.mu.Lock()
	defer l.mu.Unlock()
	s := l.states[e.Interface]
	if s == nil {
		return
	}
	if !e.Up {
		if s.away++; s.away == 1 {
			s.since = time.Now()
			l.queue = append(l.queue, Notice{Text: "interface is gone; capture goes on as soon as it is back", Fields: []any{"interface", e.Interface, "reason", e.Err}})
		}
		return
	}
	if s.away = max(0, s.away-1); s.away == 0 {
		l.queue = append(l.queue, Notice{Text: "interface is back", Over: true,
			Fields: []any{"interface", e.Interface, "away", time.Since(s.since).Round(time.Millisecond)}})
	}
}

// news gives what is to be told.
func (l *links) news() []Notice {
	l.mu.Lock()
	defer l.mu.Unlock()
	n := l.queue
	l.queue = nil
	return n
}

// away names the interfaces of an input that are not there.
func (l *links) away(in []string) []string {
	l.mu.Lock()
	defer l.mu.Unlock()
	var out []string
	for _, name := range in {
		if s := l.states[name]; s != nil && s.away > 0 {
			out = append(out, name)
		}
	}
	slices.Sort(out)
	return out
}
