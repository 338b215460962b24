package dialogtest

import "cleartap/reassembly"

// Segment is what one side of a dialogue sends at once, After seconds of silence. Lost
// bytes before it are in no capture.
type Segment struct {
	Dir   reassembly.Dir
	Bytes []byte
	Lost  int
	After int
}

// Segments gives the dialogue as a capture of it would hold it: compressed where it
// is, without the side that it says was not recorded.
func (d *Dialogue) Segments() []Segment {
	var (
		r    replay
		out  []Segment
		lost [2]int
		idle int
	)
	for i := range d.steps {
		s := &d.steps[i]
		switch {
		case s.kind == gap:
			lost[s.dir] += s.n
		case s.kind == wait:
			idle += s.n
		case s.kind == closing:
			return out
		case s.kind == deflate || s.kind == inflated:
			r.do(s)
		case s.kind == conflict: // a capture of it would need other bytes
		case s.kind == data && d.visible(s.dir):
			out = append(out, Segment{s.dir, r.pack(s.dir, s.bytes), lost[s.dir], idle})
			lost[s.dir], idle = 0, 0
		}
	}
	return out
}

// Secrets are what the dialogue says must be found nowhere.
func (d *Dialogue) Secrets() []string { return d.secrets }

// Port is the server's port, port unless the dialogue names another.
func (d *Dialogue) Port(port uint16) uint16 {
	if d.port != 0 {
		return d.port
	}
	return port
}

// Scripted reads a dialogue from the bytes of a fuzz target, as Fuzz does.
func Scripted(script []byte) *Dialogue { return scripted(script) }
