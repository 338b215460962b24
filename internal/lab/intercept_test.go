//go:build linux

package lab_test

import (
	"bufio"
	"bytes"
	"io"
	"net"
	"net/netip"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"cleartap/detectors"
	"cleartap/detectors/all"
	"cleartap/detectors/signals"
	"cleartap/internal/lab"
	"cleartap/reassembly"
)

// interceptor stands between a real client and a real server and changes lines, until
// TLS begins: then it passes on what it cannot read.
type interceptor struct {
	mu       sync.Mutex
	toClient func(line string) string // a line of the server as the client gets it; "" takes it away
	toServer func(line string) (forward, answer string)
}

// set changes what it does with lines from then on.
func (x *interceptor) set(toClient func(string) string, toServer func(string) (string, string)) {
	x.mu.Lock()
	defer x.mu.Unlock()
	x.toClient, x.toServer = toClient, toServer
}

// intercept listens on a host, and reaches the server from there.
func intercept(t *testing.T, on *lab.Host, at, server netip.AddrPort) *interceptor {
	t.Helper()
	ln, err := on.Listen(at)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = ln.Close() })
	x := &interceptor{}
	go func() {
		for {
			c, err := ln.Accept()
			if err != nil {
				return
			}
			go x.serve(on, c, server)
		}
	}()
	return x
}

func (x *interceptor) serve(on *lab.Host, c net.Conn, server netip.AddrPort) {
	defer c.Close()
	s, err := on.Dial(netip.AddrPort{}, server)
	if err != nil {
		return
	}
	defer s.Close()
	x.mu.Lock()
	toClient, toServer := x.toClient, x.toServer
	x.mu.Unlock()
	go func() {
		defer c.Close()
		pass(c, s, func(line string) (string, string) { return toClient(line), "" }, nil)
	}()
	pass(s, c, toServer, c)
}

// pass carries lines from one end to the other. What is no text is passed on as it is.
func pass(to io.Writer, from io.Reader, change func(string) (forward, answer string), back io.Writer) {
	for in := bufio.NewReader(from); ; {
		first, err := in.Peek(1)
		if err != nil {
			return
		}
		if first[0] == 22 { // a record of TLS
			_, _ = io.Copy(to, in)
			return
		}
		line, err := in.ReadString('\n')
		if err != nil {
			return
		}
		forward, answer := change(line)
		if _, err := io.WriteString(to, forward); err != nil {
			return
		}
		if answer != "" {
			if _, err := io.WriteString(back, answer); err != nil {
				return
			}
		}
	}
}

func unchanged(line string) string           { return line }
func forwarded(line string) (string, string) { return line, "" }
func has(line, word string) bool             { return strings.Contains(strings.ToUpper(line), word) }
func replace(words ...string) func(string) string {
	last := len(words) - 1
	return func(line string) string {
		for _, w := range words[:last] {
			line = strings.ReplaceAll(line, w, words[last])
		}
		return line
	}
}

// told runs frames through the whole line and the signals, and lists the rules, without
// those of single logins, each once for a client.
func told(frames []lab.Frame) []string {
	var out []string
	once := signals.NewOnce(0, [2]uint64{})
	note := func(f *detectors.Finding) {
		s := f.Rule.ID + " " + f.Severity.String() + " " + f.Protocol
		if !strings.HasPrefix(f.Rule.ID, "CT-CRED") && once.Pass(f) && !slices.Contains(out, s) {
			out = append(out, s)
		}
	}
	across := signals.New(signals.Config{}, note)
	engine := detectors.NewEngine(detectors.Config{Protocols: all.Protocols(), Report: func(o *detectors.Observation) {
		detectors.JudgeAll(o, note)
		across.Observe(o.Decided.Time, o)
	}})
	assembler := reassembly.New(reassembly.Config{Classify: engine.Classify, Open: engine.Open})
	fromFrames(frames)(assembler.Push)
	assembler.Flush()
	engine.Close()
	across.Flush()
	slices.Sort(out)
	return out
}

// Somebody between real clients and real servers masks, strips and refuses STARTTLS,
// injects commands and replies, and pretends that the client has logged in already:
// each is told under its rule, and a server that nobody meddles with under none.
func TestRealInterception(t *testing.T) {
	l := openLab(t)
	if l == nil {
		return
	}
	if err := l.Accounts([]lab.Account{{Name: "alice", Password: "Canary-alice-1"}}); err != nil {
		t.Fatal(err)
	}
	for _, c := range []lab.DovecotConfig{{Node: lab.OpenNode, TLS: true}, {Node: lab.StrictNode, TLS: true, Secure: true}} {
		if _, err := l.Dovecot(c); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := l.Postfix(); err != nil {
		t.Fatal(err)
	}
	at := func(node int, port uint16) netip.AddrPort { return netip.AddrPortFrom(lab.IPv4(node), port) }
	imap := intercept(t, l.Server, at(lab.EximNode, 143), at(lab.OpenNode, 143))
	pop3 := intercept(t, l.Server, at(lab.EximNode, 110), at(lab.OpenNode, 110))
	smtp := intercept(t, l.Server, at(lab.EximNode, 587), at(lab.OpenNode, 587))
	inner := intercept(t, l.Client, at(lab.ClientNode, 5870), at(lab.OpenNode, 587)) // beside the client: what it sends crosses the wire
	inject := intercept(t, l.Client, at(lab.ClientNode, 1430), at(lab.OpenNode, 143))
	run := func(path string, args ...string) {
		_, _ = l.Client.Run(l.Client.Command(path, args...), 6*time.Second) // many are refused, as they should be
	}
	curl := func(from int, how, url string) {
		run("/usr/bin/curl", "-s", "-k", "--max-time", "3", "--interface", lab.IPv4(from).String(), how, "-u", "alice:Canary-alice-1", url)
	}
	swaks := func(from int, server netip.AddrPort, how string) {
		run("/usr/bin/swaks", "--server", server.Addr().String(), "--port", "587", "-li", lab.IPv4(from).String(), how, "--auth", "PLAIN", "-au", "alice", "-ap", "Canary-alice-1", "--quit-after", "AUTH")
	}
	openssl := func(proto string, server netip.AddrPort) {
		run("/usr/bin/openssl", "s_client", "-starttls", proto, "-connect", server.String())
	}
	for _, c := range []struct {
		name string
		play func()
		want []string
	}{
		{"nobody meddles", func() {
			imap.set(unchanged, forwarded)
			smtp.set(unchanged, forwarded)
			for range 6 {
				curl(lab.ClientNode, "--ssl-reqd", "imap://"+at(lab.EximNode, 143).String())
				swaks(lab.ClientNode, at(lab.EximNode, 587), "-tls")
			}
			talk := l.Talk(at(lab.StrictNode, 143)) // Dovecot's own ALERT before it refuses
			talk.Wait("* OK")
			talk.Say("a LOGIN alice Canary-alice-1")
			talk.Wait("a NO", "a BAD")
			if !slices.ContainsFunc(talk.Heard, func(s string) bool { return strings.Contains(s, "[ALERT]") }) {
				t.Errorf("Dovecot said no ALERT: %q", talk.Heard)
			}
			_ = talk.Close()
		}, nil},
		{"STARTTLS masked", func() {
			smtp.set(replace("STARTTLS", "XXXXXXXA"), forwarded)
			swaks(lab.ClientNode, at(lab.EximNode, 587), "-tlso")
		}, []string{"CT-TLS-001 high smtp"}},
		{"greeting masked", func() {
			smtp.set(func(line string) string {
				if strings.HasPrefix(line, "220 ") && strings.Contains(line, "ESMTP") {
					return "220 " + strings.Repeat("*", 60) + "\r\n"
				}
				return line
			}, forwarded)
			swaks(lab.ClientNode, at(lab.EximNode, 587), "-tlso")
		}, []string{"CT-TLS-001 high smtp"}},
		{"STARTTLS refused, login in clear", func() {
			smtp.set(unchanged, func(line string) (string, string) {
				if has(line, "STARTTLS") {
					return "", "454 4.7.0 TLS not available due to local problem\r\n"
				}
				return line, ""
			})
			swaks(lab.ClientNode, at(lab.EximNode, 587), "-tlso")
		}, []string{"CT-TLS-003 high smtp"}},
		{"STARTTLS refused, IMAP", func() {
			imap.set(unchanged, func(line string) (string, string) {
				if has(line, "STARTTLS") {
					tag, _, _ := strings.Cut(line, " ")
					return "", tag + " NO not now\r\n"
				}
				return line, ""
			})
			curl(lab.ClientNode, "--ssl", "imap://"+at(lab.EximNode, 143).String())
		}, []string{"CT-TLS-003 high imap"}},
		{"STLS refused, POP3", func() {
			pop3.set(unchanged, func(line string) (string, string) {
				if has(line, "STLS") {
					return "", "-ERR not now\r\n"
				}
				return line, ""
			})
			curl(lab.ClientNode, "--ssl", "pop3://"+at(lab.EximNode, 110).String())
		}, []string{"CT-TLS-003 high pop3"}},
		{"commands injected behind STARTTLS, SMTP", func() {
			inner.set(unchanged, func(line string) (string, string) {
				if has(line, "STARTTLS") {
					return line + "EHLO attacker.example\r\nMAIL FROM:<attacker@example.org>\r\n", ""
				}
				return line, ""
			})
			openssl("smtp", at(lab.ClientNode, 5870))
		}, []string{"CT-TLS-004 critical smtp"}},
		{"commands injected behind STARTTLS, IMAP", func() {
			inject.set(unchanged, func(line string) (string, string) {
				if has(line, "STARTTLS") {
					return line + "x NOOP\r\n", ""
				}
				return line, ""
			})
			openssl("imap", at(lab.ClientNode, 1430))
		}, []string{"CT-TLS-004 critical imap"}},
		{"replies injected before TLS, IMAP", func() {
			imap.set(func(line string) string {
				if has(line, " OK BEGIN TLS") {
					return line + "* CAPABILITY IMAP4rev1 AUTH=PLAIN\r\n"
				}
				return line
			}, forwarded)
			openssl("imap", at(lab.EximNode, 143))
		}, []string{"CT-TLS-005 critical imap"}},
		{"replies injected before TLS, SMTP", func() {
			smtp.set(func(line string) string {
				if strings.HasPrefix(line, "220 2.0.0") {
					return line + "250-mail.example.org\r\n250 AUTH PLAIN\r\n"
				}
				return line
			}, forwarded)
			openssl("smtp", at(lab.EximNode, 587))
		}, []string{"CT-TLS-005 critical smtp"}},
		{"logged in already, it says", func() {
			imap.set(replace("* OK [", "* PREAUTH ["), forwarded)
			curl(lab.ClientNode, "--ssl", "imap://"+at(lab.EximNode, 143).String())
		}, []string{"CT-TLS-006 high imap"}},
		{"an ALERT with an address", func() {
			imap.set(func(line string) string {
				if strings.HasPrefix(line, "* OK [") {
					return line + "* OK [ALERT] your mailbox is full, see https://example.net/login\r\n"
				}
				return line
			}, forwarded)
			curl(lab.ClientNode, "--ssl", "imap://"+at(lab.EximNode, 143).String())
		}, []string{"CT-TLS-006 medium imap"}},
	} {
		tape := l.Wire.Record()
		c.play()
		if err := tape.Settle(30 * time.Millisecond); err != nil {
			t.Fatal(err)
		}
		frames := tape.Stop()
		if got := told(frames); !slices.Equal(got, c.want) {
			t.Errorf("%s: told %q, want %q", c.name, got, c.want)
		}
		if slices.ContainsFunc(frames, func(f lab.Frame) bool { return bytes.Contains(f.Data, []byte("Connection refused")) }) || len(frames) < 10 {
			t.Errorf("%s: %d frames", c.name, len(frames))
		}
	}
	// Real sessions, their clocks set apart: over a day STARTTLS is offered, then it is gone.
	var days []lab.Frame
	session := func(after time.Duration) {
		tape := l.Wire.Record()
		curl(lab.ClientNode, "--ssl", "imap://"+at(lab.EximNode, 143).String())
		if err := tape.Settle(30 * time.Millisecond); err != nil {
			t.Fatal(err)
		}
		for _, f := range tape.Stop() {
			f.Time = f.Time.Add(after)
			days = append(days, f)
		}
	}
	imap.set(unchanged, forwarded)
	for i := range 6 {
		session(time.Duration(i) * 5 * time.Hour)
	}
	imap.set(replace(" STARTTLS", ""), forwarded)
	for i := range 6 {
		session(26*time.Hour + time.Duration(i)*15*time.Minute)
	}
	if got := told(days); !slices.Equal(got, []string{"CT-TLS-002 medium imap"}) {
		t.Errorf("STARTTLS taken away: told %q", got)
	}
}
