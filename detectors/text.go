package detectors

import "unicode/utf8"

// textLimit is how many characters Text returns at most.
const textLimit = 256

// Text makes the string of a name that was on the wire, such as a user name. Bytes
// that are not UTF-8 are read as Latin-1, control characters (C0, DEL, C1) are
// left out, and at most 256 characters are returned. p is not kept.
func Text(p []byte) string {
	if plainText(p) {
		return string(p)
	}
	var buf [textLimit * utf8.UTFMax]byte
	out := buf[:0]
	latin := !utf8.Valid(p)
	for n := 0; len(p) > 0 && n < textLimit; {
		r, size := rune(p[0]), 1
		if !latin {
			r, size = utf8.DecodeRune(p)
		}
		p = p[size:]
		if r < 0x20 || r >= 0x7f && r < 0xa0 {
			continue
		}
		out = utf8.AppendRune(out, r)
		n++
	}
	return string(out)
}

// plainText reports whether p is printable ASCII within the limit: the usual case.
func plainText(p []byte) bool {
	if len(p) > textLimit {
		return false
	}
	for _, b := range p {
		if b < 0x20 || b > 0x7e {
			return false
		}
	}
	return true
}
