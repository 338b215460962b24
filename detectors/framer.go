package detectors

import (
	"bytes"

	"cleartap/capture"
	"cleartap/reassembly"
)

// mode says how the next bytes of a direction are cut.
type mode uint8

const (
	modeLines mode = iota
	modeLiteral
	modeSkip
	modeBody
)

// framer cuts one direction into units. It holds bytes only of a unit that a
// segment boundary cut, at most the cap and one.
type framer struct {
	buf     []byte // beginning of the unit at hand; from the engine's pool
	left    uint64 // bytes of a literal or skip that are still to come
	next    uint32 // sequence number after the last byte fed
	text    uint32 // where the text began that now is: commands, not bodies
	mode    mode
	dot     uint8 // modeBody: how much of CRLF.CRLF was seen
	long    bool
	seen    bool
	lost    bool      // bytes of the unit at hand were dropped
	torn    bool      // bytes before the unit at hand are missing: drop to LF
	tls     bool      // buf holds what may be the beginning of a TLS record
	sure    bool      // the unit at hand is known not to be TLS
	packed  bool      // buf holds compressed bytes
	deflate *inflater // not nil while the direction is compressed
}

// limit is how many bytes of a unit are delivered.
func (c *Conversation) limit(f *framer) int {
	if f.long {
		return c.engine.cfg.LongLine
	}
	return c.engine.cfg.Line
}

func (c *Conversation) setMode(d reassembly.Dir, m mode, n uint64) {
	f := &c.dirs[d]
	if m == modeSkip && n == 0 {
		m = modeLines
	}
	if m == modeLines && f.mode == modeLines {
		return
	}
	if len(f.buf) > 0 {
		c.refeed = true
	}
	c.empty = c.empty || m == modeLiteral && n == 0
	f.mode, f.left, f.dot = m, n, dotLineStart
	f.torn, f.lost, f.tls = false, false, false
}

// feed cuts p, which continues direction d, into units. m is the place of its
// first byte, and goes along.
func (c *Conversation) feed(d reassembly.Dir, m *capture.Mark, p []byte) {
	f := &c.dirs[d]
	compressed := f.deflate
	for len(p) > 0 && c.over == going {
		var n int
		was := f.mode
		switch was {
		case modeLines:
			n = c.feedLine(d, f, m, p)
		case modeLiteral:
			n = c.feedLiteral(d, f, m, p)
		case modeSkip:
			n = f.skip(p)
		case modeBody:
			n = c.feedBody(d, f, m, p)
		}
		p = p[n:]
		m.Seq += uint32(n)
		if was >= modeSkip && f.mode == modeLines {
			f.text = m.Seq
		}
		if f.deflate != compressed {
			c.feedDeflated(d, m, p)
			return
		}
	}
}

// feedLine takes bytes up to the next LF.
func (c *Conversation) feedLine(d reassembly.Dir, f *framer, m *capture.Mark, p []byte) int {
	if f.tls || suspicious[p[0]] && c.mayBeTLS(f) {
		if n, again := c.sniff(d, f, m, p); again {
			return n
		}
	}
	i := bytes.IndexByte(p, '\n')
	if i < 0 {
		if !f.torn || c.takesTorn() {
			c.keep(f, p, c.limit(f)+1)
		}
		return len(p)
	}
	f.sure = false
	if len(f.buf) == 0 && !f.lost {
		c.deliverLine(d, f, m, i, p[:i])
		return i + 1
	}
	c.keep(f, p[:i], c.limit(f)+1)
	if c.over != going {
		return i + 1
	}
	whole := f.buf
	f.buf = nil
	c.deliverLine(d, f, m, i, whole)
	c.engine.release(whole)
	return i + 1
}

// deliverLine hands over a line without its LF, which is end bytes behind m. It
// cuts the CR and what is over the cap.
func (c *Conversation) deliverLine(d reassembly.Dir, f *framer, m *capture.Mark, end int, line []byte) {
	limit := c.limit(f)
	short := f.lost
	f.lost = false
	if n := len(line); n > 0 && line[n-1] == '\r' && !short && n <= limit+1 {
		line = line[:n-1]
	}
	if len(line) > limit {
		line, short = line[:limit], true
	}
	if short {
		c.engine.stats.Overflows++
	}
	if f.torn {
		f.torn = false
		if !c.wantsTorn(d, line) {
			return
		}
	}
	c.deliver(d, m, end, line, short)
}

// deliver hands a unit, whose last byte is end bytes behind m, to the session.
func (c *Conversation) deliver(d reassembly.Dir, m *capture.Mark, end int, unit []byte, short bool) {
	c.mark = *m
	c.mark.Seq += uint32(end)
	if z := c.dirs[d].deflate; z != nil {
		c.mark.Seq = z.seq
	}
	c.truncated = short
	c.engine.stats.Units++
	if d == reassembly.ToServer && needsEditing(unit) {
		c.session.Unit(d, c.engine.edit(unit, false))
		c.engine.wipe(len(unit))
	} else {
		c.session.Unit(d, unit)
	}
	if c.refeed {
		c.again()
	}
	if c.empty {
		c.emptyLiterals()
	}
}

// feedLiteral takes bytes of a literal.
func (c *Conversation) feedLiteral(d reassembly.Dir, f *framer, m *capture.Mark, p []byte) int {
	if f.left > uint64(len(p)) {
		f.left -= uint64(len(p))
		c.keep(f, p, c.engine.cfg.Line)
		return len(p)
	}
	n := int(f.left)
	unit := p[:n]
	if len(f.buf) > 0 || f.lost {
		c.keep(f, unit, c.engine.cfg.Line)
		unit = f.buf
	}
	if c.over != going {
		return n
	}
	short := f.lost
	if len(unit) > c.engine.cfg.Line {
		unit, short = unit[:c.engine.cfg.Line], true
	}
	whole := f.buf
	f.buf, f.lost, f.mode, f.left, f.text = nil, false, modeLines, 0, m.Seq+uint32(n)
	c.deliver(d, m, n-1, unit, short)
	c.engine.release(whole)
	return n
}

// emptyLiterals delivers literals of no bytes.
func (c *Conversation) emptyLiterals() {
	c.empty = false
	for i := range c.dirs {
		if f := &c.dirs[i]; f.mode == modeLiteral && f.left == 0 && c.over == going {
			f.mode = modeLines
			here := c.mark
			c.deliver(reassembly.Dir(i), &here, 0, nil, false)
		}
	}
}

// skip drops bytes.
func (f *framer) skip(p []byte) int {
	n := len(p)
	if f.left < uint64(n) {
		n = int(f.left)
	}
	f.left -= uint64(n)
	if f.left == 0 {
		f.mode = modeLines
	}
	return n
}

// keep buffers the beginning of a unit, at most limit bytes of it.
func (c *Conversation) keep(f *framer, p []byte, limit int) {
	if room := limit - len(f.buf); len(p) > room {
		p, f.lost = p[:max(room, 0)], true
	}
	if len(p) == 0 {
		return
	}
	buf, ok := c.engine.grow(f.buf, len(p))
	f.buf = buf
	if !ok {
		c.end(exceeded)
		return
	}
	f.buf = append(f.buf, p...)
}

// again cuts anew what was buffered of a direction whose mode changed while the
// other one was speaking.
func (c *Conversation) again() {
	c.refeed = false
	for i := range c.dirs {
		f := &c.dirs[i]
		if len(f.buf) == 0 || c.over != going {
			continue
		}
		old := f.buf
		f.buf = nil
		m := c.mark
		m.Seq = f.next - uint32(len(old))
		if f.packed {
			f.packed = false
			c.feedDeflated(reassembly.Dir(i), &m, old)
		} else {
			c.feed(reassembly.Dir(i), &m, old)
		}
		c.engine.release(old)
	}
}

// Resumer is a Session that can tell the beginning of a command or reply when
// it sees one. After a hole the first line is offered to it, which may be the
// tail of a line; when whole segments were lost, it is a whole line.
type Resumer interface {
	// Resume says whether line is certain to be a whole line. It is delivered then.
	Resume(d reassembly.Dir, line []byte) bool
}

// takesTorn says whether the session looks at lines after a hole.
func (c *Conversation) takesTorn() bool {
	_, ok := c.session.(Resumer)
	return ok
}

// wantsTorn asks the session whether the line after a hole is whole.
func (c *Conversation) wantsTorn(d reassembly.Dir, line []byte) bool {
	r, ok := c.session.(Resumer)
	return ok && r.Resume(d, line)
}
