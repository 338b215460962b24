package detectors

import (
	"cleartap/capture"
	"cleartap/reassembly"
)

// suspicious holds the bytes that may begin something that is no text: a TLS
// record (RFC 8446 section 5.1), an SSLv2 hello (high bit set, RFC 6101
// appendix E), or a SASL security layer's frame (RFC 4422 section 3.7).
var suspicious = func() (t [256]bool) {
	t[0] = true
	for b := 20; b <= 24; b++ {
		t[b] = true
	}
	for b := 0x80; b <= 0xff; b++ {
		t[b] = true
	}
	return t
}()

// helloBytes is how many bytes tell an SSLv2 hello from anything else.
const helloBytes = 11

// maxRecord is the longest TLS record: 2^14 and 2048 for TLS 1.2's expansion (RFC 5246 section 6.2.3).
const maxRecord = 1<<14 + 2048

// guess is what the first bytes of a unit tell.
type guess uint8

const (
	isText guess = iota
	isShort
	isTLS
	isLayer
)

// mayBeTLS says whether the byte at hand begins a unit.
func (c *Conversation) mayBeTLS(f *framer) bool {
	return len(f.buf) == 0 && !f.sure && !f.lost && (!f.torn || c.upgrade)
}

// sniff looks whether a unit begins like TLS. It gives how many bytes of p it
// took, and whether to come back with the rest; else p is text.
func (c *Conversation) sniff(d reassembly.Dir, f *framer, m *capture.Mark, p []byte) (n int, again bool) {
	var head [helloBytes]byte
	old := copy(head[:], f.buf)
	all := old + copy(head[old:], p)
	switch c.guess(d, head[:all]) {
	case isShort:
		f.tls = true
		c.keep(f, p, helloBytes)
		return len(p), true
	case isTLS:
		if d == reassembly.ToServer && !c.upgrade && (c.greeted || c.dirs[reassembly.ToClient].seen) {
			f.tls, f.hello, c.hellos, c.helloMark = false, true, true, *m
			c.helloMark.Seq -= uint32(old)
			return c.holdHello(f, m, p), true
		}
		c.toTLS(d, m, f.buf, p)
		return len(p), true
	case isLayer:
		c.end(encrypted)
		c.engine.stats.Layers++
		return len(p), true
	}
	f.tls, f.sure = false, true
	if old == 0 {
		return 0, false
	}
	held, back := f.buf, *m
	f.buf = nil
	back.Seq -= uint32(old)
	c.feed(d, &back, held)
	c.engine.release(held)
	return 0, true
}

// guess judges the beginning of a unit of direction d.
func (c *Conversation) guess(d reassembly.Dir, b []byte) guess {
	switch {
	case b[0] == 0:
		if !c.layer {
			return isText
		}
		return guessLayer(b)
	case b[0]&0x80 != 0:
		if d == reassembly.ToClient {
			return isText
		}
		return guessSSL2(b)
	}
	return guessRecord(d, b, c.upgrade)
}

// guessRecord judges a TLS record. Once TLS was agreed on, any record will do;
// without that it must be a hello.
func guessRecord(d reassembly.Dir, b []byte, agreed bool) guess {
	if len(b) > 1 && b[1] != 3 || len(b) > 2 && b[2] > 4 {
		return isText
	}
	if !agreed && b[0] != 22 {
		return isText
	}
	if len(b) < 5 {
		return isShort
	}
	if n := int(b[3])<<8 | int(b[4]); n == 0 || n > maxRecord {
		return isText
	}
	if agreed {
		return isTLS
	}
	if len(b) < 6 {
		return isShort
	}
	if d == reassembly.ToServer && b[5] == 1 || d == reassembly.ToClient && b[5] == 2 {
		return isTLS
	}
	return isText
}

// guessSSL2 judges an SSLv2 ClientHello: length, type 1, version, and three lengths that must fit.
func guessSSL2(b []byte) guess {
	if len(b) > 2 && b[2] != 1 {
		return isText
	}
	if len(b) > 4 && (b[3] != 0 || b[4] != 2) && (b[3] != 3 || b[4] > 4) {
		return isText
	}
	if len(b) < helloBytes {
		return isShort
	}
	total := int(b[0]&0x7f)<<8 | int(b[1])
	suites := int(b[5])<<8 | int(b[6])
	session := int(b[7])<<8 | int(b[8])
	challenge := int(b[9])<<8 | int(b[10])
	if suites == 0 || suites%3 != 0 || session != 0 && session != 16 || challenge < 16 || challenge > 32 {
		return isText
	}
	if total != 9+suites+session+challenge {
		return isText
	}
	return isTLS
}

// guessLayer judges a security layer's frame: four bytes of length. No line begins with a NUL.
func guessLayer(b []byte) guess {
	if len(b) < 4 {
		return isShort
	}
	if n := int(b[1])<<16 | int(b[2])<<8 | int(b[3]); n > 0 {
		return isLayer
	}
	return isText
}
