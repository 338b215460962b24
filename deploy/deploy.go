// Package deploy holds what is needed to run cleartap as a service, so that the
// program can print it. Its one job is to embed these files; the files are the
// source.
package deploy

import "embed"

// Config is cleartap.yaml: every setting, with its default.
//
//go:embed cleartap.yaml
var Config string

// Files are the templates, roles, dashboards, rules and schemas for the systems that
// take alerts, by their paths in this folder.
//
//go:embed elasticsearch kibana elastic-rules sigma schema
var Files embed.FS
