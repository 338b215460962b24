package main

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"io"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"
)

// login is a dialogue with one login.
const login = `from 10.1.0.7:40001 to 192.0.2.25:143
S: * OK IMAP4rev1 ready
C: a1 LOGIN alice Canary-5ecret
S: a1 OK logged in
`

// captureOf gives a capture of dialogues.
func captureOf(t *testing.T, dialogues ...string) []byte {
	t.Helper()
	dir := t.TempDir()
	args := []string{filepath.Join(dir, "out.pcap")}
	for i, d := range dialogues {
		path := filepath.Join(dir, string(rune('a'+i))+".txt")
		if err := os.WriteFile(path, []byte(d), 0o600); err != nil {
			t.Fatal(err)
		}
		args = append(args, path)
	}
	if out, err := exec.Command("mkpcap", args...).CombinedOutput(); err != nil {
		t.Fatalf("mkpcap: %v: %s", err, out)
	}
	data, err := os.ReadFile(args[0])
	if err != nil {
		t.Fatal(err)
	}
	return data
}

// started is a scan of standard input that has printed its first alert and waits for more.
type started struct {
	*exec.Cmd
	in     io.WriteCloser
	pipe   io.Closer // the reading end of its standard output
	out    *bufio.Reader
	errors bytes.Buffer
}

func start(t *testing.T, args ...string) *started {
	t.Helper()
	s := &started{Cmd: exec.Command("cleartap", append([]string{"scan"}, args...)...)}
	s.Stderr = &s.errors
	var err error
	if s.in, err = s.StdinPipe(); err != nil {
		t.Fatal(err)
	}
	out, err := s.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	s.pipe, s.out = out, bufio.NewReader(out)
	if err := s.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Process.Kill() }) // it has ended, unless the test failed
	if _, err := s.in.Write(captureOf(t, login)); err != nil {
		t.Fatal(err)
	}
	line, err := s.out.ReadString('\n')
	if err != nil || !strings.Contains(line, `"user":{"name":"alice"}`) {
		t.Fatalf("first line %q, %v, %s", line, err, s.errors.String())
	}
	return s
}

func (s *started) code(t *testing.T) int {
	t.Helper()
	_, _ = io.Copy(io.Discard, s.out)
	err := s.Wait()
	if exit := (*exec.ExitError)(nil); err != nil && !errors.As(err, &exit) {
		t.Fatal(err)
	}
	return s.ProcessState.ExitCode()
}

// An alert is printed as soon as it is known, not at the end of the input; and
// the first signal ends the scan with all that was found.
func TestInterruptKeepsResults(t *testing.T) {
	for _, sig := range []syscall.Signal{syscall.SIGINT, syscall.SIGTERM, syscall.SIGHUP} {
		if signal.Ignored(sig) { // the tests run under nohup
			continue
		}
		file := filepath.Join(t.TempDir(), "out.jsonl")
		s := start(t, "-o", file, "-")
		if err := s.Process.Signal(sig); err != nil {
			t.Fatal(err)
		}
		begin := time.Now()
		if code := s.code(t); code != exitInterrupted {
			t.Errorf("%s: exit code %d", sig, code)
		}
		if time.Since(begin) > 20*time.Second {
			t.Errorf("%s: took %s", sig, time.Since(begin))
		}
		if got := s.errors.String(); !strings.Contains(got, "interrupted: these are the results so far") || !strings.Contains(got, "1 login without TLS") {
			t.Errorf("%s: %s", sig, got)
		}
		if got, err := os.ReadFile(file); err != nil || bytes.Count(got, []byte(`"code":"CT-CRED-002"`)) != 1 || bytes.Count(got, []byte("\n")) != 2 {
			t.Errorf("%s: the file holds %q, %v", sig, got, err)
		}
	}
}

// An interrupted scan that prints nothing but its summary says so, too.
func TestInterruptWithoutOutput(t *testing.T) {
	in, more := io.Pipe()
	defer more.Close()
	ctx, cancel := context.WithCancel(context.Background())
	go func() {
		_, _ = more.Write(captureOf(t, login)[:100]) // returns when it was read
		cancel()
	}()
	var out, errs bytes.Buffer
	code := run(ctx, []string{"cleartap", "scan", "--format", "none", "-"}, in, &out, &errs)
	if code != exitInterrupted || out.Len() > 0 || !strings.Contains(errs.String(), "interrupted: these are the results so far") {
		t.Errorf("exit code %d: %s%s", code, out.String(), errs.String())
	}
}

// A reader that has seen enough ends the scan quietly.
func TestBrokenPipeIsNoFault(t *testing.T) {
	s := &started{Cmd: exec.Command("cleartap", "scan", "-q", "-")}
	s.Stderr = &s.errors
	r, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	s.Stdout = w
	if s.in, err = s.StdinPipe(); err != nil {
		t.Fatal(err)
	}
	if err := s.Start(); err != nil {
		t.Fatal(err)
	}
	w.Close()
	r.Close()
	_, _ = s.in.Write(captureOf(t, login)) // the scan may have ended already
	defer s.in.Close()
	if err := s.Wait(); err != nil || s.errors.Len() > 0 {
		t.Errorf("%v: %s", err, s.errors.String())
	}
}

// With another output the scan goes on without its reader.
func TestBrokenPipeLeavesOtherOutputs(t *testing.T) {
	file := filepath.Join(t.TempDir(), "out.csv")
	s := start(t, "-q", "-o", file, "-")
	s.pipe.Close()
	data := captureOf(t, strings.Replace(login, "10.1.0.7", "10.1.0.8", 1))
	for range 2 {
		if _, err := s.in.Write(data[24:]); err != nil {
			t.Fatal(err)
		}
	}
	s.in.Close()
	if err := s.Wait(); err != nil || s.errors.Len() > 0 {
		t.Errorf("%v: %s", err, s.errors.String())
	}
	if got, err := os.ReadFile(file); err != nil || bytes.Count(got, []byte("CT-CRED")) < 2 {
		t.Errorf("the file holds %q, %v", got, err)
	}
}
