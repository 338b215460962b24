package output

import (
	"encoding/binary"
	"slices"
	"strconv"
)

// encoder is JSON under construction. Names of members begin with a comma; first says
// that the next one is the first of its object, and goes without.
type encoder struct {
	b     []byte // as far as it may be written to
	n     int    // how much was written
	first int    // 1 or 0
}

// room makes room for n bytes more.
func (e *encoder) room(n int) {
	if len(e.b)-e.n < n {
		e.grow(n)
	}
}

func (e *encoder) grow(n int) {
	b := slices.Grow(e.b[:e.n], n)
	e.b = b[:cap(b)]
}

// raw writes what is JSON already, and no member.
func (e *encoder) raw(s string) {
	e.room(len(s))
	e.n += copy(e.b[e.n:], s)
}

// key writes a member's name, or a member that is known as a whole.
func (e *encoder) key(k string) {
	k = k[e.first:]
	e.first = 0
	e.raw(k)
}

func (e *encoder) open(k string) {
	e.key(k)
	e.first = 1
}

func (e *encoder) close() {
	e.room(1)
	e.b[e.n] = '}'
	e.n++
	e.first = 0
}

// text writes a member, if there is something to write.
func (e *encoder) text(k, v string) {
	if v != "" {
		e.always(k, v)
	}
}

func (e *encoder) always(k, v string) {
	k = k[e.first:]
	e.first = 0
	e.room(len(k) + len(v) + 2)
	e.n += copy(e.b[e.n:], k)
	e.string(v)
}

// string writes a string, for which there is room if it is plain.
func (e *encoder) string(v string) {
	b := e.b[e.n : e.n+len(v)+2]
	if !copyPlain(b[1:], v) {
		b = appendString(e.b[:e.n], v)
		e.b, e.n = b[:cap(b)], len(b)
		return
	}
	b[0], b[len(b)-1] = '"', '"'
	e.n += len(b)
}

// number writes a member, if it is not 0.
func (e *encoder) number(k string, v int) {
	if v != 0 {
		e.key(k)
		e.digits(v)
	}
}

func (e *encoder) digits(v int) {
	e.room(20)
	if v >= 0 && v < 10 {
		e.b[e.n] = '0' + byte(v)
		e.n++
		return
	}
	e.n = len(strconv.AppendInt(e.b[:e.n], int64(v), 10))
}

func (e *encoder) bool(k string, v bool) {
	e.key(k)
	if v {
		e.raw("true")
	} else {
		e.raw("false")
	}
}

// list writes a member that is a list of strings, if there is one.
func (e *encoder) list(k string, v []string) {
	if len(v) == 0 {
		return
	}
	e.key(k)
	for i, s := range v {
		e.room(len(s) + 3)
		if i > 0 {
			e.b[e.n] = ','
			e.n++
		}
		e.string(s)
	}
	e.raw("]")
}

// copyPlain copies s to dst, which has room for it, as long as all of it stands for
// itself in a JSON string inside HTML, and reports whether it does: most texts are
// plain from end to end. It looks at eight bytes at a time.
func copyPlain(dst []byte, s string) bool {
	if len(s) < 8 {
		for i := range len(s) {
			c := s[i]
			if c >= byte(len(plain)) || !plain[c] {
				return false
			}
			dst[i] = c
		}
		return true
	}
	last := len(s) - 8
	for i := 0; i < last; i += 8 {
		x := word(s[i:])
		if odd(x) {
			return false
		}
		binary.LittleEndian.PutUint64(dst[i:], x)
	}
	x := word(s[last:]) // some of it again
	binary.LittleEndian.PutUint64(dst[last:], x)
	return !odd(x)
}

// word is the first eight bytes of s.
func word(s string) uint64 {
	_ = s[7]
	return uint64(s[0]) | uint64(s[1])<<8 | uint64(s[2])<<16 | uint64(s[3])<<24 | uint64(s[4])<<32 | uint64(s[5])<<40 | uint64(s[6])<<48 | uint64(s[7])<<56
}

// odd reports whether one of eight bytes does not stand for itself. The highest bit of a
// byte in bad is set when it is the first such, and of none when there is none. Two signs
// that differ in one bit are looked for at once: the quote and &, < and >.
func odd(x uint64) bool {
	const ones, tops = 0x0101010101010101, 0x8080808080808080
	bad := x | (x - ones*' ') | ((x | ones*4) ^ ones*'&' - ones) | ((x | ones*2) ^ ones*'>' - ones) | (x ^ ones*'\\' - ones)
	return bad&tops != 0
}
