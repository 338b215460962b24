package sasl

import (
	"bytes"

	"cleartap/detectors"
)

// cramResponse is CRAM-MD5 (RFC 2195 section 2) and its kin with other hashes: user
// name, space, digest in hex. The name may hold spaces itself, so the last one counts.
func cramResponse(x *Exchange, r response) {
	user, digest, ok := splitDigest(r.text)
	if !ok && r.encoded { // sent without encoding
		user, digest, ok = splitDigest(r.raw)
	}
	if !ok {
		x.disclose(r.text)
		return
	}
	x.identity = detectors.Text(user)
	x.disclose(digest)
}

// digestMin is the length in hex of the shortest digest known, that of MD5.
const digestMin = 32

// splitDigest cuts p at its last space. It fails unless a digest is behind it:
// otherwise words of a password could pass for a name.
func splitDigest(p []byte) (user, digest []byte, ok bool) {
	p = bytes.TrimRight(p, " \x00\r\n")
	i := bytes.LastIndexByte(p, ' ')
	if i < 0 || len(p)-i-1 < digestMin || !isHex(p[i+1:]) {
		return nil, nil, false
	}
	return p[:i], p[i+1:], true
}

func isHex(p []byte) bool {
	for _, c := range p {
		if !(c >= '0' && c <= '9' || c >= 'a' && c <= 'f' || c >= 'A' && c <= 'F') {
			return false
		}
	}
	return true
}
