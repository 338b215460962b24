//go:build linux

package deliverytest

import (
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"regexp"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"cleartap/internal/testenv"
)

// sensor is the program at work.
type sensor struct {
	t    *testing.T
	mail *mail
	cmd  *exec.Cmd
	done chan struct{}
	err  error

	mu  sync.Mutex
	log bytes.Buffer
}

// Write takes what the program says.
func (s *sensor) Write(p []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.log.Write(p)
}

func (s *sensor) said() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.log.String()
}

// launch starts a live sensor that listens for logins at a mail server.
func launch(t *testing.T, m *mail, args ...string) *sensor {
	t.Helper()
	return launchBy(t, nil, m, args...)
}

// launchBy is launch by another program, which runs what follows.
func launchBy(t *testing.T, by []string, m *mail, args ...string) *sensor {
	t.Helper()
	line := append(append([]string{}, by...), program, "live", "-i", "lo", "--ports", m.port, "--sensor-name", "sensor1", "--log-level", "debug",
		"--suppress", "0", "--alert-rate", "1000000")
	line = append(line, args...)
	s := &sensor{t: t, mail: m, cmd: exec.Command(line[0], line[1:]...), done: make(chan struct{})}
	s.cmd.Stdout, s.cmd.Stderr = s, s
	if err := testenv.Start(s.cmd, func(err error) { s.err = err; close(s.done) }); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(s.kill)
	return s
}

// ready waits until it listens.
func (s *sensor) ready() *sensor {
	s.t.Helper()
	s.hears("msg=listening")
	return s
}

// keepsNothing holds the process against what keeps secrets out of files: no core dumps,
// and nobody but root may look into its memory.
func (s *sensor) keepsNothing() {
	s.t.Helper()
	limits, err := os.ReadFile(fmt.Sprintf("/proc/%d/limits", s.cmd.Process.Pid))
	if err != nil || !regexp.MustCompile(`Max core file size +0 +0 `).Match(limits) {
		s.t.Errorf("core dumps are on: %v\n%s", err, limits)
	}
	if st, err := os.Stat(fmt.Sprintf("/proc/%d/environ", s.cmd.Process.Pid)); err != nil || st.Sys().(*syscall.Stat_t).Uid != 0 {
		s.t.Errorf("the process is dumpable: %v", err)
	}
}

// hears waits until the program has said something.
func (s *sensor) hears(words string) {
	s.t.Helper()
	s.until("the sensor to say "+words, func() bool { return strings.Contains(s.said(), words) })
}

// until waits until something holds.
func (s *sensor) until(what string, holds func() bool) {
	s.t.Helper()
	for end := time.Now().Add(time.Minute); !holds(); time.Sleep(10 * time.Millisecond) {
		select {
		case <-s.done:
			s.t.Fatalf("the sensor ended (%v); waited for %s:\n%s", s.err, what, s.said())
		default:
		}
		if time.Now().After(end) {
			s.t.Fatalf("waited in vain for %s:\n%s", what, s.said())
		}
	}
}

// reload has it read its configuration again.
func (s *sensor) reload() {
	s.t.Helper()
	const done = "configuration read again"
	before := strings.Count(s.said(), done)
	if err := s.cmd.Process.Signal(syscall.SIGHUP); err != nil {
		s.t.Fatal(err)
	}
	s.until("the reload", func() bool { return strings.Count(s.said(), done) > before })
}

// kill ends it at once.
func (s *sensor) kill() {
	_ = s.cmd.Process.Kill() // it may have ended
	<-s.done
	noSecret(s.t, "the log", []byte(s.said()))
}

// stop ends it as systemd would.
func (s *sensor) stop() {
	s.t.Helper()
	if err := s.cmd.Process.Signal(syscall.SIGTERM); err != nil {
		s.t.Fatal(err)
	}
	select {
	case <-s.done:
	case <-time.After(20 * time.Second):
		s.t.Fatalf("the sensor did not end:\n%s", s.said())
	}
	if s.err != nil {
		s.t.Errorf("the sensor ended with %v:\n%s", s.err, s.said())
	}
}
