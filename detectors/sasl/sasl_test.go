package sasl

import (
	"strings"
	"testing"

	d "cleartap/detectors"
)

const (
	digest = "b913a602c7eda7a495b4e6e7334d3890"
	token  = canary + "." + canary
)

// want is what an exchange must tell.
type want struct {
	mech                    d.Mechanism
	class                   d.Class
	sent, weak, layer       bool
	identity, authzid, real string
}

func password(mech d.Mechanism, identity string) want {
	return want{mech: mech, class: d.Password, sent: true, identity: identity}
}

func hash(mech d.Mechanism, identity string) want {
	return want{mech: mech, class: d.Hash, sent: true, identity: identity}
}

type exchangeCase struct {
	name  string
	mech  string
	steps []string
	want  want
}

func (c exchangeCase) check(t *testing.T, x *Exchange) {
	t.Helper()
	a := x.Attempt(d.Auth)
	got := want{
		mech: a.Mechanism, class: a.Class, sent: x.Sent(), weak: a.Weak, layer: x.Layer(),
		identity: a.Identity, authzid: a.Authzid, real: a.Realm,
	}
	if got != c.want {
		t.Errorf("got  %+v\nwant %+v", got, c.want)
	}
	if a.Secret.Seen() != x.Sent() || a.Command != d.Auth {
		t.Errorf("attempt disagrees with the exchange: %+v", a)
	}
	noCanary(t, a, canary)
	if len(x.scratch) != 0 {
		t.Error("decoded bytes are left in the scratch buffer")
	}
	for _, b := range x.scratch[:cap(x.scratch)] {
		if b != 0 {
			t.Fatal("the scratch buffer was not cleared")
		}
	}
}

func runCases(t *testing.T, cases []exchangeCase) {
	t.Helper()
	var x Exchange // one for all: an exchange must leave nothing to the next
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			replay(&x, c.mech, c.steps...)
			c.check(t, &x)
		})
	}
}

func TestPlain(t *testing.T) {
	full := "\x00alice\x00" + canary
	authz := password(d.MechPlain, "alice")
	authz.authzid = "boss"
	long := "\x00" + strings.Repeat("n", 60) + "\x00" + canary
	wrapped := b64(long)
	runCases(t, []exchangeCase{
		{"initial response", "PLAIN", []string{b64(full)}, password(d.MechPlain, "alice")},
		{"lower case", "plain", []string{b64(full)}, password(d.MechPlain, "alice")},
		{"capability copied", "AUTH=PLAIN", []string{b64(full)}, password(d.MechPlain, "alice")},
		{"quoted name and response", `"PLAIN"`, []string{`"` + b64(full) + `"`}, password(d.MechPlain, "alice")},
		{"after an empty challenge", "PLAIN", []string{"S:", b64(full)}, password(d.MechPlain, "alice")},
		{"empty initial response", "PLAIN", []string{"=", "S:", b64(full)}, password(d.MechPlain, "alice")},
		{"empty line first", "PLAIN", []string{"", b64(full)}, password(d.MechPlain, "alice")},
		{"sent twice", "PLAIN", []string{b64(full), "S:", b64("\x00bob\x00x")}, password(d.MechPlain, "alice")},
		{"other authzid", "PLAIN", []string{b64("boss\x00alice\x00" + canary)}, authz},
		{"same authzid", "PLAIN", []string{b64("alice\x00alice\x00" + canary)}, password(d.MechPlain, "alice")},
		{"same authzid in other case", "PLAIN", []string{b64("Alice\x00alice\x00" + canary)}, password(d.MechPlain, "alice")},
		{"user in the authzid's place", "PLAIN", []string{b64("alice\x00\x00" + canary)}, password(d.MechPlain, "alice")},
		{"one NUL", "PLAIN", []string{b64("alice\x00" + canary)}, password(d.MechPlain, "alice")},
		{"one NUL and one at the end", "PLAIN", []string{b64("alice\x00" + canary + "\x00")}, password(d.MechPlain, "alice")},
		{"trailing NUL", "PLAIN", []string{b64(full + "\x00")}, password(d.MechPlain, "alice")},
		{"trailing line end", "PLAIN", []string{b64(full + "\r\n")}, password(d.MechPlain, "alice")},
		{"trailing NUL and line end", "PLAIN", []string{b64("alice\x00" + canary + "\x00\r\n")}, password(d.MechPlain, "alice")},
		{"NUL in the password", "PLAIN", []string{b64("\x00alice\x00" + canary + "\x00" + canary)}, password(d.MechPlain, "alice")},
		{"empty password", "PLAIN", []string{b64("\x00alice\x00")}, password(d.MechPlain, "alice")},
		{"no padding", "PLAIN", []string{strings.TrimRight(b64("\x00al\x00"+canary), "=")}, password(d.MechPlain, "al")},
		{"too much padding", "PLAIN", []string{b64(full) + "=="}, password(d.MechPlain, "alice")},
		{"URL alphabet", "PLAIN", []string{strings.NewReplacer("+", "-", "/", "_").Replace(b64("\x00al?>\x00??>>" + canary))}, password(d.MechPlain, "al?>")},
		{"blanks inside", "PLAIN", []string{b64(full)[:8] + " \t" + b64(full)[8:] + "  "}, password(d.MechPlain, "alice")},
		{"wrapped in a literal", "PLAIN", []string{wrapped[:76] + "\r\n" + wrapped[76:]}, password(d.MechPlain, strings.Repeat("n", 60))},
		{"pieces encoded apart", "PLAIN", []string{b64("\x00") + b64("alice") + b64("\x00"+canary)}, password(d.MechPlain, "alice")},
		{"line end left on", "PLAIN", []string{b64(full) + "\r\n"}, password(d.MechPlain, "alice")},
		{"not encoded", "PLAIN", []string{full}, password(d.MechPlain, "alice")},
		{"not encoded by protocol", "PLAIN", []string{"R:" + full}, password(d.MechPlain, "alice")},
		{"no NUL at all", "PLAIN", []string{b64("alice " + canary)}, password(d.MechPlain, "")},
		{"one part and a NUL", "PLAIN", []string{b64(canary + "\x00")}, password(d.MechPlain, "")},
		{"encoded twice", "PLAIN", []string{b64(b64(full))}, password(d.MechPlain, "")},
		{"prose", "PLAIN", []string{"alice:" + canary}, password(d.MechPlain, "")},
		{"cut in the password", "PLAIN", []string{b64(full)[:14]}, password(d.MechPlain, "alice")},
		{"broken in the password", "PLAIN", []string{b64(full)[:16] + "%%%"}, password(d.MechPlain, "alice")},
		{"8-bit name", "PLAIN", []string{b64("\x00m\xfcller\x00" + canary)}, password(d.MechPlain, "müller")},
		{"UTF-8 name", "PLAIN", []string{b64("\x00müller\x00" + canary)}, password(d.MechPlain, "müller")},
		{"control characters in the name", "PLAIN", []string{b64("\x00a\x1b[31ml\u009bi\x7fce\x00" + canary)}, password(d.MechPlain, "a[31mlice")},
		{"with a client token", "plain-clienttoken", []string{b64(full + "\x00" + canary)}, password(d.MechPlainClientToken, "alice")},
		{"UTF-16", "PLAIN", []string{b64(string(utf16le("\x00alice\x00" + canary)))}, password(d.MechPlain, "alice")},
		{"UTF-16, authzid", "PLAIN", []string{b64(string(utf16le("boss\x00alice\x00" + canary)))}, authz},
		{"UTF-16, no NUL at all", "PLAIN", []string{b64(string(utf16le("alice " + canary)))}, password(d.MechPlain, "")},
		{"cancelled", "PLAIN", []string{"S:", "*"}, want{mech: d.MechPlain, class: d.Password}},
		{"nothing sent", "PLAIN", nil, want{mech: d.MechPlain, class: d.Password}},
	})
}

func TestLogin(t *testing.T) {
	runCases(t, []exchangeCase{
		{"two prompts", "LOGIN", []string{"S:" + b64("Username:"), b64("bob"), "S:" + b64("Password:"), b64(canary)}, password(d.MechLogin, "bob")},
		{"prompts of another language", "LOGIN", []string{"S:" + b64("Benutzer\x00"), b64("bob"), "S:was?", b64(canary)}, password(d.MechLogin, "bob")},
		{"the password asked for first", "LOGIN", []string{"S:" + b64("Password:"), b64(canary)}, password(d.MechLogin, "")},
		{"the password asked for first, in capitals, not encoded", "LOGIN", []string{"S:PASSWORD:", b64(canary)}, password(d.MechLogin, "")},
		{"the password asked for first, in another language", "LOGIN", []string{"S:" + b64("Passwort\x00"), b64(canary), "S:was?", b64("bob")}, password(d.MechLogin, "")},
		{"the password asked for first, PLAIN's response", "LOGIN", []string{"S:" + b64("Password:"), b64("x\x00" + canary)}, password(d.MechLogin, "")},
		{"the password asked for second, behind an initial response", "LOGIN", []string{b64("bob"), "S:" + b64("Password:"), b64(canary)}, password(d.MechLogin, "bob")},
		{"no prompts seen", "LOGIN", []string{b64("bob"), b64(canary)}, password(d.MechLogin, "bob")},
		{"empty initial response", "LOGIN", []string{"=", b64("bob"), b64(canary)}, password(d.MechLogin, "bob")},
		{"name only", "LOGIN", []string{b64("bob")}, want{mech: d.MechLogin, class: d.Password, identity: "bob"}},
		{"cancelled before the password", "LOGIN", []string{b64("bob"), "*", b64(canary)}, want{mech: d.MechLogin, class: d.Password, identity: "bob"}},
		{"cancelled after the password", "LOGIN", []string{b64("bob"), b64(canary), "*"}, password(d.MechLogin, "bob")},
		{"empty name", "LOGIN", []string{"", b64(canary)}, password(d.MechLogin, "")},
		{"empty name as =", "LOGIN", []string{"S:x", "=", b64(canary)}, password(d.MechLogin, "")},
		{"empty initial response, then prompts", "LOGIN", []string{"=", "S:x", b64("bob"), "S:y", b64(canary)}, password(d.MechLogin, "bob")},
		{"empty password", "LOGIN", []string{b64("bob"), ""}, password(d.MechLogin, "bob")},
		{"empty password as =", "LOGIN", []string{b64("bob"), "="}, password(d.MechLogin, "bob")},
		{"zero at the end of the name", "LOGIN", []string{b64("bob\x00"), b64(canary)}, password(d.MechLogin, "bob")},
		{"not encoded", "LOGIN", []string{"bob@example.org", canary}, password(d.MechLogin, "bob@example.org")},
		{"not encoded, a word", "LOGIN", []string{"test", canary}, password(d.MechLogin, "test")},
		{"not encoded, a word and digits", "LOGIN", []string{"Alice123", canary}, password(d.MechLogin, "Alice123")},
		{"not encoded by protocol", "LOGIN", []string{"R:test", "R:" + canary}, password(d.MechLogin, "test")},
		{"8-bit name", "LOGIN", []string{b64("m\xfcller"), b64(canary)}, password(d.MechLogin, "müller")},
		{"all of the name 8-bit", "LOGIN", []string{b64("\xe4\xf6\xfc"), b64(canary)}, password(d.MechLogin, "äöü")},
		{"PLAIN's response", "LOGIN", []string{b64("\x00bob\x00" + canary)}, password(d.MechLogin, "bob")},
		{"name and password in one", "LOGIN", []string{b64("bob\x00" + canary)}, password(d.MechLogin, "bob")},
		{"name and password in one, a zero behind", "LOGIN", []string{b64("bob\x00" + canary + "\x00")}, password(d.MechLogin, "bob")},
		{"the same not encoded", "LOGIN", []string{"bob\x00" + canary}, password(d.MechLogin, "bob")},
		{"name and password behind each other", "LOGIN", []string{b64("alice") + " " + b64(canary)}, password(d.MechLogin, "alice")},
		{"the same without a blank", "LOGIN", []string{b64("alice") + b64(canary)}, password(d.MechLogin, "alice")},
		{"the same not encoded", "LOGIN", []string{"alice " + canary}, password(d.MechLogin, "alice")},
		{"the same, prompts behind it", "LOGIN", []string{b64("alice") + "\t" + b64(canary), "S:x", b64(canary)}, password(d.MechLogin, "alice")},
		{"both on one line", "LOGIN", []string{b64("bob@x") + " " + b64(canary)}, password(d.MechLogin, "bob@x")},
		{"both on one line, blanks around", "LOGIN", []string{" " + b64("alice1") + " \t" + b64(canary) + " "}, password(d.MechLogin, "alice1")},
		{"both on one line, the password not encoded", "LOGIN", []string{b64("bob") + " " + canary}, password(d.MechLogin, "bob")},
		{"both on one line, not encoded", "LOGIN", []string{"bob " + canary, b64("x")}, password(d.MechLogin, "bob")},
		{"both on one line, not encoded by protocol", "LOGIN", []string{"R:bob " + canary}, password(d.MechLogin, "bob")},
		{"both on one line, PLAIN's response as the name", "LOGIN", []string{b64("bob\x00"+canary) + " x"}, password(d.MechLogin, "bob")},
		{"blanks behind the name", "LOGIN", []string{b64("bob") + "  ", b64(canary)}, password(d.MechLogin, "bob")},
		{"UTF-16", "LOGIN", []string{b64(string(utf16le("bob"))), b64(string(utf16le(canary)))}, password(d.MechLogin, "bob")},
		{"UTF-16, cancelled", "LOGIN", []string{b64(string(utf16le("böb"))), "*"}, want{mech: d.MechLogin, class: d.Password, identity: "böb"}},
		{"third response", "LOGIN", []string{b64("bob"), b64(canary), b64("x")}, password(d.MechLogin, "bob")},
	})
}

func TestCRAM(t *testing.T) {
	const challenge = "<1896.697170952@postoffice.reston.mci.net>"
	answer := cram("tim", "tanstaaftanstaaf", challenge)
	if answer != "tim "+digest {
		t.Fatalf("the tests' HMAC is wrong: %s", answer)
	}
	wide := func(n int) string { return strings.Repeat("ab", n/2) }
	runCases(t, []exchangeCase{
		{"RFC 2195", "CRAM-MD5", []string{"S:" + b64(challenge), b64(answer)}, hash(d.MechCRAMMD5, "tim")},
		{"canary", "CRAM-MD5", []string{b64(cram("tim", canary, challenge))}, hash(d.MechCRAMMD5, "tim")},
		{"spaces in the name", "cram-md5", []string{b64("tim the man " + digest)}, hash(d.MechCRAMMD5, "tim the man")},
		{"upper case digest", "CRAM-MD5", []string{b64("tim " + strings.ToUpper(digest))}, hash(d.MechCRAMMD5, "tim")},
		{"line end behind", "CRAM-MD5", []string{b64("tim " + digest + "\r\n")}, hash(d.MechCRAMMD5, "tim")},
		{"not encoded", "CRAM-MD5", []string{"tim " + digest}, hash(d.MechCRAMMD5, "tim")},
		{"a password instead", "CRAM-MD5", []string{b64("tim " + canary)}, hash(d.MechCRAMMD5, "")},
		{"words instead", "CRAM-MD5", []string{b64("tim Kq4!v Z8#Wm 2@Xr6")}, hash(d.MechCRAMMD5, "")},
		{"short digest", "CRAM-MD5", []string{b64("tim " + digest[:31])}, hash(d.MechCRAMMD5, "")},
		{"no name", "CRAM-MD5", []string{b64(" " + digest)}, hash(d.MechCRAMMD5, "")},
		{"SHA-1", "CRAM-SHA1", []string{b64("tim " + wide(40))}, hash(d.MechCRAMSHA1, "tim")},
		{"SHA-224", "CRAM-SHA224", []string{b64("tim " + wide(56))}, hash(d.MechCRAMSHA224, "tim")},
		{"SHA-256", "CRAM-SHA256", []string{b64("tim " + wide(64))}, hash(d.MechCRAMSHA256, "tim")},
		{"SHA-384", "CRAM-SHA384", []string{b64("tim " + wide(96))}, hash(d.MechCRAMSHA384, "tim")},
		{"SHA-512", "CRAM-SHA512", []string{b64("tim " + wide(128))}, hash(d.MechCRAMSHA512, "tim")},
		{"cancelled", "CRAM-MD5", []string{"S:" + b64(challenge), "*"}, want{mech: d.MechCRAMMD5, class: d.Hash}},
	})
}

func TestDigestMD5(t *testing.T) {
	sum := digestMD5("chris", "elwood.innosoft.com", "secret", "OA6MG9tEQGm2hh", "OA6MHXh6VqTrRk", "imap/elwood.innosoft.com")
	if sum != "d388dad90d4bbd760a152321f2143af7" {
		t.Fatalf("the tests' digest is wrong: %s", sum)
	}
	list := func(user, more string) string {
		return `charset=utf-8,username="` + user + `",realm="elwood.innosoft.com",nonce="OA6MG9tEQGm2hh",nc=00000001,cnonce="OA6MHXh6VqTrRk",` +
			`digest-uri="imap/elwood.innosoft.com",response=` + sum + more
	}
	chris := hash(d.MechDigestMD5, "chris")
	chris.real = "elwood.innosoft.com"
	layered, proxied, escaped, spaced := chris, chris, chris, chris
	layered.layer = true
	proxied.authzid = "boss"
	escaped.identity = `ch"ri\s, jr`
	spaced.real = ""
	runCases(t, []exchangeCase{
		{"RFC 2831", "DIGEST-MD5", []string{"S:" + b64(`realm="x",nonce="y"`), b64(list("chris", ",qop=auth")), "S:" + b64("rspauth=0"), ""}, chris},
		{"empty first", "DIGEST-MD5", []string{"", b64(list("chris", ""))}, chris},
		{"integrity", "DIGEST-MD5", []string{b64(list("chris", ",qop=auth-int"))}, layered},
		{"privacy, quoted", "DIGEST-MD5", []string{b64(list("chris", `,qop="auth-conf"`))}, layered},
		{"authzid", "DIGEST-MD5", []string{b64(list("chris", `,authzid="boss"`))}, proxied},
		{"same authzid", "DIGEST-MD5", []string{b64(list("chris", `,authzid="chris"`))}, chris},
		{"same authzid in other case", "DIGEST-MD5", []string{b64(list("chris", `,authzid="Chris"`))}, chris},
		{"escapes", "DIGEST-MD5", []string{b64(list(`ch\"ri\\s, jr`, ""))}, escaped},
		{"blanks and token", "DIGEST-MD5", []string{b64("username = chris ,\r\n\tresponse = " + sum)}, spaced},
		{"not encoded", "DIGEST-MD5", []string{list("chris", "")}, chris},
		{"first of two", "DIGEST-MD5", []string{b64(list("chris", `,username="x"`))}, chris},
		{"quote not closed", "DIGEST-MD5", []string{b64(`username="chris,response=` + canary)}, hash(d.MechDigestMD5, "")},
		{"name swallows the digest", "DIGEST-MD5", []string{b64(`username="chris\",response=` + canary + `",realm="x"`)}, hash(d.MechDigestMD5, "")},
		{"something else", "DIGEST-MD5", []string{b64("chris " + canary)}, hash(d.MechDigestMD5, "")},
		{"PLAIN's response", "DIGEST-MD5", []string{b64("\x00chris\x00" + canary)}, hash(d.MechDigestMD5, "")},
	})
}
