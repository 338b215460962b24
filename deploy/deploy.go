// Package deploy holds what is needed to run cleartap as a service, so that the
// program can print it. Its one job is to embed these files; the files are the
// source.
package deploy

import _ "embed" // for the files

// Config is cleartap.yaml: every setting, with its default.
//
//go:embed cleartap.yaml
var Config string
