package main

import (
	"fmt"
	"strings"
	"time"

	"github.com/urfave/cli/v2"

	"cleartap/internal/config"
)

// configCommand is about the configuration: what is in it, and whether it is right.
func configCommand(std *streams) *cli.Command {
	file := &cli.StringFlag{Category: categoryRun, Name: "config", Aliases: []string{"c"}, Usage: "read `FILE` (default: " + config.DefaultPath + ", if it is there)"}
	parent := &cli.Command{
		Name:        "config",
		Usage:       "print, check or begin a configuration",
		ArgsUsage:   "check | show | init",
		Description: "check finds mistakes in the file and the environment; show prints what is in force and where each value came from, secrets as stars; init prints a file to begin with.",
		Subcommands: []*cli.Command{
			{Name: "check", ArgsUsage: "[FILE]", Usage: "find mistakes in the configuration", Flags: []cli.Flag{file}, Action: func(c *cli.Context) error { return configCheck(c, std) }},
			{Name: "show", ArgsUsage: "[FILE]", Usage: "print the configuration in force, with origins", Flags: []cli.Flag{file}, Action: func(c *cli.Context) error { return configShow(c, std) }},
			{Name: "init", Usage: "print a configuration that explains every setting", Action: func(c *cli.Context) error { return configInit(c, std) }},
		},
		Action: func(c *cli.Context) error { return configUnknown(c) },
	}
	for _, cmd := range parent.Subcommands {
		cmd.OnUsageError = usageError
		cmd.HideHelpCommand = true
		cmd.CustomHelpTemplate = subcommandHelp(parent.Name, cmd)
	}
	return parent
}

func configUnknown(c *cli.Context) error {
	words := []string{"check", "show", "init"}
	if c.NArg() == 0 {
		return usage("config: want %s; see cleartap config --help", orList(words))
	}
	return usage("config: unknown %q: want %s%s", c.Args().First(), orList(words), config.Nearest(c.Args().First(), words))
}

// configured reads the configuration that a subcommand is about. A path may also
// stand as the argument.
func configured(c *cli.Context) (*config.Loaded, error) {
	path := configPath(c)
	switch {
	case c.NArg() > 1 || c.NArg() == 1 && c.IsSet("config"):
		return nil, usage("config %s: one file at a time", c.Command.Name)
	case c.NArg() == 1 && strings.HasPrefix(c.Args().First(), "-"):
		return nil, usage("config %s: %s stands behind the file: flags go in front", c.Command.Name, c.Args().First())
	case c.NArg() == 1:
		path = c.Args().First()
	}
	return loadConfig(path, nil)
}

func configCheck(c *cli.Context, std *streams) error {
	l, err := configured(c)
	if err != nil {
		return err
	}
	if _, err := livePolicy(l); err != nil {
		return &outcome{exitConfig, err.Error()}
	}
	faults, warnings := doubts(l, time.Now())
	for _, w := range warnings {
		fmt.Fprintf(std.err, "cleartap: warning: %s\n", printable(w))
	}
	if len(faults) > 0 {
		return &outcome{exitConfig, "the configuration is wrong:\n" + strings.Join(faults, "\n")}
	}
	name := l.Path
	if name == "" {
		name = "no file (" + config.DefaultPath + " is not there), defaults and environment"
	}
	_, err = fmt.Fprintf(std.out, "%s: good; %s, %s, %s\n", name, count(len(l.Capture.Interfaces), "interface"), count(len(l.Outputs), "output"), count(len(l.Exceptions), "exception"))
	return err
}

func configShow(c *cli.Context, std *streams) error {
	l, err := configured(c)
	if err != nil {
		return err
	}
	return l.Show(std.out)
}

func configInit(c *cli.Context, std *streams) error {
	if c.NArg() > 0 {
		return usage("config init: %q: it prints to standard output; write cleartap config init > %s", c.Args().First(), c.Args().First())
	}
	_, err := fmt.Fprint(std.out, config.Example())
	return err
}

// subcommandHelp is the help of a command below another one.
func subcommandHelp(parent string, cmd *cli.Command) string {
	var b strings.Builder
	title(&b, "cleartap "+parent+" "+cmd.Name, cmd.Usage)
	fmt.Fprintf(&b, "\nUSAGE\n  cleartap %s %s", parent, cmd.Name)
	if len(cmd.Flags) > 0 {
		b.WriteString(" [flags]")
	}
	if cmd.ArgsUsage != "" {
		b.WriteString(" " + cmd.ArgsUsage)
	}
	b.WriteByte('\n')
	flagHelp(&b, cmd.Flags)
	return b.String()
}
