package syntax

import "bytes"

// FirstLine cuts the first line off b. whole tells that its end is there; without
// that it is only what was seen so far.
func FirstLine(b []byte) (line []byte, whole bool) {
	i := bytes.IndexByte(b, '\n')
	if i < 0 {
		return b, false
	}
	line = b[:i]
	if i > 0 && line[i-1] == '\r' {
		line = line[:i-1]
	}
	return line, true
}
