package output

import (
	"strconv"
	"strings"

	"cleartap/capture"
	"cleartap/detectors"
	"cleartap/reassembly"
)

// flowFacts fills in what a finding about TLS or about a server has, and its event's
// action.
func (r *Redactor) flowFacts(a *Alert) {
	f := r.f
	switch {
	case f.Downgrade != nil:
		a.Cleartap.TLS = &TLSFinding{Stripped: f.Downgrade.Stripped, Baseline: f.Downgrade.Baseline, Upgrade: f.Downgrade.Upgrade}
		if f.Offer != nil {
			a.Cleartap.TLS.Offered = offered(f.Offer)
		}
		a.User.Name = r.Policy.name(f.Attempt.Identity, outcome(f.Result) == "failure")
	case f.Exposure != nil:
		a.Cleartap.Server = serverFinding(f.Exposure)
	case f.TLS != nil:
		a.TLS = tlsObject(f.TLS)
		a.Cleartap.TLS = &TLSFinding{JA4: f.TLS.JA4, Problems: problems(f), Downgraded: f.TLS.Downgraded}
		if f.TLS.Offered != 0 {
			a.Cleartap.TLS.ClientVersion = f.TLS.Offered.String()
		}
	case f.Offer != nil:
		a.Cleartap.TLS = &TLSFinding{Offered: offered(f.Offer), Masked: f.Offer.Masked}
	case f.Oddity != nil:
		x := f.Oddity
		a.Cleartap.TLS = &TLSFinding{Injected: x.Verbs, Referral: x.Host}
		if f.Kind == detectors.Injection {
			a.Cleartap.TLS.InjectedBy = "client"
			if x.By == reassembly.ToClient {
				a.Cleartap.TLS.InjectedBy = "server"
			}
		}
	}
}

// actions are event.action by kind of observation.
var actions = [...]string{
	detectors.Login: "cleartext-login", detectors.Conflict: "tcp-conflict", detectors.Greeting: "starttls-masked", detectors.Offered: "starttls-masked",
	detectors.Upgraded: "starttls-masked", detectors.Injection: "starttls-injection", detectors.Preauth: "preauth-greeting",
	detectors.Referral: "login-referral", detectors.ServerAlert: "server-alert", detectors.PlainPort: "cleartext-on-tls-port", detectors.Exposed: "exposed-server", detectors.Regression: "starttls-stripped", detectors.Fallback: "plaintext-fallback",
}

// action is event.action of a finding.
func action(f *detectors.Finding) string {
	switch f.Rule.ID {
	case "CT-TLS-007":
		return "obsolete-tls"
	case "CT-TLS-008":
		return "weak-cipher"
	case "CT-TLS-009":
		return "certificate-problem"
	case detectors.AccessibleServer.ID:
		return "accessible-server"
	}
	if int(f.Kind) >= len(actions) {
		return ""
	}
	return actions[f.Kind]
}

// tlsObject gives what was agreed on in ECS's words.
func tlsObject(t *detectors.TLS) *TLS {
	out := &TLS{Cipher: t.SuiteName, NextProtocol: t.ALPN, Established: t.End == detectors.HandshakeEstablished, Resumed: t.Resumed,
		Client: TLSClient{ServerName: t.SNI}}
	if name, number, ok := strings.Cut(t.Version.String(), " "); ok {
		out.VersionProtocol, out.Version = strings.ToLower(name), number
	}
	out.Curve = curves[t.Group]
	c := t.Leaf
	if c == nil {
		return out
	}
	out.Server.Hash.SHA256 = strings.ReplaceAll(c.SHA256, ":", "")
	if c.Unreadable {
		return out
	}
	out.Server.Subject, out.Server.Issuer = distinguished(&c.Subject), distinguished(&c.Issuer)
	out.Server.NotBefore, out.Server.NotAfter = timeText(c.NotBefore), timeText(c.NotAfter)
	out.Server.X509 = X509{SerialNumber: c.Serial, PublicKeyAlgorithm: c.KeyAlgorithm, PublicKeySize: c.KeyBits, SignatureAlgorithm: c.SignatureAlgorithm}
	return out
}

// curves are the names of groups that are seen (IANA TLS Supported Groups).
var curves = map[uint16]string{
	19: "secp192r1", 21: "secp224r1", 23: "secp256r1", 24: "secp384r1", 25: "secp521r1", 26: "brainpoolP256r1", 27: "brainpoolP384r1",
	28: "brainpoolP512r1", 29: "x25519", 30: "x448", 256: "ffdhe2048", 257: "ffdhe3072", 258: "ffdhe4096", 259: "ffdhe6144", 260: "ffdhe8192",
	4587: "SecP256r1MLKEM768", 4588: "X25519MLKEM768", 4589: "SecP384r1MLKEM1024", 25497: "X25519Kyber768Draft00",
}

// distinguished writes a distinguished name as RFC 4514 does, without what is rare.
func distinguished(n *detectors.Name) string {
	var b strings.Builder
	for _, part := range [...]struct{ key, value string }{
		{"CN", n.CommonName}, {"OU", n.Unit}, {"O", n.Organization}, {"L", n.Locality}, {"ST", n.Province}, {"C", n.Country},
	} {
		if part.value == "" {
			continue
		}
		if b.Len() > 0 {
			b.WriteByte(',')
		}
		b.WriteString(part.key + "=")
		b.WriteString(strings.NewReplacer(`\`, `\\`, ",", `\,`).Replace(part.value))
	}
	return b.String()
}

func timeText(t capture.Nanos) string {
	var buf [40]byte
	return string(appendTime(buf[:0], t))
}

// problems are the words for what is wrong with a handshake, as far as the finding's
// rule is about it.
func problems(f *detectors.Finding) (out []string) {
	t := f.TLS
	switch f.Rule.ID {
	case "CT-TLS-007":
		return []string{"obsolete_version"}
	case "CT-TLS-008":
		for i, word := range suiteWords {
			if t.Weakness&(1<<i) != 0 && word != "" {
				out = append(out, word)
			}
		}
	case "CT-TLS-009":
		return t.Faults.Words()
	}
	return out
}

// suiteWords are what cleartap.tls.problems says of suites, in the order of the bits.
var suiteWords = [...]string{"null", "export", "anonymous", "rc4", "des", "3des", ""}

// offered lists what a server offers in clear.
func offered(o *detectors.Offer) (out []string) {
	for _, w := range [...]struct {
		word string
		set  bool
	}{{"STARTTLS", o.StartTLS}, {"LOGINDISABLED", o.LoginDisabled}, {"USER", o.UserPass}} {
		if w.set {
			out = append(out, w.word)
		}
	}
	for _, m := range o.Mechanisms.List() {
		out = append(out, "AUTH="+string(m))
	}
	return out
}

func serverFinding(x *detectors.Exposure) *ServerFinding {
	out := &ServerFinding{Product: x.Product, Version: x.Version, Grade: string(x.Grade), StartTLS: x.StartTLS, Sessions: x.Sessions,
		Clients: x.Clients, Accounts: x.Accounts, External: x.External, FirstSeen: timeText(x.First), LastSeen: timeText(x.Last)}
	for _, m := range x.Mechanisms.List() {
		out.Mechanisms = append(out.Mechanisms, string(m))
	}
	return out
}

// flowMessage begins a message about TLS or a server, up to who spoke to whom.
func (r *Redactor) flowMessage(a *Alert) {
	f, b := r.f, &r.text
	switch f.Kind {
	case detectors.Conflict:
		b.WriteString(": other bytes for the same place in a line of the client")
	case detectors.Greeting, detectors.Offered, detectors.Upgraded:
		b.WriteString(": STARTTLS masked on its way")
	case detectors.Injection:
		if f.Oddity.By == reassembly.ToServer {
			b.WriteString(": commands behind STARTTLS, ahead of TLS")
		} else {
			b.WriteString(": replies of the server ahead of TLS")
		}
		if len(f.Oddity.Verbs) > 0 {
			b.WriteString(" (" + strings.Join(f.Oddity.Verbs, ", ") + ")")
		}
	case detectors.Preauth:
		b.WriteString(": greeted with PREAUTH before TLS")
	case detectors.Referral:
		b.WriteString(": referred before TLS")
		if f.Oddity.Host != "" {
			b.WriteString(" to " + f.Oddity.Host)
		}
		b.put(',')
	case detectors.ServerAlert:
		b.WriteString(": text for the user before TLS")
	case detectors.PlainPort:
		b.WriteString(" in clear on a port of TLS")
	case detectors.Handshake:
		r.handshakeMessage(a)
	case detectors.Regression:
		b.WriteString(": " + strings.Join(f.Downgrade.Stripped, " and ") + " no longer offered")
	case detectors.Fallback:
		b.WriteString(": login in clear after TLS " + upgradeWords[f.Downgrade.Upgrade])
	}
}

// upgradeWords say how a try at TLS ended.
var upgradeWords = map[string]string{"rejected": "was refused", "interrupted": "was cut off", "not_followed": "was agreed on", "failed": "failed"}

func (r *Redactor) handshakeMessage(a *Alert) {
	t, b := r.f.TLS, &r.text
	b.WriteString(": ")
	switch r.f.Rule.ID {
	case "CT-TLS-007":
		b.WriteString(t.Version.String())
	case "CT-TLS-008":
		b.WriteString(t.SuiteName + " (" + t.Weakness.String() + ")")
	default:
		b.WriteString("certificate")
		if cn := t.Leaf.Subject.CommonName; cn != "" {
			b.WriteString(" of " + cn)
		}
		b.WriteString(" (" + strings.ReplaceAll(strings.Join(a.Cleartap.TLS.Problems, ", "), "_", " ") + ")")
	}
}

// serverMessage says what the inventory knows of a server.
func (r *Redactor) serverMessage(a *Alert) string {
	n := r.text.Len()
	b, s := &r.text, a.Cleartap.Server
	b.WriteString(protocolName(a.Network.Protocol))
	b.WriteString(" server ")
	r.hostPort(&a.Destination)
	if s.Product != "" {
		b.WriteString(" (" + strings.TrimSpace(s.Product+" "+s.Version) + ")")
	}
	if r.f.Rule == detectors.AccessibleServer {
		b.WriteString(" is in use")
		return r.from(n)
	}
	b.WriteString(" takes logins without TLS: " + s.Grade + ", " + strconv.Itoa(s.Sessions) + " sessions")
	return r.from(n)
}
