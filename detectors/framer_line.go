package detectors

import (
	"bytes"

	"cleartap/capture"
	"cleartap/reassembly"
)

// feedLine takes bytes up to the next LF.
func (c *Conversation) feedLine(d reassembly.Dir, f *framer, m *capture.Mark, p []byte) int {
	if f.hello {
		return c.holdHello(f, m, p)
	}
	if d == reassembly.ToClient && c.hellos && c.dirs[reassembly.ToServer].hello && c.answersHello(f, m, p) {
		return len(p)
	}
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
	limit := c.engine.cfg.Line
	short := f.lost
	f.lost = false
	n := len(line)
	if n > limit { // no processor guesses well which lines may be long
		limit = c.limit(f)
	}
	cr := n > 0 && line[n-1] == '\r'
	f.bare = d == reassembly.ToClient && !cr
	if cr && !short && n <= limit+1 {
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
			if d == reassembly.ToServer {
				c.blind.lose(m.Seq+uint32(end)+1, c.dirs[reassembly.ToClient].next)
			}
			return
		}
	}
	c.deliver(d, m, end, line, short)
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
