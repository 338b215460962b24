package detectors_test

import (
	"net/netip"
	"testing"

	d "cleartap/detectors"
	"cleartap/reassembly"
)

// at is a flow to a port.
func at(port uint16) reassembly.Flow {
	return reassembly.Flow{Client: netip.MustParseAddrPort("10.0.0.1:40000"), Server: netip.AddrPortFrom(netip.MustParseAddr("10.0.0.2"), port)}
}

// handshake is an observation of a handshake that is as it should be, but for a change.
func handshake(protocol string, port uint16, change func(*d.TLS)) d.Observation {
	t := &d.TLS{Offered: d.TLS13, Version: d.TLS12, Suite: 0xc02f, Leaf: &d.Certificate{}}
	change(t)
	return d.Observation{Kind: d.Handshake, Protocol: protocol, Flow: at(port), TLS: t}
}

// tlsVerdicts are observations of which one finding comes.
func tlsVerdicts() (all []verdict) {
	const always = "always"
	add := func(rule string, s d.Severity, row string, o d.Observation) {
		if !o.Flow.Server.IsValid() {
			o.Flow = at(143)
		}
		all = append(all, verdict{name: rule + " " + row, rule: rule, sev: s, row: row, o: o})
	}
	add("CT-TLS-001", d.High, always, d.Observation{Kind: d.Greeting, Server: &d.Server{Masked: true}})
	add("CT-TLS-001", d.High, always, d.Observation{Kind: d.Offered, Offer: &d.Offer{Masked: 1}})
	add("CT-TLS-001", d.High, always, d.Observation{Kind: d.Upgraded, Upgrade: &d.Upgrade{Result: d.Rejected, Masked: true}})
	add("CT-TLS-004", d.Critical, always, d.Observation{Kind: d.Injection, Oddity: &d.Oddity{By: reassembly.ToServer}})
	add("CT-TLS-005", d.Critical, always, d.Observation{Kind: d.Injection, Oddity: &d.Oddity{By: reassembly.ToClient}})
	add("CT-TLS-006", d.High, "PREAUTH in the greeting", d.Observation{Kind: d.Preauth})
	add("CT-TLS-006", d.Medium, "a referral to another host", d.Observation{Kind: d.Referral, Oddity: &d.Oddity{}})
	add("CT-TLS-006", d.Medium, "a text for the user that holds a link", d.Observation{Kind: d.ServerAlert, Oddity: &d.Oddity{URL: true}})
	add("CT-TLS-006", d.Low, "any other text for the user", d.Observation{Kind: d.ServerAlert, Oddity: &d.Oddity{}})
	for _, v := range []d.TLSVersion{d.SSL2, d.SSL3} {
		add("CT-TLS-007", d.High, "SSL 2.0 or SSL 3.0", handshake("imap", 993, func(t *d.TLS) { t.Version = v }))
	}
	for _, v := range []d.TLSVersion{d.TLS10, d.TLS11} {
		add("CT-TLS-007", d.Medium, "TLS 1.0 or TLS 1.1", handshake("smtp", 25, func(t *d.TLS) { t.Version = v }))
	}
	for _, w := range []d.SuiteWeakness{d.SuiteNull, d.SuiteExport | d.SuiteRC4, d.SuiteAnon, d.SuiteAnon | d.SuiteNull} {
		add("CT-TLS-008", d.High, "NULL, export-grade or anonymous", handshake("pop3", 110, func(t *d.TLS) { t.Weakness = w }))
	}
	for _, w := range []d.SuiteWeakness{d.SuiteRC4, d.SuiteDES, d.Suite3DES | d.SuiteStaticRSA, d.SuiteAnon | d.SuiteRC4} {
		add("CT-TLS-008", d.Medium, "RC4, DES, RC2, IDEA or 3DES", handshake("smtp", 25, func(t *d.TLS) { t.Weakness = w }))
	}
	for _, f := range []d.CertificateFaults{d.CertExpired, d.CertNotYetValid, d.CertExpired | d.CertSelfSigned} {
		add("CT-TLS-009", d.Medium, "expired, or not valid yet", handshake("smtp", 25, func(t *d.TLS) { t.Faults = f }))
	}
	for _, f := range []d.CertificateFaults{d.CertSelfSigned, d.CertWeakKey, d.CertWeakHash, d.CertWrongName} {
		add("CT-TLS-009", d.Low, "self-signed, weak key, weak hash, or another name", handshake("smtp", 587, func(t *d.TLS) { t.Faults = f }))
	}
	add("CT-TLS-009", d.Low, "self-signed, weak key, weak hash, or another name", handshake("smtp", 25, func(t *d.TLS) { t.Faults = d.CertSelfSigned | d.CertWeakKey }))
	add("CT-TLS-009", d.Info, "between relays (ports 24, 25, 26): self-signed or another name", handshake("smtp", 25, func(t *d.TLS) { t.Faults = d.CertSelfSigned | d.CertWrongName }))
	add("CT-TLS-010", d.Medium, always, d.Observation{Kind: d.PlainPort})
	return all
}

func judged(o *d.Observation) (out []d.Finding) {
	d.JudgeAll(o, func(f *d.Finding) { out = append(out, *f) })
	return out
}

func TestJudgeAll(t *testing.T) {
	for _, v := range append(verdicts(), tlsVerdicts()...) {
		got := judged(&v.o)
		if len(got) != 1 || got[0].Rule.ID != v.rule || got[0].Severity != v.sev || got[0].Kind != v.o.Kind {
			t.Errorf("%s: got %d findings, %+v", v.name, len(got), got)
		}
	}
}

func TestJudgeAllOrder(t *testing.T) {
	o := handshake("imap", 143, func(t *d.TLS) {
		t.Version, t.Weakness, t.Faults = d.TLS10, d.SuiteRC4, d.CertExpired
	})
	got := judged(&o)
	if len(got) != 3 || got[0].Rule.ID != "CT-TLS-007" || got[1].Rule.ID != "CT-TLS-008" || got[2].Rule.ID != "CT-TLS-009" {
		t.Errorf("%+v", got)
	}
}

// What is as it should be, and what only the inventory is interested in.
func TestJudgeAllSilent(t *testing.T) {
	loopback := at(143)
	loopback.Server = netip.MustParseAddrPort("127.0.0.1:143")
	fine := func(change func(*d.TLS)) d.Observation { return handshake("smtp", 25, change) }
	for name, o := range map[string]d.Observation{
		"a greeting":                 {Kind: d.Greeting, Server: &d.Server{Product: "Postfix"}},
		"an offer":                   {Kind: d.Offered, Offer: &d.Offer{}},
		"STARTTLS refused":           {Kind: d.Upgraded, Upgrade: &d.Upgrade{Result: d.Rejected}},
		"the end":                    {Kind: d.Ended, Summary: &d.Summary{}},
		"PREAUTH at home":            {Kind: d.Preauth, Flow: loopback},
		"no kind":                    {},
		"TLS 1.2":                    fine(func(*d.TLS) {}),
		"TLS 1.3":                    fine(func(t *d.TLS) { t.Version = d.TLS13 }),
		"only a ClientHello":         fine(func(t *d.TLS) { t.Version, t.Offered = 0, d.TLS10 }),
		"static RSA":                 fine(func(t *d.TLS) { t.Weakness = d.SuiteStaticRSA }),
		"anonymous between relays":   fine(func(t *d.TLS) { t.Weakness = d.SuiteAnon }),
		"no certificate":             fine(func(t *d.TLS) { t.Leaf = nil }),
		"a certificate of odd shape": fine(func(t *d.TLS) { t.Faults = d.CertUnreadable }),
	} {
		if got := judged(&o); len(got) != 0 {
			t.Errorf("%s: %+v", name, got)
		}
	}
}
