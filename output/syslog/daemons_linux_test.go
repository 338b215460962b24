package syslog

import (
	"encoding/json"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"cleartap/internal/lab"
)

// daemon is a real receiver that writes what it understood as JSON lines.
type daemon struct {
	t     *testing.T
	dir   string
	args  []string
	cmd   *exec.Cmd
	ready []string // sockets
	ports map[string]int
}

// line is what a receiver understood of a message. Of structured data each has its
// own way to tell.
type line struct {
	Pri, Host, App, MsgID, Msg, Raw string
	All                             string            // rsyslog: all JSON properties
	SDATA                           map[string]any    `json:"_SDATA"` // syslog-ng
	Flat                            map[string]string `json:"-"`
}

// packages gives the folder in which the receivers are.
func packages(t *testing.T) (string, bool) {
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

// program is a command line for a program of the packages.
func program(root, path string, args ...string) []string {
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

func freePort(t *testing.T) int {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return l.Addr().(*net.TCPAddr).Port
}

func newDaemon(t *testing.T) *daemon {
	t.Helper()
	dir, err := os.MkdirTemp("", "syslog") // paths of sockets must be short
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(dir) })
	d := &daemon{t: t, dir: dir, ports: map[string]int{}}
	for _, name := range []string{"udp", "tcp", "tls", "lf", "mutual"} {
		d.ports[name] = freePort(t)
	}
	return d
}

// rsyslog makes a real rsyslogd. driver is its TLS library: gtls or ossl.
func rsyslog(t *testing.T, root string, a *authority, driver string) *daemon {
	t.Helper()
	d := newDaemon(t)
	conf := fmt.Sprintf(`global(workDirectory="%[1]s" net.enableDNS="off" defaultNetstreamDriverCAFile="%[2]s/ca.pem"
  defaultNetstreamDriverCertFile="%[2]s/server.pem" defaultNetstreamDriverKeyFile="%[2]s/server.key")
module(load="imudp") module(load="imptcp") module(load="imuxsock" SysSock.Use="off") module(load="mmjsonparse") module(load="mmpstrucdata")
module(load="imtcp")
template(name="out" type="list" option.jsonf="on") {
  property(outname="Pri" name="pri" format="jsonf") property(outname="Host" name="hostname" format="jsonf") property(outname="App" name="app-name" format="jsonf")
  property(outname="MsgID" name="msgid" format="jsonf") property(outname="Msg" name="msg" format="jsonf") property(outname="Raw" name="rawmsg" format="jsonf")
  property(outname="All" name="$!all-json" format="jsonf") }
ruleset(name="all") {
  action(type="mmpstrucdata")
  action(type="mmjsonparse")
  action(type="omfile" file="%[1]s/out" template="out")
}
input(type="imudp" address="127.0.0.1" port="%[3]d" ruleset="all")
input(type="imptcp" address="127.0.0.1" port="%[4]d" ruleset="all")
input(type="imtcp" address="127.0.0.1" port="%[5]d" ruleset="all" StreamDriver.Name="%[7]s" StreamDriver.Mode="1" StreamDriver.AuthMode="x509/name" PermittedPeer=["sensor.example.org"])
input(type="imtcp" address="127.0.0.1" port="%[6]d" ruleset="all")
input(type="imuxsock" socket="%[1]s/dgram" ruleset="all" RateLimit.Interval="0" UseSysTimeStamp="off")
`, d.dir, a.dir, d.ports["udp"], d.ports["tcp"], d.ports["mutual"], d.ports["lf"], driver)
	modules, _ := filepath.Glob(root + "/usr/lib/*-linux-gnu/rsyslog")
	d.write("conf", conf)
	d.args = program(root, "/usr/sbin/rsyslogd", "-n", "-f", d.dir+"/conf", "-i", d.dir+"/pid", "-M", modules[0])
	d.ready = []string{"tcp", "mutual", "lf"}
	return d
}

// syslogNG makes a real syslog-ng.
func syslogNG(t *testing.T, root string, a *authority) *daemon {
	t.Helper()
	d := newDaemon(t)
	conf := fmt.Sprintf(`@version: 3.35
options { keep-hostname(yes); use-dns(no); log-msg-size(65536); stats-freq(0); flush-lines(1); };
source all {
  network(ip("127.0.0.1") transport("udp") port(%[3]d) flags(syslog-protocol));
  syslog(ip("127.0.0.1") transport("tcp") port(%[4]d));
  syslog(ip("127.0.0.1") transport("tls") port(%[5]d) tls(key-file("%[2]s/server.key") cert-file("%[2]s/server.pem") ca-file("%[2]s/ca.pem") peer-verify(required-trusted)));
  network(ip("127.0.0.1") transport("tcp") port(%[6]d) flags(syslog-protocol));
  unix-dgram("%[1]s/dgram");
  unix-stream("%[1]s/stream");
};
destination out { file("%[1]s/out" template("$(format-json Pri=$PRI Host=$HOST App=$PROGRAM MsgID=$MSGID Msg=$MESSAGE --key .SDATA.*)\n")); };
log { source(all); destination(out); flags(flow-control); };
`, d.dir, a.dir, d.ports["udp"], d.ports["tcp"], d.ports["mutual"], d.ports["lf"])
	d.write("conf", conf)
	modules, _ := filepath.Glob(root + "/usr/lib/syslog-ng/3*")
	d.args = program(root, "/usr/sbin/syslog-ng", "-F", "--no-caps", "-f", d.dir+"/conf", "-p", d.dir+"/pid", "-R", d.dir+"/persist", "-c", d.dir+"/ctl", "--module-path", modules[0])
	d.ready = []string{"tcp", "mutual", "lf"}
	return d
}

func (d *daemon) write(name, text string) {
	d.t.Helper()
	if err := os.WriteFile(filepath.Join(d.dir, name), []byte(text), 0o600); err != nil {
		d.t.Fatal(err)
	}
}

// start starts the daemon and waits until it listens.
func (d *daemon) start() {
	d.t.Helper()
	d.cmd = exec.Command(d.args[0], d.args[1:]...)
	log, err := os.OpenFile(d.dir+"/log", os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		d.t.Fatal(err)
	}
	defer log.Close()
	d.cmd.Stdout, d.cmd.Stderr = log, log
	d.cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	_ = os.Remove(d.dir + "/pid")
	if err := d.cmd.Start(); err != nil {
		d.t.Fatal(err)
	}
	cmd := d.cmd
	d.t.Cleanup(func() { _ = cmd.Process.Kill(); _ = cmd.Wait() })
	for end := time.Now().Add(20 * time.Second); time.Now().Before(end); time.Sleep(20 * time.Millisecond) {
		if d.listens() {
			return
		}
	}
	text, _ := os.ReadFile(d.dir + "/log")
	d.t.Fatalf("%s does not listen: %s", d.args[3], text)
}

func (d *daemon) listens() bool {
	for _, name := range d.ready {
		c, err := net.Dial("tcp", d.addr(name))
		if err != nil {
			return false
		}
		_ = c.Close()
	}
	return true
}

func (d *daemon) addr(name string) string { return "127.0.0.1:" + strconv.Itoa(d.ports[name]) }

// kill ends the daemon at once, as a crash would.
func (d *daemon) kill() {
	_ = d.cmd.Process.Kill()
	_ = d.cmd.Wait()
}

// lines gives what was written so far.
func (d *daemon) lines() []line {
	d.t.Helper()
	text, _ := os.ReadFile(d.dir + "/out")
	var all []line
	for _, s := range strings.Split(string(text), "\n") {
		var l line
		if s == "" || json.Unmarshal([]byte(s), &l) != nil {
			continue // a line that is being written, or was when it was killed
		}
		l.flatten()
		all = append(all, l)
	}
	return all
}

// flatten collects the pairs of our structured data.
func (l *line) flatten() {
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

// wait waits until n messages were written, and a moment more for those that should not be.
func (d *daemon) wait(n int) []line {
	d.t.Helper()
	for end := time.Now().Add(20 * time.Second); time.Now().Before(end); time.Sleep(20 * time.Millisecond) {
		if got := d.lines(); len(got) >= n {
			return got
		}
	}
	text, _ := os.ReadFile(d.dir + "/log")
	d.t.Fatalf("%d messages were written, not %d: %s", len(d.lines()), n, text)
	return nil
}
