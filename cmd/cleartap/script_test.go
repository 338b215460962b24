package main

import (
	"errors"
	"os"
	"os/exec"
	"strconv"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"
)

func TestMain(m *testing.M) {
	testscript.Main(m, map[string]func(){"cleartap": func() { version = "0.0.0-test"; main() }, "mkpcap": mkpcap, "mkmmdb": mkmmdb})
}

// Each file of testdata is a session at a shell: commands, what they must print,
// and the files that they need.
func TestScripts(t *testing.T) {
	testscript.Run(t, testscript.Params{
		Dir:           "testdata",
		Cmds:          map[string]func(*testscript.TestScript, bool, []string){"exits": exits, "makespool": makeSpool, "damage": damageSpool},
		UpdateScripts: os.Getenv("UPDATE_SCRIPTS") != "",
	})
}

// exits is a command of the scripts: exits CODE PROGRAM ARG...
func exits(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 2 {
		ts.Fatalf("usage: exits CODE PROGRAM ARG...")
	}
	code, err := 0, ts.Exec(args[1], args[2:]...)
	if exit := (*exec.ExitError)(nil); errors.As(err, &exit) {
		code, err = exit.ExitCode(), nil
	}
	ts.Check(err)
	if strconv.Itoa(code) != args[0] {
		ts.Fatalf("exit code %d, want %s", code, args[0])
	}
}
