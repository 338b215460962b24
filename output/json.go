package output

import "unicode/utf8"

// AppendJSON appends the alert as one JSON object, without a line end. The
// bytes are those that encoding/json makes of the struct: valid UTF-8, safe
// inside HTML. It allocates nothing but what dst lacks.
func (a *Alert) AppendJSON(dst []byte) []byte {
	e := encoder{b: dst[:cap(dst)], n: len(dst), first: 1}
	p := preparedRules[a.Rule.ID]
	e.open(`,{`)
	e.always(`,"@timestamp":`, a.Timestamp)
	e.ecs(&a.ECS)
	e.text(`,"message":`, a.Message)
	e.list(`,"tags":[`, a.Tags)
	e.event(&a.Event)
	e.rule(&a.Rule, p)
	e.network(&a.Network)
	e.endpoint(`,"source":{`, &a.Source)
	e.endpoint(`,"destination":{`, &a.Destination)
	if a.User != (User{}) {
		e.open(`,"user":{`)
		e.text(`,"name":`, a.User.Name)
		e.close()
	}
	e.related(&a.Related)
	e.threat(&a.Threat, p)
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
	return e.b[:e.n]
}

const hex = "0123456789abcdef"

// appendString appends s as a JSON string, the way encoding/json does it, whatever it holds.
func appendString(dst []byte, s string) []byte {
	dst = append(dst, '"')
	i, from := 0, 0
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

// plain holds the ASCII that stands for itself in a JSON string inside HTML.
var plain = func() (t [utf8.RuneSelf]bool) {
	for c := byte(' '); c < utf8.RuneSelf; c++ {
		t[c] = c != '"' && c != '\\' && c != '<' && c != '>' && c != '&'
	}
	return t
}()
