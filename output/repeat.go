package output

import (
	"crypto/sha256"
	"strconv"
	"strings"

	"cleartap/capture"
	"cleartap/detectors"
)

// Repeats says how often something happened again, and when first and last.
type Repeats struct {
	Count       int
	First, Last capture.Nanos
}

// Redact makes the alert that stands for several like f, the last of them. It has
// an id of its own, which is the same when the same attempts are summed up again.
func (r Repeats) Redact(f *detectors.Finding, where Where, p *Policy) Alert {
	a := Redact(f, where, p)
	a.Cleartap.Count = r.Count
	var buf [40]byte
	a.Event.Start = string(appendTime(buf[:0], r.First))
	a.Event.End = string(appendTime(buf[:0], r.Last))
	sum := sha256.Sum256([]byte("repeats\x00" + a.Event.ID + "\x00" + a.Event.Start + "\x00" + strconv.Itoa(r.Count)))
	a.Event.ID = idOf(sum)
	a.Message = strings.TrimSuffix(a.Message, ".") + " (" + strconv.Itoa(r.Count) + " times more since " + a.Event.Start[:19] + "Z)"
	return a
}
