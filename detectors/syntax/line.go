package syntax

import "bytes"

// FirstLine cuts the first line off b that is not empty. whole tells that its end is
// there; without that it is only what was seen so far, less a CR that may be half
// of its end.
func FirstLine(b []byte) (line []byte, whole bool) {
	for len(b) > 0 && (b[0] == '\r' || b[0] == '\n') {
		b = b[1:]
	}
	i := bytes.IndexByte(b, '\n')
	if whole = i >= 0; whole {
		b = b[:i]
	}
	if n := len(b); n > 0 && b[n-1] == '\r' {
		b = b[:n-1]
	}
	return b, whole
}

// Digits reports whether b holds digits only.
func Digits(b []byte) bool {
	for _, c := range b {
		if c < '0' || c > '9' {
			return false
		}
	}
	return true
}
