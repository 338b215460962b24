package output

import (
	"strconv"
	"unicode/utf8"
)

// AppendJSON appends the alert as one JSON object, without a line end. The
// bytes are those that encoding/json makes of the struct: valid UTF-8, safe
// inside HTML. It allocates nothing but what dst lacks.
func (a *Alert) AppendJSON(dst []byte) []byte {
	e := encoder(append(dst, '{'))
	e.always(`,"@timestamp":`, a.Timestamp)
	e.ecs(&a.ECS)
	e.text(`,"message":`, a.Message)
	e.list(`,"tags":[`, a.Tags)
	e.event(&a.Event)
	e.rule(&a.Rule)
	e.network(&a.Network)
	e.endpoint(`,"source":{`, &a.Source)
	e.endpoint(`,"destination":{`, &a.Destination)
	if a.User != (User{}) {
		e.open(`,"user":{`)
		e.text(`,"name":`, a.User.Name)
		e.close()
	}
	e.related(&a.Related)
	e.threat(&a.Threat)
	e.tls(a.TLS)
	e.observer(&a.Observer)
	if a.Log != (Log{}) {
		e.open(`,"log":{`)
		e.open(`,"file":{`)
		e.text(`,"path":`, a.Log.File.Path)
		e.close()
		e.close()
	}
	e.cleartap(&a.Cleartap)
	e.close()
	return e
}

// encoder is JSON under construction.
type encoder []byte

// key writes a member's name, which begins with a comma: its last byte tells
// whether that is due.
func (e *encoder) key(k string) {
	if last := (*e)[len(*e)-1]; last == '{' || last == '[' {
		k = k[1:]
	}
	*e = append(*e, k...)
}

func (e *encoder) open(k string) { e.key(k) }
func (e *encoder) close()        { *e = append(*e, '}') }

// text writes a member, if there is something to write.
func (e *encoder) text(k, v string) {
	if v != "" {
		e.always(k, v)
	}
}

func (e *encoder) always(k, v string) {
	e.key(k)
	*e = appendString(*e, v)
}

// number writes a member, if it is not 0.
func (e *encoder) number(k string, v int) {
	if v != 0 {
		e.key(k)
		*e = strconv.AppendInt(*e, int64(v), 10)
	}
}

func (e *encoder) bool(k string, v bool) {
	e.key(k)
	*e = strconv.AppendBool(*e, v)
}

// list writes a member that is a list of strings, if there is one.
func (e *encoder) list(k string, v []string) {
	if len(v) == 0 {
		return
	}
	e.key(k)
	for i, s := range v {
		if i > 0 {
			*e = append(*e, ',')
		}
		*e = appendString(*e, s)
	}
	*e = append(*e, ']')
}

const hex = "0123456789abcdef"

// appendString appends s as a JSON string, the way encoding/json does it.
func appendString(dst []byte, s string) []byte {
	i := plainWords(s)
	for i < len(s) && s[i] < utf8.RuneSelf && plain[s[i]] {
		i++
	}
	if n := len(dst); i == len(s) && cap(dst)-n >= i+2 { // the usual case
		dst = dst[:n+i+2]
		dst[n], dst[n+i+1] = '"', '"'
		copy(dst[n+1:], s)
		return dst
	}
	dst = append(dst, '"')
	from := 0
	for i < len(s) {
		c := s[i]
		if c < utf8.RuneSelf {
			if plain[c] {
				i++
				continue
			}
			dst = append(dst, s[from:i]...)
			dst = appendEscape(dst, c)
			i++
			from = i
			continue
		}
		r, n := utf8.DecodeRuneInString(s[i:])
		if r == utf8.RuneError && n == 1 {
			dst = append(dst, s[from:i]...)
			dst = append(dst, `\ufffd`...)
			from = i + n
		} else if r == '\u2028' || r == '\u2029' { // line ends for JavaScript
			dst = append(dst, s[from:i]...)
			dst = append(dst, `\u202`...)
			dst = append(dst, hex[r&0xF])
			from = i + n
		}
		i += n
	}
	dst = append(dst, s[from:]...)
	return append(dst, '"')
}

func appendEscape(dst []byte, c byte) []byte {
	switch c {
	case '"', '\\':
		return append(dst, '\\', c)
	case '\b':
		return append(dst, `\b`...)
	case '\f':
		return append(dst, `\f`...)
	case '\n':
		return append(dst, `\n`...)
	case '\r':
		return append(dst, `\r`...)
	case '\t':
		return append(dst, `\t`...)
	}
	return append(dst, '\\', 'u', '0', '0', hex[c>>4], hex[c&0xF])
}

// plainWords gives how many of the first bytes of s stand for themselves in a
// JSON string inside HTML, in steps of eight: most texts are plain from end to
// end. It looks at eight bytes at a time: the highest bit of a byte in bad is set
// when one of the bytes up to it is not plain.
func plainWords(s string) int {
	const ones, tops = 0x0101010101010101, 0x8080808080808080
	i := 0
	for ; i+8 <= len(s); i += 8 {
		x := uint64(s[i]) | uint64(s[i+1])<<8 | uint64(s[i+2])<<16 | uint64(s[i+3])<<24 |
			uint64(s[i+4])<<32 | uint64(s[i+5])<<40 | uint64(s[i+6])<<48 | uint64(s[i+7])<<56
		bad := x | (x - ones*' ') | (x ^ ones*'"' - ones) | (x ^ ones*'\\' - ones) | (x ^ ones*'<' - ones) | (x ^ ones*'>' - ones) | (x ^ ones*'&' - ones)
		if bad&tops != 0 {
			break
		}
	}
	return i
}

// plain holds the ASCII that stands for itself in a JSON string inside HTML.
var plain = func() (t [utf8.RuneSelf]bool) {
	for c := byte(' '); c < utf8.RuneSelf; c++ {
		t[c] = c != '"' && c != '\\' && c != '<' && c != '>' && c != '&'
	}
	return t
}()
