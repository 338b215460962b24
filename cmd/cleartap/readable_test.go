package main

import (
	"context"
	"fmt"
	"io"
	"os"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/urfave/cli/v2"

	"cleartap/capture"
	"cleartap/docs"
)

// On a terminal every page of a rule fits, and loses nothing but Markdown.
func TestPagesFitTerminals(t *testing.T) {
	for _, id := range ruleIDs() {
		page, remedy, err := docs.Rule(id)
		if err != nil {
			t.Fatal(err)
		}
		got := readable(page + "\n" + remedy)
		for line := range strings.SplitSeq(got, "\n") {
			if utf8.RuneCountInString(line) > helpWidth && strings.Contains(strings.TrimSpace(line), " ") {
				t.Errorf("%s: %q", id, line)
			}
		}
		if strings.Contains(got, "|---") || strings.Contains(got, "](") || strings.Contains(got, "**") {
			t.Errorf("%s: Markdown is left", id)
		}
		for _, word := range []string{"## What it means", "Dovecot 2.3"} {
			if !strings.Contains(strings.ToUpper(got), strings.ToUpper(strings.TrimLeft(word, "# "))) {
				t.Errorf("%s: %q is missing", id, word)
			}
		}
	}
}

func TestReadable(t *testing.T) {
	got := readable("# A [b](c.md)\n\n| | |\n|---|---|\n| Key | one |\n\n## Then\n\n- first\n  goes on\n- second **x**\n\n| a | b | c |\n|---|---|---|\n| 1 | 2 | 3 |\n")
	const want = "A b\n\nKey: one\n\nTHEN\n\n- first goes on\n- second x\n\n1: 2\n  c: 3\n"
	if strings.TrimRight(got, "\n")+"\n" != want {
		t.Errorf("got\n%q\nwant\n%q", got, want)
	}
}

// Every help fits into 80 columns, and every hint at a help names a command that there is.
func TestHelpFits(t *testing.T) {
	app := newApp(&streams{strings.NewReader(""), io.Discard, io.Discard})
	var walk func(path []string, list []*cli.Command)
	walk = func(path []string, list []*cli.Command) {
		for _, cmd := range list {
			here := append(path[:len(path):len(path)], cmd.Name)
			for line := range strings.SplitSeq(cmd.CustomHelpTemplate, "\n") {
				if len(line) > helpWidth {
					t.Errorf("%v: %q", here, line)
				}
			}
			var told strings.Builder
			args := append(here[:len(here):len(here)], "--no-such-flag")
			if code := run(t.Context(), append([]string{"cleartap"}, args...), strings.NewReader(""), io.Discard, &told); code != exitUsage {
				t.Errorf("%v: exit code %d", args, code)
			}
			if want := fmt.Sprintf("ee cleartap %s --help", strings.Join(here, " ")); !strings.Contains(told.String(), want) {
				t.Errorf("%v: %q, want %q", args, told.String(), want)
			}
			walk(here, cmd.Subcommands)
		}
	}
	walk(nil, app.Commands)
}

// Ctrl-C reaches all programs of a pipe. What the one in front writes as it ends is read,
// and the end is that of the input.
func TestInterruptedPipeIsReadToItsEnd(t *testing.T) {
	data := captureOf(t, login)
	for _, command := range []string{"scan", "inventory"} {
		in, more, err := os.Pipe()
		if err != nil {
			t.Fatal(err)
		}
		ctx, interrupt := context.WithCancel(t.Context())
		var out, told strings.Builder
		done := make(chan int)
		go func() { done <- run(ctx, []string{"cleartap", command, "-"}, in, &out, &told) }()
		if _, err := more.Write(data[:len(data)-10]); err != nil {
			t.Fatal(err)
		}
		interrupt()
		if _, err := more.Write(data[len(data)-10:]); err != nil {
			t.Fatal(err)
		}
		if err := more.Close(); err != nil {
			t.Fatal(err)
		}
		if code := <-done; code != exitDone || strings.Contains(told.String(), "cleartap:") {
			t.Errorf("%s: exit code %d: %s", command, code, told.String())
		}
		if out.Len() == 0 {
			t.Errorf("%s: nothing was found", command)
		}
		_ = in.Close()
	}
}

// Where the input goes on, the scan ends all the same, and a record that is cut there is
// no fault of the input.
func TestInterruptedPipeThatGoesOn(t *testing.T) {
	data := captureOf(t, login)
	in, more, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	defer more.Close()
	defer in.Close()
	ctx, interrupt := context.WithCancel(t.Context())
	var told strings.Builder
	if _, err := more.Write(data[:len(data)-10]); err != nil {
		t.Fatal(err)
	}
	time.AfterFunc(lastWords/10, interrupt)
	if code := run(ctx, []string{"cleartap", "scan", "-"}, in, io.Discard, &told); code != exitInterrupted || strings.Contains(told.String(), "offset") {
		t.Errorf("exit code %d: %s", code, told.String())
	}
	cut := &capture.Problem{Path: capture.Stdin, Kind: capture.Truncated}
	if !endedByUser(ctx, cut) || endedByUser(t.Context(), cut) || endedByUser(ctx, &capture.Problem{Path: "x", Kind: capture.Truncated}) {
		t.Error("what is a fault and what is not")
	}
}
