package detectors

import (
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
	bare    bool  // the server's last line ended with LF alone: so may its lists
	holed   bool  // bytes of the body at hand are missing
	long    bool
	seen    bool
	lost    bool      // bytes of the unit at hand were dropped
	torn    bool      // bytes before the unit at hand are missing: drop to LF
	tls     bool      // buf holds what may be the beginning of a TLS record
	sure    bool      // the unit at hand is known not to be TLS
	hello   bool      // buf holds what looks like a ClientHello and waits for the server's answer
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
	if f.mode >= modeSkip && m == modeLines {
		f.text = f.next
	}
	c.empty = c.empty || m == modeLiteral && n == 0
	f.mode, f.left, f.dot = m, n, dotLineStart
	f.torn, f.lost, f.tls, f.sure, f.hello, f.holed = false, false, false, false, false, false
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
		if c.keeping {
			c.record(d, m, p[:n])
		}
		p = p[n:]
		m.Seq += uint32(n)
		if was >= modeSkip && f.mode == modeLines {
			f.text = m.Seq
		}
		switch {
		case c.reader != nil: // TLS began with what was held before p
			c.read(d, m, p)
			return
		case f.deflate != compressed:
			c.feedDeflated(d, m, p)
			return
		}
	}
}

// deliver hands a unit, whose last byte is end bytes behind m, to the session.
func (c *Conversation) deliver(d reassembly.Dir, m *capture.Mark, end int, unit []byte, short bool) {
	c.mark.Time, c.mark.Frame, c.mark.File = m.Time, m.Frame, m.File // one by one, as m was just written: all at once would wait for that
	c.mark.Seq, c.mark.Ack = m.Seq+uint32(end), m.Ack
	if z := c.dirs[d].deflate; z != nil {
		c.mark.Seq = z.seq
	}
	c.truncated = short
	c.engine.stats.Units++
	if c.wishing != noWish {
		c.stray(d, unit)
	}
	if d == reassembly.ToServer && needsEditing(unit) {
		c.session.Unit(d, c.engine.edit(unit, false))
		c.engine.wipe(len(unit))
	} else {
		c.session.Unit(d, unit)
	}
	if d == reassembly.ToServer {
		c.spoke()
	}
	if c.refeed {
		c.again()
	}
	if c.empty {
		c.emptyLiterals()
	}
	if c.keeping && c.kept.again {
		c.rereadKept()
	}
}
