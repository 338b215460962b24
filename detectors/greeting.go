package detectors

import (
	"bytes"

	"cleartap/detectors/syntax"
)

// mostGreeting is how much of a greeting is kept, and mostLine how much of what a
// server says of itself is looked at, in bytes.
const (
	mostGreeting = 128
	mostLine     = 1024
)

// greetingText writes what may be kept of a greeting: printable ASCII, blanks for the
// rest, without the timestamp that APOP is computed over (RFC 1939 section 7).
func greetingText(dst, line []byte) []byte {
	for {
		i := bytes.IndexByte(line, '<')
		if i < 0 {
			return syntax.TrimRight(appendPrintable(dst, line))
		}
		dst = appendPrintable(dst, line[:i])
		end := stampEnd(line[i:])
		if end == 0 { // it is none
			dst = append(dst, '<')
		}
		line = line[i+end+1:]
	}
}

// appendPrintable appends text with a blank for each byte that is not printable ASCII.
func appendPrintable(dst, text []byte) []byte {
	n := len(dst)
	dst = append(dst, text...)
	for i, b := range dst[n:] {
		if b < 0x20 || b > 0x7e {
			dst[n+i] = ' '
		}
	}
	return dst
}

// stampEnd gives the place of the bracket that ends what may be a timestamp at the
// beginning of b, 0 if there is none. One whose end was cut off goes on to the end.
func stampEnd(b []byte) int {
	at := false
	for i := 1; i < len(b); i++ {
		switch b[i] {
		case '>':
			return i
		case '@':
			at = true
		}
	}
	if at {
		return len(b) - 1
	}
	return 0
}

// greetingHost finds the name by which a server greets: the word behind the code
// of an SMTP greeting (RFC 5321 section 4.3.1), if it looks like a host name.
func greetingHost(line []byte) []byte {
	if _, _, rest, ok := syntax.Code(line); ok {
		if word, _ := syntax.Word(rest); isHost(word) {
			return word
		}
	}
	return nil
}

// isHost reports whether b may be a host name of more than one label.
func isHost(b []byte) bool {
	if len(b) < 3 || len(b) > 253 || !syntax.Alnum(b[0]) || !syntax.Alnum(b[len(b)-1]) {
		return false
	}
	dots := 0
	for i, c := range b {
		switch {
		case c == '.':
			if dots++; b[i-1] == '.' {
				return false
			}
		case c != '-' && !syntax.Alnum(c):
			return false
		}
	}
	return dots > 0
}

// masked reports whether a greeting's text was made asterisks of, as Cisco's ESMTP
// inspection does: `220 *************0*`.
func maskedGreeting(line []byte) bool {
	_, _, text, ok := syntax.Code(line)
	if !ok {
		return false
	}
	stars, others := 0, 0
	for _, b := range text {
		switch {
		case b == '*':
			stars++
		case !syntax.Blank(b):
			others++
		}
	}
	return stars >= 8 && stars >= 4*others
}

// Masked reports whether a capability or a command was masked on its way: four or more
// X, and perhaps one other letter (`XXXXXXXA`), as Cisco's ESMTP inspection writes
// over what it does not know.
func Masked(word []byte) bool {
	n := 0
	for n < len(word) && word[n] == 'X' {
		n++
	}
	return n >= 4 && (n == len(word) || n == len(word)-1 && word[n] >= 'A' && word[n] <= 'Z')
}
