package output

import (
	"encoding/json"
	"net/netip"
	"reflect"
	"testing"

	"cleartap/capture"
	"cleartap/detectors"
	"cleartap/reassembly"
)

// found judges an observation of one flow, and gives the documents of its findings.
func found(t *testing.T, o detectors.Observation) []map[string]any {
	t.Helper()
	o.Protocol, o.Sides = "imap", 2
	o.Flow = reassembly.Flow{Client: netip.MustParseAddrPort("10.1.0.7:40001"), Server: netip.MustParseAddrPort("192.0.2.25:143"), Start: 1_700_000_000e9}
	o.Mark = capture.Mark{Time: 1_700_000_001e9, Frame: 9, Seq: 77}
	o.Decided = o.Mark
	var docs []map[string]any
	detectors.JudgeAll(&o, func(f *detectors.Finding) { docs = append(docs, document(t, f, Where{Path: "x.pcap"}, &Policy{})) })
	return docs
}

func TestAlertsAboutTLS(t *testing.T) {
	leaf := &detectors.Certificate{Subject: detectors.Name{CommonName: "mail.example.org", Organization: "Example, Inc."}, Issuer: detectors.Name{CommonName: "CA", Country: "DE"},
		Serial: "0A", NotBefore: 1_600_000_000e9, NotAfter: 1_650_000_000e9, KeyAlgorithm: "RSA", KeyBits: 1024, SignatureAlgorithm: "SHA1-RSA", SHA256: "AA:BB"}
	docs := found(t, detectors.Observation{Kind: detectors.Handshake, TLS: &detectors.TLS{
		Offered: detectors.TLS13, Version: detectors.TLS10, Suite: 5, SuiteName: "TLS_RSA_WITH_RC4_128_SHA", Weakness: detectors.SuiteRC4 | detectors.SuiteStaticRSA,
		SNI: "imap.example.org", JA4: "t13d", End: detectors.HandshakeEstablished, Downgraded: true, Leaf: leaf, Group: 29, ALPN: "imap",
		Faults: detectors.CertExpired | detectors.CertWeakKey | detectors.CertWrongName}})
	if len(docs) != 3 {
		t.Fatalf("%d alerts", len(docs))
	}
	ids := map[any]bool{}
	for i, want := range []struct {
		code, action, message string
		problems              []any
	}{
		{"CT-TLS-007", "obsolete-tls", "IMAP: TLS 1.0 from 10.1.0.7 to 192.0.2.25:143", []any{"obsolete_version"}},
		{"CT-TLS-008", "weak-cipher", "IMAP: TLS_RSA_WITH_RC4_128_SHA (RC4) from 10.1.0.7 to 192.0.2.25:143", []any{"rc4"}},
		{"CT-TLS-009", "certificate-problem", "IMAP: certificate of mail.example.org (expired, weak key, wrong name) from 10.1.0.7 to 192.0.2.25:143", []any{"expired", "weak_key", "wrong_name"}},
	} {
		d := docs[i]
		if at(d, "event.code") != want.code || at(d, "event.action") != want.action || at(d, "message") != want.message || !reflect.DeepEqual(at(d, "cleartap.tls.problems"), want.problems) {
			t.Errorf("%s: %v", want.code, d)
		}
		ids[at(d, "event.id")] = true
		if at(d, "user") != nil || at(d, "cleartap.auth") != nil || at(d, "event.outcome") != nil || at(d, "cleartap.capture.frame") != 9.0 {
			t.Errorf("%s has fields of a login: %v", want.code, d)
		}
	}
	if len(ids) != 3 {
		t.Error("two alerts have one id")
	}
	for path, want := range map[string]any{
		"tls.version": "1.0", "tls.version_protocol": "tls", "tls.cipher": "TLS_RSA_WITH_RC4_128_SHA", "tls.curve": "x25519", "tls.next_protocol": "imap",
		"tls.established": true, "tls.resumed": false, "tls.client.server_name": "imap.example.org", "tls.server.subject": `CN=mail.example.org,O=Example\, Inc.`,
		"tls.server.issuer": "CN=CA,C=DE", "tls.server.not_after": "2022-04-15T05:20:00.000000Z", "tls.server.hash.sha256": "AABB",
		"tls.server.x509.serial_number": "0A", "tls.server.x509.public_key_size": 1024.0, "cleartap.tls.client_version": "TLS 1.3", "cleartap.tls.ja4": "t13d",
		"cleartap.tls.downgraded": true, "network.protocol": "imap", "rule.category": "tls",
	} {
		if got := at(docs[0], path); got != want {
			t.Errorf("%s is %v, want %v", path, got, want)
		}
	}
}

func TestAlertsBeforeTLS(t *testing.T) {
	for name, c := range map[string]struct {
		o                     detectors.Observation
		code, action, message string
		path                  string
		want                  any
	}{
		"masked": {detectors.Observation{Kind: detectors.Offered, Offer: &detectors.Offer{Masked: 2, Auth: true, Mechanisms: mechanisms(detectors.MechPlain)}},
			"CT-TLS-001", "starttls-masked", "IMAP: STARTTLS masked on its way from 10.1.0.7 to 192.0.2.25:143", "cleartap.tls.offered", []any{"AUTH=PLAIN"}},
		"commands": {detectors.Observation{Kind: detectors.Injection, Oddity: &detectors.Oddity{By: reassembly.ToServer, Verbs: []string{"MAIL", "AUTH"}}},
			"CT-TLS-004", "starttls-injection", "IMAP: commands behind STARTTLS, ahead of TLS (MAIL, AUTH) from 10.1.0.7 to 192.0.2.25:143", "cleartap.tls.injected", []any{"MAIL", "AUTH"}},
		"replies": {detectors.Observation{Kind: detectors.Injection, Oddity: &detectors.Oddity{By: reassembly.ToClient}},
			"CT-TLS-005", "starttls-injection", "IMAP: replies of the server ahead of TLS from 10.1.0.7 to 192.0.2.25:143", "cleartap.tls.injected_by", "server"},
		"preauth": {detectors.Observation{Kind: detectors.Preauth}, "CT-TLS-006", "preauth-greeting", "IMAP: greeted with PREAUTH before TLS from 10.1.0.7 to 192.0.2.25:143", "cleartap.severity", "high"},
		"referral": {detectors.Observation{Kind: detectors.Referral, Oddity: &detectors.Oddity{By: reassembly.ToClient, Host: "evil.example"}},
			"CT-TLS-006", "login-referral", "IMAP: referred before TLS to evil.example, from 10.1.0.7 to 192.0.2.25:143", "cleartap.tls.referral", "evil.example"},
		"alert": {detectors.Observation{Kind: detectors.ServerAlert, Oddity: &detectors.Oddity{By: reassembly.ToClient, URL: true}},
			"CT-TLS-006", "server-alert", "IMAP: text for the user before TLS from 10.1.0.7 to 192.0.2.25:143", "cleartap.severity", "medium"},
		"port": {detectors.Observation{Kind: detectors.PlainPort}, "CT-TLS-010", "cleartext-on-tls-port", "IMAP in clear on a port of TLS from 10.1.0.7 to 192.0.2.25:143", "event.severity", 47.0},
	} {
		docs := found(t, c.o)
		if len(docs) != 1 {
			t.Errorf("%s: %d alerts", name, len(docs))
			continue
		}
		d := docs[0]
		if at(d, "event.code") != c.code || at(d, "event.action") != c.action || at(d, "message") != c.message || !reflect.DeepEqual(at(d, c.path), c.want) {
			t.Errorf("%s: %v", name, d)
		}
	}
}

func mechanisms(list ...detectors.Mechanism) (s detectors.MechanismSet) {
	for _, m := range list {
		s.Add(m)
	}
	return s
}

func TestAlertAboutAServer(t *testing.T) {
	f := detectors.Finding{Rule: detectors.ExposedServer, Severity: detectors.Medium, Exposure: &detectors.Exposure{
		Product: "Dovecot", Version: "2.3", Grade: detectors.PlainAllowed, StartTLS: true, Mechanisms: mechanisms(detectors.MechPlain, detectors.MechLogin),
		Sessions: 12, Clients: 3, Accounts: 2, First: 1_700_000_000e9, Last: 1_700_000_900e9, External: true}}
	f.Kind, f.Protocol, f.Flow.Server = detectors.Exposed, "pop3", netip.MustParseAddrPort("192.0.2.25:110")
	f.Mark.Time = 1_700_000_900e9
	d := document(t, &f, Where{}, &Policy{})
	for path, want := range map[string]any{
		"message":    "POP3 server 192.0.2.25:110 (Dovecot 2.3) takes logins without TLS: plaintext_allowed, 12 sessions",
		"event.code": "CT-INV-001", "event.action": "exposed-server", "cleartap.server.grade": "plaintext_allowed", "cleartap.server.product": "Dovecot",
		"cleartap.server.sessions": 12.0, "cleartap.server.first_seen": "2023-11-14T22:13:20.000000Z", "cleartap.server.external": true,
		"destination.ip": "192.0.2.25", "source": nil, "network.community_id": nil, "cleartap.capture": nil,
	} {
		if got := at(d, path); got != want {
			t.Errorf("%s is %v, want %v", path, got, want)
		}
	}
	f.Rule = detectors.AccessibleServer
	if d = document(t, &f, Where{}, &Policy{}); at(d, "message") != "POP3 server 192.0.2.25:110 (Dovecot 2.3) is in use" || at(d, "event.action") != "accessible-server" {
		t.Errorf("%v", d)
	}
	if _, err := json.Marshal(f.Exposure); err != nil {
		t.Error(err)
	}
}
