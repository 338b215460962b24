package detectors

// transport makes a rule about the way to TLS, or TLS itself.
func transport(id, name string, number int, floor Severity, w weakness, t ...Technique) *Rule {
	return &Rule{
		ID: id, Name: name, Category: "tls", Version: 1, SID: sidBase + 200 + number, floor: floor,
		Techniques: t, CWE: w.cwe, CAPEC: w.capec,
	}
}

var (
	downgraded = weakness{[]string{"CWE-757", "CWE-319", "CWE-300"}, []string{"CAPEC-94", "CAPEC-620"}}
	injectable = weakness{[]string{"CWE-77", "CWE-74"}, []string{"CAPEC-94", "CAPEC-248"}}
	misled     = weakness{[]string{"CWE-300", "CWE-319"}, []string{"CAPEC-94"}}
	breakable  = weakness{[]string{"CWE-326", "CWE-327", "CWE-757"}, []string{"CAPEC-620", "CAPEC-217"}}
	unverified = weakness{[]string{"CWE-295", "CWE-298"}, []string{"CAPEC-94"}}
	inClear    = weakness{[]string{"CWE-319"}, []string{"CAPEC-158"}}
)

// The rules about what a single flow tells of TLS.
var (
	ruleMasked      = transport("CT-TLS-001", "STARTTLS masked on its way", 1, High, downgraded, inTheMiddle, downgrade)
	ruleCommands    = transport("CT-TLS-004", "Commands behind STARTTLS, ahead of TLS", 4, Critical, injectable, inTheMiddle)
	ruleReplies     = transport("CT-TLS-005", "Replies of the server ahead of TLS", 5, Critical, injectable, inTheMiddle)
	ruleMisled      = transport("CT-TLS-006", "Server answer that leads a client astray before TLS", 6, Low, misled, inTheMiddle)
	ruleObsoleteTLS = transport("CT-TLS-007", "Obsolete version of TLS", 7, Medium, breakable, sniffing, inTheMiddle)
	ruleWeakSuite   = transport("CT-TLS-008", "Weak cipher suite", 8, Medium, breakable, sniffing, inTheMiddle)
	ruleCertificate = transport("CT-TLS-009", "Problem of a server's certificate", 9, Info, unverified, inTheMiddle)
	rulePlainPort   = transport("CT-TLS-010", "Mail in clear on a port of TLS", 10, Medium, inClear, sniffing)
)

// JudgeAll gives every finding about an observation, in the order in which they matter:
// of a handshake first the version, then the suite, then the certificate. A finding
// is valid during the call.
func JudgeAll(o *Observation, yield func(*Finding)) {
	if o.Kind <= Conflict {
		if f, ok := Judge(o); ok {
			yield(&f)
		}
		return
	}
	found := func(r *Rule, s Severity) { yield(&Finding{Observation: *o, Rule: r, Severity: s}) }
	switch o.Kind {
	case Greeting:
		if o.Server.Masked {
			found(ruleMasked, High)
		}
	case Offered:
		if o.Offer.Masked > 0 {
			found(ruleMasked, High)
		}
	case Upgraded:
		if o.Upgrade.Masked {
			found(ruleMasked, High)
		}
	case Injection:
		if o.Oddity.By == 0 {
			found(ruleCommands, Critical)
		} else {
			found(ruleReplies, Critical)
		}
	case Preauth, Referral, ServerAlert:
		if s, ok := misledSeverity(o); ok {
			found(ruleMisled, s)
		}
	case PlainPort:
		found(rulePlainPort, Medium)
	case Handshake:
		judgeTLS(o, found)
	}
}

// misledSeverity is that of what a server says before TLS. On the machine itself
// nobody is in the middle.
func misledSeverity(o *Observation) (Severity, bool) {
	switch {
	case o.Flow.Server.Addr().Unmap().IsLoopback():
		return 0, false
	case o.Kind == Preauth:
		return High, true
	case o.Kind == Referral, o.Oddity.URL:
		return Medium, true
	}
	return Low, true
}

// judgeTLS finds what is wrong with a handshake.
func judgeTLS(o *Observation, found func(*Rule, Severity)) {
	t := o.TLS
	if t.Version == 0 {
		return
	}
	switch {
	case t.Version <= SSL3:
		found(ruleObsoleteTLS, High)
	case t.Version <= TLS11:
		found(ruleObsoleteTLS, Medium)
	}
	weak := t.Weakness
	if relays(o) {
		weak &^= SuiteAnon // opportunistic TLS between relays verifies nobody (RFC 7672 section 1.3)
	}
	switch {
	case weak&(SuiteNull|SuiteExport|SuiteAnon) != 0:
		found(ruleWeakSuite, High)
	case weak&(SuiteRC4|SuiteDES|Suite3DES) != 0:
		found(ruleWeakSuite, Medium)
	}
	if s, ok := certificateSeverity(o); ok {
		found(ruleCertificate, s)
	}
}

// relays reports whether a flow is, by its port, of mail on its way between servers,
// which take any certificate or none.
func relays(o *Observation) bool {
	port := o.Flow.Server.Port()
	return (o.Protocol == "smtp" || o.Protocol == "lmtp") && (port == 25 || port == 24 || port == 26)
}

// certificateSeverity is that of a certificate's faults. Between relays only those
// count that a relay can be expected to mind.
func certificateSeverity(o *Observation) (Severity, bool) {
	f := o.TLS.Faults
	switch {
	case f == 0 || f == CertUnreadable:
		return 0, false
	case f&(CertExpired|CertNotYetValid) != 0:
		return Medium, true
	case relays(o) && f&(CertWeakKey|CertWeakHash) == 0:
		return Info, true
	}
	return Low, true
}
