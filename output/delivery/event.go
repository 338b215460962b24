package delivery

import (
	"fmt"
	"time"
)

// EventKind says what happened to the service of a sink.
type EventKind uint8

// What an operator is told.
const (
	SinkFailing   EventKind = iota // it takes nothing for now; told once for each cause
	SinkHeld                       // it takes nothing until somebody changes something; told once
	SinkRecovered                  // it takes records again
	SinkRefused                    // it refused Records for good; at most once a minute
	SinkGaveUp                     // nothing more is sent
)

// String is a word for logs.
func (k EventKind) String() string {
	words := [...]string{"failing", "held", "recovered", "refused", "gave_up"}
	if int(k) < len(words) {
		return words[k]
	}
	return "unknown"
}

// Event is something that an operator should know. It quotes neither records nor
// servers.
type Event struct {
	Sink    string
	Kind    EventKind
	Text    string // cause and cure
	Records uint64
	For     time.Duration // SinkRecovered: how long it had not worked
}

// String is the event in a line.
func (e Event) String() string {
	switch e.Kind {
	case SinkFailing:
		return fmt.Sprintf("output %s takes nothing for now, alerts wait: %s", e.Sink, e.Text)
	case SinkHeld:
		return fmt.Sprintf("output %s is set up wrongly, alerts wait: %s", e.Sink, e.Text)
	case SinkRecovered:
		return fmt.Sprintf("output %s takes alerts again, after %s", e.Sink, e.For.Round(time.Millisecond))
	case SinkRefused:
		return fmt.Sprintf("output %s refused %d alerts for good, the first of them with %s", e.Sink, e.Records, e.Text)
	case SinkGaveUp:
		return fmt.Sprintf("output %s is given up: %s", e.Sink, e.Text)
	}
	return "output " + e.Sink
}

// voice tells events, each once.
type voice struct {
	sink   string
	notify func(Event)
	told   string // the cause told last, empty while all is well
	bad    time.Time
	dead   uint64 // refused, not told of
	reason string // of the first of them
	deadAt time.Time
}

const deadEvery = time.Minute

func (v *voice) say(e Event) {
	e.Sink = v.sink
	if v.notify != nil {
		v.notify(e)
	}
}

// fault tells that the sink takes nothing, unless that cause was the last one told.
func (v *voice) fault(now time.Time, held bool, text string) {
	if v.bad.IsZero() {
		v.bad = now
	}
	kind := SinkFailing
	if held {
		kind = SinkHeld
	}
	if key := kind.String() + text; key != v.told {
		v.told = key
		v.say(Event{Kind: kind, Text: text})
	}
}

// well tells that the sink takes records again, if something else was told.
func (v *voice) well(now time.Time) {
	if v.told != "" {
		v.say(Event{Kind: SinkRecovered, For: now.Sub(v.bad)})
	}
	v.told, v.bad = "", time.Time{}
}

// refused notes a dead letter.
func (v *voice) refused(status, kind string) {
	if v.dead++; v.dead == 1 {
		v.reason = status + " " + kind
	}
}

// tell tells of dead letters, when it is time.
func (v *voice) tell(now time.Time, last bool) {
	if v.dead == 0 || !last && !v.deadAt.IsZero() && now.Sub(v.deadAt) < deadEvery {
		return
	}
	v.say(Event{Kind: SinkRefused, Records: v.dead, Text: v.reason})
	v.dead, v.deadAt = 0, now
}
