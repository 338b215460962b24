package spool

import (
	"fmt"
	"strings"
	"time"
)

// Loss says why an alert was lost.
type Loss uint8

// The reasons. A record that was dropped (DropOldest) is counted once, when at
// least one reader had not had it; ReaderStats.Lost tells of each reader.
const (
	LostFull    Loss = iota // the spool had reached its size
	LostQueue               // alerts came faster than the disk takes them
	LostDisk                // the disk refused them: full, or faulty
	LostTooLong             // longer than MaxPayload
	LostClosed              // appended after Close
	LostDropped             // given up for newer ones
	LostDamaged             // damaged on the disk after they were committed
	lossReasons
)

// String is the value of the reason label of the metric.
func (l Loss) String() string {
	words := [...]string{"full", "queue", "disk", "too_long", "closed", "dropped", "damaged"}
	if int(l) < len(words) {
		return words[l]
	}
	return "unknown"
}

// Losses counts lost alerts by Loss.
type Losses [lossReasons]uint64

// Sum is all of them.
func (l Losses) Sum() uint64 {
	var n uint64
	for _, v := range l {
		n += v
	}
	return n
}

// EventKind says what happened.
type EventKind uint8

// What an operator is told. Events name files, places and numbers, never content.
const (
	Lost            EventKind = iota // alerts were lost: Loss, Records; at most once a second
	WriteFailed                      // the disk refuses; Records wait in memory
	WriteRecovered                   // it takes them again
	CursorFailed                     // cursors or dead letters cannot be written
	CursorRecovered                  //
	CleanFailed                      // something could not be put in order; nothing is lost
	Damaged                          // a segment is damaged; Records of it are lost
	Torn                             // a segment ends in a batch that a crash cut short
	Unreadable                       // the disk did not give part of a segment
	Rescued                          // Records of a file in no order were appended anew
	Banished                         // a file without any record was moved to the quarantine
	Strange                          // a file that is not the spool's was left alone
)

// String is a word for logs.
func (k EventKind) String() string {
	words := [...]string{"lost", "write_failed", "write_recovered", "cursor_failed", "cursor_recovered", "clean_failed",
		"damaged", "torn", "unreadable", "rescued", "banished", "strange"}
	if int(k) < len(words) {
		return words[k]
	}
	return "unknown"
}

// Event is something that an operator should know.
type Event struct {
	Kind    EventKind
	Loss    Loss   // of Lost
	Segment string // the file it is about, if any
	Offset  int64
	Bytes   int64
	Records uint64
	Err     error // without content and paths
}

// String is the event in a line.
func (e Event) String() string {
	var text string
	switch e.Kind {
	case Lost:
		text = fmt.Sprintf("%d alerts lost: %s", e.Records, lossTexts[e.Loss%lossReasons])
	case WriteFailed:
		text = fmt.Sprintf("cannot write: alerts wait in memory (%d now), and further ones may be lost", e.Records)
	case WriteRecovered:
		text = "can be written again"
	case CursorFailed:
		text = "cannot write the cursors: nothing is lost, but alerts may be sent again after a restart"
	case CursorRecovered:
		text = "the cursors can be written again"
	case CleanFailed:
		text = "could not be put in order; nothing is lost"
	case Damaged:
		text = fmt.Sprintf("damaged at offset %d: %d alerts lost; what is there goes to the quarantine", e.Offset, e.Records)
	case Torn:
		text = fmt.Sprintf("ends at offset %d in a batch that was cut short by a crash; what is there goes to the quarantine", e.Offset)
	case Unreadable:
		text = "the disk does not give all of it"
	case Rescued:
		text = fmt.Sprintf("its records are in no order or another spool's: %d appended anew", e.Records)
	case Banished:
		text = "cannot be read as a segment; moved to the quarantine"
	case Strange:
		text = "not a file of the spool; left alone"
	}
	if e.Segment != "" {
		text = e.Segment + ": " + text
	}
	if e.Err != nil {
		text += ": " + strings.ReplaceAll(e.Err.Error(), "\n", "; ")
	}
	return text
}

var lossTexts = [lossReasons]string{
	"the spool has reached its size", "they came faster than the disk takes them", "the disk refused them",
	"longer than an alert may be", "they came after the end", "given up for newer ones", "damaged on the disk",
}

const maxEvents = 256

// say notes an event; report passes it on. s.mu is held, or nobody else is there yet.
func (s *Spool) say(e Event) {
	if len(s.events) >= maxEvents {
		s.stats.EventsLost++
		return
	}
	s.events = append(s.events, e)
}

// report tells what has happened, and once a second what was lost.
func (s *Spool) report(now time.Time, all bool) {
	s.mu.Lock()
	events := s.events
	s.events = nil
	if all || !now.Before(s.toldAt.Add(reportEvery)) {
		for why, n := range s.stats.Lost {
			if d := n - s.told[why]; d > 0 {
				events = append(events, Event{Kind: Lost, Loss: Loss(why), Records: d})
				s.toldAt = now
			}
		}
		s.told = s.stats.Lost
	}
	s.mu.Unlock()
	if s.cfg.Event == nil {
		return
	}
	for _, e := range events {
		s.cfg.Event(e)
	}
}
