package sasl

import (
	"bytes"
	"encoding/binary"
	"unicode/utf16"
	"unicode/utf8"

	"cleartap/detectors"
)

// ntlmResponse is NTLM (MS-NLMP section 2.2.1): of its messages the third has the user
// and the answer to the challenge.
func ntlmResponse(x *Exchange, r response) {
	if x.ntlm(r.text, true) || x.shaped(r) {
		return
	}
	if x.turn > 1 && x.class != detectors.Identity { // nothing of the exchange follows an anonymous message
		x.disclose(r.text)
	}
}

// negotiateResponse is SPNEGO (RFC 4178): NTLM may be inside. Kerberos discloses nothing.
func negotiateResponse(x *Exchange, r response) {
	if !x.ntlm(r.text, false) {
		x.shaped(r)
	}
}

var ntlmSignature = []byte("NTLMSSP\x00")

const (
	ntlmAuthenticate = 3
	// ntlmHeader is the shortest header of a type 3 message, that of systems before Windows 2000.
	ntlmHeader  = 52
	ntlmFlags   = 60 // place of the flags, where there are any
	ntlmFlagged = 64 // the shortest header with flags; the session key's fields stand before them
	ntlmMIC     = 72 // place of the message's own digest, where there is one: 16 bytes of header
	ntlmUTF16   = 1  // NTLMSSP_NEGOTIATE_UNICODE
	ntlmV1      = 24 // length of an answer of version 1; those of version 2 are longer
)

// ntlm finds an NTLM message in p and reports whether there is one. When bare, p ends
// with it; in SPNEGO more may follow.
func (x *Exchange) ntlm(p []byte, bare bool) bool {
	i := bytes.Index(p, ntlmSignature)
	if i < 0 || len(p)-i < 12 {
		return false
	}
	m := p[i:]
	if binary.LittleEndian.Uint32(m[8:]) == ntlmAuthenticate {
		x.class = detectors.Hash
		x.authenticate(m, bare)
	}
	return true
}

// authenticate reads a type 3 message. All that it points to must lie inside it,
// and its names may not lie on its header or its answers: a name is all that is kept.
func (x *Exchange) authenticate(m []byte, bare bool) {
	if len(m) < ntlmHeader {
		x.disclose(m)
		return
	}
	lm, nt := ntlmField(m, 12), ntlmField(m, 20)
	domain, user, host := ntlmField(m, 28), ntlmField(m, 36), ntlmField(m, 44)
	if user.len == 0 && nt.len == 0 && lm.len <= 1 { // anonymous: one zero byte for an answer
		x.class = detectors.Identity
		return
	}
	x.disclose(nt.of(m))
	x.weak = nt.valid(m) && (nt.len == ntlmV1 || nt.len == 0)
	begin := min(lm.start(), nt.start(), domain.start(), user.start(), host.start())
	end := max(lm.end(), nt.end(), domain.end(), user.end(), host.end())
	var key, mic span
	if begin >= ntlmFlagged && len(m) >= ntlmFlagged {
		key = ntlmField(m, ntlmHeader)
		begin, end = min(begin, key.start()), max(end, key.end())
	}
	if signed(nt.of(m)) {
		mic = span{ntlmMIC, 16}
	}
	if !placed(m, begin, end, bare) || !lm.valid(m) || !nt.valid(m) ||
		!domain.clear(m, lm, nt, key, mic) || !user.clear(m, lm, nt, key, mic) {
		return
	}
	wide := looksWide(user.of(m)) || looksWide(domain.of(m))
	if begin >= ntlmFlagged {
		wide = binary.LittleEndian.Uint32(m[ntlmFlags:])&ntlmUTF16 != 0
	}
	x.identity = ntlmName(user.of(m), wide)
	x.realm = ntlmName(domain.of(m), wide)
}

// placed reports whether a payload from begin to end is where a message has one: behind a
// header of a length that there is, and, as far as it can be told, up to the end (zeros
// aside, behind a header of a usual length). If not, its fields were moved against what they are about, and the names may
// be parts of the answers.
func placed(m []byte, begin, end uint64, bare bool) bool {
	if begin != ntlmHeader && begin < ntlmFlagged || end > uint64(len(m)) {
		return false
	}
	usual := begin == ntlmFlagged || begin == ntlmMIC || begin == ntlmMIC+16
	return !bare || end == uint64(len(m)) || usual && len(bytes.Trim(m[end:], "\x00")) == 0
}

// signed reports whether an answer of version 2 says that the message has a digest of its
// own in the header: bit 2 of MsvAvFlags (MS-NLMP section 2.2.2.1), among the pairs that
// stand behind the proof's 16 bytes and 28 of the client's challenge (section 2.2.2.7).
func signed(nt []byte) bool {
	for p := nt[min(len(nt), 44):]; len(p) >= 4; {
		id, n := binary.LittleEndian.Uint16(p), int(binary.LittleEndian.Uint16(p[2:]))
		if p = p[4:]; id == 0 || n > len(p) {
			return false
		}
		if id == 6 && n == 4 {
			return p[0]&2 != 0
		}
		p = p[n:]
	}
	return false
}

// span is a part of a message as its header claims it.
type span struct{ off, len uint64 }

func ntlmField(m []byte, at int) span {
	return span{
		off: uint64(binary.LittleEndian.Uint32(m[at+4:])),
		len: uint64(binary.LittleEndian.Uint16(m[at:])),
	}
}

// start is where the span begins; an empty one begins nowhere.
func (s span) start() uint64 {
	if s.len == 0 {
		return 1 << 32
	}
	return s.off
}

// end is where the span ends; an empty one ends at the beginning.
func (s span) end() uint64 {
	if s.len == 0 {
		return 0
	}
	return s.off + s.len
}

// valid reports whether the span lies inside m.
func (s span) valid(m []byte) bool { return s.len == 0 || s.off+s.len <= uint64(len(m)) }

// clear reports whether the span lies inside m, behind the shortest header and on none of the others.
func (s span) clear(m []byte, others ...span) bool {
	if s.len == 0 {
		return true
	}
	if !s.valid(m) || s.off < ntlmHeader {
		return false
	}
	for _, o := range others {
		if o.len > 0 && s.off < o.off+o.len && o.off < s.off+s.len {
			return false
		}
	}
	return true
}

// of is the span's bytes, none if it does not lie inside m.
func (s span) of(m []byte) []byte {
	if s.len == 0 || !s.valid(m) {
		return nil
	}
	return m[s.off : s.off+s.len]
}

// looksWide reports whether p looks like UTF-16, for old messages that do not say.
func looksWide(p []byte) bool { return len(p)%2 == 0 && bytes.IndexByte(p, 0) >= 0 }

// ntlmName reads a name in UTF-16 (little-endian), or in the client's own 8-bit set.
func ntlmName(p []byte, wide bool) string {
	if !wide || len(p)%2 != 0 {
		return detectors.Text(p)
	}
	var b nameBuffer
	for ; len(p) >= 2; p = p[2:] {
		r := rune(binary.LittleEndian.Uint16(p))
		if utf16.IsSurrogate(r) && len(p) >= 4 {
			r = utf16.DecodeRune(r, rune(binary.LittleEndian.Uint16(p[2:])))
			if r != utf8.RuneError { // half of a pair takes nothing with it
				p = p[2:]
			}
		}
		b.addRune(r)
	}
	return b.text()
}
