package reassembly

import "cleartap/capture"

// pastLen and replyLen are how many bytes of the client and of the server are
// remembered, to notice that they come again with other content. Powers of two.
const (
	pastLen  = 256
	replyLen = 128
)

// past remembers the last bytes delivered, each at the place that its sequence
// number gives.
type past struct {
	ring  [pastLen]byte
	reply [replyLen]byte
	size  [2]uint32 // bytes remembered, by direction
	told  [4]uint32 // places of the last conflicts that were told
	ntold uint8
}

// of gives what is remembered of a direction.
func (p *past) of(d Dir) []byte {
	if d == ToServer {
		return p.ring[:]
	}
	return p.reply[:]
}

// note remembers bytes that were delivered; seq is the place of the first one.
func (p *past) note(d Dir, seq uint32, b []byte) {
	ring := p.of(d)
	if n := len(b) - len(ring); n > 0 {
		b = b[n:]
		seq += uint32(n)
	}
	at := seq & uint32(len(ring)-1)
	n := copy(ring[at:], b)
	copy(ring, b[n:])
	p.size[d] = min(p.size[d]+uint32(len(b)), uint32(len(ring)))
}

// forget forgets what was delivered, because bytes are missing after it.
func (p *past) forget(d Dir) {
	clear(p.of(d))
	p.size[d] = 0
}

// differs compares bytes that came again with those that were delivered, of
// which the last one lies before next. It gives the place of the first that
// differs, counted from seq, or -1.
func (p *past) differs(d Dir, next, seq uint32, b []byte) int {
	ring := p.of(d)
	skip := int(int32(next - p.size[d] - seq)) // bytes too old to remember
	skip = max(skip, 0)
	for i := skip; i < len(b); i++ {
		at := seq + uint32(i)
		if int32(at-next) >= 0 {
			return -1
		}
		if ring[at&uint32(len(ring)-1)] != b[i] {
			return i
		}
	}
	return -1
}

// once reports whether a conflict at a place is news.
func (p *past) once(seq uint32) bool {
	n := min(int(p.ntold), len(p.told))
	for _, s := range p.told[:n] {
		if s == seq {
			return false
		}
	}
	p.told[int(p.ntold)%len(p.told)] = seq
	if p.ntold++; int(p.ntold) == 2*len(p.told) {
		p.ntold = uint8(len(p.told))
	}
	return true
}

// conflict tells the Stream that bytes came again with other content. off is
// the place of the first that differs, counted from the segment's first.
func (a *Assembler) conflict(c *conn, side uint8, m capture.Mark, off int) {
	m.Seq += uint32(off)
	if !c.past.once(m.Seq ^ uint32(side)<<31) {
		return
	}
	a.stats.Conflicts++
	a.calling = c.flow
	c.stream.Conflict(c.dir(side), m)
	a.calling = 0
}
