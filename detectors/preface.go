package detectors

import (
	"bytes"
	"net/netip"

	"cleartap/capture"
	"cleartap/reassembly"
)

// preface follows what may come before the dialogue proper: a PROXY header,
// SOCKS, HTTP CONNECT. Each side is read by itself, so that a capture of one of
// them is enough. What comes behind is held back until a protocol claims it.
type preface struct {
	sides  [2]prefaceSide
	order  []turn         // who said how much behind the preface, in the order of the capture
	port   uint16         // the server's, or what the client asked a proxy for
	client netip.AddrPort // that a PROXY header announced
}

// prefaceSide is one direction.
type prefaceSide struct {
	stage stage
	skip  int          // bytes of a response's body that are still to come
	buf   []byte       // bytes that wait to be read or claimed
	noted int          // bytes of buf that order has
	mark  capture.Mark // behind the last byte of buf
}

// turn is what one side said before the other did.
type turn struct {
	dir reassembly.Dir
	n   int // bytes
}

// stage says what a side's next bytes are.
type stage uint8

const (
	dialogue     stage = iota // no preface (any more)
	proxyHeader               // PROXY protocol, version 1 or 2
	socks4Ask                 // SOCKS 4 and 4a
	socks4Reply               //
	socks5Offer               // RFC 1928 section 3
	socks5Choice              //
	socks5Ask                 // RFC 1929 and RFC 1928 section 4
	socks5Reply               //
	connectAsk                // HTTP CONNECT, RFC 9110 section 9.3.6
	connectAgain              // perhaps once more, after 407
	connectReply              //
	connectBody               // of a response that refused
)

// Answers of a stage's reader, besides a number of bytes.
const (
	partial = -1 // more bytes are needed
	refused = -2 // it is something else, or the proxy refused
)

// maxPreface is how many bytes of a side a preface's part may have, and maxHeld
// how many wait behind it for a protocol's claim before it must be made.
const (
	maxPreface = 4 << 10
	maxHeld    = claimBytes
	maxTurns   = 32 // whose order is kept
)

// prefaceOf looks for a preface in a client's first bytes. It gives the stages of
// both sides; more is true when the bytes are too few to tell.
func prefaceOf(p []byte) (client, server stage, more bool) {
	if len(p) == 0 {
		return dialogue, dialogue, false
	}
	switch p[0] {
	case 'P':
		client, more = begins(p, proxyV1, proxyHeader)
	case '\r':
		client, more = begins(p, proxyV2, proxyHeader)
	case 'C':
		server = connectReply
		client, more = begins(p, connectVerb, connectAsk)
	case 4:
		client, server = socks4Ask, socks4Reply
		if more = len(p) < 9; len(p) > 1 && p[1] != 1 {
			return dialogue, dialogue, false
		}
	case 5:
		client, server = socks5Offer, socks5Choice
		more = len(p) < 3
		if len(p) > 1 && (p[1] == 0 || p[1] > 16) || len(p) > 2 && p[2] > 9 && p[2] < 0x80 {
			return dialogue, dialogue, false
		}
	}
	if client == dialogue {
		server = dialogue
	}
	return client, server, more
}

// begins says whether p begins with a signature, or is the beginning of it.
func begins(p []byte, signature string, s stage) (stage, bool) {
	n := min(len(p), len(signature))
	if string(p[:n]) != signature[:n] {
		return dialogue, false
	}
	return s, n < len(signature)
}

// readPreface reads the parts of a preface that a side holds whole.
func (c *Conversation) readPreface(s *prefaceSide) {
	for s.stage != dialogue && len(s.buf) > 0 {
		n := c.preface.read(s)
		switch n {
		case partial:
			return
		case refused:
			c.end(foreign)
			return
		}
		rest := copy(s.buf, s.buf[n:])
		clear(s.buf[rest:])
		s.buf = s.buf[:rest]
	}
}

// read reads the part at the beginning of a side's bytes, and says how long it is.
func (x *preface) read(s *prefaceSide) int {
	switch s.stage {
	case proxyHeader:
		return x.readProxy(s)
	case socks4Ask, socks4Reply:
		return x.readSOCKS4(s)
	case socks5Offer, socks5Choice, socks5Ask, socks5Reply:
		return x.readSOCKS5(s)
	case connectAsk, connectAgain:
		return x.readConnect(s)
	case connectReply:
		return readResponse(s)
	case connectBody:
		n := min(s.skip, len(s.buf))
		if s.skip -= n; s.skip == 0 {
			s.stage = connectReply
		}
		return n
	}
	return refused
}

// lineEnd gives the index behind the CR LF that ends p's first line, or partial.
func lineEnd(p []byte) int {
	if i := bytes.Index(p, []byte("\r\n")); i >= 0 {
		return i + len("\r\n")
	}
	return partial
}
