//go:build linux

package lab

import (
	"bufio"
	"fmt"
	"io"
	"net/netip"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"testing"
	"time"
)

// TestMain says once what cannot be tested here, and is also the program that
// TestNothingOutlivesAKilledProcess kills.
func TestMain(m *testing.M) {
	if os.Getenv("LAB_TEST_VICTIM") != "" {
		victim()
		return
	}
	if why, ok := Available(); !ok {
		fmt.Println("left out: tests of the lab, because " + why)
	}
	os.Exit(m.Run())
}

// open gives a lab of the test's own; nil means that none can be had here, which
// TestMain has told.
func open(t *testing.T) *Lab {
	t.Helper()
	if _, ok := Available(); !ok {
		return nil
	}
	l, err := Open(func(s string) { t.Log(s) })
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(l.Close)
	return l
}

// echo answers one connection with what it sends.
func echo(t *testing.T, l *Lab, at netip.AddrPort) {
	t.Helper()
	ln, err := l.Server.Listen(at)
	if err != nil {
		t.Fatal(err)
	}
	go func() {
		defer ln.Close()
		c, err := ln.Accept()
		if err != nil {
			return
		}
		defer c.Close()
		_, _ = io.Copy(c, c)
	}()
}

func TestHostsHaveNamesAndAnAccount(t *testing.T) {
	l := open(t)
	if l == nil {
		return
	}
	for _, h := range []*Host{l.Client, l.Server, l.Sensor} {
		out, err := h.Run(h.Command("/bin/hostname"), 5*time.Second)
		if err != nil || out != h.Name+"\n" {
			t.Errorf("%s calls itself %q, %v", h.Name, out, err)
		}
	}
	out, err := l.Client.Run(As(l.Client.Command("/bin/sh", "-c", "id -un; pwd; touch x && ls")), 5*time.Second)
	if err != nil || out != "person\n/home/person\nx\n" {
		t.Errorf("a person on the client host sees %q, %v", out, err)
	}
	out, err = l.Client.Run(l.Client.Command("/bin/sh", "-c", "touch /usr/x || echo read-only"), 5*time.Second)
	if err != nil || !strings.Contains(out, "read-only\n") {
		t.Errorf("the root can be written: %q, %v", out, err)
	}
}

func TestRunEndsWhatTakesTooLong(t *testing.T) {
	l := open(t)
	if l == nil {
		return
	}
	start := time.Now()
	if _, err := l.Client.Run(l.Client.Command("/bin/sleep", "100"), 50*time.Millisecond); err == nil {
		t.Error("a program that takes too long is no error")
	}
	if took := time.Since(start); took > 20*time.Second {
		t.Errorf("it took %v", took)
	}
}

func TestNothingIsLeftAfterClose(t *testing.T) {
	l := open(t)
	if l == nil {
		return
	}
	p, err := l.Server.Start(l.Server.Command("/bin/sh", "-c", "setsid sleep 1000 & setsid sleep 1000 & wait"))
	if err != nil {
		t.Fatal(err)
	}
	l.Close()
	if p.Running() {
		t.Error("a process still runs")
	}
	if err := l.world.first.Process.Signal(os.Signal(nil)); err == nil {
		t.Error("the lab's first process still runs")
	}
	mounts, err := os.ReadFile("/proc/self/mountinfo")
	if err != nil {
		t.Fatal(err)
	}
	if strings.Contains(string(mounts), l.world.root) {
		t.Error("a mount of the lab is seen outside of it")
	}
	if text := l.Read(CertFile); text != "" {
		t.Error("a file of the lab is still there")
	}
}

// victim opens a lab, leaves a daemon in it, tells the daemon's process number as
// the host sees it, and waits to be killed.
func victim() {
	l, err := Open(nil)
	if err != nil {
		fmt.Println("error", err)
		return
	}
	p, err := l.Server.Start(l.Server.Command("/bin/sleep", "1000"))
	if err != nil {
		fmt.Println("error", err)
		return
	}
	fmt.Println(p.cmd.Process.Pid)
	select {}
}

func TestNothingOutlivesAKilledProcess(t *testing.T) {
	if _, ok := Available(); !ok {
		return
	}
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(os.Environ(), "LAB_TEST_VICTIM=1")
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	line, err := bufio.NewReader(out).ReadString('\n')
	_ = cmd.Process.Kill()
	_ = cmd.Wait()
	if err != nil {
		t.Fatal(err)
	}
	pid, err := strconv.Atoi(strings.TrimSpace(line))
	if err != nil {
		t.Fatal(line)
	}
	stat := fmt.Sprintf("/proc/%d/stat", pid)
	for limit := time.Now().Add(20 * time.Second); ; time.Sleep(10 * time.Millisecond) {
		text, err := os.ReadFile(stat)
		if err != nil || strings.Contains(string(text), ") Z ") {
			return
		}
		if time.Now().After(limit) {
			t.Fatal("a process of the lab outlived the one that opened it")
		}
	}
}
