package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"time"

	"github.com/urfave/cli/v2"

	"cleartap/internal/config"
	"cleartap/output/elasticsearch"
)

// setupLimit is the longest that a setup may take.
const setupLimit = 2 * time.Minute

// setupCommand prepares the systems that take alerts.
func setupCommand(std *streams) *cli.Command {
	flags := []cli.Flag{
		&cli.StringFlag{Category: categoryRun, Name: "retention", Usage: "keep documents for `TIME` (default: 90d)"},
		&cli.StringFlag{Category: categoryRun, Name: "create-key", Usage: "make an API key for a sensor, with the least rights, and write it into the new `FILE`"},
		&cli.StringFlag{Category: categoryRun, Name: "key-name", Usage: "`NAME` of that key (default: cleartap)"},
		&cli.StringFlag{Category: categoryRun, Name: "key-expiration", Usage: "`TIME` after which that key ends, such as 365d (default: never)"},
		&cli.BoolFlag{Category: categoryRun, Name: "dry-run", Usage: "print what would be sent, and contact nobody"},
	}
	parent := &cli.Command{
		Name:      "setup",
		Usage:     "prepare Elasticsearch for alerts",
		ArgsUsage: "elasticsearch",
		Description: "Installs component and index templates for the data streams logs-cleartap.*-*, or brings them up to date; it may be done again at any time. " +
			"It needs more rights than a sensor: use credentials of your own. cleartap export role --setup prints what it needs.",
		Subcommands: []*cli.Command{{
			Name: "elasticsearch", Usage: "install the templates, then print the least role of a sensor's API key", Flags: append(flags, elasticsearchFlags()...),
			Action: func(c *cli.Context) error { return setupElasticsearch(c, std) },
		}},
		Action: func(c *cli.Context) error { return wantWord(c, "setup", "elasticsearch") },
	}
	subcommands(parent)
	return parent
}

// subcommands gives commands below another one their help.
func subcommands(parent *cli.Command) {
	for _, cmd := range parent.Subcommands {
		cmd.OnUsageError = usageError
		cmd.HideHelpCommand = true
		cmd.CustomHelpTemplate = subcommandHelp(parent.Name, cmd)
	}
}

// wantWord is the error of a command without the word behind it, or with a wrong one.
func wantWord(c *cli.Context, name string, words ...string) error {
	if c.NArg() == 0 {
		return usage("%s: want %s; see cleartap %s --help", name, orList(words), name)
	}
	return usage("%s: unknown %q: want %s%s", name, c.Args().First(), orList(words), config.Nearest(c.Args().First(), words))
}

func setupElasticsearch(c *cli.Context, std *streams) error {
	if c.NArg() > 0 {
		return usage("setup elasticsearch: %q: want flags only", c.Args().First())
	}
	o := elasticsearch.SetupOptions{Retention: c.String("retention")}
	steps, err := elasticsearch.Steps(o)
	if err != nil {
		return usage("--%s", err)
	}
	if c.Bool("dry-run") {
		return printSteps(std.out, steps)
	}
	e, err := elasticsearchOf(c)
	if err != nil {
		return err
	}
	if e == nil {
		return usage("setup elasticsearch: want --elasticsearch URL, or --dry-run")
	}
	conf := e.Sink()
	conf.UserAgent = "cleartap/" + version
	sink, err := elasticsearch.New(conf)
	if err != nil {
		return &outcome{exitFailed, err.Error()}
	}
	defer sink.Close() //nolint:errcheck // it cannot fail
	if conf.InClear() {
		fmt.Fprintln(std.err, "cleartap: the key or password crosses the network without TLS: use https")
	}
	ctx, cancel := context.WithTimeout(c.Context, setupLimit)
	defer cancel()
	done, err := sink.Setup(ctx, o)
	for _, s := range done {
		if s.Done != "" {
			fmt.Fprintf(std.out, "%-20s %s\n", s.Name, s.Done)
		}
	}
	if err != nil {
		return &outcome{exitFailed, err.Error()}
	}
	if file := c.String("create-key"); file != "" {
		return createKey(ctx, c, sink, file, std)
	}
	return printRole(std.out)
}

func printSteps(w io.Writer, steps []elasticsearch.Step) error {
	for _, s := range steps {
		if _, err := fmt.Fprintf(w, "PUT %s\n%s\n", s.Path, s.Body); err != nil {
			return err
		}
	}
	return printRole(w)
}

// printRole prints the request that makes a key with the least role.
func printRole(w io.Writer) error {
	role, err := elasticsearch.Role()
	if err != nil {
		return err
	}
	_, err = fmt.Fprintf(w, "\nThe least that a sensor's API key must be able to do (--create-key FILE makes one; or POST /_security/api_key):\n%s", role)
	return err
}

// createKey makes a key and keeps it in a file that its owner alone can read. The
// file is made first: a key that could not be kept would be lost.
func createKey(ctx context.Context, c *cli.Context, s *elasticsearch.Sink, path string, std *streams) error {
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if errors.Is(err, os.ErrExist) {
		return usage("--create-key %s: the file is there already: name a new one", path)
	}
	if err != nil {
		return &outcome{exitFailed, fmt.Sprintf("--create-key %s: %s", path, reason(err))}
	}
	name := c.String("key-name")
	if name == "" {
		name = "cleartap"
	}
	key, err := s.CreateKey(ctx, name, c.String("key-expiration"))
	if err == nil {
		_, err = f.WriteString(key + "\n")
	}
	if cerr := f.Close(); err == nil {
		err = cerr
	}
	if err != nil {
		_ = os.Remove(path) // it is empty
		return &outcome{exitFailed, err.Error()}
	}
	_, err = fmt.Fprintf(std.out, "%-20s written to %s\n", "API key "+name, path)
	return err
}
