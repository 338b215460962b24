package main

import (
	"encoding/json"
	"io/fs"
	"slices"

	"github.com/urfave/cli/v2"

	"cleartap/deploy"
	"cleartap/output/elasticsearch"
)

// exportCommand prints what other systems need.
func exportCommand(std *streams) *cli.Command {
	parent := &cli.Command{
		Name:        "export",
		Usage:       "print templates, roles, dashboards and rules for other systems",
		ArgsUsage:   "template | role | dashboard | rules | schema",
		Description: "Everything goes to standard output. template: for Elasticsearch, as cleartap setup installs it. dashboard: saved objects of Kibana. rules: detection rules.",
		Subcommands: []*cli.Command{
			{Name: "template", Usage: "print component and index templates of Elasticsearch", Action: func(c *cli.Context) error { return exportTemplate(c, std) }},
			{Name: "role", Usage: "print the least role of a sensor's API key", Flags: []cli.Flag{
				&cli.BoolFlag{Category: categoryRun, Name: "setup", Usage: "the role for cleartap setup instead"},
			}, Action: func(c *cli.Context) error { return exportRole(c, std) }},
			{Name: "dashboard", Usage: "print a data view and a dashboard for Kibana (NDJSON)", Action: func(c *cli.Context) error { return exportFile(c, std, "kibana/cleartap.ndjson") }},
			{Name: "rules", Usage: "print detection rules: of Elastic Security (NDJSON), or Sigma", Flags: []cli.Flag{
				&cli.StringFlag{Category: categoryRun, Name: "for", Usage: "`WHAT` takes them: elastic or sigma (default: elastic)"},
			}, Action: func(c *cli.Context) error { return exportRules(c, std) }},
			{Name: "schema", Usage: "print the JSON schema of an alert", Action: func(c *cli.Context) error { return exportFile(c, std, "schema/alert.schema.json") }},
		},
		Action: func(c *cli.Context) error {
			return wantWord(c, "export", "template", "role", "dashboard", "rules", "schema")
		},
	}
	subcommands(parent)
	return parent
}

// exportFile prints files of deploy, one behind the other.
func exportFile(c *cli.Context, std *streams, names ...string) error {
	if c.NArg() > 0 {
		return usage("export %s: %q: it prints to standard output", c.Command.Name, c.Args().First())
	}
	for _, name := range names {
		text, err := deploy.Files.ReadFile(name)
		if err != nil {
			return err
		}
		if _, err := std.out.Write(text); err != nil {
			return err
		}
	}
	return nil
}

func exportTemplate(c *cli.Context, std *streams) error {
	if c.NArg() > 0 {
		return usage("export template: %q: it prints to standard output", c.Args().First())
	}
	return printTemplates(std)
}

func exportRole(c *cli.Context, std *streams) error {
	if c.Bool("setup") {
		return exportFile(c, std, "elasticsearch/setup-role.json")
	}
	return exportFile(c, std, "elasticsearch/role.json")
}

func exportRules(c *cli.Context, std *streams) error {
	kind, err := choice(c, "for", "elastic", "elastic", "sigma")
	if err != nil {
		return err
	}
	if kind == "elastic" {
		return exportFile(c, std, "elastic-rules/cleartap.ndjson")
	}
	files, err := fs.Glob(deploy.Files, "sigma/*.yml")
	if err != nil {
		return err
	}
	slices.Sort(files)
	for i, f := range files {
		if i > 0 {
			if _, err := std.out.Write([]byte("---\n")); err != nil {
				return err
			}
		}
		if err := exportFile(c, std, f); err != nil {
			return err
		}
	}
	return nil
}

// printTemplates prints one JSON object: the templates by the paths that they are put to.
func printTemplates(std *streams) error {
	steps, err := elasticsearch.Steps(elasticsearch.SetupOptions{})
	if err != nil {
		return err
	}
	all := map[string]json.RawMessage{}
	for _, s := range steps {
		all[s.Path] = s.Body
	}
	e := json.NewEncoder(std.out)
	e.SetIndent("", "  ")
	return e.Encode(all)
}
