package detectors

import (
	"cleartap/capture"
	"cleartap/reassembly"
)

// heldHello is how many bytes of a client are held from what looks like a ClientHello
// on, until the server answers. No client of TLS sends as much unanswered.
const heldHello = 16 << 10

// holdHello holds bytes of a client that nobody agreed to begin TLS with: any client can
// send what looks like a hello, but only a server of TLS answers in records.
func (c *Conversation) holdHello(f *framer, m *capture.Mark, p []byte) int {
	if len(f.buf)+len(p) > heldHello {
		c.helloIsText()
		if f.hello || c.over != going { // another one within
			return len(p)
		}
		back := *m
		c.pour(reassembly.ToServer, &back, p)
		return len(p)
	}
	c.keep(f, p, heldHello)
	return len(p)
}

// answersHello looks at the first byte of what the server says while a hello is held. It
// reports whether nothing is left to do with the bytes: it was TLS, which took them. Text
// takes the hello back, and what the client said with it may be the dialogue's end.
func (c *Conversation) answersHello(f *framer, m *capture.Mark, p []byte) bool {
	switch {
	case len(f.buf) > 0 || f.lost || f.torn: // within a line
		return false
	case suspicious[p[0]] && p[0] != 0 && !f.sure:
		c.helloIsTLS()
		c.read(reassembly.ToClient, m, p)
		return true
	case int32(m.Ack-c.helloMark.Seq) > 0: // else the server had not seen it
		c.helloIsText()
	}
	return c.over != going
}

// helloIsTLS begins TLS with the hello that is held, if one is.
func (c *Conversation) helloIsTLS() {
	f := &c.dirs[reassembly.ToServer]
	if !f.hello || c.over != going {
		return
	}
	held, m := f.buf, c.helloMark
	f.buf, f.hello = nil, false
	c.toTLS(reassembly.ToServer, &m, nil, held)
	c.engine.release(held)
}

// helloIsText gives what was held to the session, as lines.
func (c *Conversation) helloIsText() {
	f := &c.dirs[reassembly.ToServer]
	held, m := f.buf, c.helloMark
	f.buf, f.hello, f.sure = nil, false, true
	c.feed(reassembly.ToServer, &m, held)
	c.engine.release(held)
}
