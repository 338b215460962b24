package detectors

import (
	"cleartap/capture"
	"cleartap/reassembly"
)

var _ reassembly.Stream = (*Conversation)(nil)

// maxConflicts is how many conflicts a conversation reports: one tells the story.
const maxConflicts = 4

// Data implements reassembly.Stream.
func (c *Conversation) Data(d reassembly.Dir, m capture.Mark, p []byte) (more bool) {
	if c.over != going {
		return false
	}
	defer c.recover(&more)
	if c.waiting != nil {
		c.expire(m.Time)
	}
	f := &c.dirs[d]
	if !f.seen {
		f.seen, f.text = true, m.Seq
	}
	f.next = m.Seq + uint32(len(p))
	c.fed += len(p)
	if d == reassembly.ToClient {
		c.blind.hear(m.Seq, m.Ack)
	}
	switch {
	case c.reader != nil:
		c.read(d, &m, p)
	case c.preface != nil:
		c.feedPreface(d, &m, p)
	default:
		c.pour(d, &m, p)
	}
	return c.after()
}

// pour feeds bytes as they were on the wire.
func (c *Conversation) pour(d reassembly.Dir, m *capture.Mark, p []byte) {
	switch {
	case c.reader != nil:
		c.read(d, m, p)
	case c.dirs[d].deflate != nil:
		c.feedDeflated(d, m, p)
	default:
		c.feed(d, m, p)
	}
}

// Gap implements reassembly.Stream.
func (c *Conversation) Gap(d reassembly.Dir, m capture.Mark, n int) (more bool) {
	if c.over != going {
		return false
	}
	defer c.recover(&more)
	c.engine.stats.Gaps++
	c.gap = true
	c.helloIsTLS()
	c.mark = m
	f := &c.dirs[d]
	f.next = m.Seq + uint32(max(n, 0))
	switch {
	case c.preface != nil || f.deflate != nil:
		c.end(exceeded)
	case c.reader != nil:
		c.reader.Gap(d)
	case f.absorbs(n):
		if f.mode == modeLines {
			f.text = f.next
		}
	default:
		c.wish.blind = true
		c.tear(f)
		if d == reassembly.ToServer {
			c.blind.lose(f.next, c.dirs[reassembly.ToClient].next)
		} else {
			c.missReplies()
		}
		c.session.Gap(d)
	}
	return c.after()
}

// absorbs says whether a hole lies within bytes that were to be counted only,
// and counts it. A literal that lost bytes is delivered as truncated.
func (f *framer) absorbs(n int) bool {
	if n <= 0 || f.mode != modeSkip && f.mode != modeLiteral || uint64(n) >= f.left {
		return f.mode == modeSkip && n > 0 && uint64(n) == f.left && f.skipped()
	}
	f.left -= uint64(n)
	f.lost = f.lost || f.mode == modeLiteral
	return true
}

func (f *framer) skipped() bool {
	f.left, f.mode = 0, modeLines
	return true
}

// tear drops the unit at hand: the next one begins after the next line end. A body goes on.
func (c *Conversation) tear(f *framer) {
	c.engine.release(f.buf)
	f.buf, f.lost, f.tls, f.sure, f.packed, f.hello = nil, false, false, false, false, false
	if f.mode == modeBody {
		f.dot, f.holed = dotNone, true
		return
	}
	f.mode, f.left, f.torn = modeLines, 0, true
}

// Conflict implements reassembly.Stream. What the server says is of interest since a login began.
func (c *Conversation) Conflict(d reassembly.Dir, m capture.Mark) {
	if c.over != going {
		return
	}
	c.engine.stats.Conflicts++
	f := &c.dirs[d]
	inText := f.seen && f.mode <= modeLiteral && int32(m.Seq-f.text) >= 0
	if !inText || c.session == nil || c.reader != nil {
		return
	}
	if d == reassembly.ToServer {
		c.ambiguous = true
	} else if c.number == 0 {
		return
	}
	for p := c.waiting; p != nil; p = p.next {
		p.doubtful = p.doubtful || d == reassembly.ToClient
	}
	if c.conflict++; c.conflict > maxConflicts {
		return
	}
	o := Observation{Kind: Conflict, Mark: m, Decided: m, Gap: c.gap}
	c.complete(&o)
	c.engine.cfg.Report(&o)
}

// Close implements reassembly.Stream.
func (c *Conversation) Close() {
	if c.over != going {
		return
	}
	var more bool
	defer c.recover(&more)
	if c.preface != nil {
		c.claimPreface(true)
	}
	c.helloIsTLS()
	if c.session != nil && c.over == going {
		c.session.Close()
	}
	c.end(ended)
	c.after()
}

// after ends the conversation if something said so.
func (c *Conversation) after() (more bool) {
	if c.over == going {
		return true
	}
	e := c.engine
	switch c.over {
	case foreign:
		e.stats.Foreign++
		c.dropAll()
	case exceeded:
		e.stats.Bounds++
	}
	c.settleAll()
	if c.session != nil && c.over != foreign {
		c.wishOver()
		c.sumUp()
	}
	e.retire(c)
	return false
}

// recover catches a session that failed: the flow is dropped, what was begun is
// reported, and the panic's value is never looked at.
func (c *Conversation) recover(more *bool) {
	if recover() == nil {
		return
	}
	*more = false
	if c.protocol >= 0 {
		c.engine.stats.Protocols[c.protocol].Panics++
	}
	c.session = nil // not to be used again
	c.over = ended
	c.settleAll()
	c.engine.retire(c)
}
