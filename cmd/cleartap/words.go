package main

import (
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/urfave/cli/v2"

	"cleartap/internal/config"
	"cleartap/output/table"
)

// printable escapes what could steer a terminal; line ends stay.
func printable(s string) string {
	var b strings.Builder
	for _, r := range s {
		if r == '\n' || strconv.IsPrint(r) {
			b.WriteRune(r)
			continue
		}
		q := strconv.QuoteRune(r)
		b.WriteString(q[1 : len(q)-1])
	}
	return b.String()
}

// choice gives the value of a flag that takes one word of a list.
func choice(c *cli.Context, flag, unset string, words ...string) (string, error) {
	if !c.IsSet(flag) {
		return unset, nil
	}
	v := c.String(flag)
	if slices.Contains(words, v) {
		return v, nil
	}
	return "", usage("--%s %q: want %s%s", flag, v, orList(words), config.Nearest(v, words))
}

// count writes "1 alert", "2 alerts".
func count(n int, what string) string { return table.Count(uint64(max(n, 0)), what) }

// orList writes "a, b or c".
func orList(words []string) string {
	n := len(words)
	if n < 2 {
		return strings.Join(words, "")
	}
	return strings.Join(words[:n-1], ", ") + " or " + words[n-1]
}

// number gives the value of a flag that takes a whole number from low to high.
func number(c *cli.Context, flag string, unset, low, high int) (int, error) {
	if !c.IsSet(flag) {
		return unset, nil
	}
	n, err := strconv.Atoi(c.String(flag))
	if err != nil || n < low || n > high {
		return 0, usage("--%s %q: want a number from %d to %d", flag, c.String(flag), low, high)
	}
	return n, nil
}

// span gives the value of a flag that takes a time.
func span(c *cli.Context, flag string, unset time.Duration) (time.Duration, error) {
	if !c.IsSet(flag) {
		return unset, nil
	}
	d, err := time.ParseDuration(c.String(flag))
	if err != nil || d <= 0 || d > 24*time.Hour {
		return 0, usage("--%s %q: want a time such as 30s or 2m, up to 24h", flag, c.String(flag))
	}
	return d, nil
}

// units are the units of bytes. Those of ten and those of two are apart.
var units = map[string]int64{
	"": 1, "b": 1, "k": 1 << 10, "kib": 1 << 10, "kb": 1000, "m": 1 << 20, "mib": 1 << 20, "mb": 1000_000,
	"g": 1 << 30, "gib": 1 << 30, "gb": 1000_000_000,
}

// byteSize reads 64MiB, 1GiB, 512M, 1000000.
func byteSize(s string) (int64, bool) {
	end := strings.IndexFunc(s, func(r rune) bool { return (r < '0' || r > '9') && r != '.' })
	if end < 0 {
		end = len(s)
	}
	v, err := strconv.ParseFloat(s[:end], 64)
	unit, ok := units[strings.ToLower(strings.TrimSpace(s[end:]))]
	if err != nil || !ok || v*float64(unit) > 1<<50 {
		return 0, false
	}
	return int64(v * float64(unit)), true
}
