package detectors

import (
	"cleartap/capture"
	"cleartap/reassembly"
)

// keptBytes is how much of a client is kept behind a command that the server may refuse.
const keptBytes = 16 << 10

// What may be read a second time, in bytes: so many, and so many for each byte that came.
// A server that refuses all commands behind which a message would follow has all that
// waits read again at each refusal; people and their programs send few such.
const (
	freeReread = 64 * keptBytes
	mostReread = 16
)

// kept are bytes of a client that were taken for a message's and are commands if the
// server refuses the command before them.
type kept struct {
	buf   []byte // from the engine's pool
	mark  capture.Mark
	again bool   // to be read again when the unit at hand is done
	from  uint32 // from where
}

// Keep keeps what the client sends behind the unit at hand, up to 16 KiB, for Reread. It
// gives the sequence number of the first byte. Without a server in the capture nothing is
// kept, since nobody would tell.
func (c *Conversation) Keep() uint32 {
	next := c.mark.Seq + 1
	if !c.keeping && c.dirs[reassembly.ToClient].seen {
		c.kept.mark, c.keeping = c.mark, true
		c.kept.mark.Seq = next
	}
	return next
}

// Forget drops what was kept.
func (c *Conversation) Forget() {
	c.engine.release(c.kept.buf)
	c.kept, c.keeping = kept{}, false
}

// Reread cuts the client's bytes from a place on, which Keep gave, into lines once more.
// It reports false when some were too many to be kept, or to be read again: then lines
// begin again behind the next line end. Where nothing was kept, the next byte begins a line.
func (c *Conversation) Reread(from uint32) bool {
	k := &c.kept
	f := &c.dirs[reassembly.ToServer]
	c.engine.release(f.buf)
	f.buf = nil
	c.setMode(reassembly.ToServer, modeLines, 0)
	f.torn, f.lost, f.tls, f.sure, f.hello = false, false, false, false, false
	if at := int32(from - k.mark.Seq); !c.keeping || at < 0 || int(at) > len(k.buf) {
		c.Forget()
		return true
	}
	if c.reread += len(k.buf) - int(from-k.mark.Seq); c.reread > freeReread+mostReread*c.fed {
		c.Forget()
		c.tear(f)
		return false
	}
	k.again, k.from = true, from
	return f.next == k.mark.Seq+uint32(len(k.buf))
}

// record keeps p, which was just read, at the place m. What is read a second time is not at the place
// where the bytes kept end.
func (c *Conversation) record(d reassembly.Dir, m *capture.Mark, p []byte) {
	k := &c.kept
	if d != reassembly.ToServer || k.again || m.Seq != k.mark.Seq+uint32(len(k.buf)) || c.over != going {
		return
	}
	p = p[:min(len(p), keptBytes-len(k.buf))]
	if len(p) == 0 || c.engine.buffered > c.engine.cfg.Buffered/2 { // lines come first
		return
	}
	var ok bool
	if k.buf, ok = c.engine.grow(k.buf, len(p)); ok {
		k.buf = append(k.buf, p...)
	}
}

// rereadKept does what Reread asked for.
func (c *Conversation) rereadKept() {
	k := c.kept
	c.kept, c.keeping = kept{}, false
	if c.over == going {
		m := k.mark
		m.Seq = k.from
		c.dirs[reassembly.ToServer].text = k.from
		end := k.mark.Seq + uint32(len(k.buf))
		c.feed(reassembly.ToServer, &m, k.buf[k.from-k.mark.Seq:])
		if f := &c.dirs[reassembly.ToServer]; f.next != end && c.over == going && f.mode == modeLines {
			c.tear(f)
		}
	}
	c.engine.release(k.buf)
}
