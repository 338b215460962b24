package detectors

import (
	"bytes"
	"encoding/binary"
)

// Bytes of a client that is a person at a terminal (RFC 854).
const (
	backspace = 0x08
	del       = 0x7f
	telnetIAC = 0xff
	telnetSE  = 0xf0
	telnetSB  = 0xfa
)

// needsEditing says whether a line holds what a terminal would have acted on. It looks at
// eight bytes at a time.
func needsEditing(p []byte) bool {
	for ; len(p) >= 8; p = p[8:] {
		if edits(binary.LittleEndian.Uint64(p)) {
			return true
		}
	}
	for _, b := range p {
		if b == backspace || b == del || b == telnetIAC {
			return true
		}
	}
	return false
}

// edits says whether any of eight bytes is what a terminal would have acted on: x-0x01 borrows
// from the highest bit of a byte that does not have it only if the byte is zero, or one below it is.
func edits(word uint64) bool {
	const each, high = 0x0101010101010101, 0x8080808080808080
	back := word ^ backspace*each
	rest := ^(word | high) // zero where a byte is del or telnetIAC, which are all ones but for the highest bit
	return ((back-each)&^back|(rest-each)&^rest)&high != 0
}

// edit gives a line as a person meant it: without Telnet commands, and with
// what a backspace took back gone. When open, p goes on, and what may be the
// beginning of a Telnet command at its end is left out. The result lives in
// scratch space of the engine: wipe it.
func (e *Engine) edit(p []byte, open bool) []byte {
	out := e.scratch[:0]
	var t telnet
	for len(p) > 0 {
		b := p[0]
		n := 1
		switch b {
		case telnetIAC:
			n = t.command(p)
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

// telnet measures the Telnet commands of a line, from its beginning to its end.
type telnet struct {
	endless  bool // no subnegotiation ends in what is left of it
	searches int  // for such an end
}

// command gives the length of the Telnet command that p begins with: more than p
// has when its end is missing, 0 if it is none. A lone 0xff is the letter ÿ of Latin-1.
func (t *telnet) command(p []byte) int {
	switch {
	case len(p) < 2:
		return 2
	case p[1] < telnetSE || p[1] == telnetIAC:
		return 0
	case p[1] == telnetSB:
		return t.subnegotiation(p)
	case p[1] > telnetSB: // WILL, WONT, DO, DONT and the option
		return 3
	}
	return 2
}

// subnegotiation is command for one that goes on to IAC SE.
func (t *telnet) subnegotiation(p []byte) int {
	if !t.endless {
		t.searches++
		if i := bytes.Index(p, []byte{telnetIAC, telnetSE}); i >= 0 {
			return i + 2
		}
		t.endless = true
	}
	return len(p) + 2
}
