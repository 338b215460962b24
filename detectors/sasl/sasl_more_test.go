package sasl

import (
	"encoding/binary"
	"strconv"
	"strings"
	"testing"

	d "cleartap/detectors"
)

func TestSCRAM(t *testing.T) {
	const (
		first  = "n=user,r=rOprNGfwEbeRWgbNEkqO"
		server = "r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096"
		final  = "c=biws,r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0"
	)
	salt := []byte{0x5b, 0x6d, 0x99, 0x68, 0x9d, 0x12, 0x35, 0x8e, 0xec, 0xa0, 0x4b, 0x14, 0x12, 0x36, 0xfa, 0x81}
	proof := scramProof("pencil", first, server, final, salt, 4096)
	if proof != "dHzbZapWIk4jUhN+Ute9ytag9zjfMHgsqmmiz7AndVQ=" {
		t.Fatalf("the tests' proof is wrong: %s", proof)
	}
	secret := final + ",p=" + b64(canary)
	user := hash(d.MechSCRAMSHA256, "user")
	weak, proxied, unsent := user, user, user
	weak.weak, proxied.authzid, unsent.sent = true, "bo=ss", false
	of := func(m d.Mechanism) want { w := user; w.mech = m; return w }
	named := func(n string) want { w := user; w.identity = n; return w }
	run := []exchangeCase{
		{"RFC 7677", "SCRAM-SHA-256", []string{b64("n,," + first), "S:" + b64(server), b64(final + ",p=" + proof), "S:" + b64("v=x"), ""}, user},
		{"canary", "scram-sha-256", []string{b64("n,," + first), "S:" + b64(server), b64(secret)}, user},
		{"no initial response", "SCRAM-SHA-256", []string{"", "S:", b64("n,," + first), b64(secret)}, user},
		{"first only", "SCRAM-SHA-256", []string{b64("n,," + first), "S:" + b64(server)}, unsent},
		{"cancelled at the challenge", "SCRAM-SHA-256", []string{b64("n,," + first), "*"}, unsent},
		{"no binding offered", "SCRAM-SHA-256", []string{b64("y,," + first), b64(secret)}, user},
		{"binding", "SCRAM-SHA-256-PLUS", []string{b64("p=tls-exporter,," + first), b64(secret)}, of(d.MechSCRAMSHA256Plus)},
		{"authzid", "SCRAM-SHA-256", []string{b64("n,a=bo=3Dss," + first), b64(secret)}, proxied},
		{"same authzid", "SCRAM-SHA-256", []string{b64("n,a=user," + first), b64(secret)}, user},
		{"same authzid in other case", "SCRAM-SHA-256", []string{b64("n,a=User," + first), b64(secret)}, user},
		{"escapes", "SCRAM-SHA-256", []string{b64("n,,n=a=2Cb=3Dc=2cd=3de=,r=x"), b64(secret)}, named("a,b=c,d=e=")},
		{"extension", "SCRAM-SHA-256", []string{b64("n,,m=x," + first), b64(secret)}, user},
		{"few iterations", "SCRAM-SHA-256", []string{b64("n,," + first), "S:" + b64("r=x,s=y,i=4095"), b64(secret)}, weak},
		{"no iterations", "SCRAM-SHA-256", []string{b64("n,," + first), "S:" + b64("r=x,s=y,i=0"), b64(secret)}, weak},
		{"huge count", "SCRAM-SHA-256", []string{b64("n,," + first), "S:" + b64("r=x,s=y,i=99999999999999999999999"), b64(secret)}, user},
		{"count that is none", "SCRAM-SHA-256", []string{b64("n,," + first), "S:" + b64("r=x,s=y,i=-1"), b64(secret)}, user},
		{"challenge not encoded", "SCRAM-SHA-256", []string{b64("n,," + first), "S:r=x%,s=y,i=1000", b64(secret)}, weak},
		{"not encoded", "SCRAM-SHA-256", []string{"n,," + first, secret}, user},
		{"final only", "SCRAM-SHA-256", []string{b64(secret)}, named("")},
		{"nonsense twice", "SCRAM-SHA-256", []string{b64("what"), b64(canary)}, named("")},
		{"PLAIN's response", "SCRAM-SHA-256", []string{b64("\x00user\x00" + canary)}, password(d.MechSCRAMSHA256, "user")},
	}
	for _, m := range []d.Mechanism{
		d.MechSCRAMSHA1, d.MechSCRAMSHA1Plus, d.MechSCRAMSHA224, d.MechSCRAMSHA224Plus, d.MechSCRAMSHA384, d.MechSCRAMSHA384Plus,
		d.MechSCRAMSHA512, d.MechSCRAMSHA512Plus, d.MechSCRAMSHA3512, d.MechSCRAMSHA3512Plus,
	} {
		run = append(run, exchangeCase{string(m), string(m), []string{b64("n,," + first), b64(secret)}, of(m)})
	}
	runCases(t, run)
}

func TestSCRAMDowngrade(t *testing.T) {
	var x Exchange
	l := List([]byte("SCRAM-SHA-1 SCRAM-SHA-1-PLUS"))
	x.Offered(&l)
	for range 2 { // the hint outlives an exchange
		replay(&x, "SCRAM-SHA-1", b64("y,,n=user,r=x"), b64("c=eSws,r=x,p="+b64(canary)))
		if a := x.Attempt(d.Auth); !a.Weak || a.Identity != "user" {
			t.Errorf("y,, where the server offered a binding: %+v", a)
		}
	}
	replay(&x, "SCRAM-SHA-1", b64("n,,n=user,r=x"), b64("c=biws,r=x,p="+b64(canary)))
	if x.Attempt(d.Auth).Weak {
		t.Error("n,, says that the client cannot bind: no sign of anything")
	}
	x.Reset()
	replay(&x, "SCRAM-SHA-1", b64("y,,n=user,r=x"), b64("c=eSws,r=x,p="+b64(canary)))
	if x.Attempt(d.Auth).Weak {
		t.Error("the hint outlived Reset")
	}
}

func TestNTLM(t *testing.T) {
	user, domain, host := utf16le("Jürgen😀"), utf16le("EXAMPLE"), utf16le("PC1")
	modern := ntlm3{lm: make([]byte, 24), nt: v2(), domain: domain, user: user, host: host, flags: 1, header: 88}
	type1 := "NTLMSSP\x00\x01\x00\x00\x00\x07\x82\x08\xa2" + strings.Repeat("\x00", 24)
	type2 := "NTLMSSP\x00\x02\x00\x00\x00" + strings.Repeat("\x00", 36)
	with := func(f func(n *ntlm3)) string { n := modern; f(&n); return b64(string(n.bytes())) }
	both := hash(d.MechNTLM, "Jürgen😀")
	both.real = "EXAMPLE"
	weak, oem, broken, none, anonymous := both, both, both, hash(d.MechNTLM, ""), want{mech: d.MechNTLM, class: d.Identity}
	weak.weak, oem.identity, broken.identity = true, "jim", "\ufffdjim"
	spnego := both
	spnego.mech = d.MechGSSSPNEGO
	gssapi := both
	gssapi.mech = d.MechGSSAPI
	m3 := with(func(*ntlm3) {})
	runCases(t, []exchangeCase{
		{"version 2", "NTLM", []string{b64(type1), "S:" + b64(type2), m3}, both},
		{"prose before the challenge", "ntlm", []string{"S:ntlm supported", b64(type1), "S:" + b64(type2), m3}, both},
		{"version 1", "NTLM", []string{b64(type1), with(func(n *ntlm3) { n.nt = v1() })}, weak},
		{"LM only", "NTLM", []string{with(func(n *ntlm3) { n.nt = nil; n.lm = v1() })}, weak},
		{"OEM names", "NTLM", []string{with(func(n *ntlm3) { n.flags = 2; n.user = []byte("jim"); n.domain = []byte("EXAMPLE") })}, oem},
		{"half of a pair in the name", "NTLM", []string{with(func(n *ntlm3) { n.user = append([]byte{0x3d, 0xd8}, utf16le("jim")...) })}, broken},
		{"old header", "NTLM", []string{with(func(n *ntlm3) { n.header = 52 })}, both},
		{"old header, OEM names", "NTLM", []string{with(func(n *ntlm3) { n.header = 52; n.user = []byte("jim"); n.domain = []byte("EXAMPLE") })}, oem},
		{"with a session key", "NTLM", []string{with(func(n *ntlm3) { n.key = []byte(canary) })}, both},
		{"anonymous", "NTLM", []string{with(func(n *ntlm3) { n.user, n.domain, n.nt, n.lm = nil, nil, nil, []byte{0} })}, anonymous},
		{"anonymous, a command behind it", "NTLM", []string{b64(type1), with(func(n *ntlm3) { n.user, n.domain, n.nt, n.lm = nil, nil, nil, nil }), "STAT"}, anonymous},
		{"negotiation only", "NTLM", []string{b64(type1), "S:" + b64(type2)}, want{mech: d.MechNTLM, class: d.Hash}},
		{"cancelled", "NTLM", []string{b64(type1), "*"}, want{mech: d.MechNTLM, class: d.Hash}},
		{"inside SPNEGO", "GSS-SPNEGO", []string{b64("\x60\x48\x06\x06+\x06\x01\x05\x05\x02" + type1), b64("\xa1\x82\x01\x00" + string(modern.bytes()))}, spnego},
		{"SPNEGO under GSSAPI", "GSSAPI", []string{b64("\x60\x48" + string(modern.bytes()))}, gssapi},
		{"SPNEGO with Kerberos", "GSS-SPNEGO", []string{b64("\x60\x82\x01\x00\x06\x09*\x86H\x86\xf7\x12\x01\x02\x02\x01\x00n")}, want{mech: d.MechGSSSPNEGO, class: d.Strong}},
		{"type 3 cut in the header", "NTLM", []string{b64(type1), b64(string(modern.bytes()[:40]))}, none},
		{"type 3 cut in the type", "NTLM", []string{b64(type1), b64(string(modern.bytes()[:10]))}, none},
		{"under the name of PLAIN", "PLAIN", []string{m3}, password(d.MechPlain, "")},
		{"under the name of LOGIN", "LOGIN", []string{m3, m3}, password(d.MechLogin, "")},
		{"PLAIN's response", "NTLM", []string{b64("\x00jim\x00" + canary)}, password(d.MechNTLM, "jim")},
	})
}

func TestNTLMHostile(t *testing.T) {
	for _, f := range []struct {
		name string
		at   int // of the field in the header
		len  int
		off  uint32
	}{
		{"user far away", 36, 16, 0xfffffff0},
		{"user just behind the end", 36, 16, 0xffff},
		{"user in the header", 36, 16, 0},
		{"user on the signature", 36, 8, 8},
		{"user at the largest length", 36, 0xffff, 64},
		{"user on the NT answer", 36, 40, 88 + 24},
		{"user ends in the NT answer", 36, 32, 88 + 4},
		{"user on the LM answer", 36, 8, 88},
		{"domain on the NT answer", 28, 40, 88 + 24},
		{"domain far away", 28, 16, 0xfffffff0},
		{"NT answer far away", 20, 40, 0xfffffff0},
		{"LM answer far away", 12, 24, 0xffffffff},
	} {
		t.Run(f.name, func(t *testing.T) {
			m := ntlm3{lm: v1(), nt: v2(), domain: utf16le("D"), user: utf16le("jim"), flags: 1, header: 88}.bytes()
			m[f.at], m[f.at+1] = byte(f.len), byte(f.len>>8)
			for i := range 4 {
				m[f.at+4+i] = byte(f.off >> (8 * i))
			}
			var x Exchange
			replay(&x, "NTLM", b64(string(m)))
			a := x.Attempt(d.Auth)
			if !x.Sent() || a.Identity != "" || a.Realm != "" || a.Class != d.Hash {
				t.Errorf("got %+v", a)
			}
			noCanary(t, a, canary)
		})
	}
}

// Offsets that are moved as one point at other bytes than those that they are about: at
// the header, or at the end of an answer.
func TestNTLMMoved(t *testing.T) {
	// The answers hold no zeros, so that nothing of them passes for padding.
	answer := []byte(strings.Repeat(canary, 4)[:60])
	for _, header := range []int{52, 64, 72, 88} {
		for shift := -header; shift <= 40; shift++ {
			m := ntlm3{lm: answer[:24], nt: answer, domain: utf16le("D"), user: utf16le("jim"), host: utf16le("PC"), flags: 1, header: header}.bytes()
			for at := 16; at < min(header, 60); at += 8 {
				off := binary.LittleEndian.Uint32(m[at:])
				binary.LittleEndian.PutUint32(m[at:], off+uint32(shift))
			}
			var x Exchange
			replay(&x, "NTLM", b64(string(m)))
			a := x.Attempt(d.Auth)
			if !x.Sent() || shift < 0 && a.Identity+a.Realm != "" {
				t.Errorf("header %d moved by %d: %q %q", header, shift, a.Identity, a.Realm)
			}
			if shift == 0 && (a.Identity != "jim" || a.Realm != "D") {
				t.Errorf("header %d: %q %q", header, a.Identity, a.Realm)
			}
			noCanary(t, a, canary)
		}
	}
}

// A name on the digest of the whole message, which its answer tells of, is none.
func TestNTLMNameOnItsDigest(t *testing.T) {
	nt := append(v2()[:16], make([]byte, 28)...)
	nt = append(nt, 6, 0, 4, 0, 2, 0, 0, 0, 0, 0, 0, 0)
	m := ntlm3{lm: v1(), nt: nt, user: utf16le("jim"), flags: 1, header: 88}.bytes()
	copy(m[72:88], canary)
	var x Exchange
	replay(&x, "NTLM", b64(string(m)))
	if a := x.Attempt(d.Auth); a.Identity != "jim" {
		t.Errorf("the name is %q", a.Identity)
	}
	m[40] = 72
	replay(&x, "NTLM", b64(string(m)))
	if a := x.Attempt(d.Auth); a.Identity != "" || !x.Sent() {
		t.Error("the digest is shown as a name")
	}
}

func TestNTLMCutAnywhere(t *testing.T) {
	m := ntlm3{lm: v1(), nt: v2(), domain: utf16le("EXAMPLE"), user: utf16le("jim"), host: utf16le("PC"), flags: 1, header: 88}.bytes()
	for n := range m {
		var x Exchange
		replay(&x, "NTLM", "S:", b64("hello"), b64(string(m[:n])))
		a := x.Attempt(d.Auth)
		if n > 0 && !x.Sent() {
			t.Errorf("cut at %d: nothing sent", n)
		}
		noCanary(t, a, canary)
	}
}

func TestOAuth(t *testing.T) {
	bearer := func(m d.Mechanism, id string) want {
		return want{mech: m, class: d.Token, sent: true, identity: id}
	}
	none := func(m d.Mechanism, id string) want { return want{mech: m, class: d.Token, identity: id} }
	x2 := "user=eve@example.org\x01auth=Bearer " + token + "\x01\x01"
	ob := "n,a=eve@example.org,\x01host=mail.example.org\x01port=143\x01auth=Bearer " + token + "\x01\x01"
	failed := "S:" + b64(`{"status":"401"}`)
	runCases(t, []exchangeCase{
		{"XOAUTH2", "XOAUTH2", []string{b64(x2)}, bearer(d.MechXOAUTH2, "eve@example.org")},
		{"XOAUTH2 refused", "xoauth2", []string{"S:", b64(x2), failed, ""}, bearer(d.MechXOAUTH2, "eve@example.org")},
		{"XOAUTH2 refused, other answer", "XOAUTH2", []string{b64(x2), failed, "AQ=="}, bearer(d.MechXOAUTH2, "eve@example.org")},
		{"name with what looks escaped", "XOAUTH2", []string{b64("user=a=2Cb\x01auth=Bearer " + token + "\x01\x01")}, bearer(d.MechXOAUTH2, "a=2Cb")},
		{"no name", "XOAUTH2", []string{b64("auth=Bearer " + token + "\x01\x01")}, bearer(d.MechXOAUTH2, "")},
		{"scheme in small letters", "XOAUTH2", []string{b64("user=eve\x01auth=bearer " + token + "\x01\x01")}, bearer(d.MechXOAUTH2, "eve")},
		{"no scheme", "XOAUTH2", []string{b64("user=eve\x01auth=" + token + "\x01\x01")}, bearer(d.MechXOAUTH2, "eve")},
		{"token first", "XOAUTH2", []string{b64("auth=Bearer " + token + "\x01user=eve\x01\x01")}, bearer(d.MechXOAUTH2, "eve")},
		{"not encoded", "XOAUTH2", []string{x2}, bearer(d.MechXOAUTH2, "eve@example.org")},
		{"other separators", "XOAUTH2", []string{b64("user=eve\nauth=Bearer " + token + "\n\n")}, bearer(d.MechXOAUTH2, "eve")},
		{"empty token", "XOAUTH2", []string{b64("user=eve\x01auth=Bearer \x01\x01"), failed, ""}, none(d.MechXOAUTH2, "eve")},
		{"empty auth", "XOAUTH2", []string{b64("user=eve\x01auth=\x01\x01")}, none(d.MechXOAUTH2, "eve")},
		{"no auth", "XOAUTH2", []string{b64("user=eve\x01\x01")}, none(d.MechXOAUTH2, "eve")},
		{"only the last answer", "XOAUTH2", []string{"AQ=="}, none(d.MechXOAUTH2, "")},
		{"no separator", "XOAUTH2", []string{b64("user=eve auth=Bearer " + token)}, bearer(d.MechXOAUTH2, "")},
		{"separator at the end only", "XOAUTH2", []string{b64("user=eve auth=Bearer " + token + "\x01\x01")}, bearer(d.MechXOAUTH2, "")},
		{"unknown field", "XOAUTH2", []string{b64("user=eve\x01authorization: " + token + "\x01\x01")}, bearer(d.MechXOAUTH2, "eve")},
		{"token alone", "XOAUTH2", []string{b64(token)}, bearer(d.MechXOAUTH2, "")},
		{"encoded twice", "XOAUTH2", []string{b64(b64(x2))}, bearer(d.MechXOAUTH2, "")},
		{"OAUTHBEARER", "OAUTHBEARER", []string{b64(ob)}, bearer(d.MechOAuthBearer, "eve@example.org")},
		{"OAUTHBEARER refused", "OAUTHBEARER", []string{b64(ob), failed, "AQ=="}, bearer(d.MechOAuthBearer, "eve@example.org")},
		{"OAUTHBEARER without a name", "OAUTHBEARER", []string{b64("n,,\x01auth=Bearer " + token + "\x01\x01")}, bearer(d.MechOAuthBearer, "")},
		{"escaped name", "OAUTHBEARER", []string{b64("n,a=e=2Cv=3De,\x01auth=Bearer " + token + "\x01\x01")}, bearer(d.MechOAuthBearer, "e,v=e")},
		{"binding", "OAUTHBEARER", []string{b64("p=tls-exporter,a=eve,\x01auth=Bearer " + token + "\x01\x01")}, bearer(d.MechOAuthBearer, "eve")},
		{"header broken", "OAUTHBEARER", []string{b64("a=eve\x01auth=Bearer " + token + "\x01\x01")}, bearer(d.MechOAuthBearer, "")},
		{"empty bearer", "OAUTHBEARER", []string{b64("n,a=eve,\x01auth=Bearer\x01\x01")}, none(d.MechOAuthBearer, "eve")},
		{"OAUTH10A", "OAUTH10A", []string{b64("n,a=eve,\x01host=x\x01auth=OAuth realm=\"x\",oauth_token=\"" + token + "\"\x01\x01")}, bearer(d.MechOAuth10A, "eve")},
		{"XOAUTH", "XOAUTH", []string{b64("GET https://mail.example.org/b/eve/imap/ oauth_token=" + token)}, bearer(d.MechXOAUTH, "")},
	})
}

func TestOneTime(t *testing.T) {
	name := func(m d.Mechanism, id, authzid string, sent bool) want {
		w := hash(m, id)
		w.authzid, w.sent = authzid, sent
		return w
	}
	card := func(class d.Class, id, authzid string) want {
		return want{mech: d.MechSecurID, class: class, sent: true, identity: id, authzid: authzid}
	}
	runCases(t, []exchangeCase{
		{"OTP", "OTP", []string{b64("\x00joe"), "S:" + b64("otp-md5 499 ke1234 ext"), b64("hex:" + canary)}, name(d.MechOTP, "joe", "", true)},
		{"OTP with authzid", "OTP", []string{b64("boss\x00joe"), b64("word:" + canary)}, name(d.MechOTP, "joe", "boss", true)},
		{"OTP name only", "OTP", []string{b64("\x00joe"), "S:x"}, name(d.MechOTP, "joe", "", false)},
		{"OTP without NUL", "OTP", []string{b64("joe"), b64(canary)}, name(d.MechOTP, "joe", "", true)},
		{"OTP NUL behind", "OTP", []string{b64("joe\x00"), b64(canary)}, name(d.MechOTP, "joe", "", true)},
		{"OTP name and password on one line", "OTP", []string{b64("joe") + " " + b64(canary)}, name(d.MechOTP, "", "", true)},
		{"OTP name and password on one line, not encoded", "OTP", []string{"joe " + canary}, name(d.MechOTP, "", "", true)},
		{"OTP password first", "OTP", []string{b64("init-hex:" + canary)}, name(d.MechOTP, "", "", true)},
		{"OTP PLAIN's response", "OTP", []string{b64("\x00joe\x00" + canary)}, name(d.MechOTP, "joe", "", true)},
		{"OTP name and password in one", "OTP", []string{b64("joe") + " " + b64(canary)}, name(d.MechOTP, "", "", true)},
		{"OTP the same not encoded", "OTP", []string{"joe " + canary}, name(d.MechOTP, "", "", true)},
		{"SKEY", "SKEY", []string{b64("joe"), b64("FOO BAR " + canary)}, name(d.MechSKey, "joe", "", true)},
		{"SKEY words first", "SKEY", []string{b64("Kq4! vZ8# Wm2@ Xr6a Kq4! vZ8#")}, name(d.MechSKey, "", "", true)},
		{"SECURID", "SECURID", []string{b64("\x00joe\x00" + canary + "\x00")}, card(d.Token, "joe", "")},
		{"SECURID with authzid", "SECURID", []string{b64("boss\x00joe\x00" + canary + "\x00")}, card(d.Token, "joe", "boss")},
		{"SECURID with a PIN", "SECURID", []string{b64("\x00joe\x00123456\x00" + canary + "\x00")}, card(d.Password, "joe", "")},
		{"SECURID one NUL", "SECURID", []string{b64("joe\x00" + canary)}, card(d.Token, "joe", "")},
		{"SECURID no NUL", "SECURID", []string{b64(canary)}, card(d.Token, "", "")},
	})
}

func TestNoSecret(t *testing.T) {
	blob := b64("\x60\x82\x01\x00\x06\x09*\x86H\x86\xf7\x12\x01\x02\x02\x01\x00n" + canary)
	run := []exchangeCase{
		{"EXTERNAL", "EXTERNAL", []string{b64("fred")}, want{mech: d.MechExternal, class: d.Identity, identity: "fred"}},
		{"EXTERNAL empty", "EXTERNAL", []string{"="}, want{mech: d.MechExternal, class: d.Identity}},
		{"EXTERNAL a blob", "EXTERNAL", []string{blob}, want{mech: d.MechExternal, class: d.Identity}},
		{"EXTERNAL not encoded", "EXTERNAL", []string{canary}, want{mech: d.MechExternal, class: d.Identity}},
		{"EXTERNAL name and password in one", "EXTERNAL", []string{b64("fred") + " " + b64(canary)}, want{mech: d.MechExternal, class: d.Identity}},
		{"EXTERNAL a password behind the name", "EXTERNAL", []string{b64("fred") + " " + b64(canary)}, want{mech: d.MechExternal, class: d.Identity}},
		{"EXTERNAL PLAIN's response", "EXTERNAL", []string{b64("\x00fred\x00" + canary)}, password(d.MechExternal, "fred")},
		{"ANONYMOUS", "ANONYMOUS", []string{b64("fred@example.org")}, want{mech: d.MechAnonymous, class: d.Identity, identity: "fred@example.org"}},
		{"ANONYMOUS cancelled", "ANONYMOUS", []string{"*"}, want{mech: d.MechAnonymous, class: d.Identity}},
	}
	for _, m := range []d.Mechanism{
		d.MechGSSAPI, d.MechGSSSPNEGO, d.MechNegotiate, d.MechSPNEGO, d.MechSPNEGOPlus, d.MechGS2KRB5, d.MechGS2KRB5Plus, d.MechKerberosV4, d.MechKerberosV5,
		d.MechSRP, d.MechPassDSS, d.MechECDSA, d.MechX25519, d.Mech9798URSA, d.Mech9798MRSA, d.Mech9798UDSA, d.Mech9798MDSA,
		d.Mech9798UECDSA, d.Mech9798MECDSA, d.MechEAPAES128, d.MechEAPAES128Plus,
	} {
		run = append(run, exchangeCase{string(m), string(m), []string{blob, "S:" + blob, "", blob}, want{mech: m, class: d.Strong}})
	}
	for _, m := range []d.Mechanism{d.MechSAML20, d.MechOpenID20} {
		run = append(run, exchangeCase{string(m), string(m), []string{blob}, want{mech: m, class: d.Identity}})
	}
	for _, m := range []d.Mechanism{d.MechGSSAPI, d.MechGSSSPNEGO, d.MechGS2KRB5, d.MechKerberosV4, d.MechSRP, d.MechSAML20} {
		run = append(run, exchangeCase{string(m) + " PLAIN's response", string(m), []string{"S:", b64("\x00fred\x00" + canary)}, password(m, "fred")})
	}
	runCases(t, run)
}

func TestShapes(t *testing.T) {
	odd := func(class d.Class, id string) want {
		return want{mech: d.MechUnknown, class: class, sent: true, identity: id}
	}
	hidden := odd(d.Hash, "jim")
	hidden.real = "D"
	proxied := odd(d.Password, "al")
	proxied.authzid = "boss"
	msg := ntlm3{lm: v1(), nt: v2(), domain: utf16le("D"), user: utf16le("jim"), flags: 1, header: 88}.bytes()
	runCases(t, []exchangeCase{
		{"like PLAIN", "X-NEW", []string{b64("\x00al\x00" + canary)}, odd(d.Password, "al")},
		{"like PLAIN, authzid", "X-NEW", []string{b64("boss\x00al\x00" + canary)}, proxied},
		{"like PLAIN, not printable", "X-NEW", []string{b64("\x00al\x00\x02" + canary)}, odd("", "")},
		{"like PLAIN, three NULs", "X-NEW", []string{b64("\x00al\x00" + canary + "\x00")}, odd("", "")},
		{"NTLM", "X-NEW", []string{b64("NTLMSSP\x00\x01\x00\x00\x00"), b64(string(msg))}, hidden},
		{"bearer", "X-NEW", []string{b64("n,a=al,\x01auth=Bearer " + token + "\x01\x01")}, odd(d.Token, "al")},
		{"bearer alone", "X-NEW", []string{b64("Bearer " + token)}, odd(d.Token, "")},
		{"digest", "X-NEW", []string{b64("al " + digest)}, odd(d.Hash, "al")},
		{"anything", "X-NEW", []string{b64(canary)}, odd("", "")},
		{"anything, not encoded", "X-NEW", []string{canary}, odd("", "")},
		{"nothing", "X-NEW", []string{"", "="}, want{mech: d.MechUnknown}},
		{"no mechanism", "", []string{b64(canary)}, odd("", "")},
		{"the name is a secret", canary, []string{b64("x")}, odd("", "")},
		{"a long name", strings.Repeat("A", 5000), nil, want{mech: d.MechUnknown}},
	})
}

func TestUse(t *testing.T) {
	var x Exchange
	x.Client([]byte(b64("\x00al\x00" + canary)))
	x.Server([]byte("text"))
	if a := x.Attempt(d.Auth); x.Sent() || a.Mechanism != d.MechUnknown || a.Identity != "" {
		t.Errorf("an exchange that was not started took something: %+v", a)
	}
	replay(&x, "PLAIN", b64("boss\x00al\x00"+canary))
	if !x.Sent() || x.Cancelled() || x.Mechanism() != d.MechPlain {
		t.Error("the exchange was not followed")
	}
	replay(&x, "CRAM-MD5", "*")
	if a := x.Attempt(d.Authenticate); !x.Cancelled() || x.Sent() || a.Identity != "" || a.Authzid != "" || a.Class != d.Hash {
		t.Errorf("something of the exchange before is left: %+v", a)
	}
	x.Reset()
	if x.Cancelled() || x.Mechanism() != d.MechUnknown {
		t.Error("Reset left something")
	}
	replay(&x, "PLAIN", "R:*")
	if x.Cancelled() || !x.Sent() {
		t.Error("a star means nothing where the protocol does not encode")
	}
}

func TestTable(t *testing.T) {
	seen := map[d.Mechanism]bool{}
	for i := range table {
		m := &table[i]
		if seen[m.name] {
			t.Errorf("%s is there twice", m.name)
		}
		seen[m.name] = true
		if m.class == "" || m.respond == nil || strings.ToUpper(string(m.name)) != string(m.name) {
			t.Errorf("%s is not complete", m.name)
		}
		if lookup([]byte(strings.ToLower(string(m.name)))) != m {
			t.Errorf("%s is not found in small letters", m.name)
		}
	}
	for _, name := range []string{"", "AUTH=", "PLAI", "PLAINX", "PLAIN\x00", "\"", "ſCRAM-SHA-1"} {
		if lookup([]byte(name)) != &unknown {
			t.Errorf("%q has a row", name)
		}
	}
}

func TestLongName(t *testing.T) {
	for _, n := range []int{255, 256, 257, 1023, 1024, 1025, 30000} {
		for _, c := range []string{"x", "é", "😀"} {
			name := strings.Repeat(c, n)
			limit := min(n, 256)
			for mech, step := range map[string]string{
				"PLAIN":         b64("\x00" + name + "\x00" + canary),
				"SCRAM-SHA-256": b64("n,,n=" + name + ",r=x"),
				"DIGEST-MD5":    b64(`username="\` + name + `",response=` + digest),
			} {
				var x Exchange
				replay(&x, mech, step)
				if got := x.Attempt(d.Auth).Identity; got != strings.Repeat(c, limit) && len(step) < inputLimit {
					t.Errorf("%s: %d times %s gave %s", mech, n, c, strconv.Quote(got[:min(len(got), 20)]))
				}
			}
		}
	}
}

// What is sent where a name is due may be a secret all the same: its shape tells.
func TestSecretInNamesPlace(t *testing.T) {
	of := func(m d.Mechanism, class d.Class, id string) want {
		return want{mech: m, class: class, sent: true, identity: id}
	}
	plain, bearer := "\x00bob\x00"+canary, "user=bob\x01auth=Bearer "+token+"\x01\x01"
	var run []exchangeCase
	for _, m := range []d.Mechanism{d.MechLogin, d.MechOTP, d.MechSKey, d.MechExternal, d.MechAnonymous} {
		run = append(run, []exchangeCase{
			{"OAuth's response, " + string(m), string(m), []string{b64(bearer)}, of(m, d.Token, "bob")},
			{"CRAM's response, " + string(m), string(m), []string{b64("bob " + digest)}, of(m, d.Hash, "bob")},
			{"PLAIN's encoded twice, " + string(m), string(m), []string{b64(b64(plain))}, of(m, d.Password, "")},
			{"OAuth's encoded twice, " + string(m), string(m), []string{b64(b64(bearer))}, of(m, d.Token, "")},
		}...)
	}
	runCases(t, append(run, []exchangeCase{
		{"a long one encoded twice", "LOGIN", []string{b64(b64(plain + strings.Repeat(canary, 100)))}, of(d.MechLogin, d.Password, "")},
		{"a name encoded twice", "LOGIN", []string{b64(b64("bob")), b64(b64(canary))}, of(d.MechLogin, d.Password, b64("bob"))},
		{"OTP behind the name", "OTP", []string{b64("bob hex:" + canary)}, of(d.MechOTP, d.Hash, "")},
		{"a token for a name", "XOAUTH2", []string{b64("user=eyJ" + canary + "\x01auth=Bearer bob\x01\x01")}, of(d.MechXOAUTH2, d.Token, "")},
	}...))
}
