package sasl

import (
	"bytes"

	"cleartap/detectors"
)

// otpResponse is OTP (RFC 2444 section 3) and S/KEY (RFC 2222 section 7.3): the first
// response names the user (`authzid NUL authcid`), the second is the one-time password.
// It is the link of a chain that begins at a passphrase, which can be guessed.
func otpResponse(x *Exchange, r response) {
	if x.turn > 1 || isPasscode(r.text) || r.joined() {
		x.disclose(r.text)
		return
	}
	if bytes.Count(r.text, nul) > 1 {
		x.plain(r)
		return
	}
	if x.shaped(r) {
		return
	}
	authzid, authcid, found := bytes.Cut(r.text, nul)
	if !found {
		authzid, authcid = nil, authzid
	}
	if len(authcid) == 0 {
		authzid, authcid = nil, authzid
	}
	x.identity = detectors.Text(authcid)
	if !bytes.EqualFold(authzid, authcid) {
		x.authzid = detectors.Text(authzid)
	}
}

// otpWords is how many words a one-time password has (RFC 2289 section 6).
const otpWords = 6

// isPasscode reports whether a first response is a one-time password already, or has one
// in it.
func isPasscode(p []byte) bool {
	if containsFold(p, "HEX:") || containsFold(p, "WORD:") {
		return true
	}
	return bytes.Count(bytes.TrimSpace(p), []byte{' '}) >= otpWords-1
}

// securIDResponse is SECURID (RFC 2808): authzid NUL authcid NUL passcode NUL, then
// perhaps a new PIN. A passcode is good for a minute, a PIN for long.
func securIDResponse(x *Exchange, r response) {
	authzid, authcid, passcode, ok := splitPlain(r.text)
	x.disclose(passcode)
	if !ok {
		return
	}
	x.identity = detectors.Text(authcid)
	if !bytes.EqualFold(authzid, authcid) {
		x.authzid = detectors.Text(authzid)
	}
	if _, pin, _ := bytes.Cut(passcode, nul); len(bytes.Trim(pin, "\x00")) > 0 {
		x.class = detectors.Password
	}
}
