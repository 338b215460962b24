package sasl

const (
	// inputLimit is the longest response that is looked at, the engine's cap inside SASL.
	inputLimit = 64 << 10
	// keepLimit is the largest scratch buffer kept from one call to the next.
	keepLimit = 4 << 10
)

// decode decodes p into the scratch buffer and reports whether p was base64, and
// whether it was whole: not cut within a byte. It is as lenient as servers are:
// both alphabets (RFC 4648 sections 4 and 5), blanks and line ends inside, quotes
// around, padding missing, too much, or between two pieces that were encoded
// apart. When p is not base64 the result is what was decoded up to there. The
// result is valid until wipe.
func (x *Exchange) decode(p []byte) (out []byte, ok, whole bool) {
	if len(p) > inputLimit {
		p = p[:inputLimit]
	}
	p = unquote(p)
	if need := len(p)/4*3 + 3; cap(x.scratch) < need {
		x.scratch = make([]byte, 0, need)
	}
	x.scratch, ok, whole = appendBase64(x.scratch[:0], p)
	return x.scratch, ok, whole
}

// wipe clears what decode left.
func (x *Exchange) wipe() {
	clear(x.scratch)
	x.scratch = x.scratch[:0]
	if cap(x.scratch) > keepLimit {
		x.scratch = nil
	}
}

func appendBase64(out, p []byte) (_ []byte, ok, whole bool) {
	for len(p) >= 4 { // mostly there is nothing but whole groups
		a, b, c, d := values[p[0]], values[p[1]], values[p[2]], values[p[3]]
		if a|b|c|d >= blank {
			break
		}
		bits := uint32(a)<<18 | uint32(b)<<12 | uint32(c)<<6 | uint32(d)
		out = append(out, byte(bits>>16), byte(bits>>8), byte(bits))
		p = p[4:]
	}
	var bits uint32
	n := 0 // characters in the current group of four
	for _, c := range p {
		v := values[c]
		switch v {
		case blank:
			continue
		case padding:
			out = appendRest(out, bits, n)
			bits, n = 0, 0
			continue
		case foreign:
			return appendRest(out, bits, n), false, n != 1
		}
		bits = bits<<6 | uint32(v)
		if n++; n == 4 {
			out = append(out, byte(bits>>16), byte(bits>>8), byte(bits))
			bits, n = 0, 0
		}
	}
	return appendRest(out, bits, n), true, n != 1
}

// appendRest adds the bytes of a group of fewer than four characters.
func appendRest(out []byte, bits uint32, n int) []byte {
	switch n {
	case 2:
		return append(out, byte(bits>>4))
	case 3:
		return append(out, byte(bits>>10), byte(bits>>2))
	}
	return out
}

// What a character is that stands for no six bits.
const (
	blank byte = 64 + iota
	padding
	foreign
)

// values has the six bits that each character stands for, or what it is instead.
var values = alphabet()

func alphabet() (v [256]byte) {
	for i := range v {
		v[i] = foreign
	}
	const letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"
	for i := range len(letters) {
		v[letters[i]] = byte(i)
	}
	v['-'], v['_'] = v['+'], v['/']
	v[' '], v['\t'], v['\r'], v['\n'] = blank, blank, blank, blank
	v['='] = padding
	return v
}

// trimLine takes line ends off p. Blanks stay: in a response that is not encoded they count.
func trimLine(p []byte) []byte {
	for len(p) > 0 && (p[len(p)-1] == '\r' || p[len(p)-1] == '\n') {
		p = p[:len(p)-1]
	}
	return p
}

// trimText takes line ends and NULs off what was decoded.
func trimText(p []byte) []byte {
	for len(p) > 0 && (p[len(p)-1] == '\r' || p[len(p)-1] == '\n' || p[len(p)-1] == 0) {
		p = p[:len(p)-1]
	}
	return p
}

// unquote takes a pair of quotes off p, which some clients put around the response.
func unquote(p []byte) []byte {
	if len(p) >= 2 && p[0] == '"' && p[len(p)-1] == '"' {
		return p[1 : len(p)-1]
	}
	return p
}
