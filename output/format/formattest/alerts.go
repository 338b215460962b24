// Package formattest holds what tests of formats and sinks share: alerts, hostile
// ones among them, and strict parsers that know nothing of our encoders. Its
// invariant: the same seed makes the same alerts.
package formattest

import (
	"math/rand/v2"
	"reflect"
	"strings"
	"unicode/utf8"

	"cleartap/output"
)

// Sample is an alert with every field that a live login can have.
func Sample() output.Alert {
	return output.Alert{
		Timestamp: "2026-11-22T10:00:00.123456Z",
		ECS:       output.ECS{Version: "8.11.0"},
		Message:   "IMAP LOGIN of alice@example.org from 10.1.0.7 to 192.0.2.25:143 without TLS: accepted",
		Event: output.Event{Kind: "alert", Category: []string{"network", "intrusion_detection"}, Type: []string{"info", "allowed"}, Action: "cleartext-login",
			Outcome: "success", Severity: 99, ID: "QJ4X6N2M5R7T3V8W9Y2ZABCDEF", Code: "CT-CRED-002", Module: "cleartap", Dataset: "cleartap.alert",
			Start: "2026-11-22T09:59:59.900000Z", End: "2026-11-22T10:00:00.223456Z", Created: "2026-11-22T10:00:00.323456Z"},
		Rule:        output.Rule{ID: "CT-CRED-002", Name: "IMAP LOGIN without TLS", Category: "credential", Ruleset: "cleartap", Version: "1"},
		Network:     output.Network{Transport: "tcp", Type: "ipv4", Protocol: "imap", CommunityID: "1:LQU9qZlK+B5F3KDmev6m5PMibrg=", Direction: "outbound", VLAN: output.VLAN{ID: "12"}},
		Source:      output.Endpoint{IP: "10.1.0.7", Port: 40001, Address: "10.1.0.7"},
		Destination: output.Endpoint{IP: "192.0.2.25", Port: 143, Address: "192.0.2.25"},
		User:        output.User{Name: "alice@example.org"},
		Related:     output.Related{IP: []string{"10.1.0.7", "192.0.2.25"}, User: []string{"alice@example.org"}},
		Threat: output.Threat{Framework: "MITRE ATT&CK", Technique: []output.Technique{{ID: "T1040", Name: "Network Sniffing"},
			{ID: "T1552", Name: "Unsecured Credentials"}}},
		Observer: output.Observer{Vendor: "cleartap", Product: "cleartap", Type: "sensor", Version: "1.0.0", Name: "sensor1", Ingress: output.Ingress{Interface: output.Interface{Name: "eth1"}}},
		Cleartap: output.Cleartap{Severity: "critical", Count: 1, Capture: output.Capture{Sides: 2},
			Auth: output.Auth{Command: "LOGIN", Mechanism: "LOGIN", Class: "password", Result: "success", Attempt: 1, ReplyCode: "OK"}},
	}
}

// nasty are pieces of names that somebody could log in with to fool a reader.
var nasty = []string{
	"\x1b[2J", "\x1b]52;c;aGk=\a", "\x1b]8;;http://x\x1b\\", "\u009b31m", "\u0085", "\x00", "\x7f", "\u202e", "\u2066", "\u200b", "\ufeff", "\u2028", "\u2029",
	"\xff\xfe", "\xc3", "\xed\xa0\x80", "<script>", `' onload='`, "=cmd", " =", "\u00a0=", "\n<34>1 - - - - - - forged", "\r\n", "\n", "\t", "^", "|", `\`, `\\`, `"`, `]`, `] [x@1 a="b"`, `" rule_id="CT-X`,
	`\"`, `\]`, `\n`, " duser=root", "duser=", `\=`, "usrName=root", "\tusrName=root", "^usrName=root", "@cee: ", "#012", "#011", "%0a", "{", "}", `{"a":1}`, "é", "日本語", "😀", "a\u0301", "&amp;", "<13>", " ", "  ", "=", "==", "'", "/", ":",
}

// Name makes a hostile name of up to about n characters.
func Name(r *rand.Rand, n int) string {
	var b strings.Builder
	for utf8.RuneCountInString(b.String()) < n && r.IntN(8) > 0 {
		switch r.IntN(4) {
		case 0:
			b.WriteRune(rune(r.IntN(0x3000)))
		case 1:
			b.WriteByte(byte(r.IntN(256)))
		default:
			b.WriteString(nasty[r.IntN(len(nasty))])
		}
	}
	return b.String()
}

// Hostile gives alert number n, in which each text that a stranger could have a hand
// in is hostile, and more: none of them was cleaned, as Redact would do. The id and
// what is a word of a closed list stay.
func Hostile(r *rand.Rand) output.Alert {
	a := Sample()
	long := []int{1, 8, 40, 256}[r.IntN(4)]
	for _, s := range []*string{&a.Message, &a.User.Name, &a.Cleartap.Auth.Authzid, &a.Cleartap.Auth.Realm, &a.Log.File.Path, &a.Observer.Name, &a.Observer.Version,
		&a.Observer.Ingress.Interface.Name, &a.Rule.Name, &a.Rule.Reference, &a.Related.User[0]} {
		if r.IntN(3) > 0 {
			*s = Name(r, long)
		}
	}
	if r.IntN(2) == 0 {
		a.Source.IP, a.Source.Address = "2001:db8::7", "2001:db8::7"
	}
	if r.IntN(4) == 0 {
		a.TLS = &output.TLS{Version: "1.0", Client: output.TLSClient{ServerName: Name(r, 30)}, Server: output.TLSServer{Subject: Name(r, 100)}}
		a.Cleartap.TLS = &output.TLSFinding{Referral: Name(r, 30), Problems: []string{"version"}}
		a.Cleartap.Attack = output.Attack{ID: "A1", State: "growing", Attempts: 40, Failures: 39}
		a.Cleartap.Server = &output.ServerFinding{Product: Name(r, 30)}
	}
	if r.IntN(8) == 0 {
		a.Source.IP, a.Source.Address = "", "0123456789abcdef0123456789abcdef"
	}
	return a
}

// Tame gives the alert with a plain letter in the place of each text, and as many
// fields: an encoder must write the same keys for both.
func Tame(a output.Alert) output.Alert {
	for _, s := range []*string{&a.Message, &a.User.Name, &a.Cleartap.Auth.Authzid, &a.Cleartap.Auth.Realm, &a.Log.File.Path, &a.Observer.Name, &a.Observer.Version,
		&a.Observer.Ingress.Interface.Name, &a.Rule.Name, &a.Rule.Reference} {
		if *s != "" {
			*s = "x"
		}
	}
	if a.TLS != nil { // those of a are shared: others see them
		tls, found, server := *a.TLS, *a.Cleartap.TLS, *a.Cleartap.Server
		for _, s := range []*string{&tls.Client.ServerName, &tls.Server.Subject, &found.Referral, &server.Product} {
			if *s != "" {
				*s = "x"
			}
		}
		a.TLS, a.Cleartap.TLS, a.Cleartap.Server = &tls, &found, &server
	}
	return a
}

// Full is an alert in which every text is as long as it can be: the worst for limits.
func Full() output.Alert {
	a := Sample()
	var walk func(v reflect.Value)
	walk = func(v reflect.Value) {
		switch v.Kind() {
		case reflect.Struct:
			for i := range v.NumField() {
				walk(v.Field(i))
			}
		case reflect.String:
			if v.String() == "" {
				v.SetString("x")
			}
		case reflect.Int, reflect.Uint64:
			if v.IsZero() {
				v.Set(reflect.ValueOf(65535).Convert(v.Type()))
			}
		}
	}
	walk(reflect.ValueOf(&a).Elem())
	long := strings.Repeat("<", 256)
	a.User.Name, a.Cleartap.Auth.Authzid, a.Cleartap.Auth.Realm = long, long, strings.Repeat("\u00e9", 256)
	a.Related.User = []string{long, long}
	a.Log.File.Path = strings.Repeat("d/", 2000)
	a.Source.IP, a.Source.Address = "2001:db8:1234:5678:9abc:def0:1234:5678", "2001:db8:1234:5678:9abc:def0:1234:5678"
	a.Destination.IP, a.Destination.Address = "2001:db8:1234:5678:9abc:def0:1234:5679", "2001:db8:1234:5678:9abc:def0:1234:5679"
	a.Message = strings.Repeat("m", 3000)
	a.Timestamp, a.Event.Start = Sample().Timestamp, Sample().Timestamp
	return a
}
