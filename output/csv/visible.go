package csv

import (
	"fmt"
	"strings"
)

// visible writes the characters that nobody sees, or that turn the direction of writing,
// as \u and their number: a name must not look like another in a spreadsheet.
func visible(cell string) string {
	if !strings.ContainsFunc(cell, unseen) {
		return cell
	}
	var b strings.Builder
	for _, r := range cell {
		if unseen(r) {
			fmt.Fprintf(&b, `\u%04X`, r)
			continue
		}
		b.WriteRune(r)
	}
	return b.String()
}

// unseen reports whether r is a mark of direction, of no width, an unusual line end or a tag.
func unseen(r rune) bool {
	return r >= 0x200b && r <= 0x200f || r >= 0x2028 && r <= 0x202e || r >= 0x2066 && r <= 0x2069 || r == 0xfeff || r >= 0xe0000 && r <= 0xe007f
}
