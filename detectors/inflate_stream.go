package detectors

import (
	"cleartap/capture"
	"cleartap/reassembly"
)

// keptInflaters is how many free inflaters are kept.
const keptInflaters = 16

// startInflate compresses both directions from the byte after the current unit.
// The rest of the bytes at hand is inflated once the unit is done: see feed.
func (c *Conversation) startInflate() {
	for i := range c.dirs {
		f := &c.dirs[i]
		if f.deflate != nil {
			f.deflate.ending = false
			continue
		}
		if f.deflate = c.engine.getInflater(); f.deflate == nil {
			c.end(exceeded)
			return
		}
		if len(f.buf) > 0 {
			f.packed, c.refeed = true, true
		}
	}
}

// stopInflate ends compression, each direction at its next flush.
func (c *Conversation) stopInflate() {
	for i := range c.dirs {
		if z := c.dirs[i].deflate; z != nil {
			z.ending = true
		}
	}
}

// feedDeflated inflates p and cuts what comes out. Units carry the mark of the
// segment that completed them.
func (c *Conversation) feedDeflated(d reassembly.Dir, m *capture.Mark, p []byte) {
	f := &c.dirs[d]
	z := f.deflate
	for c.over == going {
		if z.ending && z.aligned() {
			f.deflate = nil
			c.engine.putInflater(z)
			c.feed(d, m, p)
			return
		}
		most := f.left
		if f.tls {
			most = 1 // the byte that tells text from a hello is the place of what was held
		}
		n, out := z.inflate(p, most)
		p = p[n:]
		m.Seq += uint32(n)
		if n > 0 {
			z.seq = m.Seq - 1
		}
		c.inflated += len(out)
		c.engine.stats.Inflated += uint64(len(out))
		switch {
		case z.bomb || c.inflated > c.engine.cfg.Inflated:
			c.end(exceeded)
		case len(out) > 0:
			here := *m
			c.feed(d, &here, out)
		case z.state == atFault || z.state == atEnd && !z.ending:
			c.end(ended)
		case len(p) == 0:
			return
		}
	}
}

func (e *Engine) getInflater() *inflater {
	if e.inflaters == e.cfg.Inflaters {
		return nil
	}
	e.inflaters++
	if n := len(e.spareInflaters); n > 0 {
		z := e.spareInflaters[n-1]
		e.spareInflaters = e.spareInflaters[:n-1]
		return z
	}
	return &inflater{stored: true}
}

// putInflater clears an inflater, which may have secrets in its window, and keeps it for later.
func (e *Engine) putInflater(z *inflater) {
	if z == nil {
		return
	}
	e.inflaters--
	*z = inflater{stored: true}
	if len(e.spareInflaters) < keptInflaters {
		e.spareInflaters = append(e.spareInflaters, z)
	}
}
