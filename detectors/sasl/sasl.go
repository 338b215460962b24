// Package sasl follows SASL exchanges (RFC 4422) as an onlooker: which mechanism,
// who, how strong, and from which response on a secret was on the wire. All
// mechanisms are in one table, one function each. Its invariant: an Exchange keeps
// names and flags only; no response, challenge, decoded byte or length of one
// outlives the call that brought it.
package sasl

import (
	"cleartap/detectors"
	"cleartap/detectors/secret"
	"cleartap/detectors/syntax"
)

// Exchange follows one SASL exchange at a time. The zero value is ready, and can
// be used for any number of exchanges, one Start each. It gives one attempt per
// exchange, whatever the number of responses. Bytes passed to it are not kept.
type Exchange struct {
	mech        *mechanism
	turn        int // responses so far; empty ones count for some mechanisms only
	started     bool
	challenged  bool
	cancelled   bool
	offeredPlus bool
	weak        bool
	layer       bool
	asked       bool // LOGIN: the first prompt asks for a password
	class       detectors.Class
	identity    string
	authzid     string
	realm       string
	secret      secret.Secret
	scratch     []byte // decoding happens here; cleared before each call returns
	marks       *secret.Key
}

// response is what the client sent, in the forms that a mechanism may need.
type response struct {
	text    []byte // decoded, or as sent when it was not base64
	raw     []byte // as sent
	decoded []byte // decoded up to the first character that is not of base64
	encoded bool   // text is the decoded form
	whole   bool   // no part of a byte was left over when decoding
}

// cut cuts a response to which another is joined, behind a blank, which base64 does not
// have, or behind the padding. rest is empty if none is.
func (r response) cut() (first, rest []byte) {
	raw := syntax.TrimRight(syntax.TrimLeft(r.raw))
	for i := 1; i < len(raw); i++ {
		padded := i%4 == 0 && raw[i-1] == '=' && raw[i] != '=' && r.decoded != nil
		if padded || syntax.Blank(raw[i]) {
			return raw[:i], syntax.TrimLeft(raw[i:])
		}
	}
	return raw, nil
}

// joined reports whether a response is more than one: no part of it is shown as a name
// where it is not known which one is.
func (r response) joined() bool {
	_, rest := r.cut()
	return len(rest) > 0
}

// Start begins an exchange with the mechanism's name as the client sent it, in any
// case. An unlisted name is MechUnknown, judged by the shape of its responses.
// What Offered saw is kept, all else is forgotten.
func (x *Exchange) Start(mech []byte) {
	plus, marks := x.offeredPlus, x.marks
	x.Reset()
	x.offeredPlus, x.marks, x.started = plus, marks, true
	x.mech = lookup(mech)
	x.class = x.mech.class
}

// Reset forgets everything, hints included.
func (x *Exchange) Reset() {
	scratch := x.scratch[:0]
	*x = Exchange{}
	x.scratch = scratch
}

// Mark makes the exchange mark secrets by k; nil, and so the zero value, leaves
// them unmarked. It holds until Reset.
func (x *Exchange) Mark(k *secret.Key) { x.marks = k }

// ForgetOffer forgets what Offered saw: another list begins.
func (x *Exchange) ForgetOffer() { x.offeredPlus = false }

// Offered looks for a SCRAM mechanism with channel binding in a list of mechanisms; those of
// other families tell a SCRAM client nothing. A client that then says it saw none (`y,,`, RFC
// 5802 section 6) was shown a changed list: the attempt is weak. It holds until ForgetOffer
// or Reset.
func (x *Exchange) Offered(list *detectors.Listed) {
	x.offeredPlus = x.offeredPlus || list.Plus
}

// List reads a list of mechanisms on the wire.
func List(list []byte) (l detectors.Listed) {
	l.Offer.Mechanisms.AddList(list)
	for len(list) > 0 {
		var name []byte
		name, list = syntax.Word(list)
		l.Plus = l.Plus || Plus(name)
	}
	return l
}

// Plus reports whether a mechanism's name is SCRAM's with channel binding.
func Plus(name []byte) bool {
	return syntax.HasPrefix(name, "SCRAM-") && syntax.Contains(name, "-PLUS")
}

// Client takes one response of the client as it was on the wire, an initial
// response as well: base64 text, `=` for an initial response that is empty, `*`
// to cancel, or anything else, which is then read as sent. An empty initial response
// of a protocol that has no `=` must be left out or passed as `=`: an empty p
// counts as an answer, and so does `=` after a challenge (RFC 4643 section 2.4).
func (x *Exchange) Client(p []byte) {
	p = trimLine(p)
	if len(p) == 1 && p[0] == '*' {
		x.cancelled = true
		return
	}
	if len(p) == 1 && p[0] == '=' && (x.mech == nil || !x.mech.counted || x.turn == 0 && !x.challenged) {
		return
	}
	defer x.wipe()
	x.respond(x.read(p))
}

// read decodes a response or a part of one, in the place of what was decoded before. The
// result is valid until wipe.
func (x *Exchange) read(p []byte) response {
	x.wipe()
	r := response{text: p, raw: p}
	r.decoded, r.encoded, r.whole = x.decode(p)
	if r.encoded {
		r.decoded = narrow(r.decoded)
		r.text = r.decoded
	}
	return r
}

// ClientRaw takes one response that the protocol does not encode (ACAP, RFC 2244
// section 6.3.1). `*` and `=` have no meaning there.
func (x *Exchange) ClientRaw(p []byte) { x.respond(response{text: p, raw: p}) }

// Pass takes a response that is none, such as a command of a client that gave up: it takes a
// turn, so that a password behind it is not taken for a name.
func (x *Exchange) Pass() { x.turn++ }

func (x *Exchange) respond(r response) {
	if !x.started || x.cancelled || x.Sent() {
		return
	}
	if len(r.raw) == 0 && !x.mech.counted {
		return
	}
	x.turn++
	x.mech.respond(x, r)
}

// Server takes one challenge of the server, also when it is empty: base64 text or
// anything else. Most tell nothing; what cannot be decoded is passed over
// (MS-SMTPNTLM sends prose).
func (x *Exchange) Server(p []byte) {
	x.challenged = true
	if !x.started || x.Sent() || x.mech.challenge == nil {
		return
	}
	text, encoded, _ := x.decode(trimLine(p))
	defer x.wipe()
	if !encoded {
		text = p
	}
	x.mech.challenge(x, text)
}

// Sent reports whether a response with a secret in it was sent: there is an
// attempt from that response on, whatever follows.
func (x *Exchange) Sent() bool { return x.secret.Seen() }

// Cancelled reports whether the client gave up with `*`.
func (x *Exchange) Cancelled() bool { return x.cancelled }

// Layer reports whether the client asked for a security layer: after success,
// both directions are frames of a 4-byte length and opaque bytes (RFC 4422 section
// 3.7). Only DIGEST-MD5 asks visibly; for GSSAPI it stays false.
func (x *Exchange) Layer() bool { return x.layer }

// Mechanism is the mechanism of the current exchange.
func (x *Exchange) Mechanism() detectors.Mechanism {
	if x.mech == nil {
		return detectors.MechUnknown
	}
	return x.mech.name
}

// Attempt is what the exchange tells so far. When no secret was sent, its Secret
// says so: something to count, nothing to raise an alarm about.
func (x *Exchange) Attempt(cmd detectors.Command) detectors.Attempt {
	return detectors.Attempt{
		Command:   cmd,
		Mechanism: x.Mechanism(),
		Class:     x.class,
		Identity:  x.identity,
		Authzid:   x.authzid,
		Realm:     x.realm,
		Secret:    x.secret,
		Weak:      x.weak,
	}
}

// disclose notes that p was sent as a secret.
func (x *Exchange) disclose(p []byte) { x.secret = x.marks.Of(p) }
