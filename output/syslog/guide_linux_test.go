package syslog

import (
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"cleartap/internal/testenv"
	"cleartap/output/format/formattest"
	"cleartap/output/syslog/testdaemon"
	"cleartap/output/transport"
)

// The guide is tried word for word: its shell blocks run one after the other, with a
// real rsyslogd. Only the port is another one, and the folders are copies.
func TestGuideIsRight(t *testing.T) {
	t.Parallel()
	root, ok := testdaemon.Packages(t)
	if !ok {
		return
	}
	page, err := os.ReadFile("../../docs/start/syslog-to-a-siem.md")
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	bin := filepath.Join(dir, "bin")
	if err := os.Mkdir(bin, 0o700); err != nil {
		t.Fatal(err)
	}
	if err := testenv.Program(filepath.Join(bin, "cleartap")); err != nil {
		t.Fatal(err)
	}
	for _, folder := range []string{"deploy", "pcaps"} {
		if err := os.CopyFS(filepath.Join(dir, folder), os.DirFS("../../"+folder)); err != nil {
			t.Fatal(err)
		}
	}
	modules, _ := filepath.Glob(root + "/usr/lib/*-linux-gnu/rsyslog")
	daemon := strings.Join(testdaemon.Program(root, "/usr/sbin/rsyslogd", "-M", modules[0]), " ")
	free, err := testenv.FreePort()
	if err != nil {
		t.Fatal(err)
	}
	port := strconv.Itoa(free)
	var script strings.Builder
	script.WriteString("set -eu\nexport PATH=" + bin + ":$PATH CLEARTAP_CONFIG=\n")
	blocks := regexp.MustCompile("(?s)```sh\n(.*?)```").FindAllStringSubmatch(string(page), -1)
	if len(blocks) != 5 {
		t.Fatalf("%d blocks of shell", len(blocks))
	}
	for _, b := range blocks {
		text := strings.ReplaceAll(b[1], "tls://127.0.0.1:6514", "tls://127.0.0.1:"+port)
		text = strings.ReplaceAll(text, "s,/var/log/cleartap,$PWD,", "s,/var/log/cleartap,$PWD,; s,\"6514\",\""+port+"\",")
		text = strings.ReplaceAll(text, "sleep 5\n", "n=none; while [ \"$(wc -l < alerts.jsonl)\" != \"$n\" ]; do n=\"$(wc -l < alerts.jsonl)\"; sleep 2; done\n") // a busy machine takes longer
		text = strings.ReplaceAll(text, "sleep 1\n", "until [ -s alerts.jsonl ]; do sleep 0.1; done\n")
		script.WriteString(strings.ReplaceAll(text, "/usr/sbin/rsyslogd", daemon))
	}
	cmd := exec.Command("sh", "-c", script.String()) //nolint:gosec // the guide's commands
	cmd.Dir = dir
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	out, err := os.Create(filepath.Join(dir, "out"))
	if err != nil {
		t.Fatal(err)
	}
	defer out.Close()
	cmd.Stdout, cmd.Stderr = out, out
	err = cmd.Run()
	_ = syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL) // what it left, if it failed
	told, _ := os.ReadFile(out.Name())
	if err != nil {
		t.Fatalf("%v\n%s", err, told)
	}
	alerts, err := os.ReadFile(filepath.Join(dir, "build/siem/alerts.jsonl"))
	if err != nil || !strings.Contains(string(told), "; syslog does not tell what became of it there") || !strings.Contains(string(told), "output syslog: ") {
		t.Fatalf("%v\n%s", err, told)
	}
	sent := regexp.MustCompile(`output syslog: (\d[\d,]*) alerts delivered`).FindStringSubmatch(string(told))
	if sent == nil {
		t.Fatalf("%s", told)
	}
	n := strings.Count(string(alerts), "\n")
	if want := strings.ReplaceAll(sent[1], ",", ""); fmt.Sprint(n-1) != want {
		other, _ := os.ReadFile(filepath.Join(dir, "build/siem/other.log"))
		t.Errorf("%d lines; one test and %s alerts were sent\n%s\n%.3000s", n, want, told, other)
	}
	for line := range strings.Lines(string(alerts)) {
		if !json.Valid([]byte(line)) {
			t.Fatalf("%q", line)
		}
	}
}

// The configuration of syslog-ng that we ship takes alerts, and sorts out the worst.
func TestShippedSyslogNG(t *testing.T) {
	t.Parallel()
	root, ok := testdaemon.Packages(t)
	if !ok {
		return
	}
	text, err := os.ReadFile("../../deploy/syslog-ng/cleartap.conf")
	if err != nil {
		t.Fatal(err)
	}
	a := testdaemon.NewAuthority(t)
	a.Server(t, nil)
	cert, key := a.Client(t)
	d := testdaemon.SyslogNG(t, root, a)
	shipped := strings.NewReplacer("/etc/cleartap-receiver/receiver", a.Dir+"/server", "/etc/cleartap-receiver", a.Dir, "/var/log/cleartap", d.Dir, "6514", fmt.Sprint(d.Ports["mutual"])).Replace(string(text))
	d.Write("conf", "@version: 3.35\n"+shipped)
	d.Ready = []string{"mutual"}
	d.Start()
	s := open(t, Config{Transport: TLS, Address: d.Addr("mutual"), Format: 1, CEE: true, TLS: transport.TLS{CA: a.CA, Certificate: cert, Key: key}})
	all := records("S", 20)
	for i := range all[:5] {
		b := formattest.Sample()
		b.Event.Severity, b.Event.ID = 21, fmt.Sprint("LOW", i)
		all[i].JSON = b.AppendJSON(nil)
	}
	send(t, s, all)
	for name, want := range map[string]int{"alerts.jsonl": 20, "critical.jsonl": 15} {
		var got []byte
		for end := time.Now().Add(10 * time.Second); time.Now().Before(end) && strings.Count(string(got), "\n") < want; time.Sleep(20 * time.Millisecond) {
			got, _ = os.ReadFile(filepath.Join(d.Dir, name))
		}
		if n := strings.Count(string(got), "\n"); n != want {
			t.Errorf("%s has %d lines, not %d", name, n, want)
		}
		for line := range strings.Lines(string(got)) {
			if !json.Valid([]byte(line)) {
				t.Fatalf("%q", line)
			}
		}
	}
}
