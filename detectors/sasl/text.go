package sasl

import (
	"unicode/utf8"

	"cleartap/detectors"
)

// nameBuffer holds a name while it is unescaped: room for the 256 characters that
// detectors.Text keeps.
type nameBuffer struct {
	n    int
	full bool
	b    [256 * utf8.UTFMax]byte
}

func (b *nameBuffer) add(c byte) {
	if b.n == len(b.b) {
		b.full = true
		return
	}
	b.b[b.n] = c
	b.n++
}

func (b *nameBuffer) addRune(r rune) {
	if b.n+utf8.UTFMax > len(b.b) {
		b.full = true
		return
	}
	b.n += utf8.EncodeRune(b.b[b.n:], r)
}

// text is the name. A character that the buffer's end cut in two is left out.
func (b *nameBuffer) text() string {
	p := b.b[:b.n]
	if b.full {
		for i := 1; i < utf8.UTFMax && i <= len(p); i++ {
			if c := p[len(p)-i]; utf8.RuneStart(c) {
				if !utf8.FullRune(p[len(p)-i:]) {
					p = p[:len(p)-i]
				}
				break
			}
		}
	}
	return detectors.Text(p)
}

// narrow takes the zeros out of text in UTF-16 (little-endian), which some clients encode
// instead of UTF-8: they would pass for PLAIN's. It works in place, on Latin-1 only; anything
// else is returned as it is.
func narrow(p []byte) []byte {
	if len(p) < 6 || len(p)%2 != 0 {
		return p
	}
	for i := 1; i < len(p); i += 2 {
		if p[i] != 0 {
			return p
		}
	}
	for i := 2; i < len(p); i += 2 {
		p[i/2] = p[i]
	}
	return p[:len(p)/2]
}

// saslName reads a name in which "=2C" stands for a comma and "=3D" for an equals
// sign (RFC 5802 section 5.1). Any other "=" is an error there, and kept here.
func saslName(p []byte) string {
	var b nameBuffer
	for i := 0; i < len(p); i++ {
		c := p[i]
		if c == '=' && i+2 < len(p) {
			switch {
			case p[i+1] == '2' && p[i+2]|0x20 == 'c':
				c, i = ',', i+2
			case p[i+1] == '3' && p[i+2]|0x20 == 'd':
				c, i = '=', i+2
			}
		}
		b.add(c)
	}
	return b.text()
}
