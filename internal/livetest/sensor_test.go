//go:build linux

package livetest

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
)

// alert is what the tests look at of a record.
type alert struct {
	Event struct {
		Kind, Outcome, Dataset, ID, Code string
		End, Created                     time.Time
	}
	Network struct {
		Protocol string
		VLAN     struct{ ID string }
	}
	Source, Destination struct {
		IP   string
		Port int
	}
	Rule     struct{ ID string }
	User     struct{ Name string }
	Observer struct {
		Ingress struct{ Interface struct{ Name string } }
	}
	Cleartap struct {
		Count  int
		Auth   struct{ Mechanism, Result string }
		Health health
		Attack struct{ ID, State string }
		Server struct {
			Product, Grade string
			Sessions       int
		}
	}
	at time.Time // when the test got it
}

// health is what the tests look at of a health record.
type health struct {
	State                   string
	Reasons                 []string
	Packets, Drops, Freezes uint64
	Panics                  uint64
	Flows                   struct{ Half, OneSided, Evicted, Started uint64 }
	Gaps                    struct{ Interfaces uint64 }
	Queues                  []struct{ Lost uint64 }
	Config                  struct{ Reloaded, Refused uint64 }
	Alerts                  struct{ Sent, Suppressed, Excepted uint64 }
	Memory                  struct{ Used int64 }
	Sandbox                 struct {
		User       int
		NoNewPrivs bool `json:"no_new_privs"`
		Seccomp    bool
		Landlock   int
	}
}

// canary is what every password of the tests begins with, or holds.
const canary = "Canary-"

// name is the login in one line.
func (a *alert) name() string {
	return fmt.Sprintf("%s %s %s %s %s", a.Network.Protocol, a.Cleartap.Auth.Mechanism, a.User.Name, a.Destination.IP, a.Event.Outcome)
}

// ofServer reports whether the alert is about a server as such, not about what a client did.
func (a *alert) ofServer() bool { return strings.HasPrefix(a.Rule.ID, "CT-INV-") }

// sensor is the program at work.
type sensor struct {
	t    *testing.T
	cmd  *exec.Cmd
	done chan struct{}
	err  error

	mu      sync.Mutex
	alerts  []alert
	servers []alert // those about servers
	last    health
	log     bytes.Buffer
}

// Write takes the program's standard error.
func (s *sensor) Write(p []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.log.Write(p)
}

// start runs cmd, which is the program with its arguments, and waits until it
// listens. begin starts the command where it belongs; nil does so here.
func start(t *testing.T, cmd *exec.Cmd, begin func(*exec.Cmd) error) *sensor {
	t.Helper()
	s := launch(t, cmd, begin)
	s.await("msg=listening", 20*time.Second)
	return s
}

// launch is start without waiting.
func launch(t *testing.T, cmd *exec.Cmd, begin func(*exec.Cmd) error) *sensor {
	t.Helper()
	s := &sensor{t: t, cmd: cmd, done: make(chan struct{})}
	r, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	cmd.Stdout, cmd.Stderr = w, s
	if begin == nil {
		begin = (*exec.Cmd).Start
	}
	if err := begin(cmd); err != nil {
		t.Fatal(err)
	}
	_ = w.Close()
	read := make(chan struct{})
	go func() {
		s.read(r)
		close(read)
	}()
	go func() {
		s.err = cmd.Wait()
		<-read
		close(s.done)
	}()
	t.Cleanup(func() {
		_ = cmd.Process.Kill()
		<-s.done
		if strings.Contains(s.said(), canary) {
			t.Error("a password was logged")
		}
		if t.Failed() {
			t.Logf("the sensor said:\n%s", s.said())
		}
	})
	return s
}

func (s *sensor) read(r *os.File) {
	in := bufio.NewReaderSize(r, 1<<20)
	for {
		line, err := in.ReadBytes('\n')
		if err != nil {
			return
		}
		a := alert{at: time.Now()}
		if bytes.Contains(line, []byte(canary)) {
			s.t.Error("a password was told")
		}
		if err := json.Unmarshal(line, &a); err != nil {
			s.t.Errorf("no JSON: %v", err)
			continue
		}
		s.mu.Lock()
		switch {
		case a.Event.Kind == "metric":
			s.last = a.Cleartap.Health
		case a.ofServer():
			s.servers = append(s.servers, a)
		default:
			s.alerts = append(s.alerts, a)
		}
		s.mu.Unlock()
	}
}

func (s *sensor) said() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.log.String()
}

// all gives the alerts so far, without those about servers.
func (s *sensor) all() []alert {
	s.mu.Lock()
	defer s.mu.Unlock()
	return append([]alert(nil), s.alerts...)
}

// inventoried gives the alerts about servers so far.
func (s *sensor) inventoried() []alert {
	s.mu.Lock()
	defer s.mu.Unlock()
	return append([]alert(nil), s.servers...)
}

// health gives the last health record.
func (s *sensor) health() health {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.last
}

// await waits for words in what the program says.
func (s *sensor) await(words string, limit time.Duration) {
	s.t.Helper()
	s.until(limit, "saying "+words, func() bool { return strings.Contains(s.said(), words) })
}

// until waits until ok.
func (s *sensor) until(limit time.Duration, what string, ok func() bool) {
	s.t.Helper()
	for end := time.Now().Add(limit); !ok(); time.Sleep(5 * time.Millisecond) {
		select {
		case <-s.done:
			if !ok() {
				s.t.Fatalf("the sensor ended (%v) before %s:\n%s", s.err, what, s.said())
			}
			return
		default:
		}
		if time.Now().After(end) {
			s.t.Fatalf("no %s in %v; %d alerts; the sensor said:\n%s", what, limit, len(s.all()), s.said())
		}
	}
}

// signal sends a signal.
func (s *sensor) signal(sig syscall.Signal) {
	s.t.Helper()
	if err := s.cmd.Process.Signal(sig); err != nil {
		s.t.Fatal(err)
	}
}

// stop ends the sensor as systemd would; it must end well within ten seconds.
func (s *sensor) stop() {
	s.t.Helper()
	begun := time.Now()
	s.signal(syscall.SIGTERM)
	select {
	case <-s.done:
	case <-time.After(10 * time.Second):
		s.t.Fatal("the sensor did not end within 10 s of SIGTERM")
	}
	if s.err != nil {
		s.t.Fatalf("the sensor ended with %v after %v:\n%s", s.err, time.Since(begun), s.said())
	}
}

// exitCode is that of a program that ended, -1 if it did otherwise.
func exitCode(err error) int {
	var exit *exec.ExitError
	switch {
	case err == nil:
		return 0
	case errors.As(err, &exit):
		return exit.ExitCode()
	}
	return -1
}

// names lists the logins, sorted by arrival.
func (s *sensor) names() []string {
	var out []string
	for _, a := range s.all() {
		out = append(out, a.name())
	}
	return out
}
