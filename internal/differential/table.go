package main

import (
	"fmt"
	"os/exec"
	"sort"
	"strings"
)

// table writes what was found as Markdown.
func (r *result) table() string {
	var w strings.Builder
	version, _ := exec.Command("tshark", "--version").Output()
	first, _, _ := strings.Cut(string(version), "\n")
	fmt.Fprintf(&w, "# Beside tshark\n\nWritten by `go run ./internal/differential -cleartap bin/cleartap FOLDER...` over %d captures, with %s and\n"+
		"`tshark -n -o smtp.decryption:TRUE -q -z credentials -r FILE`.\n\n", r.files, strings.TrimSpace(first))
	fmt.Fprintf(&w, "| | logins |\n|---|---|\n| tshark names | %d |\n| cleartap reports | %d |\n| both | %d |\n| only cleartap | %d |\n| only tshark | %d |\n",
		r.tshark, r.own, r.both, r.own-r.both, r.tshark-r.both)
	w.WriteString("\n## Only cleartap\n\n| protocol and mechanism | logins |\n|---|---|\n")
	for _, k := range sorted(r.more) {
		fmt.Fprintf(&w, "| %s | %d |\n", k, r.more[k])
	}
	w.WriteString("\n## Differences\n\nNames are invented or published with their captures.\n\n| capture | packet | tshark | cleartap | reason |\n|---|---|---|---|---|\n")
	for _, d := range r.differences {
		fmt.Fprintf(&w, "| %s | %s | %s | %s | %s |\n", cell(d.capture), d.packet, cell(d.tshark), cell(d.own), cell(d.reason))
	}
	return w.String()
}

// cell keeps a name from breaking the table.
func cell(s string) string {
	s = strings.Map(func(r rune) rune {
		if r < ' ' || r == 0x7f {
			return -1
		}
		return r
	}, s)
	if len(s) > 80 {
		s = s[:80] + "…"
	}
	return strings.ReplaceAll(s, "|", `\|`)
}

func sorted(m map[string]int) []string {
	keys := make([]string, 0, len(m))
	for k := range m {
		keys = append(keys, k)
	}
	sort.Strings(keys)
	return keys
}
