package sasl

import (
	"bytes"
	"strings"

	"cleartap/detectors"
)

// digestResponse is DIGEST-MD5 (RFC 2831 section 2.1.2): a list of directives, of which
// "response" is the digest. Without it nothing else is believed: a name that was not
// closed properly could have swallowed it.
func digestResponse(x *Exchange, r response) {
	var d directives
	if !d.parse(r.text) && r.encoded {
		d.parse(r.raw)
	}
	if d.bad || len(d.response) == 0 {
		x.disclose(r.text)
		return
	}
	x.identity = d.username.text()
	x.realm = d.realm.text()
	if authzid := d.authzid.text(); !strings.EqualFold(authzid, x.identity) {
		x.authzid = authzid
	}
	x.layer = equalFold(d.qop, "AUTH-INT") || equalFold(d.qop, "AUTH-CONF")
	x.disclose(d.response)
}

// directives are those of a response that matter here. Of a directive that comes twice the first counts.
type directives struct {
	username, realm, authzid directive // quoted, still escaped
	qop, response            []byte
	bad                      bool // the list is not well formed
}

// directive is a directive's value as it was in the list.
type directive []byte

// parse reads the list and reports whether it is one.
func (d *directives) parse(p []byte) bool {
	*d = directives{}
	for p = bytes.TrimLeft(p, digestBlank); len(p) > 0; p = bytes.TrimLeft(p, digestBlank) {
		key, rest, found := bytes.Cut(p, []byte{'='})
		if !found {
			d.bad = true
			break
		}
		var val []byte
		var ok bool
		if val, p, ok = digestValue(bytes.TrimLeft(rest, " \t")); !ok {
			d.bad = true
			break
		}
		d.set(bytes.TrimRight(key, " \t"), val)
	}
	return !d.bad && len(d.response) > 0
}

// digestBlank may stand between directives (RFC 2831 section 7.1).
const digestBlank = ", \t\r\n\x00"

func (d *directives) set(key, val []byte) {
	switch {
	case equalFold(key, "USERNAME") && d.username == nil:
		d.username = val
	case equalFold(key, "REALM") && d.realm == nil:
		d.realm = val
	case equalFold(key, "AUTHZID") && d.authzid == nil:
		d.authzid = val
	case equalFold(key, "QOP") && d.qop == nil:
		d.qop = val
	case equalFold(key, "RESPONSE") && d.response == nil:
		d.response = val
	}
}

// digestValue reads a token or a quoted string at the beginning of p, its escapes left in.
func digestValue(p []byte) (val, rest []byte, ok bool) {
	if len(p) == 0 || p[0] != '"' {
		if i := bytes.IndexAny(p, digestBlank); i >= 0 {
			return p[:i], p[i:], true
		}
		return p, nil, true
	}
	for i := 1; i < len(p); i++ {
		switch p[i] {
		case '\\':
			i++
		case '"':
			return p[1:i], p[i+1:], true
		}
	}
	return nil, nil, false
}

// text is the value without its escapes: a backslash stands for the character behind it.
func (v directive) text() string {
	if bytes.IndexByte(v, '\\') < 0 {
		return detectors.Text(v)
	}
	var b nameBuffer
	for i := 0; i < len(v); i++ {
		if v[i] == '\\' && i+1 < len(v) {
			i++
		}
		b.add(v[i])
	}
	return b.text()
}
