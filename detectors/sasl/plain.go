package sasl

import (
	"bytes"

	"cleartap/detectors"
)

// plainResponse is PLAIN (RFC 4616 section 2): authzid NUL authcid NUL password. What
// cannot be split is an attempt without a name: a password was sent all the same.
func plainResponse(x *Exchange, r response) {
	x.plain(r)
}

// plain splits r as PLAIN and reports whether it could.
func (x *Exchange) plain(r response) bool {
	authzid, authcid, password, ok := splitPlain(r.text)
	if !ok && bytes.Count(r.decoded, nul) > 1 { // something behind it spoilt the encoding
		authzid, authcid, password, ok = splitPlain(r.decoded)
	}
	x.disclose(password)
	x.identity = detectors.Text(authcid)
	if ok && x.identity != "" && !bytes.EqualFold(authzid, authcid) { // nobody acts for another without a name
		x.authzid = detectors.Text(authzid)
	}
	return ok
}

// splitPlain cuts p at its first two NULs; all behind them is the password. Clients
// are seen to send less and more: one NUL only (`user NUL password`), a NUL or line
// end behind the password, the user name in the authzid's place.
func splitPlain(p []byte) (authzid, authcid, password []byte, ok bool) {
	p = trimLine(p)
	first, rest, found := bytes.Cut(p, nul)
	if !found {
		return nil, nil, p, false
	}
	second, third, found := bytes.Cut(rest, nul)
	switch {
	case !found && len(rest) == 0: // one part only: it may be the password
		return nil, nil, p, false
	case !found:
		return nil, first, rest, true
	case len(second) == 0:
		return nil, first, third, true
	case len(first) > 0 && len(bytes.Trim(third, "\x00")) == 0:
		// user NUL password NUL: were it read by the book, the password would be a name.
		return nil, first, second, true
	}
	return first, second, third, true
}

var nul = []byte{0}
