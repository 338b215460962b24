package syslog

import "time"

// doubtFor is how long a message is kept after the other kernel confirmed it: as
// long, a receiver may have it and not have stored it.
const doubtFor = 5 * time.Second

// doubtBytes is how much is kept at most. At higher rates it is less than five seconds.
const doubtBytes = 16 << 20

// doubt keeps the messages that went last.
type doubt struct {
	messages []doubted
	bytes    int
}

type doubted struct {
	at      time.Time
	message []byte
}

func (d *doubt) add(now time.Time, messages [][]byte) {
	for _, m := range messages {
		d.messages = append(d.messages, doubted{now, m})
		d.bytes += len(m)
	}
	d.forget(now.Add(-doubtFor))
}

// forget drops what went before a point in time, and what is too much.
func (d *doubt) forget(before time.Time) {
	n := 0
	for n < len(d.messages) && (d.bytes > doubtBytes || d.messages[n].at.Before(before)) {
		d.bytes -= len(d.messages[n].message)
		n++
	}
	rest := copy(d.messages, d.messages[n:])
	clear(d.messages[rest:])
	d.messages = d.messages[:rest]
}

func (d *doubt) all() [][]byte {
	out := make([][]byte, 0, len(d.messages))
	for _, m := range d.messages {
		out = append(out, m.message)
	}
	return out
}
