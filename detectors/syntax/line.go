package syntax

import "bytes"

// FirstLine cuts the first line off b. whole tells that its end is there; without
// that it is only what was seen so far, less a CR that may be half of its end.
func FirstLine(b []byte) (line []byte, whole bool) {
	i := bytes.IndexByte(b, '\n')
	if whole = i >= 0; whole {
		b = b[:i]
	}
	if n := len(b); n > 0 && b[n-1] == '\r' {
		b = b[:n-1]
	}
	return b, whole
}
