// Package oneline makes text fit for a line of a log. Its one job is to replace
// what is not printable; its invariant: what it gives is valid UTF-8 without
// control characters, line ends, invisible characters or those that turn the
// direction of writing, so that no name can begin a line of its own or look like
// another one.
package oneline

import (
	"strings"
	"unicode"
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
