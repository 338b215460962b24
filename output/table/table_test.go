package table

import (
	"errors"
	"math/rand/v2"
	"net/netip"
	"strings"
	"testing"
	"time"
	"unicode"

	"cleartap/detectors"
	"cleartap/output"
	"cleartap/reassembly"
)

func alert(user, result, severity string) *output.Alert {
	return &output.Alert{
		Timestamp: "2026-11-22T10:00:00.123456Z",
		Network:   output.Network{Protocol: "imap"},
		Event:     output.Event{Outcome: map[string]string{"success": "success", "failure": "failure"}[result]},
		Source:    output.Endpoint{IP: "10.1.0.7", Address: "10.1.0.7", Port: 40001}, Destination: output.Endpoint{IP: "2001:db8::25", Address: "2001:db8::25", Port: 143},
		User:     output.User{Name: user},
		Cleartap: output.Cleartap{Severity: severity, Auth: output.Auth{Mechanism: "LOGIN", Result: result}},
	}
}

func TestTable(t *testing.T) {
	var b strings.Builder
	w := New(&b, false)
	for _, a := range []*output.Alert{alert("alice@example.org", "success", "critical"), alert("", "failure", "high"), alert("日本", "unknown", "high")} {
		if err := w.Write(a); err != nil {
			t.Fatal(err)
		}
	}
	if b.Len() > 0 {
		t.Error("rows came before the widths were known")
	}
	if err := w.Flush(); err != nil {
		t.Fatal(err)
	}
	const want = `TIME (UTC)           CLIENT          SERVER              PROTOCOL  MECHANISM  USER               RESULT   SEVERITY
2026-11-22 10:00:00  10.1.0.7:40001  [2001:db8::25]:143  imap      LOGIN      alice@example.org  success  critical
2026-11-22 10:00:00  10.1.0.7:40001  [2001:db8::25]:143  imap      LOGIN      -                  failure  high
2026-11-22 10:00:00  10.1.0.7:40001  [2001:db8::25]:143  imap      LOGIN      日本               unknown  high
`
	if b.String() != want {
		t.Errorf("got\n%swant\n%s", b.String(), want)
	}
	b.Reset()
	if err := w.Write(alert(strings.Repeat("x", 30), "success", "critical")); err != nil {
		t.Fatal(err)
	}
	if err := w.Flush(); err != nil || strings.Count(b.String(), "\n") != 1 {
		t.Errorf("a row after the first ones: %q, %v", b.String(), err)
	}
}

func TestTableOfNothingIsEmpty(t *testing.T) {
	var b strings.Builder
	if err := New(&b, true).Flush(); err != nil || b.Len() > 0 {
		t.Errorf("%q, %v", b.String(), err)
	}
}

func TestTableStreamsWhenItHasLearnt(t *testing.T) {
	var b strings.Builder
	w := New(&b, false)
	for range 10 * learn {
		if err := w.Write(alert("a", "success", "high")); err != nil {
			t.Fatal(err)
		}
	}
	if strings.Count(b.String(), "\n") < 8*learn {
		t.Errorf("only %d rows came out", strings.Count(b.String(), "\n"))
	}
}

func TestTableColoursTheSeverityOnly(t *testing.T) {
	var b strings.Builder
	w := New(&b, true)
	_ = w.Write(alert("\x1b[31mred\x1b[0m", "success", "critical"))
	_ = w.Flush()
	if got := strings.Count(b.String(), "\x1b"); got != 2 || !strings.HasSuffix(b.String(), "\x1b[1;31mcritical\x1b[0m\n") {
		t.Errorf("%d escapes in %q", got, b.String())
	}
}

// A user name cannot steer the terminal, forge a row, or turn the direction of writing.
func TestTableTakesAnyName(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 1))
	parts := []string{"a", "\x1b[2J", "\x1b]52;c;x\a", "\n", "\r", "\t", "\x00", "\x7f", "\u0085", "\u009b31m", "\u202e", "\u2066", "\u200b", "\ufeff", "\u2028", "\xff", "é", "日本", "👩‍👩‍👧", "e\u0301\u0301\u0301", "\U000e0041", strings.Repeat("w", 60)}
	for range 3_000 {
		var name strings.Builder
		for range r.IntN(8) {
			name.WriteString(parts[r.IntN(len(parts))])
		}
		var b strings.Builder
		w := New(&b, false)
		_ = w.Write(alert(name.String(), "success", "high"))
		_ = w.Flush()
		if strings.Count(b.String(), "\n") != 2 {
			t.Fatalf("%q makes %q", name.String(), b.String())
		}
		for _, c := range b.String() {
			if c != '\n' && (!unicode.IsPrint(c)) {
				t.Fatalf("%q lets %U through", name.String(), c)
			}
		}
		if len(b.String()) > 700 {
			t.Fatalf("%q makes a row of %d bytes", name.String(), len(b.String()))
		}
	}
}

type full struct{}

var errFull = errors.New("full")

func (full) Write([]byte) (int, error) { return 0, errFull }

func TestTableTellsErrors(t *testing.T) {
	w := New(full{}, false)
	var err error
	for range 100 * learn {
		if err = w.Write(alert("a", "success", "high")); err != nil {
			break
		}
	}
	if !errors.Is(err, errFull) || !errors.Is(w.Flush(), errFull) {
		t.Errorf("got %v", err)
	}
}

func TestSummary(t *testing.T) {
	s := Summary{Captures: 2, Files: 3, Skipped: 1, Packets: 1234567, Bytes: 98_765_432, Flows: 42, Took: 1500 * time.Millisecond, Unread: 1, Evicted: 2, Cut: 3, Lost: 4, Panics: 1,
		From: time.Date(2026, 11, 22, 10, 0, 0, 0, time.UTC), To: time.Date(2026, 11, 22, 11, 0, 5, 0, time.UTC), Interrupt: true}
	for _, f := range []detectors.Finding{
		finding("imap", "LOGIN", "alice", detectors.Success, detectors.Critical), finding("imap", "LOGIN", "alice", detectors.Failure, detectors.High),
		finding("imap", "LOGIN", "bob", detectors.Unknown, detectors.High), finding("smtp", "PLAIN", "carol", detectors.Success, detectors.Critical),
		{Observation: detectors.Observation{Kind: detectors.Conflict}, Severity: detectors.Medium},
	} {
		s.Tally.Add(&f)
	}
	var b strings.Builder
	if err := s.Print(&b); err != nil {
		t.Fatal(err)
	}
	const want = `read 3 files (2 captures): 1,234,567 packets, 99 MB, 42 TCP flows in 1.5s (66 MB/s)
packets from 2026-11-22 10:00:00Z to 2026-11-22 11:00:05Z (1h0m5s)
1 file in the folders skipped: no captures
4 logins without TLS: 3 accounts, 1 client, 1 server
  PROTOCOL     MECHANISM  ACCEPTED   REFUSED   UNKNOWN
  imap         LOGIN             1         1         1
  smtp         PLAIN             1         0         0
1 other finding
severity: 2 critical, 2 high, 1 medium
1 problem with the input, told above
2 flows given up for want of memory: logins in them may be missing (see --max-memory)
3 packets shortened by the snap length of the capture
4 B missing in mail flows: the capture lost packets, or cut them
1 packet met a fault of cleartap and cost a flow each: please report it
interrupted: these are the results so far
`
	if b.String() != want {
		t.Errorf("got\n%s", b.String())
	}
}

func finding(protocol string, m detectors.Mechanism, user string, r detectors.Result, v detectors.Severity) detectors.Finding {
	return detectors.Finding{Severity: v, Observation: detectors.Observation{
		Kind: detectors.Login, Protocol: protocol, Result: r, Attempt: detectors.Attempt{Mechanism: m, Identity: user},
		Flow: reassembly.Flow{Client: netip.MustParseAddrPort("10.1.0.7:40001"), Server: netip.MustParseAddrPort("192.0.2.25:143")},
	}}
}

func TestSummaryOfNothing(t *testing.T) {
	var b strings.Builder
	s := Summary{Took: time.Millisecond}
	if err := s.Print(&b); err != nil || !strings.Contains(b.String(), "no login without TLS found") {
		t.Errorf("%q, %v", b.String(), err)
	}
}

func TestFigures(t *testing.T) {
	for n, want := range map[uint64]string{0: "0 B", 999: "999 B", 1000: "1.0 kB", 1234: "1.2 kB", 9949: "9.9 kB", 9960: "10 kB", 999_499: "999 kB", 999_600: "1.0 MB", 18446744073709551615: "18 EB"} {
		if got := Size(n); got != want {
			t.Errorf("Size(%d) = %q, want %q", n, got, want)
		}
	}
	for n, want := range map[uint64]string{0: "0", 999: "999", 1000: "1,000", 1234567: "1,234,567"} {
		if got := Thousands(n); got != want {
			t.Errorf("Thousands(%d) = %q, want %q", n, got, want)
		}
	}
}

// What many logins have in common is a row as well, with numbers where there is not one.
func TestTableShowsAttacks(t *testing.T) {
	var b strings.Builder
	w := New(&b, false)
	for _, change := range []func(a *output.Alert){
		func(a *output.Alert) { a.Cleartap.Attack.Accounts, a.User.Name = 15, "" },
		func(a *output.Alert) {
			a.Cleartap.Attack.Sources, a.Source, a.Destination = 200, output.Endpoint{}, output.Endpoint{}
		},
	} {
		a := alert("alice", "", "high")
		a.Cleartap.Auth, a.Source.Port, a.Rule.ID, a.Rule.Name = output.Auth{}, 0, "CT-AUTH-002", "Spraying"
		change(a)
		if err := w.Write(a); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Flush(); err != nil {
		t.Fatal(err)
	}
	const want = `TIME (UTC)           CLIENT         SERVER              PROTOCOL  MECHANISM    USER         RESULT    SEVERITY
2026-11-22 10:00:00  10.1.0.7       [2001:db8::25]:143  imap      CT-AUTH-002  15 accounts  Spraying  high
2026-11-22 10:00:00  200 addresses  -                   imap      CT-AUTH-002  alice        Spraying  high
`
	if b.String() != want {
		t.Errorf("got\n%swant\n%s", b.String(), want)
	}
}
