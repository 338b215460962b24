// Package syntax reads what the text protocols of mail have in common: words,
// verbs, numbers and the announcement of literals. Its invariant: it allocates
// nothing and keeps nothing; what it returns points into what it was given.
package syntax

// Fold reports whether b is upper, ASCII case set aside. upper must hold no
// lower-case letter. (Verbs are case-insensitive: RFC 5321 section 2.4, RFC 1939
// section 3, RFC 9051 section 9.)
func Fold(b []byte, upper string) bool {
	return len(b) == len(upper) && HasPrefix(b, upper)
}

// HasPrefix reports whether b begins with upper, ASCII case set aside.
func HasPrefix(b []byte, upper string) bool {
	if len(b) < len(upper) {
		return false
	}
	for i := 0; i < len(upper); i++ {
		if Upper(b[i]) != upper[i] {
			return false
		}
	}
	return true
}

// Contains reports whether upper stands anywhere in b, ASCII case set aside.
func Contains(b []byte, upper string) bool {
	for i := 0; i+len(upper) <= len(b); i++ {
		if HasPrefix(b[i:], upper) {
			return true
		}
	}
	return false
}

// Upper is c in upper case, if c is an ASCII letter.
func Upper(c byte) byte {
	if 'a' <= c && c <= 'z' {
		return c - 'a' + 'A'
	}
	return c
}

// Letter reports whether c is an ASCII letter.
func Letter(c byte) bool {
	c = Upper(c)
	return 'A' <= c && c <= 'Z'
}

// Alnum reports whether c is an ASCII letter or digit.
func Alnum(c byte) bool { return Letter(c) || '0' <= c && c <= '9' }

// Typed reports whether p could be a SASL response in base64, or a verb that was mistyped and
// has backspaces in it.
func Typed(p []byte) bool {
	for _, c := range p {
		switch {
		case Alnum(c):
		case c == '+', c == '/', c == '=', c == '*', c == '\b', c == 0x7f:
		default:
			return false
		}
	}
	return true
}

// Blank reports whether c is a space or a tab. Clients put either between words.
func Blank(c byte) bool { return c == ' ' || c == '\t' }

// Word cuts the first word off b. Blanks before it and between it and the rest
// are dropped, whatever their number.
func Word(b []byte) (word, rest []byte) {
	from := 0
	for from < len(b) && Blank(b[from]) {
		from++
	}
	to := from
	for to < len(b) && !Blank(b[to]) {
		to++
	}
	next := to
	for next < len(b) && Blank(b[next]) {
		next++
	}
	return b[from:to], b[next:]
}

// TrimLeft drops blanks at the beginning of b.
func TrimLeft(b []byte) []byte {
	for len(b) > 0 && Blank(b[0]) {
		b = b[1:]
	}
	return b
}

// TrimRight drops blanks at the end of b.
func TrimRight(b []byte) []byte {
	for len(b) > 0 && Blank(b[len(b)-1]) {
		b = b[:len(b)-1]
	}
	return b
}
