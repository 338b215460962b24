//go:build unix

// Package testenv has what tests share that start real programs: the program under test
// as it is released, ports, and folders of the user's cache that are filled once. Its
// invariant: what it gives is whole, however many processes ask for it at the same time.
package testenv

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"syscall"
	"testing"
)

// Program builds cleartap at path as it is released: static, without the race detector.
func Program(path string) error {
	build := exec.Command("go", "build", "-o", path, "cleartap/cmd/cleartap") //nolint:gosec // our own program
	build.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := build.CombinedOutput(); err != nil {
		return fmt.Errorf("build the program: %w\n%s", err, out)
	}
	return nil
}

// Run is the rest of a TestMain: it builds the program, puts its path into program, and
// runs the tests.
func Run(m *testing.M, program *string) (code int) {
	dir, err := os.MkdirTemp("", "cleartap-test-")
	if err != nil {
		fmt.Println(err)
		return 1
	}
	defer func() { _ = os.RemoveAll(dir) }()
	*program = filepath.Join(dir, "cleartap")
	if err := Program(*program); err != nil {
		fmt.Println(err)
		return 1
	}
	return m.Run()
}

// Listen takes a port of TCP on 127.0.0.1 below those that the kernel gives to
// connections: between closing it and using it, none of them takes it.
func Listen() (net.Listener, error) {
	var err error
	for range 100 {
		var l net.Listener
		if l, err = net.Listen("tcp", "127.0.0.1:"+strconv.Itoa(20_000+rand.IntN(12_000))); err == nil { //nolint:gosec // no secret
			return l, nil
		}
	}
	return nil, fmt.Errorf("no port is free: %w", err)
}

// Port is the port of a listener.
func Port(l net.Listener) int { return l.Addr().(*net.TCPAddr).Port }

// FreePort is a port of TCP that nobody has now, as Listen gives it.
func FreePort() (int, error) {
	l, err := Listen()
	if err != nil {
		return 0, err
	}
	return Port(l), l.Close()
}

// Cached gives a folder of the user's cache. fill fills it when that was not done yet;
// what a try that failed has left is still there then. Who wants the folder at the same
// time waits. The name tells one content from another.
func Cached(name string, fill func(dir string) error) (dir string, err error) {
	cache, err := os.UserCacheDir()
	if err != nil {
		return "", err
	}
	dir = filepath.Join(cache, "cleartap", name)
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return "", err
	}
	unlock, err := lock(filepath.Join(dir, "lock"))
	if err != nil {
		return "", err
	}
	defer unlock()
	whole := filepath.Join(dir, "whole")
	if _, err := os.Stat(whole); err == nil {
		return dir, nil
	}
	if err := fill(dir); err != nil {
		return "", err
	}
	return dir, os.WriteFile(whole, nil, 0o600)
}

// Python gives an interpreter that has packages, in an environment of the user's cache.
func Python(name string, packages ...string) (interpreter string, err error) {
	inside := filepath.Join("bin", "python")
	dir, err := Cached(name, func(dir string) error {
		install := append([]string{filepath.Join(dir, inside), "-m", "pip", "install", "-q"}, packages...)
		for _, args := range [][]string{{"python3", "-m", "venv", dir}, install} {
			if out, err := exec.Command(args[0], args[1:]...).CombinedOutput(); err != nil { //nolint:gosec // our own arguments
				return fmt.Errorf("%v: %w\n%s", args, err, out)
			}
		}
		return nil
	})
	return filepath.Join(dir, inside), err
}

// lock waits until no other process holds the file.
func lock(path string) (unlock func(), err error) {
	f, err := os.OpenFile(path, os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return nil, err
	}
	for {
		err = syscall.Flock(int(f.Fd()), syscall.LOCK_EX) //nolint:gosec // a descriptor
		if !errors.Is(err, syscall.EINTR) {
			break
		}
	}
	if err != nil {
		return nil, errors.Join(err, f.Close())
	}
	return func() { _ = f.Close() }, nil
}
