package delivery

import (
	"time"

	"cleartap/output"
)

// entry is a record under way.
type entry struct {
	Item
	tries   int
	due     time.Time // not to be sent before
	settled bool
}

// window holds the records between the first one that is not settled and the last
// one taken from the source, in order.
type window struct {
	entries []entry
	waiting int    // of them, not settled
	taken   uint64 // Seq of the last one taken
}

func (w *window) add(items []Item) {
	for _, it := range items {
		w.entries = append(w.entries, entry{Item: it})
		w.taken = it.Seq
	}
	w.waiting += len(items)
}

// due gives the indices of up to limit records that may be sent now, and when the
// next one may be if there is none.
func (w *window) due(now time.Time, limit int) (batch []int, next time.Time) {
	for i := range w.entries {
		e := &w.entries[i]
		switch {
		case e.settled:
		case now.Before(e.due):
			if next.IsZero() || e.due.Before(next) {
				next = e.due
			}
		case len(batch) < limit:
			batch = append(batch, i)
		}
	}
	return batch, next
}

// records gives those of a batch.
func (w *window) records(batch []int) []output.Record {
	dst := make([]output.Record, 0, len(batch))
	for _, i := range batch {
		dst = append(dst, w.entries[i].Record)
	}
	return dst
}

func (w *window) settle(i int) {
	if e := &w.entries[i]; !e.settled {
		e.settled = true
		e.JSON = nil
		w.waiting--
	}
}

// shift lets settled records at the front go. It gives the Seq up to which all is
// settled, 0 if that is unchanged.
func (w *window) shift() uint64 {
	n := 0
	for n < len(w.entries) && w.entries[n].settled {
		n++
	}
	if n == 0 {
		return 0
	}
	seq := w.entries[n-1].Seq
	rest := copy(w.entries, w.entries[n:])
	clear(w.entries[rest:])
	w.entries = w.entries[:rest]
	return seq
}

// ready lets all records go at once: while the sink as a whole rests, their own
// pauses mean nothing.
func (w *window) ready() {
	for i := range w.entries {
		w.entries[i].due = time.Time{}
	}
}

// troubled reports whether records wait that the sink did not take.
func (w *window) troubled() bool {
	for i := range w.entries {
		if e := &w.entries[i]; !e.settled && e.tries > 0 {
			return true
		}
	}
	return false
}
