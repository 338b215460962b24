//go:build linux

// Package testbroker runs a real Kafka broker for tests: the server as it is
// published on Maven Central, one node in KRaft mode, with listeners in clear, with
// TLS and client certificates, and with SASL. Its one job is a broker that is up
// within seconds and can be killed and frozen; its invariant is that nothing of it
// outlives the test process. Only tests import it.
package testbroker

import (
	"context"
	"crypto/sha256"
	_ "embed"
	"encoding/hex"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"

	"cleartap/internal/testenv"
)

//go:embed project/pom.xml
var pom []byte

// The user of the SASL listener.
const (
	User     = "sensor"
	Password = "testbroker-sensor"
)

// Options are how a broker is started.
type Options struct {
	Dir string // for its data; it must exist, and be empty or a broker's
	// Keys is a PEM file of the broker's key and certificate, Trust one of those that
	// sign clients. Without them there is no TLS listener.
	Keys, Trust string
}

// Broker is a broker, running or not.
type Broker struct {
	opts  Options
	jars  string
	ports [4]int // clear, tls, sasl, controller
	cmd   *exec.Cmd
	over  chan struct{} // closed when cmd is
}

// New prepares a broker and starts it.
func New(o Options) (*Broker, error) {
	jars, err := fetch()
	if err != nil {
		return nil, err
	}
	b := &Broker{opts: o, jars: jars}
	for i := range b.ports {
		if b.ports[i], err = testenv.FreePort(); err != nil {
			return nil, err
		}
	}
	if err := b.format(); err != nil {
		return nil, err
	}
	err = b.Start()
	return b, err
}

// Clear is the address without TLS, TLS the one that wants client certificates, SASL
// the one that wants a login, by PLAIN or SCRAM.
func (b *Broker) Clear() string { return b.at(0) }

// TLS is the address that wants client certificates.
func (b *Broker) TLS() string { return b.at(1) }

// SASL is the address that wants a login.
func (b *Broker) SASL() string { return b.at(2) }

func (b *Broker) at(i int) string { return "127.0.0.1:" + strconv.Itoa(b.ports[i]) }

// fetchLimit is the longest that the first run may take to fetch 44 MB.
const fetchLimit = 10 * time.Minute

// fetch gives the folder of the jars, fetched by Maven when they are not in the
// user's cache yet. Processes that want them at the same time wait for the first.
func fetch() (string, error) {
	sum := sha256.Sum256(pom)
	dir, err := testenv.Cached("testbroker-"+hex.EncodeToString(sum[:8]), func(dir string) error {
		if err := errors.Join(os.RemoveAll(filepath.Join(dir, "jars")), os.WriteFile(filepath.Join(dir, "pom.xml"), pom, 0o600)); err != nil {
			return err
		}
		ctx, cancel := context.WithTimeout(context.Background(), fetchLimit)
		defer cancel()
		cmd := exec.CommandContext(ctx, "mvn", "-q", "-B", "dependency:copy-dependencies", "-DincludeScope=runtime", "-DoutputDirectory=jars")
		cmd.Dir = dir
		if out, err := cmd.CombinedOutput(); err != nil {
			return fmt.Errorf("testbroker: mvn: %w (internal/tools/setup.sh test installs what is needed)\n%s", err, out)
		}
		return nil
	})
	return filepath.Join(dir, "jars"), err
}

// format writes the configuration and makes the storage, unless it is there.
func (b *Broker) format() error {
	path := filepath.Join(b.opts.Dir, "server.properties")
	if err := os.WriteFile(path, []byte(b.properties()), 0o600); err != nil {
		return err
	}
	if _, err := os.Stat(filepath.Join(b.opts.Dir, "data")); err == nil {
		return nil
	}
	scram := fmt.Sprintf("SCRAM-SHA-512=[name=%s,password=%s]", User, Password)
	scram256 := fmt.Sprintf("SCRAM-SHA-256=[name=%s,password=%s]", User, Password)
	out, err := b.java("kafka.tools.StorageTool", "format", "-t", "MkU3OEVBNTcwNTJENDM2Qg", "-c", path, "--add-scram", scram, "--add-scram", scram256).CombinedOutput()
	if err != nil {
		return fmt.Errorf("testbroker: format: %w\n%s", err, out)
	}
	return nil
}

func (b *Broker) properties() string {
	listeners, advertised := "CLEAR://"+b.at(0)+",LOGIN://"+b.at(2)+",CONTROLLER://"+b.at(3), "CLEAR://"+b.at(0)+",LOGIN://"+b.at(2)
	var tls string
	if b.opts.Keys != "" {
		listeners, advertised = listeners+",TLS://"+b.at(1), advertised+",TLS://"+b.at(1)
		tls = "ssl.keystore.type=PEM\nssl.keystore.location=" + b.opts.Keys + "\nssl.truststore.type=PEM\nssl.truststore.location=" + b.opts.Trust + "\nssl.client.auth=required\n"
	}
	return strings.Join([]string{
		"process.roles=broker,controller", "node.id=1", "controller.quorum.voters=1@" + b.at(3), "controller.listener.names=CONTROLLER",
		"listeners=" + listeners, "advertised.listeners=" + advertised, "inter.broker.listener.name=CLEAR",
		"listener.security.protocol.map=CLEAR:PLAINTEXT,CONTROLLER:PLAINTEXT,TLS:SSL,LOGIN:SASL_PLAINTEXT",
		"listener.name.login.sasl.enabled.mechanisms=PLAIN,SCRAM-SHA-256,SCRAM-SHA-512",
		`listener.name.login.plain.sasl.jaas.config=org.apache.kafka.common.security.plain.PlainLoginModule required user_` + User + `="` + Password + `";`,
		"listener.name.login.scram-sha-256.sasl.jaas.config=org.apache.kafka.common.security.scram.ScramLoginModule required;",
		"listener.name.login.scram-sha-512.sasl.jaas.config=org.apache.kafka.common.security.scram.ScramLoginModule required;",
		"log.dirs=" + filepath.Join(b.opts.Dir, "data"), "auto.create.topics.enable=false", "message.max.bytes=65536",
		"offsets.topic.replication.factor=1", "transaction.state.log.replication.factor=1", "transaction.state.log.min.isr=1",
		"group.initial.rebalance.delay.ms=0", tls,
	}, "\n")
}

func (b *Broker) java(class string, args ...string) *exec.Cmd {
	all := append([]string{"-Xmx384m", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1", "-cp", filepath.Join(b.jars, "*"), class}, args...)
	return exec.Command("java", all...) //nolint:gosec // our own arguments
}

// startLimit is the longest that a start may take on a busy machine.
const startLimit = 2 * time.Minute

// Start starts the broker and waits until it answers.
func (b *Broker) Start() error {
	log, err := os.OpenFile(filepath.Join(b.opts.Dir, "log"), os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	defer log.Close()
	cmd, over := b.java("kafka.Kafka", filepath.Join(b.opts.Dir, "server.properties")), make(chan struct{})
	cmd.Stdout, cmd.Stderr = log, log
	if err := testenv.Start(cmd, func(error) { close(over) }); err != nil { // its log says why it ended
		return fmt.Errorf("testbroker: %w (internal/tools/setup.sh test installs what is needed)", err)
	}
	b.cmd, b.over = cmd, over
	for end := time.Now().Add(startLimit); time.Now().Before(end) && !b.ended(); time.Sleep(50 * time.Millisecond) {
		if b.answers() {
			return nil
		}
	}
	b.Kill()
	return fmt.Errorf("testbroker: it does not answer:\n%s", b.Log())
}

// ended reports whether the process is over.
func (b *Broker) ended() bool {
	select {
	case <-b.over:
		return true
	default:
		return false
	}
}

// apiVersions is the request that a client begins with: 10 bytes, key 18 in version 0,
// number 1, no client id (https://kafka.apache.org/protocol).
var apiVersions = []byte{0, 0, 0, 10, 0, 18, 0, 0, 0, 0, 0, 1, 0xff, 0xff}

// answers asks the broker something: connections are taken before it works.
func (b *Broker) answers() bool {
	c, err := net.DialTimeout("tcp", b.Clear(), time.Second)
	if err != nil {
		return false
	}
	defer func() { _ = c.Close() }()
	_ = c.SetDeadline(time.Now().Add(time.Second)) // then Read fails
	if _, err = c.Write(apiVersions); err != nil {
		return false
	}
	_, err = c.Read(make([]byte, 4))
	return err == nil
}

// Log is what the broker wrote.
func (b *Broker) Log() string {
	text, _ := os.ReadFile(filepath.Join(b.opts.Dir, "log"))
	return string(text)
}

// Kill ends the broker at once, as a failure of power would.
func (b *Broker) Kill() {
	if b.cmd == nil {
		return
	}
	_ = b.cmd.Process.Kill() // it may be over
	<-b.over
}

// Freeze stops the process: connections are accepted, nothing is answered.
func (b *Broker) Freeze() error { return b.cmd.Process.Signal(syscall.SIGSTOP) }

// Thaw lets it go on.
func (b *Broker) Thaw() error { return b.cmd.Process.Signal(syscall.SIGCONT) }
