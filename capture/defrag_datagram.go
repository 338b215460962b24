package capture

import (
	"bytes"
	"cmp"
	"slices"
)

// fragKey names a datagram of which fragments arrive (RFC 791, RFC 8200 section 4.5).
type fragKey struct {
	src, dst [16]byte
	id       uint32
	proto    uint8 // 0 in IPv6
	v4       bool
}

// fragState is what a datagram is waiting for.
type fragState uint8

const (
	collecting fragState = iota
	complete             // kept a moment to know its duplicates
	ignored              // its first fragment showed a port nobody asked for
	poisoned             // its fragments overlapped or contradicted each other
)

// piece is a run of a datagram's bytes: its place in the datagram, and in buf.
type piece struct {
	off, at, n int32
}

// datagram collects fragments. Pieces are in order and never overlap; their
// bytes lie in buf in the order of arrival, so that memory grows with what came
// and not with what an offset claims.
type datagram struct {
	key          fragKey
	state        fragState
	since        Nanos // packet time of the first fragment, or of the last change of state
	proto        uint8 // from the fragment at offset 0
	end          int32 // the datagram's length, -1 until the last fragment told it
	have         int32 // bytes in pieces
	count        uint32
	looked       uint32 // at pieces, to find the place of others
	pieces       []piece
	buf          []byte
	older, newer *datagram
}

// Bounds of one datagram.
const (
	maxDatagram = 65535 // an IP packet without its header is never longer
	maxPieces   = 1500  // more than a full datagram over the smallest IPv4 MTU has
)

// cost is the memory that the datagram holds, in bytes.
func (g *datagram) cost() int { return 160 + cap(g.buf) + 12*cap(g.pieces) }

// reset makes g the empty datagram of a key; its buffers are kept unless they are large.
func (g *datagram) reset(k fragKey, now Nanos) {
	g.release()
	*g = datagram{key: k, since: now, end: -1, pieces: g.pieces, buf: g.buf}
}

// release gives the bytes back, keeping small buffers.
func (g *datagram) release() {
	g.pieces, g.buf, g.have = g.pieces[:0], g.buf[:0], 0
	if cap(g.buf) > 4096 {
		g.buf = nil
	}
	if cap(g.pieces) > 64 {
		g.pieces = nil
	}
}

// add takes a fragment in: bytes p at offset off, the last one unless more
// follow. It reports whether they fit to what came before; in IPv6 a fragment
// that does not costs the datagram (RFC 5722), in IPv4 the bytes that were there
// first stay.
func (g *datagram) add(off int, more bool, p []byte) bool {
	end := int32(off + len(p))
	if !more {
		if g.end >= 0 && g.end != end || end < g.reach() {
			return false
		}
		g.end = end
	} else if g.end >= 0 && end > g.end {
		return false
	}
	if !g.key.v4 && g.overlaps(int32(off), end) {
		return false
	}
	return g.fill(int32(off), p)
}

// reach is the end of the last piece.
func (g *datagram) reach() int32 {
	if len(g.pieces) == 0 {
		return 0
	}
	last := g.pieces[len(g.pieces)-1]
	return last.off + last.n
}

// after is the index of the first piece that ends behind off.
func (g *datagram) after(off int32) int {
	if off >= g.reach() { // mostly they come in order
		return len(g.pieces)
	}
	i, _ := slices.BinarySearchFunc(g.pieces, off, func(q piece, off int32) int {
		g.looked++
		return cmp.Compare(q.off+q.n, off+1)
	})
	return i
}

func (g *datagram) overlaps(off, end int32) bool {
	i := g.after(off)
	return i < len(g.pieces) && g.pieces[i].off < end
}

// fill copies those bytes of p that are new.
func (g *datagram) fill(off int32, p []byte) bool {
	for i := g.after(off); len(p) > 0; i++ {
		n := int32(len(p))
		if i < len(g.pieces) {
			q := g.pieces[i]
			if q.off <= off { // what is there stays
				skip := min(q.off+q.n-off, n)
				off, p = off+skip, p[skip:]
				continue
			}
			n = min(n, q.off-off)
		}
		if len(g.pieces) >= maxPieces {
			return false
		}
		g.pieces = append(g.pieces, piece{})
		copy(g.pieces[i+1:], g.pieces[i:])
		g.pieces[i] = piece{off: off, at: int32(len(g.buf)), n: n}
		g.buf = append(g.buf, p[:n]...)
		g.have += n
		off, p = off+n, p[n:]
	}
	return true
}

// repeats reports whether the fragment is one that was taken in already, byte for byte.
func (g *datagram) repeats(off int, p []byte) bool {
	i := g.after(int32(off))
	if i == len(g.pieces) {
		return false
	}
	q := g.pieces[i]
	return int(q.off) == off && int(q.n) == len(p) && bytes.Equal(g.buf[q.at:q.at+q.n], p)
}

// whole reports whether no byte is missing.
func (g *datagram) whole() bool { return g.end > 0 && g.have == g.end }

// assemble appends the datagram's bytes to out.
func (g *datagram) assemble(out []byte) []byte {
	for _, q := range g.pieces {
		out = append(out, g.buf[q.at:q.at+q.n]...)
	}
	return out
}
