package sasl

import (
	"bytes"
	"unicode/utf8"

	"cleartap/detectors"
	"cleartap/detectors/syntax"
)

// loginResponse is LOGIN (draft-murchison-sasl-login): the first response is the
// user name, the second the password. Prompts are free text in any language and
// tell nothing, with one exception: what is answered to a first prompt that asks for a
// password (loginChallenge) is taken for one.
func loginResponse(x *Exchange, r response) {
	if x.turn > 1 || x.asked {
		x.disclose(r.text)
		return
	}
	if len(r.raw) == 1 && r.raw[0] == '=' { // an empty name, as some protocols write it
		return
	}
	if x.shaped(r) {
		return
	}
	if name, rest := r.cut(); len(rest) > 0 && bytes.IndexByte(r.raw, 0) < 0 {
		x.loginPair(r, name, rest)
		return
	}
	x.login(loginName(r))
}

// login takes a name.
func (x *Exchange) login(name []byte) {
	name = trimText(name)
	if bytes.IndexByte(name, 0) >= 0 { // PLAIN's response under LOGIN's name
		x.plain(response{text: name, raw: name})
		return
	}
	x.identity = detectors.Text(name)
}

// loginPair takes a name and what stands behind it in the same response. That is a password
// as far as anybody can tell, and must not become a part of the name.
func (x *Exchange) loginPair(r response, name, password []byte) {
	if r.decoded == nil { // the protocol does not encode
		x.identity = detectors.Text(name)
		x.disclose(password)
		return
	}
	x.login(loginName(x.read(name)))
	if !x.Sent() {
		x.disclose(x.read(password).text)
	}
}

// loginChallenge looks whether the prompt before the first response asks for a password:
// then the response may be one, whatever its place, and is not shown as a name.
func loginChallenge(x *Exchange, text []byte) {
	if x.turn == 0 {
		x.asked = syntax.Contains(text, "PASS")
	}
}

// loginName chooses between the decoded name and the name as sent: some clients do
// not encode, and a short name may look like base64.
func loginName(r response) []byte {
	if !r.encoded || !r.whole || len(r.text) == 0 {
		return r.raw
	}
	text := trimText(r.text)
	if bytes.IndexByte(text, 0) >= 0 {
		return text
	}
	if utf8.Valid(text) {
		if hasControl(text) {
			return r.raw
		}
		return text
	}
	if hasControl(text) || isWord(r.raw) {
		return r.raw
	}
	return text
}

// hasControl reports whether p, read as Latin-1 unless it is UTF-8, has a control character.
func hasControl(p []byte) bool {
	latin := !utf8.Valid(p)
	for _, b := range p {
		if b < 0x20 || b == 0x7f || latin && b > 0x7f && b < 0xa0 {
			return true
		}
	}
	return false
}

// isWord reports whether p looks like a name that a person typed: small letters, perhaps
// behind a capital, perhaps with digits at the end. Base64 of a name hardly ever does.
func isWord(p []byte) bool {
	i := 0
	if len(p) > 0 && p[0] >= 'A' && p[0] <= 'Z' {
		i++
	}
	start := i
	for i < len(p) && p[i] >= 'a' && p[i] <= 'z' {
		i++
	}
	if i == start {
		return false
	}
	for i < len(p) && p[i] >= '0' && p[i] <= '9' {
		i++
	}
	return i == len(p)
}
