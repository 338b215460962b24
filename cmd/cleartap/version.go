package main

import (
	"fmt"
	"runtime"
	"runtime/debug"

	"github.com/urfave/cli/v2"
)

// version is the version of this build; releases set it when they are linked.
var version = "0.1.0-dev"

func versionCommand(std *streams) *cli.Command {
	return &cli.Command{
		Name:   "version",
		Usage:  "print version, revision and build",
		Action: func(*cli.Context) error { return printVersion(std) },
	}
}

func printVersion(std *streams) error {
	revision, dirty := "unknown", ""
	if info, ok := debug.ReadBuildInfo(); ok {
		for _, s := range info.Settings {
			switch {
			case s.Key == "vcs.revision":
				revision = s.Value
			case s.Key == "vcs.modified" && s.Value == "true":
				dirty = ", modified"
			}
		}
	}
	_, err := fmt.Fprintf(std.out, "cleartap %s\nrevision %s%s\n%s %s/%s\n", version, revision, dirty, runtime.Version(), runtime.GOOS, runtime.GOARCH)
	return err
}
