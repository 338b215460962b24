package detectors

import "bytes"

// Bytes of a client that is a person at a terminal (RFC 854).
const (
	backspace = 0x08
	del       = 0x7f
	telnetIAC = 0xff
	telnetSE  = 0xf0
	telnetSB  = 0xfa
)

// needsEditing says whether a line holds what a terminal would have acted on.
func needsEditing(p []byte) bool {
	return bytes.IndexByte(p, backspace) >= 0 || bytes.IndexByte(p, del) >= 0 || bytes.IndexByte(p, telnetIAC) >= 0
}

// edit gives a line as a person meant it: without Telnet commands, and with
// what a backspace took back gone. The result lives in scratch space of the
// engine, to be cleared by the caller.
func (e *Engine) edit(p []byte) []byte {
	out := e.scratch[:0]
	for len(p) > 0 {
		b := p[0]
		n := 1
		switch b {
		case telnetIAC:
			if n = telnet(p); n == 0 {
				out, n = append(out, b), 1
			}
		case backspace, del:
			if len(out) > 0 {
				out = out[:len(out)-1]
			}
		default:
			out = append(out, b)
		}
		p = p[n:]
	}
	e.scratch = out[:0]
	return out
}

// telnet gives the length of the Telnet command that p begins with, 0 if it is
// none: a lone 0xff is the letter ÿ of Latin-1.
func telnet(p []byte) int {
	if len(p) < 2 || p[1] < telnetSE || p[1] == telnetIAC {
		return 0
	}
	switch {
	case p[1] == telnetSB:
		if i := bytes.Index(p, []byte{telnetIAC, telnetSE}); i >= 0 {
			return i + 2
		}
		return 0
	case p[1] > telnetSB: // WILL, WONT, DO, DONT and the option
		return min(3, len(p))
	}
	return 2
}

// skipTelnet drops the Telnet commands that p begins with.
func skipTelnet(p []byte) []byte {
	for len(p) > 0 && p[0] == telnetIAC {
		n := telnet(p)
		if n == 0 {
			break
		}
		p = p[n:]
	}
	return p
}
