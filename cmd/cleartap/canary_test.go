package main

import (
	"bytes"
	"context"
	"encoding/base64"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// canaries are secrets that the dialogues below send; none of them may be found
// in anything that is written, in no form.
var canaries = []string{"Canary-5ecret%&", "T0ken.canary_91", "otherCanary=1\"x"}

// b64 is base64 text of a SASL message.
func b64(s string) string { return base64.StdEncoding.EncodeToString([]byte(s)) }

// leaky are dialogues in which secrets stand where they belong, where they do
// not, and in what servers say back.
func leaky() []string {
	c, token, other := canaries[0], canaries[1], canaries[2]
	from := func(n, port int) string { return fmt.Sprintf("from 10.1.0.%d:40000 to 192.0.2.25:%d\n", n, port) }
	return []string{
		from(1, 143) + "S: * OK ready\nC: a LOGIN alice " + c + "\nS: a NO no such password " + c + "\nC: b LOGIN \"bob\" \"" + strings.ReplaceAll(other, `"`, `\"`) + "\"\nS: b OK [USER] hello " + other,
		from(2, 143) + "S: * OK ready\nC: a LOGIN " + c + "\nS: a BAD what is " + c + "\nC: " + c + "\nS: * BAD " + c,
		from(3, 143) + "S: * OK ready\nC: a AUTHENTICATE PLAIN " + b64("\x00carol\x00"+c) + "\nS: a OK in\nopen",
		from(4, 143) + "S: * OK ready\nC: a AUTHENTICATE XOAUTH2\nS: +\nC: " + b64("user=dave\x01auth=Bearer "+token+"\x01\x01") + "\nS: a NO " + b64(token),
		from(5, 25) + "S: 220 mx ESMTP\nC: EHLO x\nS: 250 AUTH PLAIN LOGIN\nC: AUTH LOGIN\nS: 334 VXNlcm5hbWU6\nC: " + b64("erin") + "\nS: 334 UGFzc3dvcmQ6\nC: " + b64(c) + "\nS: 535 5.7.8 " + c,
		from(6, 25) + "S: 220 mx ESMTP\nC: EHLO " + c + "\nS: 250 AUTH PLAIN\nC: AUTH PLAIN " + b64("broken"+c) + "\nS: 501 " + c + "\nC: AUTH X-" + c + " " + b64(c) + "\nS: 504 no " + c,
		from(7, 25) + "S: 220 mx ESMTP\nC: EHLO x\nS: 250 AUTH CRAM-MD5\nC: AUTH CRAM-MD5\nS: 334 " + b64("<1.2@mx>") + "\nC: " + b64("frank "+digest) + "\nS: 235 ok\nC: DATA\nS: 354 go\nC: password: " + c + "\nC: .\nS: 250 ok",
		from(8, 110) + "S: +OK ready <1896.697@mx>\nC: APOP grace " + digest + "\nS: -ERR [AUTH] no " + digest + "\nC: USER heidi\nS: +OK\nC: PASS " + c + "\nS: +OK in",
		from(9, 110) + "S: +OK ready\nC: PASS " + c + "\nS: -ERR user first\nC: USER ivan\nS: +OK\nC: PASS " + other + "\nS: -ERR [AUTH] " + other,
	}
}

const digest = "c4c9334bac560ecc979e58001b3e22fb"

// Nothing that a scan writes holds a secret: in no format, at no level of
// logging, under no policy, in no message about damaged input.
func TestCanary(t *testing.T) {
	dir := t.TempDir()
	whole := filepath.Join(dir, "whole.pcap")
	data := captureOf(t, leaky()...)
	key := filepath.Join(dir, "key")
	for path, content := range map[string][]byte{
		whole: data, filepath.Join(dir, "cut.pcap"): data[:len(data)*3/4], filepath.Join(dir, "hurt.pcap"): slices.Concat(data[:len(data)/2], []byte("\xff\xff\xff\xff"), data[len(data)/2:]),
		filepath.Join(dir, "text.pcap"): []byte(canaries[0]), key: []byte("0123456789abcdefghijklmnopqrstuvwxyz"),
	} {
		if err := os.WriteFile(path, content, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	var all bytes.Buffer
	runs := [][]string{{"-o", filepath.Join(dir, "o.jsonl"), "-o", filepath.Join(dir, "o.csv"), "-o", filepath.Join(dir, "o.txt"), "-o", filepath.Join(dir, "o.eve.json"),
		"-o", filepath.Join(dir, "o.ocsf.json"), "--format", "none"}}
	receiver := newTaker(t)
	for _, format := range []string{"native", "json", "json-cee", "eve", "cef", "leef1", "leef2"} {
		runs = append(runs, []string{"--format", "none", "--usernames", "full", "--syslog", "tcp://" + receiver.addr, "--syslog-format", format})
	}
	for _, format := range []string{"jsonl", "csv", "table", "none"} {
		for _, names := range []string{"auto", "full", "masked", "none", "pseudonym"} {
			runs = append(runs, []string{"--secret-marks", "--format", format, "--usernames", names, "--clients", "pseudonym", "--pseudonym-key", key, "--log-level", "debug", "--progress", "plain"})
		}
	}
	for _, flags := range runs {
		args := append(append([]string{"cleartap", "scan"}, flags...), dir)
		if code := run(context.Background(), args, strings.NewReader(""), &all, io.MultiWriter(&all)); code != exitPartial {
			t.Fatalf("%q: exit code %d: %s", flags, code, all.String())
		}
	}
	sent := receiver.messages()
	if len(sent) < 7*9 {
		t.Fatalf("only %d messages were sent", len(sent))
	}
	for _, m := range sent {
		all.WriteString(m)
	}
	for _, name := range []string{"o.jsonl", "o.csv", "o.txt", "o.eve.json", "o.ocsf.json"} {
		text, err := os.ReadFile(filepath.Join(dir, name))
		if err != nil || !bytes.Contains(text, []byte("alice")) && !bytes.Contains(text, []byte("a***")) {
			t.Fatalf("%s: %v: %s", name, err, text)
		}
		all.Write(text)
	}
	for _, name := range []string{"alice", "bob", "carol", "dave", "erin", "frank", "grace", "heidi", "ivan"} {
		if !bytes.Contains(all.Bytes(), []byte(`"user":{"name":"`+name+`"}`)) {
			t.Errorf("the login of %s was not found: its secret was not tried", name)
		}
	}
	for i, secret := range append(slices.Clone(canaries), digest) {
		for form, text := range forms(secret) {
			if at := bytes.Index(all.Bytes(), []byte(text)); at >= 0 {
				t.Errorf("secret %d is in the output, form %s, near byte %d", i, form, at)
			}
		}
	}
}
