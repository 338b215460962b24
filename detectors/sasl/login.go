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
	if name, rest := cutJoined(r.raw); len(rest) > 0 {
		x.disclose(x.read(bytes.Trim(rest, " \t")).text)
		r = x.read(name)
	}
	name := bytes.TrimRight(loginName(r), "\x00\r\n")
	if bytes.IndexByte(name, 0) >= 0 { // PLAIN's response under LOGIN's name
		x.plain(response{text: name, raw: name})
		return
	}
	x.identity = detectors.Text(name)
}

// cutJoined cuts a first response in which a second one is joined to it, behind a blank
// or the padding: what comes second is the password.
func cutJoined(raw []byte) (name, rest []byte) {
	raw = bytes.Trim(raw, " \t")
	for i := 1; i < len(raw); i++ {
		padded := i%4 == 0 && raw[i-1] == '=' && raw[i] != '='
		if padded || syntax.Blank(raw[i]) {
			return raw[:i], raw[i:]
		}
	}
	return raw, nil
}

// joined reports whether a response is more than one: no part of it is shown as a name
// where it is not known which one is.
func joined(raw []byte) bool {
	_, rest := cutJoined(raw)
	return len(rest) > 0
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
	text := bytes.TrimRight(r.text, "\x00\r\n")
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
