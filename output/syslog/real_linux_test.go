package syslog

import (
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"regexp"
	"strings"
	"testing"

	"cleartap/output"
	"cleartap/output/format"
	"cleartap/output/format/formattest"
	"cleartap/output/format/oneline"
	"cleartap/output/syslog/testdaemon"
	"cleartap/output/transport"
)

// way is one way to send: a transport, a header and a format.
type way struct {
	name string
	c    Config
	sent map[string]output.Alert
}

// ways are all that a receiver is tried with.
func ways(d *testdaemon.Daemon, secure transport.TLS) []*way {
	transports := []way{
		{name: "udp", c: Config{Transport: UDP, Address: d.Addr("udp")}},
		{name: "octets", c: Config{Transport: TCP, Address: d.Addr("tcp")}},
		{name: "lines", c: Config{Transport: TCP, Address: d.Addr("lf"), Framing: Lines}},
		{name: "tls", c: Config{Transport: TLS, Address: d.Addr("mutual"), TLS: secure}},
		{name: "socket", c: Config{Transport: Unix, Address: d.Dir + "/dgram", Protocol: Local}},
	}
	formats := []Config{
		{}, {Format: format.JSON, CEE: true}, {Format: format.JSON}, {Format: format.EVE, CEE: true}, {Format: format.CEF}, {Format: format.LEEF1}, {Format: format.LEEF2},
		{Protocol: RFC3164}, {Protocol: RFC3164, Format: format.CEF}, {Protocol: RFC3164, Format: format.LEEF2}, {Protocol: RFC3164, Format: format.JSON, CEE: true},
	}
	var all []*way
	for _, w := range transports {
		for _, f := range formats {
			if w.c.Protocol == Local && f.Protocol == RFC3164 {
				continue
			}
			one := way{name: fmt.Sprintf("%s %v %d %v", w.name, f.Format, f.Protocol, f.CEE), c: w.c, sent: map[string]output.Alert{}}
			one.c.Format, one.c.CEE, one.c.MaxSize = f.Format, f.CEE, 8000
			if w.c.Protocol != Local {
				one.c.Protocol = f.Protocol
			}
			all = append(all, &one)
		}
	}
	return all
}

var eventID = regexp.MustCompile(`EVT-\d\d-\d\d\d\d`)

// openSSL is the receiver that must not see a connection end while others begin: when
// one ends, rsyslog 8.2302 with OpenSSL closes its file number twice, and with it what
// got that number meanwhile. Lines then go to a sensor instead of the file, or a
// sensor's connection ends.
const openSSL = "rsyslog with OpenSSL"

// receivers makes one of each.
func receivers(t *testing.T, root string, a *testdaemon.Authority) map[string]*testdaemon.Daemon {
	t.Helper()
	return map[string]*testdaemon.Daemon{"rsyslog": testdaemon.Rsyslog(t, root, a, "gtls"), openSSL: testdaemon.Rsyslog(t, root, a, "ossl"), "syslog-ng": testdaemon.SyslogNG(t, root, a)}
}

// Names that nobody should have go in all formats over all transports to the real
// receivers. Each alert is one message, and what is read from it is what was sent.
func TestRealReceiversUnderstandHostileNames(t *testing.T) {
	t.Parallel()
	root, ok := testdaemon.Packages(t)
	if !ok {
		return
	}
	a := testdaemon.NewAuthority(t)
	a.Server(t, nil)
	cert, key := a.Client(t)
	for name, d := range receivers(t, root, a) {
		d.Start()
		r := rand.New(rand.NewPCG(3, 3))
		all := ways(d, transport.TLS{CA: a.CA, Certificate: cert, Key: key})
		total := 0
		var kept []*Sink
		for i, w := range all {
			if name == openSSL && w.c.Transport != TLS {
				continue
			}
			s := open(t, w.c)
			total += w.send(t, s, r, i, 8)
			if name == openSSL {
				kept = append(kept, s)
			} else if err := s.Close(); err != nil {
				t.Errorf("%s: %v", w.name, err)
			}
		}
		seen := map[string]int{}
		for _, l := range d.Wait(total) {
			id := eventID.FindString(l.Msg + l.Flat["event_id"] + l.All + l.Raw)
			if seen[id]++; id == "" {
				t.Fatalf("%s: nobody sent %q", name, l.Raw+l.Msg)
			}
			var n int
			fmt.Sscanf(id, "EVT-%02d-", &n)
			alert := all[n].sent[id]
			if err := all[n].understood(&l, &alert); err != nil {
				t.Errorf("%s, %s: %v\n%q", name, all[n].name, err, l.Raw+l.Msg)
			}
		}
		for _, w := range all {
			for id := range w.sent {
				if seen[id] != 1 {
					t.Errorf("%s, %s: %s came %d times", name, w.name, id, seen[id])
				}
			}
		}
		d.Kill()
		for _, s := range kept {
			s.mu.Lock()
			s.doubt = doubt{} // the receiver is gone, and had all
			s.mu.Unlock()
			_ = s.Close()
		}
		t.Logf("%s: %d messages", name, total)
	}
}

// send sends n alerts, hostile ones but for the first.
func (w *way) send(t *testing.T, s *Sink, r *rand.Rand, number, n int) int {
	t.Helper()
	var records []output.Record
	for k := range n {
		a := formattest.Hostile(r)
		if k == 0 {
			a = formattest.Sample()
		}
		a.Event.ID = fmt.Sprintf("EVT-%02d-%04d", number, k)
		rec := output.NewRecord(&a)
		if err := rec.Alert(&a); err != nil { // as it is read from the record
			t.Fatal(err)
		}
		w.sent[a.Event.ID] = a
		records = append(records, rec)
	}
	send(t, s, records)
	return n
}

// understood holds what the receiver read against what was sent.
func (w *way) understood(l *testdaemon.Line, a *output.Alert) error {
	c := w.c.withDefaults()
	e := newEncoder(&c)
	switch {
	case l.Pri != "170":
		return fmt.Errorf("priority %s", l.Pri)
	case w.c.Protocol == RFC5424 && (l.App != "cleartap" || l.MsgID != a.Rule.ID):
		return fmt.Errorf("application %q, id %q", l.App, l.MsgID)
	case w.c.Protocol != Local && l.Host != e.hostOf(a):
		return fmt.Errorf("host %q, not %q", l.Host, e.hostOf(a))
	}
	user, err := w.user(l)
	want := oneline.Text(a.User.Name)
	switch w.c.Format {
	case format.JSON, format.EVE:
		want = a.User.Name
	case format.LEEF1:
		want = strings.ReplaceAll(want, "#011", "\ufffd011")
	case format.LEEF2:
		want = strings.ReplaceAll(want, "^", "\ufffd")
	}
	if err == nil && user != want {
		err = fmt.Errorf("user %q, not %q", user, want)
	}
	return err
}

var userPair = regexp.MustCompile(` user_name="((?:[^"\\]|\\.)*)"`)

// user is the name that stands in a message.
func (w *way) user(l *testdaemon.Line) (string, error) {
	switch w.c.Format {
	case format.JSON, format.EVE:
		var all struct {
			User     output.User
			Cleartap struct{ User string }
		}
		err := json.Unmarshal([]byte(strings.TrimPrefix(strings.TrimPrefix(l.Msg, " "), cookie)), &all)
		return all.User.Name + all.Cleartap.User, err
	case format.CEF:
		got, err := formattest.ParseCEF(body(l, "CEF:"))
		if err != nil {
			return "", err
		}
		return got.Fields["duser"], nil
	case format.LEEF1, format.LEEF2:
		text := body(l, "LEEF:")
		if w.c.Format == format.LEEF1 {
			text = strings.ReplaceAll(text, "#011", "\t") // so rsyslog writes tabs
		}
		got, err := formattest.ParseLEEF(text)
		if err != nil {
			return "", err
		}
		return got.Fields["usrName"], nil
	}
	if w.c.Protocol == RFC5424 {
		return l.Flat["user_name"], nil
	}
	if m := userPair.FindStringSubmatch(l.Msg); m != nil {
		return strings.NewReplacer(`\\`, `\`, `\"`, `"`, `\]`, `]`).Replace(m[1]), nil
	}
	return "", nil
}

// body is what stands behind the header: of RFC 3164, receivers take the format's
// name for the tag.
func body(l *testdaemon.Line, start string) string {
	if strings.HasPrefix(strings.TrimPrefix(l.Msg, " "), start) {
		return strings.TrimPrefix(l.Msg, " ")
	}
	if _, after, ok := strings.Cut(l.Raw, " "+start); ok {
		return start + after
	}
	return l.App + ":" + l.Msg
}

// A real receiver that wants a certificate refuses who has none, and says so.
func TestRealReceiversRefuseStrangers(t *testing.T) {
	t.Parallel()
	root, ok := testdaemon.Packages(t)
	if !ok {
		return
	}
	a, other := testdaemon.NewAuthority(t), testdaemon.NewAuthority(t)
	a.Server(t, nil)
	cert, key := other.Client(t)
	for name, d := range receivers(t, root, a) {
		for what, secure := range map[string]transport.TLS{"none": {CA: a.CA}, "another's": {CA: a.CA, Certificate: cert, Key: key}} {
			d.Start() // for each, see openSSL
			s := open(t, Config{Transport: TLS, Address: d.Addr("mutual"), TLS: secure})
			v, err := s.Send(t.Context(), records("Z", 3))
			var f *output.Fault
			if !errors.As(err, &f) || v[2].Outcome == output.Done || !strings.Contains(f.Cure, "tls.certificate") {
				t.Errorf("%s, certificate %s: %v", name, what, err)
			}
			d.Kill()
			if got := d.Lines(); len(got) != 0 {
				t.Errorf("%s took %d messages of strangers", name, len(got))
			}
		}
	}
}
