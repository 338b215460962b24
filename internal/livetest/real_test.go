//go:build linux

package livetest

import (
	"encoding/base64"
	"fmt"
	"net/netip"
	"os"
	"os/exec"
	"slices"
	"strings"
	"testing"
	"time"

	"cleartap/capture"
	"cleartap/capture/afpacket"
	"cleartap/internal/lab"
)

// stage is a lab with all servers, and the sensor at its mirror.
type stage struct {
	*lab.Lab
	t    *testing.T
	host func(node int) netip.Addr // by which addresses clients come
}

var people = []lab.Account{
	{Name: "ada", Password: "Canary-ada-1"}, {Name: "ben@example.org", Password: "Canary-ben-2"},
	{Name: "cleo", Password: "Canary-cleo-3"}, {Name: "dora", Password: "Canary-dora-4"},
}

func newStage(t *testing.T) *stage {
	t.Helper()
	l, err := lab.Open(func(s string) { t.Log(s) })
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(l.Close)
	s := &stage{Lab: l, t: t, host: lab.IPv4}
	must(t, l.Accounts(people))
	servers := []func() (*lab.Process, error){
		func() (*lab.Process, error) { return l.Dovecot(lab.DovecotConfig{Node: lab.OpenNode, TLS: true}) },
		func() (*lab.Process, error) { return l.Dovecot(lab.DovecotConfig{Node: lab.PlainNode}) },
		l.Postfix, l.Exim,
		func() (*lab.Process, error) { return l.Cyrus(people) },
		func() (*lab.Process, error) { return l.Courier(people) },
	}
	for _, start := range servers {
		if _, err := start(); err != nil {
			t.Fatal(err)
		}
	}
	must(t, l.Write("/lab/mail.txt", "Subject: hello\r\n\r\nhello\r\n"))
	b, err := os.ReadFile(program)
	must(t, err)
	must(t, os.WriteFile(l.Path("/lab/cleartap"), b, 0o755))
	return s
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// listen starts the sensor at the mirror.
func (s *stage) listen(more ...string) *sensor {
	args := append([]string{"live", "-i", "eth0", "--format", "jsonl", "--suppress", "0", "--usernames", "full", "--stats-interval", "1s", "--workers", "2"}, more...)
	cmd := s.Sensor.Command("/lab/cleartap", args...)
	return start(s.t, cmd, func(c *exec.Cmd) error { return s.Sensor.Do(c.Start) })
}

// do runs a client to its end. What it says about the mail is of no interest: the
// sensor is asked about its logins.
func (s *stage) do(name string, args ...string) {
	s.t.Helper()
	out, err := s.Client.Run(s.Client.Command(name, args...), 40*time.Second)
	if err != nil && strings.Contains(err.Error(), "did not end") {
		s.t.Fatalf("%s %q: %v: %s", name, args, err, out)
	}
}

func (s *stage) shell(script string) { s.t.Helper(); s.do("/bin/sh", "-c", script) }

// want is a login that the sensor must tell.
func (s *stage) want(proto, mechanism, user string, node int, outcome string) string {
	return fmt.Sprintf("%s %s %s %s %s", proto, mechanism, user, s.host(node), outcome)
}

// url is one for curl.
func (s *stage) url(scheme string, node int) string {
	host := s.host(node).String()
	if s.host(node).Is6() {
		host = "[" + host + "]"
	}
	return scheme + "://" + host + "/"
}

// curl logs in by curl.
func (s *stage) curl(scheme string, node, who int, wrong bool, more ...string) {
	s.t.Helper()
	password := people[who].Password
	if wrong {
		password = "wrong-" + password
	}
	args := []string{"-s", "-k", "-g", "--max-time", "25", "-u", people[who].Name + ":" + password}
	if strings.HasPrefix(scheme, "smtp") {
		args = append(args, "--mail-from", "sender@example.org", "--mail-rcpt", "box@example.org", "-T", "/lab/mail.txt")
	}
	s.do("/usr/bin/curl", append(append(args, more...), s.url(scheme, node))...)
}

// told checks that exactly these logins are told, each within a second of the reply.
func (s *stage) told(sensor *sensor, limit time.Duration, want []string) {
	s.t.Helper()
	missing := func() int {
		got := sensor.names()
		for _, w := range want {
			if i := slices.Index(got, w); i >= 0 {
				got = slices.Delete(got, i, i+1)
			}
		}
		return len(want) - (len(sensor.names()) - len(got))
	}
	for end := time.Now().Add(limit); missing() > 0 && time.Now().Before(end); {
		time.Sleep(20 * time.Millisecond)
	}
	for _, a := range sensor.all() {
		if late := a.at.Sub(a.Event.End); a.Event.Outcome != "unknown" && late > time.Second {
			s.t.Errorf("%s was told %v after the reply", a.name(), late)
		}
	}
	sensor.stop()
	s.t.Logf("%d logins", len(want))
	same(s.t, sensor.names(), want)
	if h := sensor.health(); h.Panics != 0 || h.Drops != 0 || h.Flows.Half != 0 {
		s.t.Errorf("health %+v", h)
	}
	must(s.t, s.Wire.Err())
}

// Every login of real clients at real servers is told, and none that went over TLS.
func TestRealServers(t *testing.T) {
	t.Parallel()
	s := newStage(t)
	t.Run("clients", s.clients)
	t.Run("inventory", s.inventory)
	for _, c := range []struct {
		name   string
		how    lab.Conditions
		mtu    int
		ipv6   bool
		onlyUp bool
	}{
		{name: "loss, reordering, duplicates", how: lab.Conditions{Loss: .02, Reorder: .2, Duplicate: .05, Seed: 7}},
		{name: "VLAN", how: lab.Conditions{Tags: [2][]uint16{{12}, {12}}}},
		{name: "QinQ", how: lab.Conditions{Tags: [2][]uint16{{100, 12}, {100, 12}}}},
		{name: "IPv6", ipv6: true},
		{name: "IPv6 fragments", ipv6: true, how: lab.Conditions{Fragment: 200}},
		{name: "fragments", how: lab.Conditions{Fragment: 96, Reverse: true}},
		{name: "MTU 576", mtu: 576},
		{name: "one direction", how: lab.Conditions{OneWay: true}, onlyUp: true},
	} {
		t.Run(c.name, func(t *testing.T) {
			s.t, s.host = t, lab.IPv4
			if c.ipv6 {
				s.host = lab.IPv6
			}
			if c.mtu > 0 {
				must(t, s.MTU(c.mtu))
				defer func() { must(t, s.MTU(1500)) }()
			}
			s.Wire.Set(c.how)
			defer s.Wire.Set(lab.Conditions{})
			s.under(c.onlyUp)
		})
	}
	t.Run("offloads", s.offloads) // the last: the wire is out of it from then on
}

// offloads leaves all offloads on: a mail of a megabyte crosses in frames far longer than the
// MTU, and the login behind it on the same connection is told.
func (s *stage) offloads(t *testing.T) {
	s.t, s.host = t, lab.IPv4
	must(t, s.Bridge())
	longest := s.longest()
	sensor := s.listen()
	smtp := s.Talk(netip.AddrPortFrom(s.host(lab.EximNode), 25))
	smtp.Wait("220 ")
	smtp.Say("EHLO client1.example.org")
	smtp.Wait("250 ")
	for _, say := range []string{"MAIL FROM:<sender@example.org>", "RCPT TO:<box@example.org>", "DATA"} {
		smtp.Say(say)
		smtp.Wait("250 ", "354 ")
	}
	smtp.Send("Subject: long\r\n\r\n" + strings.Repeat(strings.Repeat("many words ", 6)+"\r\n", 15_000) + ".\r\n")
	smtp.Wait("250 ")
	smtp.Say("AUTH PLAIN " + base64.StdEncoding.EncodeToString([]byte("\x00"+people[2].Name+"\x00"+people[2].Password)))
	smtp.Wait("235 ")
	must(t, smtp.Close())
	s.curl("imap", lab.PlainNode, 0, false, "--login-options", "AUTH=PLAIN")
	s.told(sensor, 5*time.Second, []string{
		s.want("smtp", "PLAIN", people[2].Name, lab.EximNode, "success"), s.want("imap", "PLAIN", people[0].Name, lab.PlainNode, "success"),
	})
	if n := longest(); n < 10_000 {
		t.Errorf("the longest frame at the sensor has %d bytes: offloads are not on", n)
	}
}

// longest watches the sensor's interface, and tells how long the longest frame was.
func (s *stage) longest() func() int {
	s.t.Helper()
	var src *afpacket.Source
	must(s.t, s.Sensor.Do(func() (err error) {
		src, err = afpacket.Open(afpacket.Config{Interfaces: []string{"eth0"}, Ring: afpacket.MinRing})
		return err
	}))
	return func() (n int) {
		var f capture.Frame
		for src.Next(&f) == nil {
			n = max(n, f.Length)
		}
		must(s.t, src.Close())
		return n
	}
}

// under makes a few logins, for conditions of the wire.
func (s *stage) under(oneWay bool) {
	s.t.Helper()
	sensor := s.listen()
	var want []string
	for i := range 3 {
		outcome := "success"
		if i == 1 {
			outcome = "failure"
		}
		if oneWay {
			outcome = "unknown"
		}
		s.curl("pop3", lab.PlainNode, i, i == 1, "--login-options", "AUTH=CRAM-MD5")
		s.curl("imap", lab.PlainNode, i, i == 1, "--login-options", "AUTH=LOGIN")
		s.curl("smtp", lab.EximNode, i, i == 1, "--login-options", "AUTH=PLAIN")
		s.curl("imap", lab.OpenNode, i, false, "--ssl-reqd")
		name := people[i].Name
		want = append(want, s.want("pop3", "CRAM-MD5", name, lab.PlainNode, outcome), s.want("imap", "LOGIN", name, lab.PlainNode, outcome),
			s.want("smtp", "PLAIN", name, lab.EximNode, outcome))
	}
	limit := 5 * time.Second
	if oneWay {
		limit = 20 * time.Second // there is no reply: the outcome is waited for
	}
	s.told(sensor, limit, want)
}
