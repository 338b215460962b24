package detectors

import (
	"strings"
	"testing"

	"cleartap/reassembly"
)

// refuser is a session in which each "data" begins a body and each "no" refuses the oldest.
func refuser() *recorder {
	r := &recorder{}
	var at []uint32
	r.unit = func(r *recorder, d reassembly.Dir, unit string) {
		switch {
		case unit == "data":
			at = append(at, r.c.Keep())
			r.c.Body(c)
		case unit == "no" && len(at) > 0:
			from := at[0]
			at = at[1:]
			r.c.Reread(from)
		}
	}
	return r
}

// What waits behind refused commands is read again as often as people send such, not each
// time without end: what is sent then is read all the same.
func TestRereadingEnds(t *testing.T) {
	r := refuser()
	b := newBench(Config{}, r)
	b.send(s, "hello\r\n", 0)
	for range 20 {
		b.send(c, strings.Repeat("data\r\n", 2000), 1400)
		b.send(s, strings.Repeat("no\r\n", 2000), 1400)
	}
	x := r.c
	if most := freeReread + mostReread*x.fed + keptBytes; x.reread == 0 || x.reread > most {
		t.Errorf("%d bytes were read again of %d, at most %d should", x.reread, x.fed, most)
	}
	b.send(c, "\r\n.\r\nlast\r\n", 0)
	if got := r.log[len(r.log)-1]; got != "C:last" {
		t.Errorf("the end is %q", got)
	}
}

// A few refused commands are read behind each other.
func TestFewAreReadAgain(t *testing.T) {
	r := refuser()
	b := newBench(Config{}, r)
	b.send(s, "hello\r\n", 0)
	b.send(c, strings.Repeat("data\r\n", 60)+"last\r\n", 0)
	b.send(s, strings.Repeat("no\r\n", 60), 0)
	if got := r.log[len(r.log)-1]; got != "C:last" {
		t.Errorf("the end is %q", got)
	}
}
