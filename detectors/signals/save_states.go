package signals

// code is of a pair without the marks of its secrets: from then on its secrets are
// taken for unmarked.
func (p *pair) code(c *coder) {
	c.u32(&p.first)
	c.u32(&p.last)
	c.u16(&p.tries)
	c.yes(&p.counted)
	c.yes(&p.steady)
	c.yes(&p.unmarked)
	c.steps8(p.recent[:])
	if c.reads {
		p.marks, p.unmarked = 0, true
	}
}

func (v *suspect) code(c *coder) {
	c.u32(&v.first)
	c.u32(&v.step)
	c.u32(&v.dayStep)
	c.steps16(v.accounts[:])
	c.steps16(v.refused[:])
	c.steps16(v.accepted[:])
	c.steps16(v.day[:])
}

func (v *target) code(c *coder) {
	c.u32(&v.first)
	c.u32(&v.step)
	c.u32(&v.dayStep)
	c.steps16(v.sources[:])
	c.steps16(v.refused[:])
	c.steps16(v.day[:])
}

func (v *network) code(c *coder, sets *distincts) {
	c.u32(&v.first)
	c.u32(&v.step)
	c.u32(&v.alone.source)
	c.u32(&v.alone.account)
	c.u32(&v.alone.sec)
	c.steps16(v.refused[:])
	c.steps16(v.accepted[:])
	sets.code(c, &v.accounts)
	sets.code(c, &v.sources)
}

func (b *baseline) code(c *coder) {
	c.u32(&b.first)
	c.u32(&b.last)
	c.u16(&b.sessions)
	c.yes(&b.lost)
	c.yes(&b.told)
	c.u32(&b.lostAt)
	c.u16(&b.absent)
	c.u16(&b.present)
	c.u32(&b.shown)
}

// code is of places; degrees are kept to a hundredth.
func (v *visits) code(c *coder) {
	for i := range v {
		w := &v[i]
		c.u64(&w.place)
		c.u32(&w.sec)
		for k := range w.at {
			c.degrees(&w.at[k])
		}
	}
}

// code is of a set: how many hashes, then each and its second; or a sketch.
func (d *distincts) code(c *coder, set *uint32) {
	if c.reads {
		d.read(c, set)
		return
	}
	i := *set &^ kindMask
	var list []seen
	switch {
	case i == 0:
	case *set&kindMask == kindSketch:
		kind := uint8(255)
		c.u8(&kind)
		c.steps8(d.sketches.at(i)[:])
		return
	case *set&kindMask == kindLarge:
		list = d.large.at(i)[:]
	default:
		list = d.small.at(i)[:]
	}
	n := uint8(0)
	for _, v := range list {
		if v.sec != 0 {
			n++
		}
	}
	c.u8(&n)
	for _, v := range list {
		if v.sec != 0 {
			c.u32(&v.hash)
			c.u32(&v.sec)
		}
	}
}

// read makes a set of what was written of one. The set that a handle named is left alone.
func (d *distincts) read(c *coder, set *uint32) {
	*set = 0
	var n uint8
	c.u8(&n)
	if n == 255 {
		var s sketch
		c.steps8(s[:])
		if i := d.sketches.take(); i != 0 {
			*d.sketches.at(i) = s
			*set = kindSketch | i
		}
		return
	}
	for range n {
		var v seen
		c.u32(&v.hash)
		if c.u32(&v.sec); v.sec != 0 {
			d.add(set, uint64(v.hash), v.sec, 1)
		}
	}
}
