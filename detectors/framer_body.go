package detectors

import (
	"bytes"

	"cleartap/capture"
	"cleartap/reassembly"
)

// How much of CRLF . CRLF was seen at the end of the bytes before.
const (
	dotNone uint8 = iota
	dotCR
	dotLineStart // CRLF
	dotDot       // CRLF .
	dotDotCR     // CRLF . CR
)

var (
	bodyEnd = []byte("\r\n.\r\n")
	loneDot = []byte(".")
)

// feedBody drops bytes up to the end of a body.
func (c *Conversation) feedBody(d reassembly.Dir, f *framer, m *capture.Mark, p []byte) int {
	n := f.body(p)
	if f.mode == modeLines {
		f.text = m.Seq + uint32(n)
		if f.holed && d == reassembly.ToClient { // its own end may be what is missing, and replies what was dropped
			c.missReplies()
		}
		f.holed = false
		c.deliver(d, m, n-1, loneDot, false)
	}
	return n
}

// body takes bytes of a body; it goes back to lines when the end was seen.
func (f *framer) body(p []byte) int {
	i := 0
	for i < len(p) && (f.dot != dotNone || f.bare) {
		if f.step(p[i]); f.mode == modeLines {
			return i + 1
		}
		i++
	}
	rest := p[i:]
	if at := indexBodyEnd(rest); at >= 0 {
		f.mode = modeLines
		return i + at + len(bodyEnd)
	}
	for _, b := range rest[max(0, len(rest)-len(bodyEnd)+1):] {
		f.step(b)
	}
	return len(p)
}

// indexBodyEnd finds the first CRLF.CRLF by its dot: of dots a text has fewer than line ends, and
// base64 has none. In what is full of dots the line ends are looked for.
func indexBodyEnd(p []byte) int {
	for at, dots := 2, 0; at < len(p)-2; dots++ {
		i := bytes.IndexByte(p[at:len(p)-2], '.')
		if i < 0 {
			return -1
		}
		at += i
		if p[at-1] == '\n' && p[at-2] == '\r' && p[at+1] == '\r' && p[at+2] == '\n' {
			return at - 2
		}
		if at++; dots > 8+at/32 {
			if i = bytes.Index(p[at-2:], bodyEnd); i >= 0 {
				i += at - 2
			}
			return i
		}
	}
	return -1
}

// step follows one byte.
func (f *framer) step(b byte) {
	switch {
	case b == '\n' && f.bare && f.dot == dotDot:
		f.mode, f.dot = modeLines, dotNone
	case b == '\n' && f.bare && f.dot != dotDotCR:
		f.dot = dotLineStart
	case b == '\r' && f.dot == dotDot:
		f.dot = dotDotCR
	case b == '\r':
		f.dot = dotCR
	case b == '\n' && f.dot == dotCR:
		f.dot = dotLineStart
	case b == '\n' && f.dot == dotDotCR:
		f.mode, f.dot = modeLines, dotNone
	case b == '.' && f.dot == dotLineStart:
		f.dot = dotDot
	default:
		f.dot = dotNone
	}
}
