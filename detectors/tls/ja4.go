package tls

import (
	"crypto/sha256"
	"slices"

	"cleartap/detectors"
)

// fingerprint gathers what JA4 is made of (FoxIO's public description; the part for
// clients, which is free to use): how many suites and extensions there are and which,
// whatever their order, and the signature algorithms in theirs.
type fingerprint struct {
	version detectors.TLSVersion
	named   bool // there is a server_name
	suites  list
	exts    list // without server_name and ALPN, which only count
	sigs    list
	counted int // all extensions
	first   byte
	last    byte
	hasALPN bool
}

// list is a short list of 16-bit values.
type list struct {
	v [mostListed / 2]uint16
	n int
}

func (l *list) add(v int) {
	if l.n < len(l.v) {
		l.v[l.n] = uint16(v)
		l.n++
	}
}

func (f *fingerprint) ciphers(suites []byte) {
	for i := 0; i+1 < len(suites); i += 2 {
		if v := int(suites[i])<<8 | int(suites[i+1]); !isGREASE(v) {
			f.suites.add(v)
		}
	}
}

func (f *fingerprint) extension(kind int) {
	if isGREASE(kind) {
		return
	}
	f.counted++
	if kind != extServerName && kind != extALPN {
		f.exts.add(kind)
	}
}

func (f *fingerprint) signatures(body []byte) {
	sigs := (&reader{p: body}).vector(2)
	for i := 0; i+1 < len(sigs); i += 2 {
		if v := int(sigs[i])<<8 | int(sigs[i+1]); !isGREASE(v) {
			f.sigs.add(v)
		}
	}
}

// alpn takes the first protocol: its first and its last character, or, where one of them
// is no letter or digit, the first and the last digit of its hexadecimal form.
func (f *fingerprint) alpn(name []byte) {
	if len(name) == 0 {
		return
	}
	f.hasALPN = true
	f.first, f.last = name[0], name[len(name)-1]
	if !alphanumeric(f.first) || !alphanumeric(f.last) {
		f.first, f.last = hexDigits[f.first>>4], hexDigits[f.last&15]
	}
}

func alphanumeric(c byte) bool {
	return c >= '0' && c <= '9' || c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z'
}

const hexDigits = "0123456789abcdef"

// ja4 writes the fingerprint.
func (f *fingerprint) ja4(named bool) string {
	out := make([]byte, 0, 36)
	out = append(out, 't')
	out = append(out, versionCode(f.version)...)
	if named {
		out = append(out, 'd')
	} else {
		out = append(out, 'i')
	}
	out = twoDigits(out, f.suites.n)
	out = twoDigits(out, f.counted)
	if f.hasALPN {
		out = append(out, f.first, f.last)
	} else {
		out = append(out, "00"...)
	}
	slices.Sort(f.suites.v[:f.suites.n])
	slices.Sort(f.exts.v[:f.exts.n])
	var buf [5*2*len(list{}.v) + 1]byte
	out = appendHash(append(out, '_'), f.suites.text(buf[:0]))
	text := f.exts.text(buf[:0])
	if f.exts.n > 0 && f.sigs.n > 0 {
		text = f.sigs.text(append(text, '_'))
	}
	return string(appendHash(append(out, '_'), text))
}

func versionCode(v detectors.TLSVersion) string {
	switch v {
	case detectors.TLS13:
		return "13"
	case detectors.TLS12:
		return "12"
	case detectors.TLS11:
		return "11"
	case detectors.TLS10:
		return "10"
	case detectors.SSL3:
		return "s3"
	case detectors.SSL2:
		return "s2"
	}
	return "00"
}

func twoDigits(out []byte, n int) []byte {
	n = min(n, 99)
	return append(out, byte('0'+n/10), byte('0'+n%10))
}

// text writes the list as hexadecimal numbers with commas between them.
func (l *list) text(out []byte) []byte {
	for i, v := range l.v[:l.n] {
		if i > 0 {
			out = append(out, ',')
		}
		out = append(out, hexDigits[v>>12], hexDigits[v>>8&15], hexDigits[v>>4&15], hexDigits[v&15])
	}
	return out
}

// appendHash appends twelve digits of a text's SHA-256, zeros for an empty text.
func appendHash(out, text []byte) []byte {
	if len(text) == 0 {
		return append(out, "000000000000"...)
	}
	sum := sha256.Sum256(text)
	for _, b := range sum[:6] {
		out = append(out, hexDigits[b>>4], hexDigits[b&15])
	}
	return out
}
