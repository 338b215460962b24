package output

import (
	"encoding/json"
	"net/netip"
	"strings"
	"testing"
	"time"

	"cleartap/capture"
	"cleartap/detectors"
	"cleartap/reassembly"
)

// spray is a finding of an attack as detectors/signals would report it.
func spray(change ...func(*detectors.Finding)) *detectors.Finding {
	at := capture.Nanos(time.Date(2026, 11, 22, 10, 0, 0, 0, time.UTC).UnixNano())
	f := &detectors.Finding{
		Rule: detectors.Spraying, Severity: detectors.Spraying.Floor(),
		Attack: &detectors.Attack{State: detectors.AttackEnded, Start: at, Origin: capture.Mark{Time: at + 9e9, Seq: 4711}, Window: 1800e9,
			Sources: 1, Accounts: 15, Attempts: 16, Failures: 15},
		Observation: detectors.Observation{
			Kind: detectors.Guessing, Protocol: "smtp", Sides: 2, Result: detectors.Failure,
			Flow:    reassembly.Flow{Client: netip.MustParseAddrPort("10.1.0.7:0"), Server: netip.MustParseAddrPort("192.0.2.25:587"), Start: at},
			Mark:    capture.Mark{Time: at + 20e9, Frame: 9, Seq: 5000},
			Decided: capture.Mark{Time: at + 21e9, Frame: 10},
		},
	}
	for _, c := range change {
		c(f)
	}
	return f
}

func document(t *testing.T, f *detectors.Finding, where Where, p *Policy) map[string]any {
	t.Helper()
	a := Redact(f, where, p)
	var doc map[string]any
	if err := json.Unmarshal(a.AppendJSON(nil), &doc); err != nil {
		t.Fatal(err)
	}
	return doc
}

// at gives a field of a document by its path.
func at(doc map[string]any, path string) any {
	var v any = doc
	for name := range strings.SplitSeq(path, ".") {
		m, _ := v.(map[string]any)
		v = m[name]
	}
	return v
}

func TestAttackMakesItsAlert(t *testing.T) {
	doc := document(t, spray(), Where{Path: "monday.pcap"}, &Policy{Version: "1"})
	for path, want := range map[string]any{
		"@timestamp": "2026-11-22T10:00:20.000000Z", "event.start": "2026-11-22T10:00:00.000000Z", "event.end": "2026-11-22T10:00:21.000000Z",
		"event.action": "password-guessing", "event.outcome": "failure", "event.severity": 73.0, "event.code": "CT-AUTH-002", "rule.id": "CT-AUTH-002",
		"rule.category": "authentication", "network.protocol": "smtp", "network.direction": "outbound", "network.community_id": nil,
		"source.ip": "10.1.0.7", "source.port": nil, "destination.ip": "192.0.2.25", "destination.port": 587.0, "user": nil, "cleartap.auth": nil,
		"cleartap.attack.state": "ended", "cleartap.attack.sources": 1.0, "cleartap.attack.accounts": 15.0, "cleartap.attack.attempts": 16.0,
		"cleartap.attack.failures": 15.0, "cleartap.attack.window": 1800.0, "cleartap.capture.frame": 9.0, "log.file.path": "monday.pcap",
		"message": "SMTP: spraying of 15 accounts from 10.1.0.7 to 192.0.2.25:587: 15 of 16 refused, 1 accepted",
	} {
		if got := at(doc, path); got != want {
			t.Errorf("%s is %v, want %v", path, got, want)
		}
	}
	if id, _ := at(doc, "cleartap.attack.id").(string); len(id) != 26 || id == at(doc, "event.id") {
		t.Errorf("its id is %q", id)
	}
}

// Reports of one attack share its id, whatever it has become, and have event ids of their own.
func TestAttackKeepsItsID(t *testing.T) {
	var p Policy
	first := document(t, spray(func(f *detectors.Finding) { f.Attack.State, f.Attack.Attempts = detectors.AttackStart, 10 }), Where{}, &p)
	last := document(t, spray(func(f *detectors.Finding) {
		f.Rule, f.Flow.Server, f.Flow.Client, f.Mark.Time = detectors.GuessedRight, netip.AddrPort{}, netip.AddrPort{}, f.Mark.Time+1
	}), Where{}, &p)
	if a, b := at(first, "cleartap.attack.id"), at(last, "cleartap.attack.id"); a != b {
		t.Errorf("%v became %v", a, b)
	}
	if at(first, "event.id") == at(last, "event.id") {
		t.Error("two reports have one event id")
	}
	other := document(t, spray(func(f *detectors.Finding) { f.Attack.Origin.Seq++ }), Where{}, &p)
	if at(first, "cleartap.attack.id") == at(other, "cleartap.attack.id") {
		t.Error("two attacks have one id")
	}
}

// An account is named once it failed five times: then it is no word typed into the wrong box.
func TestAttackNamesAnAccountThatFailedOften(t *testing.T) {
	of := func(shown bool) *detectors.Finding {
		return spray(func(f *detectors.Finding) {
			f.Attempt.Identity, f.Attack.Accounts, f.Attack.Shown = "alice@example.org", 1, shown
		})
	}
	for _, c := range []struct {
		f    *detectors.Finding
		p    Policy
		want any
	}{
		{of(true), Policy{}, "alice@example.org"}, {of(false), Policy{}, "a***@example.org"},
		{of(true), Policy{Usernames: UsernamesMasked}, "a***@example.org"}, {of(true), Policy{Usernames: UsernamesNone}, nil},
	} {
		if got := at(document(t, c.f, Where{}, &c.p), "user.name"); got != c.want {
			t.Errorf("%v where it is %v", got, c.want)
		}
	}
}

func TestAttackOfANetworkByPolicy(t *testing.T) {
	key := []byte("0123456789abcdefghijklmnopqrstuvwxyz")
	for _, c := range []struct {
		net, want string
		clients   Clients
	}{
		{"192.88.7.0/24", "192.88.7.0/24", ""}, {"192.88.7.0/24", "192.88.7.0/24", ClientsPrefix},
		{"2001:db8:1:2::/64", "2001:db8:1:2::/64", ClientsFull}, {"2001:db8:1:2::/64", "2001:db8:1::/48", ClientsPrefix},
		{"192.88.7.0/24", pseudonym(key, clientLabel, "192.88.7.0/24"), ClientsPseudonym},
	} {
		f := spray(func(f *detectors.Finding) {
			f.Rule, f.Flow.Client, f.Attack.Network = detectors.Stuffing, netip.AddrPort{}, netip.MustParsePrefix(c.net)
		})
		doc := document(t, f, Where{}, &Policy{Clients: c.clients, PseudonymKey: key})
		if got := at(doc, "source.address"); got != c.want || at(doc, "source.ip") != nil {
			t.Errorf("%s under %q is %v, address %v", c.net, c.clients, got, at(doc, "source.ip"))
		}
	}
}

func TestAttackFromEverywhere(t *testing.T) {
	f := spray(func(f *detectors.Finding) {
		f.Rule, f.Protocol, f.Flow, f.Attack.Sources, f.Attack.Accounts, f.Attempt.Identity, f.Attack.Shown = detectors.Distributed, "", reassembly.Flow{}, 200, 1, "boss", true
	})
	doc := document(t, f, Where{}, &Policy{})
	for _, path := range []string{"source", "destination", "network.direction", "network.community_id", "related.ip", "network.protocol", "network.type"} {
		if got := at(doc, path); got != nil {
			t.Errorf("%s is %v", path, got)
		}
	}
	if got := at(doc, "message"); got != "guessing of boss from 200 addresses to several servers: 15 of 16 refused, 1 accepted" {
		t.Errorf("%v", got)
	}
}

// The words of our own lists are written so that who searches for bad passwords finds none.
func TestAttackHoldsNoWordThatIsAPassword(t *testing.T) {
	for _, r := range detectors.Rules() {
		a := Redact(spray(func(f *detectors.Finding) { f.Rule = r }), Where{}, &Policy{})
		for _, word := range []string{"password", "secret", "123456", "qwerty", "letmein"} {
			if strings.Contains(string(a.AppendJSON(nil)), word) {
				t.Errorf("%s: %q", r.ID, word)
			}
		}
	}
}

func TestDowngradesMakeTheirAlerts(t *testing.T) {
	o := login()
	o.Kind, o.Result = detectors.Fallback, detectors.Failure
	doc := document(t, &detectors.Finding{Observation: o, Rule: detectors.PlainFallback, Severity: detectors.High,
		Downgrade: &detectors.Downgrade{Upgrade: "rejected"}}, Where{}, &Policy{})
	plain := document(t, judge(t, login()), Where{}, &Policy{})
	for path, want := range map[string]any{
		"event.action": "plaintext-fallback", "event.code": "CT-TLS-003", "cleartap.tls.upgrade": "rejected", "user.name": "a***@example.org", "cleartap.auth": nil,
		"message": "IMAP: login in clear after TLS was refused from 10.1.0.7 to 192.0.2.25:143",
	} {
		if got := at(doc, path); got != want {
			t.Errorf("%s is %v, want %v", path, got, want)
		}
	}
	if at(doc, "event.id") == at(plain, "event.id") {
		t.Error("the login and its being a fallback have one id")
	}
	o = detectors.Observation{Kind: detectors.Regression, Protocol: "smtp", Flow: o.Flow, Offer: &detectors.Offer{Source: detectors.FromEHLO, UserPass: true}}
	doc = document(t, &detectors.Finding{Observation: o, Rule: detectors.LostOffer, Severity: detectors.Medium,
		Downgrade: &detectors.Downgrade{Stripped: []string{"STARTTLS"}, Baseline: []string{"STARTTLS"}, Sessions: 9}}, Where{}, &Policy{})
	for path, want := range map[string]any{
		"event.action": "starttls-stripped", "event.code": "CT-TLS-002", "user": nil,
		"message": "SMTP: STARTTLS no longer offered from 10.1.0.7 to 192.0.2.25:143",
	} {
		if got := at(doc, path); got != want {
			t.Errorf("%s is %v, want %v", path, got, want)
		}
	}
	for path, want := range map[string]string{"cleartap.tls.stripped": "STARTTLS", "cleartap.tls.baseline": "STARTTLS", "cleartap.tls.offered": "USER"} {
		if got, _ := at(doc, path).([]any); len(got) != 1 || got[0] != want {
			t.Errorf("%s is %v", path, got)
		}
	}
}
