package all_test

import (
	"net/netip"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"cleartap/capture"
	"cleartap/detectors"
	"cleartap/detectors/all"
	"cleartap/detectors/dialogtest"
	"cleartap/detectors/signals"
	"cleartap/internal/inventory"
	"cleartap/reassembly"
)

// line is the whole line, from segments to rules, at rest between sessions.
type line struct {
	t         *testing.T
	told      []string
	servers   *inventory.Inventory
	engine    *detectors.Engine
	assembler *reassembly.Assembler
	across    *signals.Signals
	at        capture.Nanos
	port      uint16
}

func newLine(t *testing.T) *line {
	l := &line{t: t, at: capture.Nanos(time.Date(2026, 3, 2, 8, 0, 0, 0, time.UTC).UnixNano()), port: 40000}
	once := signals.NewOnce(0, [2]uint64{})
	note := func(f *detectors.Finding) {
		if once.Pass(f) {
			l.told = append(l.told, strings.TrimPrefix(f.Rule.ID, "CT-")+" "+f.Severity.String())
		}
	}
	l.across = signals.New(signals.Config{}, note)
	l.servers = inventory.New(inventory.Config{Report: note})
	l.engine = detectors.NewEngine(detectors.Config{Protocols: all.Protocols(), Report: func(o *detectors.Observation) {
		detectors.JudgeAll(o, note)
		l.across.Observe(o.Decided.Time, o)
		l.servers.Observe(o)
	}})
	l.assembler = reassembly.New(reassembly.Config{Classify: l.engine.Classify, Open: l.engine.Open})
	return l
}

// say plays a dialogue file, or the text of one, between a client and a server.
func (l *line) say(client, server, dialogue string) {
	l.t.Helper()
	text := dialogue
	if !strings.Contains(text, "\n") {
		b, err := os.ReadFile(filepath.Join("..", dialogue))
		if err != nil {
			l.t.Fatal(err)
		}
		text = string(b)
	}
	d, err := dialogtest.Parse(dialogue, text)
	if err != nil {
		l.t.Fatal(err)
	}
	l.port++
	to := netip.MustParseAddrPort(server)
	ends := [2]capture.Endpoint{{IP: netip.MustParseAddr(client).As16(), Port: l.port}, {IP: to.Addr().As16(), Port: to.Port()}}
	next := [2]uint32{1000, 5000}
	send := func(from int, flags capture.Flags, p []byte) {
		l.at += 1e6
		l.assembler.Push(&capture.Segment{Mark: capture.Mark{Time: l.at, Seq: next[from], Ack: next[1-from]}, Src: ends[from], Dst: ends[1-from], IPv4: true, TTL: 64, Flags: flags, Payload: p})
		next[from] += uint32(len(p))
		if flags.Has(capture.SYN) || flags.Has(capture.FIN) {
			next[from]++
		}
	}
	send(0, capture.SYN, nil)
	send(1, capture.SYN|capture.ACK, nil)
	send(0, capture.ACK, nil)
	for _, s := range d.Segments() {
		from := 0
		if s.Dir == reassembly.ToClient {
			from = 1
		}
		next[from] += uint32(s.Lost)
		send(from, capture.ACK, s.Bytes)
	}
	send(0, capture.FIN|capture.ACK, nil)
	send(1, capture.FIN|capture.ACK, nil)
	send(0, capture.ACK, nil)
	l.at += 3e9
	l.assembler.Tick(l.at)
	l.engine.Tick(l.at)
}

// end gives the rules under which something was reported, sorted, without those of the
// inventory unless they are asked for.
func (l *line) end(inventory bool) []string {
	l.assembler.Flush()
	l.engine.Close()
	l.across.Flush()
	out := slices.DeleteFunc(l.told, func(s string) bool { return !inventory && strings.HasPrefix(s, "INV") })
	slices.Sort(out)
	return out
}

const (
	here, there = "10.1.0.7", "198.51.100.9" // clients of different networks
	mx          = "192.0.2.25:25"
)

// The hard cases that are about TLS, servers and many logins: the rules under which
// each is reported, over the whole line.
func TestCasesOfTLSAndAttacks(t *testing.T) {
	for _, c := range []struct {
		name      string
		play      func(l *line)
		inventory bool
		want      string
	}{
		{"case 9: STLS, then TLS", func(l *line) { l.say(here, "192.0.2.25:110", "pop3/testdata/case09_stls.txt") }, false, ""},
		{"case 10: STLS, then text", func(l *line) { l.say(here, "192.0.2.25:110", "pop3/testdata/case10_stls_then_text.txt") }, false, "CRED-001 critical, TLS-003 high"},
		{"case 20: PREAUTH", func(l *line) { l.say(here, "192.0.2.25:143", "imap/testdata/case20_preauth.txt") }, false, "TLS-006 high"},
		{"case 31: commands behind STARTTLS", func(l *line) { l.say(here, mx, "smtp/testdata/case31_starttls_injection.txt") }, false, "CRED-003 critical, TLS-004 critical"},
		{"case 32: replies before TLS", func(l *line) { l.say(here, mx, "smtp/testdata/case32_response_injection.txt") }, false, "TLS-005 critical"},
		{"case 33: masked for one network, shown to another", func(l *line) {
			l.say(here, mx, "S: 220 *************************\nC: EHLO a\nS: 250-mx.example.org\nS: 250-XXXXXXXA\nS: 250 SIZE\nC: QUIT\nS: 221 bye\n")
			l.say(there, mx, "S: 220 mx.example.org ESMTP\nC: EHLO a\nS: 250-mx.example.org\nS: 250-STARTTLS\nS: 250 SIZE\nC: QUIT\nS: 221 bye\n")
		}, false, "TLS-001 high, TLS-002 high"},
		{"case 36: the server's half alone", func(l *line) { l.say(here, "192.0.2.25:110", "pop3/testdata/case36_server_alone.txt") }, true, "INV-002 low"},
		{"a server in clear on a port of TLS", func(l *line) { l.say(here, "192.0.2.25:993", "S: * OK ready\nC: a LOGOUT\nS: * BYE\nS: a OK\n") }, false, "TLS-010 medium"},
		{"Dovecot's ALERT before it refuses", func(l *line) { l.say(here, "192.0.2.25:143", "imap/testdata/no_dovecot_alert.txt") }, false, "CRED-010 high"},
		{"clients that say HELO alone, where EHLO shows STARTTLS", func(l *line) {
			for range 40 {
				l.say(there, mx, "S: 220 mx.example.org ESMTP\nC: EHLO a\nS: 250-mx.example.org\nS: 250 STARTTLS\nC: QUIT\nS: 221 bye\n")
				l.at += 3600e9
			}
			for range 40 {
				l.say(here, mx, "S: 220 mx.example.org ESMTP\nC: HELO a\nS: 250 mx.example.org\nC: QUIT\nS: 221 bye\n")
				l.at += 600e9
			}
		}, false, ""},
		{"a server that takes logins without TLS", func(l *line) {
			for range 3 {
				l.say(here, "192.0.2.25:143", "S: * OK Dovecot ready.\nC: a CAPABILITY\nS: * CAPABILITY IMAP4rev1 STARTTLS AUTH=PLAIN\nS: a OK\nC: b LOGOUT\nS: * BYE\nS: b OK\n")
			}
		}, true, "INV-001 medium, INV-002 low"},
		{"a server that asks for TLS", func(l *line) {
			for range 5 {
				l.say(here, "192.0.2.25:143", "S: * OK Dovecot ready.\nC: a CAPABILITY\nS: * CAPABILITY IMAP4rev1 STARTTLS LOGINDISABLED\nS: a OK\nC: b LOGOUT\nS: * BYE\nS: b OK\n")
			}
		}, true, "INV-002 low"},
	} {
		l := newLine(t)
		c.play(l)
		if got := strings.Join(l.end(c.inventory), ", "); got != c.want {
			t.Errorf("%s: %q, want %q", c.name, got, c.want)
		}
	}
}
