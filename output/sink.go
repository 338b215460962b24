package output

import (
	"context"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"strings"
	"time"
)

// Record is one document on its way to a sink: an alert, or a health record.
type Record struct {
	ID      string // event.id; where there is none, a digest of the document
	Dataset string // event.dataset: cleartap.alert or cleartap.health
	Urgent  bool   // high or critical
	JSON    []byte // the document as AppendJSON writes it; nobody changes it
}

// UrgentSeverity is the event.severity from which a record is urgent: high.
const UrgentSeverity = 73

// NewRecord makes the record of an alert. It copies what it needs.
func NewRecord(a *Alert) Record {
	return Record{ID: strings.Clone(a.Event.ID), Dataset: a.Event.Dataset, Urgent: a.Event.Severity >= UrgentSeverity, JSON: a.AppendJSON(nil)}
}

// errNoDocument does not say what was found instead: it may be damaged data of any kind.
var errNoDocument = errors.New("the record is no JSON document of cleartap")

// ParseRecord makes the record of a document that was stored. It keeps doc.
// The error quotes nothing of it.
func ParseRecord(doc []byte) (Record, error) {
	var d struct {
		Event struct {
			ID       string `json:"id"`
			Dataset  string `json:"dataset"`
			Severity int    `json:"severity"`
		} `json:"event"`
	}
	if json.Unmarshal(doc, &d) != nil || d.Event.Dataset == "" {
		return Record{}, errNoDocument
	}
	r := Record{ID: d.Event.ID, Dataset: d.Event.Dataset, Urgent: d.Event.Severity >= UrgentSeverity, JSON: doc}
	if r.ID == "" {
		r.ID = idOf(sha256.Sum256(doc))
	}
	return r, nil
}

// Alert reads the document back, for the formats that are made of its parts.
// The error quotes nothing of it.
func (r *Record) Alert(a *Alert) error {
	*a = Alert{}
	if json.Unmarshal(r.JSON, a) != nil {
		return errNoDocument
	}
	return nil
}

// Outcome is what became of a record at a sink.
type Outcome uint8

// The outcomes. Retry is the zero value: what nobody speaks of is not lost.
const (
	Retry Outcome = iota // not stored, and may be later
	Done                 // stored; that it had been stored before is the same
	Hold                 // refused because of how something is set up; tried again, slowly
	Dead                 // refused for good
)

// String is the outcome in a word.
func (o Outcome) String() string {
	words := [...]string{"retry", "done", "hold", "dead"}
	if int(o) < len(words) {
		return words[o]
	}
	return "unknown"
}

// Verdict is what became of one record. Status and Kind tell why it was not
// stored, in words of the protocol (a status code, the name of a type of error):
// never a text of the server, which may quote values.
type Verdict struct {
	Outcome   Outcome
	Duplicate bool // Done, and it had been stored before
	Status    string
	Kind      string
}

// Sink is a place that takes records. One goroutine at a time calls Send. The
// verdicts are those of the records, in their order; those that are missing are
// Retry. The error, if any, is a *Fault and says why records were not taken.
// A sink never retries by itself, and it returns soon after ctx ends.
type Sink interface {
	Send(ctx context.Context, records []Record) ([]Verdict, error)
	Close() error
}

// Fault is why a sink takes nothing, or not all: a line for an operator. It
// never holds a text that a server sent.
type Fault struct {
	Cause string        // what happened
	Cure  string        // what to do about it, empty if it may pass
	Hold  bool          // it will not pass by itself: somebody must change something
	After time.Duration // the server asked for so much patience; 0 if it did not
}

// Error is cause and cure in a line.
func (f *Fault) Error() string {
	if f.Cure == "" {
		return f.Cause
	}
	return f.Cause + ": " + f.Cure
}
