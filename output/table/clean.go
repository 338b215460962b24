package table

import (
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/rivo/uniseg"
)

// Clean makes text fit for a terminal: what is not printable becomes U+FFFD, which
// takes control characters, escape sequences, line ends, invisible characters and
// those that turn the direction of writing.
func Clean(s string) string {
	if printable(s) {
		return s
	}
	var b strings.Builder
	for _, r := range s {
		if !unicode.IsPrint(r) {
			r = utf8.RuneError
		}
		b.WriteRune(r)
	}
	return b.String()
}

func printable(s string) bool {
	for i := 0; i < len(s); i++ {
		if s[i] < ' ' || s[i] > '~' {
			return false
		}
	}
	return true
}

// cut makes s at most n columns wide; what was cut ends in an ellipsis.
func cut(s string, n int) string {
	if len(s) <= n || uniseg.StringWidth(s) <= n && len(s) <= 4*n {
		return s
	}
	width, end, state := 0, 0, -1
	for rest := s; rest != ""; {
		var cluster string
		var w int
		cluster, rest, w, state = uniseg.FirstGraphemeClusterInString(rest, state)
		if width+w > n-1 || end+len(cluster) > 4*n {
			break
		}
		width += w
		end += len(cluster)
	}
	return s[:end] + "…"
}
