package detectors

import (
	"cleartap/capture"
	"cleartap/reassembly"
)

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
	f.buf, f.lost, f.mode, f.left = nil, false, modeLines, 0
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
