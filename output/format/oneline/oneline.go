// Package oneline makes text fit for a line of a log. Its one job is to replace
// what is not printable; its invariant: what it gives is valid UTF-8 without
// control characters, line ends, invisible characters or those that turn the
// direction of writing, so that no name can begin a line of its own or look like
// another one.
package oneline

import (
	"strings"
	"unicode"
	"unicode/utf16"
	"unicode/utf8"
)

// Text is s with U+FFFD in the place of each character that is not printable, and
// of each byte that is not UTF-8. Of blanks, only the ASCII space is printable.
func Text(s string) string {
	if plain(s) {
		return s
	}
	var b strings.Builder
	b.Grow(len(s))
	for _, r := range s {
		if !unicode.IsPrint(r) {
			r = utf8.RuneError
		}
		b.WriteRune(r)
	}
	return b.String()
}

func plain(s string) bool {
	for i := 0; i < len(s); i++ {
		if s[i] < ' ' || s[i] > '~' {
			return false
		}
	}
	return true
}

// JSON is a JSON text in which each character that Text would replace stands as an
// escape: the same value, fit for a line of a log. Where there is none it is b.
func JSON(b []byte) []byte {
	if printable(b) {
		return b
	}
	out := make([]byte, 0, len(b)+64)
	for len(b) > 0 {
		r, n := utf8.DecodeRune(b)
		if unicode.IsPrint(r) && (r != utf8.RuneError || n > 1) {
			out = append(out, b[:n]...)
		} else {
			out = appendEscape(out, r)
		}
		b = b[n:]
	}
	return out
}

func printable(b []byte) bool {
	for _, c := range b {
		if c < ' ' || c > '~' {
			return false
		}
	}
	return true
}

func appendEscape(dst []byte, r rune) []byte {
	if a, b := utf16.EncodeRune(r); a != unicode.ReplacementChar {
		return appendEscape(appendEscape(dst, a), b)
	}
	const hex = "0123456789abcdef"
	return append(dst, '\\', 'u', hex[r>>12&15], hex[r>>8&15], hex[r>>4&15], hex[r&15])
}
