// Package docs holds the pages about rules, so that the program can show them without a network.
// Its one job is to embed them; the pages are the source, in the form in which they
// are read on the web as well.
package docs

import (
	"embed"
	"io/fs"
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
