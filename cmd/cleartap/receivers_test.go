package main

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"cleartap/output"
)

// taker is a syslog receiver over TCP that counts octets.
type taker struct {
	addr string
	mu   sync.Mutex
	got  []string
	wg   sync.WaitGroup
}

func newTaker(t *testing.T) *taker {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	k := &taker{addr: l.Addr().String()}
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			k.wg.Go(func() { k.serve(c) })
		}
	}()
	return k
}

func (k *taker) serve(c net.Conn) {
	defer c.Close()
	in := bufio.NewReader(c)
	for {
		head, err := in.ReadString(' ')
		if err != nil {
			return
		}
		n, err := strconv.Atoi(strings.TrimSpace(head))
		if err != nil {
			return
		}
		b := make([]byte, n)
		if _, err := io.ReadFull(in, b); err != nil {
			return
		}
		k.mu.Lock()
		k.got = append(k.got, string(b))
		k.mu.Unlock()
	}
}

func (k *taker) messages() []string {
	k.mu.Lock()
	defer k.mu.Unlock()
	return append([]string(nil), k.got...)
}

const someLogins = "../../pcaps/cyrus.pcap"

// A scan sends each alert that it prints, and has been heard when it ends.
func TestScanSendsToSyslog(t *testing.T) {
	k := newTaker(t)
	dir := t.TempDir()
	eve, ocsf := filepath.Join(dir, "a.eve.json"), filepath.Join(dir, "a.ocsf.json")
	code, out, errs := cliRun(t, "scan", "--format", "jsonl", "--syslog", "tcp://"+k.addr, "--syslog-format", "json-cee", "-o", eve, "-o", ocsf, someLogins)
	if code != exitDone || !strings.Contains(errs, "output syslog:") {
		t.Fatalf("%d\n%s", code, errs)
	}
	want := strings.Split(strings.TrimSpace(out), "\n")
	got := k.messages()
	if len(got) != len(want) || len(want) < 3 {
		t.Fatalf("%d messages, %d alerts\n%s", len(got), len(want), errs)
	}
	for i, m := range got {
		_, doc, ok := strings.Cut(m, " - @cee: ")
		if !ok || doc != want[i] {
			t.Errorf("message %q", m)
		}
	}
	for path, id := range map[string]string{eve: "signature_id", ocsf: "class_uid"} {
		b, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		lines := strings.Split(strings.TrimSpace(string(b)), "\n")
		if len(lines) != len(want) {
			t.Errorf("%s has %d lines", path, len(lines))
		}
		for _, line := range lines {
			if !json.Valid([]byte(line)) || !strings.Contains(line, id) {
				t.Errorf("%s: %q", path, line)
			}
		}
	}
}

func TestOutputOverUDPIsOnlySent(t *testing.T) {
	receiver, err := net.ListenPacket("udp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer receiver.Close()
	code, out, errs := cliRun(t, "test", "output", "--syslog", "udp://"+receiver.LocalAddr().String())
	if code != exitDone || !strings.Contains(out, "; over UDP nobody can tell whether it arrived") || strings.Contains(out, "acknowledged") {
		t.Errorf("%d\n%s%s", code, out, errs)
	}
}

func TestOutputIsTried(t *testing.T) {
	k := newTaker(t)
	path := filepath.Join(t.TempDir(), "c.yaml")
	file := filepath.Join(t.TempDir(), "alerts.jsonl")
	text := fmt.Sprintf("sensor: {name: s1}\noutputs:\n  - {type: syslog, url: 'tcp://%s'}\n  - {type: file, path: %s}\n", k.addr, file)
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	code, out, errs := cliRun(t, "test", "output", "-c", path)
	if code != exitDone || !strings.Contains(out, "; syslog does not tell what became of it there") || !strings.Contains(out, "was written after") || strings.Contains(out, "acknowledged") {
		t.Fatalf("%d\n%s%s", code, out, errs)
	}
	if got := k.messages(); len(got) != 1 || !strings.HasPrefix(got[0], "<174>1 ") || !strings.Contains(got[0], ` tags="test"`) {
		t.Errorf("%q", got)
	}
	b, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if r, err := output.ParseRecord(b[:len(b)-1]); err != nil || r.ID == "" {
		t.Errorf("%v: %s", err, b)
	}
}

// What is wrong with a sink of the command line is told in one line.
func TestReceiverFlagsThatAreWrong(t *testing.T) {
	for want, args := range map[string][]string{
		"--syslog: url: \"http://h\"":             {"--syslog", "http://h"},
		"--syslog: unknown setting \"frming\"":    {"--syslog", "tcp://h?frming=lf"},
		"--syslog-format needs --syslog URL":      {"--syslog-format", "cef"},
		"--syslog-format \"ceef\": want":          {"--syslog", "tcp://h", "--syslog-format", "ceef"},
		"--kafka: \"h:9092\": want BROKER:PORT":   {"--kafka", "h:9092"},
		"--kafka: sasl.password: secrets are no":  {"--kafka", "h/t?sasl.password=x"},
		"want .jsonl, .csv, .eve.json, .ocsf.jso": {"-o", "x.json"},
	} {
		code, _, errs := cliRun(t, append(append([]string{"scan"}, args...), someLogins)...)
		if code != exitUsage || !strings.Contains(errs, want) {
			t.Errorf("%q: exit %d, %q", args, code, errs)
		}
	}
	code, _, errs := cliRun(t, "live", "-i", "lo", "-o", "x.txt")
	if code != exitUsage || !strings.Contains(errs, "the ending tells the format") {
		t.Errorf("live -o: exit %d, %q", code, errs)
	}
}

// A receiver that is not there costs the alerts that it did not get, and says so.
func TestScanWithoutReceiver(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	addr := l.Addr().String()
	l.Close()
	code, out, errs := cliRun(t, "scan", "--format", "jsonl", "--syslog", "tcp://"+addr, "--send-wait", "300ms", someLogins)
	if code != exitPartial || !strings.Contains(errs, "nobody listens at "+addr) || !strings.Contains(errs, "not delivered") || out == "" {
		t.Errorf("exit %d\n%s", code, errs)
	}
}

// A login on the wire reaches every sink of a live sensor at once, though one of them
// is away; what that one did not get waits in the spool, and files need none.
func TestLiveSendsToReceivers(t *testing.T) {
	if os.Geteuid() != 0 {
		t.Log("left out, a live sensor needs root")
		return
	}
	k := newTaker(t)
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	away := l.Addr().String()
	l.Close()
	server, dir := startIMAP(t), t.TempDir()
	file, spool := filepath.Join(dir, "alerts.jsonl"), filepath.Join(dir, "spool")
	login := func(user string) func() bool {
		return func() bool {
			b, _ := os.ReadFile(file)
			return strings.Contains(string(b), `"name":"`+user+`"`) && strings.Contains(strings.Join(k.messages(), "\n"), ` user_name="`+user+`"`)
		}
	}
	told := senseOn(t, []string{"--ports", server.port, "--spool", spool, "--syslog", "tcp://" + k.addr, "--syslog", "tcp://" + away, "-o", file}, func(told *lockedBuffer) {
		begun := time.Now()
		server.login(t, "one@example.org")
		waitFor(t, "the login in both", login("one@example.org"), told.String)
		t.Logf("in both %v after the login", time.Since(begun).Round(time.Millisecond))
	})
	if !strings.Contains(told, "output syslog-2 takes nothing for now") || !strings.Contains(told, "nobody listens at "+away) {
		t.Errorf("told:\n%s", told)
	}
	b, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(string(b)) {
		if _, err := output.ParseRecord([]byte(strings.TrimSuffix(line, "\n"))); err != nil {
			t.Errorf("%v: %q", err, line)
		}
	}
	for _, m := range append(k.messages(), string(b)) {
		if strings.Contains(m, "hunter2-canary") {
			t.Errorf("a password left: %q", m)
		}
	}
	// A sensor without sinks from afar has no spool.
	none := filepath.Join(dir, "none")
	senseOn(t, []string{"--ports", server.port, "--spool", none, "-o", file}, func(told *lockedBuffer) {
		server.login(t, "two@example.org")
		waitFor(t, "the login in the file", func() bool { b, _ := os.ReadFile(file); return strings.Contains(string(b), "two@example.org") }, told.String)
	})
	if _, err := os.Stat(none); err == nil {
		t.Error("a spool was made for a file")
	}
}
