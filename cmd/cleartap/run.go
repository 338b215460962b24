package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"runtime"
	"slices"
	"strings"

	"github.com/urfave/cli/v2"

	"cleartap/internal/config"
)

// The exit codes; docs and --help list them.
const (
	exitDone        = 0
	exitFailed      = 1   // no usable result
	exitUsage       = 2   // a wrong flag or argument
	exitFindings    = 3   // findings at or above --fail-on
	exitPartial     = 4   // done, but not all of the input could be read
	exitConfig      = 78  // the configuration is wrong
	exitInterrupted = 130 // stopped by a signal; the results so far were written
)

// streams are the standard files of the process.
type streams struct {
	in       io.Reader
	out, err io.Writer
}

// run runs the command line args, args[0] being the program's name, and gives
// the exit code. It is main without the process, for tests.
func run(ctx context.Context, args []string, stdin io.Reader, stdout, stderr io.Writer) (code int) {
	std := &streams{stdin, stdout, stderr}
	defer func() {
		if recover() != nil { // what was thrown may quote traffic: the place is all that is told
			fmt.Fprintf(stderr, "cleartap: a fault of the program; please report these places:\n%s", places())
			code = exitFailed
		}
	}()
	err := newApp(std).RunContext(ctx, args)
	return finish(std, err)
}

// outcome is an error that knows its exit code. With an empty text nothing is printed.
type outcome struct {
	code int
	text string
}

func (o *outcome) Error() string { return o.text }

// usage is the error of a wrong flag or argument.
func usage(format string, args ...any) error {
	return &outcome{exitUsage, fmt.Sprintf(format, args...)}
}

func finish(std *streams, err error) int {
	if err == nil {
		return exitDone
	}
	if pe := (*fs.PathError)(nil); errors.As(err, &pe) && pe.Path == os.Stdout.Name() && brokenPipe(err) {
		return exitDone // who closed the pipe has seen enough
	}
	code, o := exitFailed, (*outcome)(nil)
	if errors.As(err, &o) {
		code = o.code
	}
	if text := err.Error(); text != "" {
		fmt.Fprintf(std.err, "cleartap: %s\n", printable(text))
	}
	return code
}

func newApp(std *streams) *cli.App {
	app := &cli.App{
		Name:      "cleartap",
		Usage:     "find mail credentials that were sent without TLS",
		UsageText: "cleartap COMMAND [flags] [arguments]",
		Reader:    std.in, Writer: std.out, ErrWriter: std.err,
		HideVersion:               true, // -v means verbose
		HideHelpCommand:           true,
		DisableSliceFlagSeparator: true, // a file name may hold a comma
		Flags:                     []cli.Flag{&cli.BoolFlag{Name: "version", Usage: "print the version"}},
		Commands:                  []*cli.Command{scanCommand(std), liveCommand(std), configCommand(std), interfacesCommand(std), doctorCommand(std), testCommand(std), setupCommand(std), exportCommand(std), spoolCommand(std), inventoryCommand(std), notifyCommand(std), explainCommand(std), versionCommand(std)},
		Action:                    func(c *cli.Context) error { return noCommand(c, std) },
		OnUsageError:              usageError,
		ExitErrHandler:            func(*cli.Context, error) {},
	}
	for _, cmd := range app.Commands {
		cmd.OnUsageError = usageError
		cmd.CustomHelpTemplate = commandHelp(cmd)
	}
	app.CustomAppHelpTemplate = appHelp(app)
	return app
}

// noCommand runs when no command was named, or one that there is not.
func noCommand(c *cli.Context, std *streams) error {
	switch name := c.Args().First(); {
	case c.Bool("version"):
		return printVersion(std)
	case name == "help":
		return helpOf(c, std)
	case name == "":
		fmt.Fprint(std.err, c.App.CustomAppHelpTemplate)
		return &outcome{code: exitUsage}
	case exists(name):
		return usage("unknown command %q; to read a capture: cleartap scan %s", name, name)
	default:
		return usage("unknown command %q%s", name, hinted(config.Nearest(name, commandNames(c.App)), "see cleartap --help"))
	}
}

// helpOf prints the help of the command that stands behind the word help.
func helpOf(c *cli.Context, std *streams) error {
	text, list := c.App.CustomAppHelpTemplate, c.App.Commands
	for i, word := range c.Args().Slice()[1:] {
		at := slices.IndexFunc(list, func(cmd *cli.Command) bool { return cmd.HasName(word) })
		if at < 0 {
			path := strings.Join(c.Args().Slice()[1:i+2], " ")
			return usage("help: unknown command %q%s", path, hinted(config.Nearest(word, namesOf(list)), "see cleartap --help"))
		}
		text, list = list[at].CustomHelpTemplate, list[at].Subcommands
	}
	_, err := fmt.Fprint(std.out, text)
	return err
}

// hinted puts what to do next behind a hint at what was meant, which may be empty.
func hinted(hint, next string) string {
	if hint == "" {
		return "; " + next
	}
	if rest, ok := strings.CutPrefix(next, "see "); ok {
		next = "See " + rest
	}
	return hint + " " + next
}

func exists(path string) bool {
	_, err := os.Stat(path)
	return err == nil || path == "-"
}

func commandNames(app *cli.App) []string {
	return namesOf(app.Commands)
}

func namesOf(list []*cli.Command) []string {
	var names []string
	for _, cmd := range list {
		names = append(names, cmd.Names()...)
	}
	return names
}

// usageError words what the flag parser found.
func usageError(c *cli.Context, err error, _ bool) error {
	text := err.Error()
	name := "cleartap"
	if c.Command != nil && c.Command.HelpName != "" {
		name = c.Command.HelpName // with the commands above it
	}
	if flag, ok := strings.CutPrefix(text, "flag provided but not defined: -"); ok {
		flag = strings.TrimPrefix(flag, "-")
		return usage("unknown flag %s%s", dashed(flag), hinted(config.Nearest(dashed(flag), flagNames(c)), "see "+name+" --help"))
	}
	if flag, ok := strings.CutPrefix(text, "flag needs an argument: -"); ok {
		return usage("%s needs a value; see %s --help", dashed(strings.TrimPrefix(flag, "-")), name)
	}
	return usage("%s; see %s --help", text, name)
}

// flagNames lists the flags as they are given.
func flagNames(c *cli.Context) []string {
	flags := c.App.Flags
	if c.Command != nil && len(c.Command.Flags) > 0 {
		flags = c.Command.Flags
	}
	names := []string{"--help"}
	for _, f := range flags {
		for _, n := range f.Names() {
			names = append(names, dashed(n))
		}
	}
	return names
}

// dashed writes a flag's name as it is given.
func dashed(name string) string {
	if len(name) == 1 {
		return "-" + name
	}
	return "--" + name
}

// places lists where the program was when it panicked: functions and lines, no values.
func places() string {
	var pcs [64]uintptr
	frames := runtime.CallersFrames(pcs[:runtime.Callers(3, pcs[:])])
	var b strings.Builder
	for {
		f, more := frames.Next()
		fmt.Fprintf(&b, "  %s:%d\n", f.Function, f.Line)
		if !more {
			return b.String()
		}
	}
}
