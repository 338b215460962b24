//go:build linux

package main

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"cleartap/capture"
	"cleartap/internal/lab"
)

// frame4 is an Ethernet frame with a TCP segment of a connection to port 110.
func frame4(d lab.Dir, seq uint32, flags byte, text string) lab.Frame {
	client, server := []byte{10, 80, 0, 11}, []byte{10, 80, 0, 25}
	ports := []byte{0x9c, 0x40, 0, 110}
	if d == lab.ToClient {
		client, server = server, client
		ports = []byte{0, 110, 0x9c, 0x40}
	}
	f := append(make([]byte, 12), 8, 0, 0x45, 0, 0, byte(40+len(text)), 0, 1, 0, 0, 64, 6, 0, 0)
	f = append(append(append(f, client...), server...), ports...)
	f = append(f, byte(seq>>24), byte(seq>>16), byte(seq>>8), byte(seq), 0, 0, 0, 0, 0x50, flags, 0xff, 0xff, 0, 0, 0, 0)
	return lab.Frame{Time: time.Unix(1700000000, int64(seq)*1000+7).UTC(), Dir: d, Data: append(f, text...)}
}

func TestStreamOrdersBytes(t *testing.T) {
	frames := []lab.Frame{frame4(lab.ToServer, 99, 2, ""), frame4(lab.ToServer, 105, 16, "WORLD"), frame4(lab.ToClient, 500, 16, "x"),
		frame4(lab.ToServer, 100, 16, "hello"), frame4(lab.ToServer, 103, 16, "lo")}
	all := segments(frames)
	c := connections(all)
	if len(c) != 1 || c[0].server.Port() != 110 || c[0].client.Port() != 40000 {
		t.Fatalf("connections: %v", c)
	}
	if got := stream(all, c[0], lab.ToServer); got != "helloWORLD" {
		t.Errorf("the stream is %q", got)
	}
}

// Every form of a capture is read back by the product's own readers, frame by frame.
func TestFormsAreReadBack(t *testing.T) {
	frames := []lab.Frame{frame4(lab.ToServer, 1, 2, ""), frame4(lab.ToClient, 2, 18, ""), frame4(lab.ToServer, 3, 16, "hello")}
	dir := t.TempDir()
	for _, f := range formats {
		path := filepath.Join(dir, f.file)
		if err := save(path, f.form.encode(frames)); err != nil {
			t.Fatal(err)
		}
		got := readBack(t, path)
		if len(got) != len(frames) {
			t.Errorf("%s: %d frames of %d", f.file, len(got), len(frames))
			continue
		}
		for i, g := range got {
			want := frames[i].Data
			if f.form.strip != nil {
				want = f.form.strip(frames[i])
			}
			at := frames[i].Time.UnixNano()
			if !f.form.nano {
				at -= at % 1000
			}
			if !bytes.Equal(g.Data, want) || int64(g.Time) != at || g.Length != len(want) {
				t.Errorf("%s: frame %d is another: %d bytes at %d", f.file, i, len(g.Data), g.Time)
			}
		}
	}
}

// Each truth that is computed is refused when a byte of it is another.
func TestConfirmRefuses(t *testing.T) {
	l := accepted(userPass("ada", "Canary-x"))
	if err := l.confirm("USER ada\r\nPASS Canary-x\r\n", "+OK\r\n"); err != nil || l.Checked.Bytes != "verified" {
		t.Error(err)
	}
	if err := l.confirm("USER ada\r\nPASS Canary-y\r\n", ""); err == nil {
		t.Error("another password is taken")
	}
	// the example of RFC 2195 section 2
	c := accepted(sasl("imap", "CRAM-MD5", "tim", "tanstaaftanstaaf"))
	server := "+ PDE4OTYuNjk3MTcwOTUyQHBvc3RvZmZpY2UucmVzdG9uLm1jaS5uZXQ+\r\n"
	if err := c.confirm("dGltIGI5MTNhNjAyYzdlZGE3YTQ5NWI0ZTZlNzMzNGQzODkw\r\n", server); err != nil {
		t.Error(err)
	}
	if err := c.confirm("dGltIGI5MTNhNjAyYzdlZGE3YTQ5NWI0ZTZlNzMzNGQzODkx\r\n", server); err == nil {
		t.Error("another digest is taken")
	}
	// the example of RFC 1939 section 7
	a := accepted(apop("mrose", "tanstaaf"))
	if err := a.confirm("APOP mrose c4c9334bac560ecc979e58001b3e22fb\r\n", "+OK POP3 server ready <1896.697170952@dbc.mtview.ca.us>\r\n"); err != nil {
		t.Error(err)
	}
}

func TestTallies(t *testing.T) {
	for _, c := range []struct {
		name string
		got  tally
		want tally
	}{
		{"dovecot", dovecotTally("x imap-login: Info: Login: user=<a>, rport=5, lport\ny (auth failed, 3 attempts in 1 secs): rport=6,\n", "5"), tally{true, 1, -1}},
		{"dovecot failed", dovecotTally("y (auth failed, 3 attempts in 1 secs): rport=6,\n", "6"), tally{true, 0, 3}},
		{"postfix", postfixTally("disconnect from unknown[10.0.0.1]:55 ehlo=1 auth=1/3 quit=1\n", "55"), tally{true, 1, 2}},
		{"postfix all well", postfixTally("disconnect from unknown[10.0.0.1]:55 ehlo=1 auth=1 quit=1\n", "55"), tally{true, 1, 0}},
		{"exim", eximTally("login authenticator failed for x [10.0.0.1]:55: 535\n", "55"), tally{true, 0, 1}},
		{"courier", courierTally("LOGIN FAILED, user=a, port=[55]\nLOGIN, user=a, port=[55]\n", "55"), tally{true, 1, 1}},
		{"another port", courierTally("LOGIN FAILED, user=a, port=[555]\n", "55"), tally{}},
	} {
		if c.got != c.want {
			t.Errorf("%s: %+v", c.name, c.got)
		}
	}
}

// The recorder still records: two scenes are played and confirmed by bytes and logs.
func TestRecord(t *testing.T) {
	if why, ok := lab.Available(); !ok {
		fmt.Println("left out: recording, because " + why)
		return
	}
	dir := t.TempDir()
	if err := record(dir, "^(proxy-login|vlan)\\.pcap$", true); err != nil {
		t.Fatal(err)
	}
	truth, err := os.ReadFile(filepath.Join(dir, "truth.jsonl"))
	if err != nil {
		t.Fatal(err)
	}
	if n := bytes.Count(truth, []byte(`"checked":{"bytes":"verified","server_log":"agrees"}`)); n != 9 {
		t.Errorf("%d logins are confirmed, not 9", n)
	}
}

var canaryForm = regexp.MustCompile(`^Canary-[a-z2-7]{10}$`)

func TestScenesAreWellFormed(t *testing.T) {
	if a := person(1); !canaryForm.MatchString(a.Password) || a.Password == wrong(a) {
		t.Error("passwords are not as the README says")
	}
	seen := map[string]bool{}
	for _, sc := range scenes() {
		for _, n := range sc.names() {
			if seen[filepath.Base(n)] {
				t.Errorf("two captures are called %s", n)
			}
			seen[filepath.Base(n)] = true
		}
		if sc.shows == "" || sc.how == "" || strings.Contains(sc.shows+sc.how, "|") {
			t.Errorf("%s is not described", sc.file)
		}
	}
}

// readBack reads a capture with the product's reader.
func readBack(t *testing.T, path string) []capture.Frame {
	t.Helper()
	found := capture.Find([]string{path}, capture.FindOptions{})
	if len(found.Captures) != 1 || len(found.Problems) > 0 {
		t.Fatalf("%s: found %d captures, problems %v", filepath.Base(path), len(found.Captures), found.Problems)
	}
	var progress atomic.Int64
	source := found.Captures[0].Open(func(p capture.Problem) { t.Errorf("%s: %s", filepath.Base(path), p.Reason) }, &progress)
	defer source.Close()
	var out []capture.Frame
	for f := (capture.Frame{}); source.Next(&f) == nil; {
		g := f
		g.Data = bytes.Clone(f.Data)
		out = append(out, g)
	}
	return out
}
