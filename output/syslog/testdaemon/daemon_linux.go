// Package testdaemon runs real syslog receivers for tests: rsyslog and syslog-ng as
// Debian has them, unpacked under the user's cache. Its one job is a receiver that
// is up within a second, writes down what it understood, and can be killed; its
// invariant is that nothing of it outlives the test. Only tests import it.
package testdaemon

import (
	"encoding/json"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"cleartap/internal/lab"
	"cleartap/internal/testenv"
)

// Daemon is a real receiver that writes what it understood as JSON lines.
type Daemon struct {
	t     testing.TB
	Dir   string // its configuration, its sockets, and what it wrote
	args  []string
	held  []net.Listener // so that nobody else takes its ports before it starts
	kill  func()         // and waits
	Ready []string       // names of the ports that Start waits for
	Ports map[string]int // udp, tcp, lf (lines), tls, mutual (with client certificates)
}

// Line is what a receiver understood of a message. Of structured data each has its
// own way to tell.
type Line struct {
	Pri, Host, App, MsgID, Msg, Raw string
	All                             string            // rsyslog: all JSON properties
	SDATA                           map[string]any    `json:"_SDATA"` // syslog-ng
	Flat                            map[string]string `json:"-"`
}

// Packages gives the folder in which the receivers are.
func Packages(t testing.TB) (string, bool) {
	t.Helper()
	if why, ok := lab.Debian(); !ok {
		t.Log("left out, rsyslog and syslog-ng do not run here: " + why)
		return "", false
	}
	root, release, err := lab.Packages("syslog", func(s string) { t.Log(s) }, []string{"rsyslog", "rsyslog-gnutls", "rsyslog-openssl"}, []string{"syslog-ng-core"})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(release)
	return root, true
}

// Program is a command line for a program of the packages.
func Program(root, path string, args ...string) []string {
	libraries := root + "/usr/lib/x86_64-linux-gnu:" + root + "/usr/lib/syslog-ng"
	if m, err := filepath.Glob(root + "/usr/lib/*-linux-gnu"); err == nil && len(m) > 0 {
		libraries = m[0] + ":" + root + "/usr/lib/syslog-ng"
	}
	loaders, _ := filepath.Glob(root + "/usr/lib*/ld-linux*.so.*")
	if len(loaders) == 0 {
		loaders, _ = filepath.Glob(root + "/usr/lib/*-linux-gnu/ld-linux*.so.*")
	}
	return append([]string{loaders[0], "--library-path", libraries, root + path}, args...)
}

func newDaemon(t testing.TB) *Daemon {
	t.Helper()
	dir, err := os.MkdirTemp("", "syslog") // paths of sockets must be short
	if err != nil {
		t.Fatal(err)
	}
	d := &Daemon{t: t, Dir: dir, Ports: map[string]int{}}
	t.Cleanup(func() {
		d.Release()
		_ = os.RemoveAll(dir)
	})
	for _, name := range []string{"udp", "tcp", "tls", "lf", "mutual"} {
		l, err := testenv.Listen()
		if err != nil {
			t.Fatal(err)
		}
		d.held, d.Ports[name] = append(d.held, l), testenv.Port(l)
	}
	return d
}

// Write writes a file of the daemon's folder.
func (d *Daemon) Write(name, text string) {
	d.t.Helper()
	if err := os.WriteFile(filepath.Join(d.Dir, name), []byte(text), 0o600); err != nil {
		d.t.Fatal(err)
	}
}

// Start starts the daemon and waits until it listens.
func (d *Daemon) Start() {
	d.t.Helper()
	cmd := exec.Command(d.args[0], d.args[1:]...)
	log, err := os.OpenFile(d.Dir+"/log", os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		d.t.Fatal(err)
	}
	defer log.Close()
	cmd.Stdout, cmd.Stderr = log, log
	_ = os.Remove(d.Dir + "/pid")
	d.Release()
	over := make(chan struct{})
	if err := testenv.Start(cmd, func(error) { close(over) }); err != nil {
		d.t.Fatal(err)
	}
	d.kill = func() { _ = cmd.Process.Kill(); <-over }
	d.t.Cleanup(d.kill)
	for end := time.Now().Add(time.Minute); time.Now().Before(end); time.Sleep(20 * time.Millisecond) {
		if d.listens() {
			return
		}
	}
	text, _ := os.ReadFile(d.Dir + "/log")
	d.t.Fatalf("%s does not listen: %s", d.args[3], text)
}

// Release lets the ports go that are kept for a daemon until it starts: then nobody
// listens there.
func (d *Daemon) Release() {
	for _, l := range d.held {
		_ = l.Close()
	}
	d.held = nil
}

// listens looks at what the kernel says of the ports. Nobody connects: rsyslog 8.2302
// with OpenSSL closes the file number of a connection that ends twice.
func (d *Daemon) listens() bool {
	table, err := os.ReadFile("/proc/net/tcp")
	if err != nil {
		d.t.Fatal(err)
	}
	for _, name := range d.Ready {
		if !strings.Contains(string(table), fmt.Sprintf(":%04X 00000000:0000 0A ", d.Ports[name])) {
			return false
		}
	}
	return true
}

// Addr is the address of a port.
func (d *Daemon) Addr(name string) string { return "127.0.0.1:" + strconv.Itoa(d.Ports[name]) }

// Kill ends the daemon at once, as a crash would.
func (d *Daemon) Kill() {
	d.kill()
}

// Lines gives what was written so far.
func (d *Daemon) Lines() []Line {
	d.t.Helper()
	text, _ := os.ReadFile(d.Dir + "/out")
	var all []Line
	for _, s := range strings.Split(string(text), "\n") {
		var l Line
		if s == "" || json.Unmarshal([]byte(s), &l) != nil {
			continue // a line that is being written, or was when it was killed
		}
		l.flatten()
		all = append(all, l)
	}
	return all
}

// flatten collects the pairs of our structured data.
func (l *Line) flatten() {
	l.Flat = map[string]string{}
	var all struct {
		SD map[string]map[string]string `json:"rfc5424-sd"`
	}
	if json.Unmarshal([]byte(l.All), &all) == nil {
		for k, v := range all.SD["cleartap@32473"] {
			l.Flat[k] = v
		}
	}
	if m, ok := l.SDATA["cleartap@32473"].(map[string]any); ok {
		for k, v := range m {
			l.Flat[k], _ = v.(string)
		}
	}
}

// Wait waits until n messages were written, and a moment more for those that should not be.
func (d *Daemon) Wait(n int) []Line {
	d.t.Helper()
	for end := time.Now().Add(time.Minute); time.Now().Before(end); time.Sleep(20 * time.Millisecond) {
		if got := d.Lines(); len(got) >= n {
			return got
		}
	}
	text, _ := os.ReadFile(d.Dir + "/log")
	d.t.Fatalf("%d messages were written, not %d: %s", len(d.Lines()), n, text)
	return nil
}
