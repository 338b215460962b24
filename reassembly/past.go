package reassembly

import "cleartap/capture"

// pastLen is how many of the client's bytes are remembered, to notice that they
// come again with other content.
const pastLen = 256

// past remembers the last bytes delivered of a direction, each at the place
// that its sequence number gives.
type past struct {
	ring  [pastLen]byte
	size  uint32    // bytes remembered
	told  [4]uint32 // places of the last conflicts that were told
	ntold uint8
}

// note remembers bytes that were delivered; seq is the place of the first one.
func (p *past) note(seq uint32, b []byte) {
	if n := len(b) - pastLen; n > 0 {
		b = b[n:]
		seq += uint32(n)
	}
	at := seq % pastLen
	n := copy(p.ring[at:], b)
	copy(p.ring[:], b[n:])
	p.size = min(p.size+uint32(len(b)), pastLen)
}

// forget forgets what was delivered, because bytes are missing after it.
func (p *past) forget() {
	clear(p.ring[:])
	p.size = 0
}

// differs compares bytes that came again with those that were delivered, of
// which the last one lies before next. It gives the place of the first that
// differs, counted from seq, or -1.
func (p *past) differs(next, seq uint32, b []byte) int {
	skip := int(int32(next - p.size - seq)) // bytes too old to remember
	skip = max(skip, 0)
	for i := skip; i < len(b); i++ {
		at := seq + uint32(i)
		if int32(at-next) >= 0 {
			return -1
		}
		if p.ring[at%pastLen] != b[i] {
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
