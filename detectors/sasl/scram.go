package sasl

import (
	"bytes"
	"strings"
)

// scramIterations is the least that RFC 5802 section 5.1 and RFC 7677 section 4 allow.
const scramIterations = 4096

// scramResponse is SCRAM (RFC 5802 section 5). The first message names the user, the
// final one has the proof, which whoever heard the exchange can test guesses against.
func scramResponse(x *Exchange, r response) {
	if bytes.HasPrefix(r.text, []byte("c=")) {
		if proof := scramAttribute(r.text, 'p'); len(proof) > 0 {
			x.disclose(proof)
		}
		return
	}
	if x.scramFirst(r.text) || x.shaped(r) {
		return
	}
	if x.turn > 1 {
		x.disclose(r.text)
	}
}

// scramFirst reads a first message: the GS2 header, then n=user,r=nonce.
func (x *Exchange) scramFirst(p []byte) bool {
	flag, authzid, rest, ok := gs2Header(p)
	if !ok {
		return false
	}
	user := scramAttribute(rest, 'n')
	if user == nil || scramAttribute(rest, 'r') == nil {
		return false
	}
	x.identity = saslName(user)
	if name := saslName(authzid); !strings.EqualFold(name, x.identity) {
		x.authzid = name
	}
	if flag == 'y' && x.offeredPlus {
		x.weak = true
	}
	return true
}

// gs2Header reads the header of RFC 5801 section 4: how channel binding is seen, the
// authzid, both followed by a comma.
func gs2Header(p []byte) (flag byte, authzid, rest []byte, ok bool) {
	binding, rest, found := bytes.Cut(p, comma)
	if !found || len(binding) == 0 {
		return 0, nil, nil, false
	}
	flag = binding[0]
	if flag == 'p' && !bytes.HasPrefix(binding, []byte("p=")) ||
		flag != 'p' && (len(binding) != 1 || flag != 'n' && flag != 'y') {
		return 0, nil, nil, false
	}
	authzid, rest, found = bytes.Cut(rest, comma)
	if !found || len(authzid) > 0 && !bytes.HasPrefix(authzid, []byte("a=")) {
		return 0, nil, nil, false
	}
	return flag, bytes.TrimPrefix(authzid, []byte("a=")), rest, true
}

var comma = []byte{','}

// scramAttribute finds an attribute in a list such as r=...,s=...,i=4096. It is nil
// when there is none, and not nil when it is empty.
func scramAttribute(p []byte, name byte) []byte {
	for len(p) > 0 {
		var item []byte
		item, p, _ = bytes.Cut(p, comma)
		if len(item) >= 2 && item[0] == name && item[1] == '=' {
			return item[2:]
		}
	}
	return nil
}

// scramChallenge looks for the iteration count: what a guess costs.
func scramChallenge(x *Exchange, p []byte) {
	digits := bytes.TrimSpace(scramAttribute(p, 'i'))
	if len(digits) == 0 {
		return
	}
	n := 0
	for _, c := range digits {
		if c < '0' || c > '9' {
			return
		}
		if n = n*10 + int(c-'0'); n >= scramIterations {
			return
		}
	}
	x.weak = true
}
