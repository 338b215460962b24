// Package testnode runs a real Elasticsearch node for tests: the server as it is
// published on Maven Central, with security, TLS and API keys on. Its one job is
// a node that is up within seconds and can be killed, stopped, filled and
// misconfigured; its invariant is that nothing of it outlives the test process.
// The licence of the server allows to use it, not to ship it with us: it is
// fetched when tests run, and only tests import this package.
package testnode

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"

	"cleartap/internal/testenv"
)

// The administrator of a node.
const (
	Admin    = "admin"
	Password = "testnode-admin"
)

// Options are how a node is started. The zero value is a node with TLS.
type Options struct {
	Dir      string   // for configuration and data; it must exist, and be empty or a node's
	Port     int      // 0: any that is free
	NoTLS    bool     // speak plain HTTP
	Settings []string // "name=value"
}

// Node is a node, running or not.
type Node struct {
	opts  Options
	build string
	java  []string // further options of the JVM
	Port  int
	CA    *Authority // that signed the node's certificate
	// Cert and Key are files of a client certificate for the administrator's requests,
	// where the node wants one.
	Cert, Key string

	cmd   *exec.Cmd
	stdin io.WriteCloser
	log   *os.File
}

// New prepares a node and starts it.
func New(o Options) (*Node, error) {
	home, err := home()
	if err != nil {
		return nil, err
	}
	n := &Node{opts: o, build: home, java: []string{"-XX:SharedArchiveFile=" + filepath.Join(home, archive)}, Port: o.Port}
	if n.Port == 0 {
		if n.Port, err = testenv.FreePort(); err != nil {
			return nil, err
		}
	}
	if err := n.configure(); err != nil {
		return nil, err
	}
	err = n.Start()
	return n, err
}

// URL is the address of the node, by the name in its certificate.
func (n *Node) URL() string {
	scheme := "https"
	if n.opts.NoTLS {
		scheme = "http"
	}
	return scheme + "://localhost:" + strconv.Itoa(n.Port)
}

// CAFile is the PEM file of the authority.
func (n *Node) CAFile() string { return n.config("ca.pem") }

func (n *Node) config(name string) string { return filepath.Join(n.opts.Dir, "config", name) }

// startLimit is the longest that a start or an end may take on a busy machine.
const startLimit = 5 * time.Minute

// Start starts the node and waits until it serves requests.
func (n *Node) Start() error {
	args := append([]string{
		"-Xms256m", "-Xmx512m", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1", "-Xshare:auto",
		"-Des.nativelibs.path=" + filepath.Join(n.build, "lib", "platform", "linux-x64"),
	}, n.java...)
	args = append(args, "-cp", filepath.Join(n.build, "lib", "*"), "cleartap.boot.Boot", n.build, filepath.Join(n.opts.Dir, "config"))
	args = append(args, n.settings()...)
	n.cmd = exec.Command("java", args...) //nolint:gosec // our own arguments
	n.cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	var err error
	if n.log, err = os.Create(filepath.Join(n.opts.Dir, "log")); err != nil {
		return err
	}
	n.cmd.Stderr = n.log
	if n.stdin, err = n.cmd.StdinPipe(); err != nil {
		return err
	}
	out, err := n.cmd.StdoutPipe()
	if err != nil {
		return err
	}
	if err := n.cmd.Start(); err != nil {
		return fmt.Errorf("testnode: %w (internal/tools/setup.sh test installs what is needed)", err)
	}
	ready := make(chan bool, 1)
	go func() {
		lines := bufio.NewScanner(out)
		for lines.Scan() {
			if strings.HasPrefix(lines.Text(), "ready ") {
				ready <- true
			}
		}
		close(ready)
	}()
	select {
	case ok := <-ready:
		if ok {
			return nil
		}
	case <-time.After(startLimit):
	}
	n.Kill()
	return fmt.Errorf("testnode: the node did not start:\n%s", n.Log())
}

func (n *Node) settings() []string {
	tls := strconv.FormatBool(!n.opts.NoTLS)
	list := []string{
		"cluster.name=testnode", "node.name=testnode", "discovery.type=single-node", "network.host=127.0.0.1",
		"http.port=" + strconv.Itoa(n.Port), "transport.port=0", "path.data=" + filepath.Join(n.opts.Dir, "data"), "path.logs=" + filepath.Join(n.opts.Dir, "logs"),
		"cluster.routing.allocation.disk.threshold_enabled=false",
		"xpack.security.enabled=true", "xpack.security.authc.api_key.enabled=true", "xpack.security.http.ssl.enabled=" + tls,
		"resource.reload.interval.high=500ms", // certificates are read again that often
	}
	if !n.opts.NoTLS {
		list = append(list, "xpack.security.http.ssl.key=http.key", "xpack.security.http.ssl.certificate=http.pem",
			"xpack.security.http.ssl.certificate_authorities=ca.pem", "xpack.security.http.ssl.client_authentication=optional")
	}
	return append(list, n.opts.Settings...)
}

// Log is what the node wrote.
func (n *Node) Log() string {
	b, err := os.ReadFile(filepath.Join(n.opts.Dir, "log"))
	if err != nil {
		return err.Error()
	}
	return string(b)
}

// Pid is the process of the node.
func (n *Node) Pid() int { return n.cmd.Process.Pid }

// Kill ends the node at once, as a failure of power would.
func (n *Node) Kill() {
	_ = n.cmd.Process.Signal(syscall.SIGCONT) // whether it is there shows below
	_ = n.cmd.Process.Kill()
	_ = n.cmd.Wait() // it was killed
	n.log.Close()
}

// Stop ends the node in order. Start brings it back with its data.
func (n *Node) Stop() error {
	_ = n.cmd.Process.Signal(syscall.SIGCONT) // whether it is there shows below
	if err := n.stdin.Close(); err != nil {
		return err
	}
	ended := make(chan error, 1)
	go func() { ended <- n.cmd.Wait() }()
	defer n.log.Close()
	select {
	case err := <-ended:
		return err
	case <-time.After(startLimit):
		_ = n.cmd.Process.Kill()
		return errors.New("testnode: it did not end by itself")
	}
}

// Freeze stops the process: connections are accepted, nothing is answered.
func (n *Node) Freeze() error { return n.cmd.Process.Signal(syscall.SIGSTOP) }

// Thaw lets it go on.
func (n *Node) Thaw() error { return n.cmd.Process.Signal(syscall.SIGCONT) }

// run runs a command to its end.
func run(ctx context.Context, dir, name string, args ...string) error {
	cmd := exec.CommandContext(ctx, name, args...)
	cmd.Dir = dir
	out, err := cmd.CombinedOutput()
	if err != nil {
		return fmt.Errorf("testnode: %s: %w\n%s", name, err, out)
	}
	return nil
}
