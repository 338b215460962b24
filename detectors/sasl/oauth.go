package sasl

import (
	"bytes"

	"cleartap/detectors"
)

// oauthResponse is XOAUTH2 (user=..., auth=Bearer ...) and RFC 7628 section 3.1 (a GS2
// header, then key=value pairs), separated by 0x01. Whose token it is, is read from
// what the client says next to it, never from inside the token.
func oauthResponse(x *Exchange, r response) {
	if !x.oauth(r.text) {
		x.disclose(r.text)
	}
}

// oauth reads the fields of p and reports whether it understood them all. When it
// did and there is no token, nothing was disclosed: so it is with the empty answer that
// ends a failed login (RFC 7628 section 3.2.3).
func (x *Exchange) oauth(p []byte) bool {
	var user, auth []byte
	ok, pairs, name := true, false, detectors.Text
	for rest := p; rest != nil; {
		var field []byte
		field, rest = cutField(rest)
		pairs = pairs || rest != nil
		switch key, val, _ := bytes.Cut(field, []byte{'='}); {
		case equalFold(key, "USER"):
			user, name = val, detectors.Text // XOAUTH2 escapes nothing
		case equalFold(key, "AUTH"):
			auth = val
		case len(field) == 0 || isOAuthKey(key):
		default:
			_, authzid, tail, header := gs2Header(field)
			ok = ok && header && len(tail) == 0
			if header && len(authzid) > 0 {
				user, name = authzid, saslName
			}
		}
	}
	if !pairs || holdsToken(user) {
		return false
	}
	x.identity = name(user)
	if token := credentials(auth); len(token) > 0 {
		x.disclose(token)
	}
	return ok
}

// cutField cuts p at the first separator. Rest is nil when there is none.
func cutField(p []byte) (field, rest []byte) {
	for i, c := range p {
		if c < ' ' { // 0x01 by the book; line ends and NULs were seen
			return p[:i], p[i+1:]
		}
	}
	return p, nil
}

// isOAuthKey knows the other keys of RFC 7628 section 3.1.
func isOAuthKey(key []byte) bool {
	for _, k := range [...]string{"HOST", "PORT", "MTHD", "PATH", "POST", "QS"} {
		if equalFold(key, k) {
			return true
		}
	}
	return false
}

// holdsToken reports whether a name swallowed what belongs behind it, for want of a separator,
// or is a token itself: a JSON object in base64, which is how JWTs begin.
func holdsToken(name []byte) bool {
	return bytes.HasPrefix(name, []byte("eyJ")) || containsFold(name, "AUTH=") || containsFold(name, "BEARER")
}

// containsFold reports whether p contains a word given in upper case.
func containsFold(p []byte, upper string) bool {
	for len(p) >= len(upper) {
		if equalFold(p[:len(upper)], upper) {
			return true
		}
		p = p[1:]
	}
	return false
}

// credentials is what follows the scheme in an Authorization value such as "Bearer abc".
func credentials(auth []byte) []byte {
	auth = bytes.TrimSpace(auth)
	if equalFold(auth, "BEARER") {
		return nil
	}
	if _, token, found := bytes.Cut(auth, []byte{' '}); found {
		return bytes.TrimSpace(token)
	}
	return auth
}

// signedResponse is XOAUTH, a signed request of OAuth 1.0 in one piece. The account is
// a part of its address, next to the token, and is not read.
func signedResponse(x *Exchange, r response) { x.disclose(r.text) }

// bearer reports whether p has a bearer token in it, and takes it as one.
func (x *Exchange) bearer(p []byte) bool {
	if !containsFold(p, "BEARER ") {
		return false
	}
	x.class = detectors.Token
	if !x.oauth(p) {
		x.disclose(p)
	}
	return true
}
