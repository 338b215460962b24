// Package docs holds the pages about rules, so that the program can show them without a network.
// Its one job is to embed them; the pages are the source, in the form in which they
// are read on the web as well.
package docs

import (
	"embed"
	"io/fs"
	"strings"
)

// Rules holds rules/*.md: a page for each rule of the catalogue, named after its id, the
// index (README.md), and the pages that rules share (remediation.md, controls.md).
//
//go:embed rules/*.md
var Rules embed.FS

// Rule returns the page of a rule, and the settings per server product that all
// pages refer to. The error says that there is no such page (fs.ErrNotExist).
func Rule(id string) (page, remediation string, err error) {
	if id == "" || !fs.ValidPath(id) {
		return "", "", fs.ErrNotExist
	}
	p, err := Rules.ReadFile("rules/" + id + ".md")
	if err != nil {
		return "", "", fs.ErrNotExist
	}
	r, err := Rules.ReadFile("rules/remediation.md")
	if err != nil {
		return "", "", err
	}
	return string(p), string(r), nil
}

// Remedy returns what to set on a server of a product and version, as Markdown: the rows of
// the table in remediation.md that are about it, as "server: setting" each. There are none
// for a product that the table does not know.
func Remedy(product, version string) []string {
	page, err := Rules.ReadFile("rules/remediation.md")
	if err != nil || product == "" {
		return nil
	}
	var exact, all []string
	for line := range strings.SplitSeq(string(page), "\n") {
		cells := strings.SplitN(strings.Trim(line, "| "), " | ", 2)
		if len(cells) < 2 || !about(cells[0], product) {
			continue
		}
		row := cells[0] + ": " + cells[1]
		all = append(all, row)
		if series, ok := strings.CutPrefix(cells[0], product+" "); ok && version != "" && (version == series || strings.HasPrefix(version, series+".")) {
			exact = append(exact, row)
		}
	}
	if exact != nil {
		return exact
	}
	return all
}

// about reports whether a row of the table is about a product.
func about(row, product string) bool {
	if product == "Microsoft Exchange" || product == "Microsoft 365" {
		product = "Exchange Server"
	}
	rest, ok := strings.CutPrefix(row, product)
	return ok && (rest == "" || rest[0] == ' ')
}
