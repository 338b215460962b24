//go:build linux

package main

import (
	"bytes"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"syscall"
	"testing"
)

// live plays the dialogues before a live sensor, as a process of its own: at the most
// talkative level, with receivers that refuse or are away, a full disk, statistics on
// demand, and in the end a fatal signal. Then it looks at all that was left behind.
func (s *suite) live(t *testing.T) {
	if os.Geteuid() != 0 {
		t.Log("left out, a live sensor needs root")
		return
	}
	dir := t.TempDir()
	spool := filepath.Join(dir, "spool")
	small := t.TempDir()
	if err := syscall.Mount("tmpfs", small, "tmpfs", 0, "size=64k"); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := syscall.Unmount(small, 0); err != nil {
			t.Error(err)
		}
	})
	full, servers := filepath.Join(small, "full.jsonl"), filepath.Join(dir, "inventory.db")
	es := newQuoter(t)
	port := s.listen(t)
	for _, end := range []syscall.Signal{syscall.SIGTERM, syscall.SIGQUIT} {
		cmd := exec.Command("cleartap", "live", "-i", "lo", "--ports", port, "--sandbox", "off", "--suppress", "0", "--alert-rate", "100000", "--stats-interval", "1s", "--log-level", "debug",
			"--usernames", "full", "--secret-marks", "--sensor-name", "s", "--spool", spool, "--elasticsearch", es.URL, "--syslog", "tcp://127.0.0.1:1",
			"-o", filepath.Join(dir, "o.jsonl"), "-o", filepath.Join(dir, "o.csv"), "-o", filepath.Join(dir, "o.eve.json"), "-o", full)
		cmd.Env = append(os.Environ(), "GOTRACEBACK=single", "CLEARTAP_ELASTICSEARCH_API_KEY=id:key",
			"CLEARTAP_INVENTORY_PATH="+servers, "CLEARTAP_SIGNALS_STATE="+filepath.Join(dir, "signals.state"))
		cmd.Dir = dir // a core dump would lie here
		s.sense(t, cmd, port, end)
	}
	s.written["elasticsearch, live"] = es.got.Bytes()
	s.keep(t, dir)
	s.keep(t, small)
	for _, args := range [][]string{{"status"}, {"status", "--json"}, {"verify"}, {"dump"}, {"dead-letter"}, {"dead-letter", "--json"}} {
		told := s.run(t, []int{exitDone, exitPartial}, nil, append(append([]string{"spool"}, args...), spool)...)
		if len(told) < 50 {
			t.Errorf("spool %q: nothing was there to look at: %q", args, told)
		}
	}
	for _, args := range [][]string{{"inventory", "--format", "json"}, {"inventory", "--format", "shadowserver"}, {"notify"}} {
		if told := s.run(t, []int{exitDone}, nil, append(args, "--db", servers)...); !strings.Contains(told, "127.0.0.1") {
			t.Errorf("%q: the server is not there: %q", args, told)
		}
	}
	for _, name := range []string{"signals.state", "inventory.db"} {
		if len(s.written[filepath.Join(dir, name)]) == 0 {
			t.Errorf("%s was not written", name)
		}
	}
}

// sense runs the sensor while all dialogues are spoken, and ends it.
func (s *suite) sense(t *testing.T, cmd *exec.Cmd, port string, end syscall.Signal) {
	t.Helper()
	var out, errs lockedBuffer
	cmd.Stdout, cmd.Stderr = &out, &errs
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	ended := false
	defer func() {
		if !ended {
			_ = cmd.Process.Kill()
			_ = cmd.Wait()
		}
	}()
	waitFor(t, "the sensor to listen", func() bool { return strings.Contains(errs.String(), "msg=listening") }, errs.String)
	s.checkLimits(t, cmd.Process.Pid)
	file := filepath.Join(cmd.Dir, "o.jsonl")
	before := loginsIn(file)
	s.speak(t, port)
	waitFor(t, "logins", func() bool { return loginsIn(file) > before+1000 }, errs.String)
	if err := cmd.Process.Signal(syscall.SIGUSR1); err != nil {
		t.Fatal(err)
	}
	waitFor(t, "statistics", func() bool { return strings.Contains(errs.String(), `"dataset":"cleartap.health"`) }, errs.String)
	if err := cmd.Process.Signal(end); err != nil {
		t.Fatal(err)
	}
	_ = cmd.Wait() // SIGQUIT is meant to end it badly
	ended = true
	s.written[fmt.Sprintf("live, %s", end)] = []byte(out.String() + errs.String())
}

// loginsIn counts the logins that a file tells of.
func loginsIn(path string) int {
	text, _ := os.ReadFile(path) // it may not be there yet
	return bytes.Count(text, []byte(`"code":"CT-CRED-`))
}

// checkLimits looks at what keeps memory of the process from the disk.
func (s *suite) checkLimits(t *testing.T, pid int) {
	t.Helper()
	limits, err := os.ReadFile(fmt.Sprintf("/proc/%d/limits", pid))
	if err != nil || !regexp.MustCompile(`Max core file size +0 +0 `).Match(limits) {
		t.Errorf("%v: a core file may be written: %s", err, limits)
	}
}

// listen takes connections on loopback.
func (s *suite) listen(t *testing.T) (port string) {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	s.listener = l
	t.Cleanup(func() { l.Close() })
	_, port, _ = net.SplitHostPort(l.Addr().String())
	return port
}

// speak holds every dialogue over a connection of its own, one after the other.
func (s *suite) speak(t *testing.T, port string) {
	t.Helper()
	for i := range s.dialogues {
		client, err := net.Dial("tcp", "127.0.0.1:"+port)
		if err != nil {
			t.Fatal(err)
		}
		server, err := s.listener.Accept()
		if err != nil {
			t.Fatal(err)
		}
		ends := [2]net.Conn{client, server}
		for _, p := range s.dialogues[i].parts {
			to := ends[p.Dir.Other()]
			var wg sync.WaitGroup
			wg.Go(func() {
				if _, err := io.CopyN(io.Discard, to, int64(len(p.Bytes))); err != nil {
					t.Errorf("%s: %v", s.dialogues[i].name, err)
				}
			})
			if _, err := ends[p.Dir].Write(p.Bytes); err != nil {
				t.Fatal(err)
			}
			wg.Wait()
		}
		client.Close()
		server.Close()
	}
}
