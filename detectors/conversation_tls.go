package detectors

import (
	"slices"

	"cleartap/capture"
	"cleartap/reassembly"
)

func (c *Config) isTLSPort(port uint16) bool { return slices.Contains(c.TLSPorts, port) }

// opensWithTLS reports whether a flow begins with TLS at a port where mail may be.
func (e *Engine) opensWithTLS(p *reassembly.Probe) bool {
	if e.layer < 0 || e.home(p.ServerPort) < 0 {
		return false
	}
	for d, b := range [2][]byte{p.ToServer, p.ToClient} {
		if len(b) > 0 && (b[0] == 22 || b[0]&0x80 != 0) && guessHello(reassembly.Dir(d), b) == isTLS {
			return true
		}
	}
	return false
}

// beginLayer begins a conversation with TLS. It reports under the name of the
// protocol at home at the port.
func (c *Conversation) beginLayer(port uint16) {
	e := c.engine
	if home := e.home(port); home >= 0 {
		c.name = e.cfg.Protocols[home].Name
	}
	c.start(e.layer)
	c.reader, _ = c.session.(Reader)
	c.implicit = true
}

// toTLS ends the dialogue where TLS begins: m is the place of p's first byte, old
// are bytes of the same record that came before.
func (c *Conversation) toTLS(d reassembly.Dir, m *capture.Mark, old, p []byte) {
	e := c.engine
	e.stats.TLS++
	c.mark = *m
	c.mark.Seq -= uint32(len(old))
	c.settleAll()
	c.wishGranted(false)
	if e.layer < 0 {
		c.end(encrypted)
		return
	}
	c.leaveSession()
	c.start(e.layer)
	c.reader, _ = c.session.(Reader)
	if c.reader == nil {
		c.end(encrypted)
		return
	}
	back := *m
	back.Seq -= uint32(len(old))
	c.read(d, &back, old)
	c.read(d, m, p)
	if other := &c.dirs[d.Other()]; other.tls { // a record's beginning
		back = c.mark
		back.Seq = other.next - uint32(len(other.buf))
		c.read(d.Other(), &back, other.buf)
	}
}

// read gives bytes to the reader of TLS.
func (c *Conversation) read(d reassembly.Dir, m *capture.Mark, p []byte) {
	if len(p) == 0 || c.over != going {
		return
	}
	if c.implicit && !c.facts.summary.TLS {
		c.mark = *m
		c.wishGranted(true)
	}
	c.reader.Read(d, *m, p)
}

// Implicit reports whether TLS began with the first byte.
func (c *Conversation) Implicit() bool { return c.implicit }

// ReportTLS reports what a handshake showed. t must not be changed afterwards.
func (c *Conversation) ReportTLS(t *TLS, m capture.Mark) {
	c.mark = m
	o := c.fact(Handshake, &c.mark)
	o.TLS = t
	c.engine.cfg.Report(o)
}

// Buffer gives a buffer that holds old and has room for n bytes more, within the
// bounds of the engine; it fails when they are reached. Release gives it back.
func (c *Conversation) Buffer(old []byte, n int) ([]byte, bool) { return c.engine.grow(old, n) }

// Release gives back what Buffer gave.
func (c *Conversation) Release(buf []byte) { c.engine.release(buf) }
