package sasl

import (
	"bytes"
	"unicode/utf8"

	"cleartap/detectors"
)

// shapeResponse judges a mechanism that is not in the table by what is sent. What has
// no known shape is taken for a secret of a class that nobody knows.
func shapeResponse(x *Exchange, r response) {
	if x.ntlm(r.text, false) || x.shaped(r) {
		return
	}
	x.disclose(r.text)
}

// shaped recognizes secrets of well-known shape where another kind of response was due.
func (x *Exchange) shaped(r response) bool {
	if isPlainShape(r.text) {
		x.class = detectors.Password
		return x.plain(r)
	}
	if user, digest, ok := splitDigest(r.text); ok {
		x.class = detectors.Hash
		x.identity = detectors.Text(user)
		x.disclose(digest)
		return true
	}
	return x.bearer(r.text) || x.encodedTwice(r.text)
}

// encodedTwice takes p for a secret if it is the base64 of a password or token of well-known
// shape: it was encoded once more, and is as good as the secret itself. It gives no name.
func (x *Exchange) encodedTwice(p []byte) bool {
	var buf [1024]byte // more than decides
	defer clear(buf[:])
	text, ok, _ := appendBase64(buf[:0], p[:min(len(p), len(buf))])
	switch {
	case !ok:
		return false
	case isPlainShape(text):
		x.class = detectors.Password
	case containsFold(text, "BEARER "):
		x.class = detectors.Token
	default:
		return false
	}
	x.disclose(p)
	return true
}

// isPlainShape reports whether p is two names and a password between exactly two NULs, as PLAIN has it.
func isPlainShape(p []byte) bool {
	if bytes.Count(p, nul) != 2 || !utf8.Valid(p) {
		return false
	}
	_, rest, _ := bytes.Cut(p, nul)
	authcid, password, _ := bytes.Cut(rest, nul)
	if len(authcid) == 0 || len(password) == 0 {
		return false
	}
	for _, c := range p {
		if c != 0 && c < ' ' || c == 0x7f {
			return false
		}
	}
	return true
}

// opaqueResponse is a mechanism that shows an onlooker nothing: no name, nothing to guess
// against, unless the client sends what is another mechanism's.
func opaqueResponse(x *Exchange, r response) { x.shaped(r) }

// nameResponse is EXTERNAL (RFC 4422 appendix A) and ANONYMOUS (RFC 4505): a name and no secret.
func nameResponse(x *Exchange, r response) {
	if x.shaped(r) {
		return
	}
	if r.encoded && !r.joined() && !hasControl(r.text) {
		x.identity = detectors.Text(r.text)
	}
}
