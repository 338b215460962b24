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

// editing holds the bytes that a terminal would have acted on.
var editing = [256]bool{backspace: true, del: true, telnetIAC: true}

// needsEditing says whether a line holds what a terminal would have acted on.
func needsEditing(p []byte) bool {
	if len(p) <= 48 { // three searches cost more
		for _, b := range p {
			if editing[b] {
				return true
			}
		}
		return false
	}
	return bytes.IndexByte(p, backspace) >= 0 || bytes.IndexByte(p, del) >= 0 || bytes.IndexByte(p, telnetIAC) >= 0
}

// edit gives a line as a person meant it: without Telnet commands, and with
// what a backspace took back gone. When open, p goes on, and what may be the
// beginning of a Telnet command at its end is left out. The result lives in
// scratch space of the engine: wipe it.
func (e *Engine) edit(p []byte, open bool) []byte {
	out := e.scratch[:0]
	for len(p) > 0 {
		b := p[0]
		n := 1
		switch b {
		case telnetIAC:
			n = telnet(p)
			if n == 0 || n > len(p) && !open {
				out, n = append(out, b), 1
			}
		case backspace, del:
			if len(out) > 0 {
				out = out[:len(out)-1]
			}
		default:
			out = append(out, b)
		}
		p = p[min(n, len(p)):]
	}
	e.scratch = out[:0]
	return out
}

// wipe clears what edit left of a line of n bytes, taken back or not.
func (e *Engine) wipe(n int) { clear(e.scratch[:min(n, cap(e.scratch))]) }

// telnet gives the length of the Telnet command that p begins with: more than p
// has when its end is missing, 0 if it is none. A lone 0xff is the letter ÿ of Latin-1.
func telnet(p []byte) int {
	switch {
	case len(p) < 2:
		return 2
	case p[1] < telnetSE || p[1] == telnetIAC:
		return 0
	case p[1] == telnetSB:
		if i := bytes.Index(p, []byte{telnetIAC, telnetSE}); i >= 0 {
			return i + 2
		}
		return len(p) + 2
	case p[1] > telnetSB: // WILL, WONT, DO, DONT and the option
		return 3
	}
	return 2
}
