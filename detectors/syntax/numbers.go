package syntax

// Most is the largest number that Number returns: 2^63-1, the limit of IMAP's
// number64 (RFC 9051 section 4). What is larger on the wire is read as Most.
const Most = 1<<63 - 1

// Number reads b, which must be decimal digits only.
func Number(b []byte) (n uint64, ok bool) {
	if len(b) == 0 {
		return 0, false
	}
	for _, c := range b {
		if c < '0' || c > '9' {
			return 0, false
		}
		digit := uint64(c - '0')
		if n > (Most-digit)/10 {
			n = Most
			continue
		}
		n = n*10 + digit
	}
	return n, true
}

// Code reads the three digits of a reply code at the beginning of line, as in
// RFC 5321 section 4.2 and RFC 3977 section 3.2. more tells that a line of the
// same reply follows (a hyphen behind the code); rest is what is behind both.
func Code(line []byte) (code int, more bool, rest []byte, ok bool) {
	if len(line) < 3 {
		return 0, false, nil, false
	}
	for _, c := range line[:3] {
		if c < '0' || c > '9' {
			return 0, false, nil, false
		}
		code = code*10 + int(c-'0')
	}
	if len(line) == 3 {
		return code, false, nil, true
	}
	switch line[3] {
	case '-':
		return code, true, line[4:], true
	case ' ', '\t':
		return code, false, line[4:], true
	}
	return 0, false, nil, false
}

// Literal is the announcement of a literal at the end of a line.
type Literal struct {
	N    uint64 // octets that follow the line end
	Sync bool   // they follow only after the other side's consent
}

// Announced finds a literal announced at the end of line: {n}, {n+} (RFC 7888
// section 3), {n-}, either with a tilde before it (RFC 9051 section 4.3). head is
// what stands before it. A literal begins a word of its own, or the line, or
// stands behind a parenthesis: braces inside an atom announce nothing.
func Announced(line []byte) (head []byte, l Literal, ok bool) {
	n := len(line)
	if n < 3 || line[n-1] != '}' {
		return line, l, false
	}
	open := n - 2
	for open >= 0 && line[open] != '{' {
		if n-open > 24 { // longer than any number of 64 bits
			return line, l, false
		}
		open--
	}
	if open < 0 {
		return line, l, false
	}
	digits := line[open+1 : n-1]
	l.Sync = true
	if k := len(digits); k > 0 && (digits[k-1] == '+' || digits[k-1] == '-') {
		digits, l.Sync = digits[:k-1], false
	}
	if l.N, ok = Number(digits); !ok {
		return line, l, false
	}
	if open > 0 && line[open-1] == '~' {
		open--
	}
	if open > 0 && !Blank(line[open-1]) && line[open-1] != '(' {
		return line, l, false
	}
	return line[:open], l, true
}
