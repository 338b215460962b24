package main

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"cleartap/capture"
	"cleartap/detectors"
	"cleartap/output"
	"cleartap/reassembly"
)

var sample = &output.Alert{Message: "message", User: output.User{Name: "alice"}}

// What was written to a file that cannot be finished is kept under a name that
// says so, the file of before stays, and the other outputs go on.
func TestFailedFileIsKept(t *testing.T) {
	dir := t.TempDir()
	bad, good := filepath.Join(dir, "bad.jsonl"), filepath.Join(dir, "good.jsonl")
	if err := os.WriteFile(bad, []byte("of before"), 0o600); err != nil {
		t.Fatal(err)
	}
	var stdout bytes.Buffer
	s, err := openSinks(&options{format: "jsonl", files: []string{bad, good}}, &stdout)
	if err != nil {
		t.Fatal(err)
	}
	s.write(t.Context(), sample)
	if err := s.all[1].w.Flush(); err != nil {
		t.Fatal(err)
	}
	s.note(s.all[1], &os.PathError{Op: "write", Path: bad, Err: syscall.ENOSPC}) // as a full disk would
	s.write(t.Context(), sample)
	err = s.finish()
	if err == nil || err.Error() != bad+": no space left on device; what was written is in "+bad+".partial" {
		t.Errorf("got %v", err)
	}
	for path, want := range map[string]int{bad: 0, bad + ".partial": 1, good: 2} {
		if got, err := os.ReadFile(path); err != nil || bytes.Count(got, []byte("\n")) != want {
			t.Errorf("%s: %d lines, %v", filepath.Base(path), bytes.Count(got, []byte("\n")), err)
		}
	}
	if strings.Count(stdout.String(), "\n") != 2 {
		t.Errorf("standard output: %q", stdout.String())
	}
	if left, _ := filepath.Glob(filepath.Join(dir, ".*")); left != nil {
		t.Errorf("left over: %q", left)
	}
}

// What an earlier run kept stays as it is.
func TestKeptFilesStay(t *testing.T) {
	path := filepath.Join(t.TempDir(), "out")
	for i, want := range []string{path + ".partial", path + ".partial-2", path + ".partial-3"} {
		f, err := createPending(path)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := f.WriteString(string(rune('a' + i))); err != nil {
			t.Fatal(err)
		}
		if got := f.keep(); got != want {
			t.Errorf("kept as %s, want %s", got, want)
		}
	}
	if got, err := os.ReadFile(path + ".partial"); string(got) != "a" {
		t.Errorf("the first is %q, %v", got, err)
	}
}

// The same holds for a file that was written to its end and cannot be put in its place.
func TestFileThatCannotBePlacedIsKept(t *testing.T) {
	path := filepath.Join(t.TempDir(), "out.jsonl")
	s, err := openSinks(&options{format: "none", files: []string{path}}, io.Discard)
	if err != nil {
		t.Fatal(err)
	}
	s.write(t.Context(), sample)
	if err := os.Mkdir(path, 0o700); err != nil { // somebody took the name meanwhile
		t.Fatal(err)
	}
	if err := s.finish(); err == nil || !strings.HasSuffix(err.Error(), "; what was written is in "+path+".partial") {
		t.Errorf("got %v", err)
	}
	if got, err := os.ReadFile(path + ".partial"); err != nil || bytes.Count(got, []byte("\n")) != 1 {
		t.Errorf("kept: %q, %v", got, err)
	}
}

type closedPipe struct{}

func (closedPipe) Write([]byte) (int, error) {
	return 0, &os.PathError{Op: "write", Path: "/dev/stdout", Err: syscall.EPIPE}
}

func TestClosedPipeIsNoError(t *testing.T) {
	s, err := openSinks(&options{format: "jsonl"}, closedPipe{})
	if err != nil {
		t.Fatal(err)
	}
	s.write(t.Context(), sample)
	s.flush()
	if s.left != 0 || !brokenPipe(s.all[0].err) {
		t.Errorf("%d sinks left, error %v", s.left, s.all[0].err)
	}
	if err := s.finish(); err != nil {
		t.Errorf("got %v", err)
	}
}

func TestOpenSinksLeavesNothingBehind(t *testing.T) {
	dir := t.TempDir()
	_, err := openSinks(&options{format: "none", files: []string{filepath.Join(dir, "a.csv"), filepath.Join(dir, "none", "b.csv")}}, nil)
	if o := (*outcome)(nil); !errors.As(err, &o) || o.code != exitFailed {
		t.Errorf("got %v", err)
	}
	if left, _ := filepath.Glob(filepath.Join(dir, "*")); left != nil {
		t.Errorf("left over: %q", left)
	}
	if left, _ := filepath.Glob(filepath.Join(dir, ".*")); left != nil {
		t.Errorf("left over: %q", left)
	}
}

// No format keeps a text of an alert: each writes the same when the alerts' memory is
// overwritten behind every call.
func TestWritersKeepNothing(t *testing.T) {
	rule, _ := detectors.RuleByID("CT-CRED-001")
	for _, format := range []string{"table", "jsonl", "csv", "eve", "ocsf"} {
		var want, got bytes.Buffer
		own, shared := newWriter(format, &want, false), newWriter(format, &got, false)
		r, a := output.Redactor{Policy: &output.Policy{Version: "1"}}, output.Alert{}
		for i := range 300 {
			f := detectors.Finding{Rule: rule, Severity: detectors.High, Observation: detectors.Observation{
				Kind: detectors.Login, Protocol: "pop3", Result: detectors.Success, Sides: 2,
				Flow:    reassembly.Flow{Client: netip.MustParseAddrPort(fmt.Sprintf("192.0.2.%d:%d", i%200, i%2*1024)), Server: netip.MustParseAddrPort("198.51.100.1:110"), Start: 1e18},
				Mark:    capture.Mark{Time: 1e18 + capture.Nanos(i)*1e9},
				Attempt: detectors.Attempt{Command: detectors.UserPass, Mechanism: detectors.MechUserPass, Class: detectors.Password, Identity: fmt.Sprint("user", i)},
			}}
			alone := output.Redact(&f, output.Where{Path: "x.pcap"}, r.Policy)
			r.To(&a, &f, output.Where{Path: "x.pcap"})
			if err := errors.Join(own.Write(&alone), shared.Write(&a)); err != nil {
				t.Fatal(err)
			}
		}
		if err := errors.Join(own.Flush(), shared.Flush()); err != nil || !bytes.Equal(want.Bytes(), got.Bytes()) || bytes.Count(want.Bytes(), []byte("user2")) < 100 {
			t.Errorf("%s: %v, %d bytes, want %d", format, err, got.Len(), want.Len())
		}
	}
}
