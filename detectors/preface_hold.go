package detectors

import (
	"cleartap/capture"
	"cleartap/reassembly"
)

// feedPreface takes bytes of a conversation that began with a preface.
func (c *Conversation) feedPreface(d reassembly.Dir, m *capture.Mark, p []byte) {
	x := c.preface
	s := &x.sides[d]
	for len(p) > 0 && s.stage != dialogue && c.over == going {
		n := min(len(p), maxPreface-len(s.buf))
		c.hold(s, p[:n])
		m.Seq += uint32(n)
		p = p[n:]
		c.readPreface(s)
		if len(s.buf) == maxPreface && s.stage != dialogue {
			c.end(foreign)
		}
	}
	if c.over != going {
		return
	}
	if s.stage == dialogue {
		n := min(len(p), maxPreface-len(s.buf))
		c.hold(s, p[:n])
		p = p[n:]
		m.Seq += uint32(n)
	}
	x.note(d)
	s.mark = *m
	c.claimPreface(false)
	if c.preface == nil && len(p) > 0 && c.over == going {
		c.pour(d, m, p)
	}
}

// note notes whose turn the bytes are that came behind the preface of a side. With very
// many turns, what is said late goes to the side's last one.
func (x *preface) note(d reassembly.Dir) {
	s := &x.sides[d]
	n := len(s.buf) - s.noted
	if s.stage != dialogue || n == 0 {
		return // its preface is not over: if it never is, the rest is of no use
	}
	s.noted = len(s.buf)
	last := len(x.order) - 1
	switch {
	case last >= 0 && x.order[last].dir == d:
		x.order[last].n += n
	case len(x.order) < maxTurns:
		x.order = append(x.order, turn{d, n})
	default:
		x.order[last-1].n += n // turns alternate
	}
}

// hold keeps bytes of a side.
func (c *Conversation) hold(s *prefaceSide, p []byte) {
	if len(p) == 0 {
		return
	}
	buf, ok := c.engine.grow(s.buf, len(p))
	if s.buf = buf; !ok {
		c.end(exceeded)
		return
	}
	s.buf = append(s.buf, p...)
}

// claimPreface asks the protocols about what came behind the preface.
func (c *Conversation) claimPreface(final bool) {
	x := c.preface
	var shown [2][]byte
	for i := range x.sides {
		if s := &x.sides[i]; s.stage == dialogue {
			shown[i] = s.buf
			final = final || len(s.buf) >= maxHeld
		}
	}
	if len(shown[0]) == 0 && len(shown[1]) == 0 {
		return
	}
	choice, more := c.engine.judge(shown[0], shown[1], x.port, final)
	switch {
	case choice >= 0:
		c.leavePreface(choice)
	case !more || final:
		c.end(foreign)
	}
}

// leavePreface begins the dialogue with what was held back.
func (c *Conversation) leavePreface(choice int) {
	x := c.preface
	c.proxy = x.client
	if choice == c.engine.layer {
		c.beginLayer(x.port)
	} else {
		c.begin(choice)
	}
	for d := range x.sides {
		if s := &x.sides[d]; s.stage == dialogue {
			c.dirs[d].text = s.mark.Seq - uint32(len(s.buf))
		}
	}
	var at [2]int
	for _, t := range x.order {
		s := &x.sides[t.dir]
		m := s.mark
		m.Seq -= uint32(len(s.buf) - at[t.dir])
		c.pour(t.dir, &m, s.buf[at[t.dir]:at[t.dir]+t.n])
		at[t.dir] += t.n
	}
	x.forget(c.engine)
	c.preface = nil
}

// forget gives the buffers back.
func (x *preface) forget(e *Engine) {
	for i := range x.sides {
		e.release(x.sides[i].buf)
		x.sides[i].buf = nil
	}
}
