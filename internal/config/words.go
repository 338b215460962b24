package config

import (
	"fmt"
	"path/filepath"
	"slices"
	"strings"
)

// folder is the folder of a file.
func folder(path string) string { return filepath.Dir(path) }

// Nearest gives a hint at the one of names that was meant by got, as the end of a
// sentence; empty if none comes near.
func Nearest(got string, names []string) string {
	best, least := "", 1+max(1, min(3, len(got)/2))
	for _, name := range names {
		d := distance(got, name)
		if min(len(got), len(name)) > 2 && (strings.HasPrefix(name, got) || strings.HasPrefix(got, name) || strings.HasSuffix(name, got)) {
			d = min(d, 1)
		}
		if d < least {
			best, least = name, d
		}
	}
	if best == "" {
		return ""
	}
	return fmt.Sprintf(", did you mean %q?", best)
}

// distance is the edit distance of two words (Levenshtein), over bytes.
func distance(a, b string) int {
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		left, diagonal := i+1, i
		for j := range len(b) {
			cost := diagonal
			if a[i] != b[j] {
				cost = 1 + min(diagonal, row[j+1], left)
			}
			diagonal, row[j], left = row[j+1], left, cost
		}
		row[len(b)] = left
	}
	return row[len(b)]
}

// oneOf checks a word against a list.
func oneOf(got string, words ...string) error {
	if slices.Contains(words, got) {
		return nil
	}
	n := len(words)
	return fmt.Errorf("%q: want %s or %s%s", got, strings.Join(words[:n-1], ", "), words[n-1], Nearest(got, words))
}
