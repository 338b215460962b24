package sasl

import (
	"bytes"
	"fmt"
	"strings"
	"testing"
	"unicode/utf8"

	"cleartap/detectors"
	"cleartap/internal/fuzzing"
)

// FuzzSASL feeds any responses to any mechanism. Nothing may panic, grow or be kept,
// and names stay names: short, printable and of this exchange.
func FuzzSASL(f *testing.F) {
	m3 := ntlm3{lm: v1(), nt: v2(), domain: utf16le("D"), user: utf16le("jim"), flags: 1, header: 88}.bytes()
	for _, s := range [][]string{
		{"PLAIN", b64("boss\x00al\x00" + canary), "", ""},
		{"LOGIN", b64("al"), "S:" + b64("Password:"), b64(canary)},
		{"CRAM-MD5", "S:" + b64("<1@h>"), b64("al " + digest), ""},
		{"DIGEST-MD5", b64(`username="a\"l",realm="r",qop=auth-int,response=` + digest), "", ""},
		{"SCRAM-SHA-1", b64("n,a=x=2C,n=al,r=1"), "S:" + b64("r=12,s=AA==,i=1000"), b64("c=biws,r=12,p=" + canary)},
		{"NTLM", "S:ntlm supported", b64(string(m3)), ""},
		{"GSS-SPNEGO", b64("\x60\x10" + string(m3)), "", ""},
		{"XOAUTH2", b64("user=al\x01auth=Bearer " + canary + "\x01\x01"), "S:e30=", ""},
		{"OAUTHBEARER", b64("n,a=al,\x01auth=Bearer " + canary + "\x01\x01"), "S:e30=", "AQ=="},
		{"OTP", b64("\x00al"), "S:" + b64("otp-md5 1 x ext"), b64("hex:00")},
		{"SECURID", b64("\x00al\x001\x002\x00"), "", ""},
		{"EXTERNAL", "=", "R:raw", "*"},
		{"X-NEW", b64("\x00al\x00x"), "R:\x00al\x00x", "*"},
	} {
		f.Add([]byte(s[0]), []byte(s[1]), []byte(s[2]), []byte(s[3]))
	}
	fuzzing.Begin()
	f.Fuzz(func(t *testing.T, mech, a, b, c []byte) {
		var x, again Exchange
		steps := []string{string(a), string(b), string(c)}
		replay(&again, "PLAIN", b64("old\x00name\x00"+canary))
		replay(&x, string(mech), steps...)
		replay(&again, string(mech), steps...)
		got := x.Attempt(detectors.Auth)
		if got != again.Attempt(detectors.Auth) || x.Layer() != again.Layer() || x.Cancelled() != again.Cancelled() {
			t.Fatal("an exchange depends on the one before")
		}
		if lookup([]byte(got.Mechanism)).name != got.Mechanism {
			t.Fatal("the mechanism is not of the list")
		}
		for _, name := range []string{got.Identity, got.Authzid, got.Realm} {
			if n := utf8.RuneCountInString(name); n > 256 || !utf8.ValidString(name) {
				t.Fatalf("a name of %d characters", n)
			}
			if strings.ContainsFunc(name, func(r rune) bool { return r < 0x20 || r >= 0x7f && r < 0xa0 }) {
				t.Fatal("a control character is in a name")
			}
		}
		if cap(x.scratch) > keepLimit || len(bytes.Trim(x.scratch[:cap(x.scratch)], "\x00")) > 0 {
			t.Fatal("the scratch buffer is too large or not clear")
		}
	})
}

// FuzzCanary puts a secret where each mechanism has it, and anything around it: no part of
// it may come out. Each input is for one of them.
func FuzzCanary(f *testing.F) {
	for i := range uint8(21) {
		f.Add(i, "al", "boss", "x")
		f.Add(i, "a,b=c", "", "\x00")
		f.Add(i, "", "\xff\xfe", "\"\\,")
	}
	fuzzing.Begin()
	f.Fuzz(func(t *testing.T, which uint8, user, authzid, junk string) {
		const secret = "\u2603Zj9^Lp7&" // nothing that a mutation of a name is likely to hit
		if strings.ContainsAny(user+authzid+junk, secret) {
			t.Skip()
		}
		clean := strings.NewReplacer("\x00", "", "\x01", "", "\"", "", "\\", "")
		user, authzid = clean.Replace(user), clean.Replace(authzid)
		if user == "" { // else a password between two NULs is by the book a name without a password
			user = "-"
		}
		name := strings.NewReplacer("=", "=3D", ",", "=2C")
		hexed := fmt.Sprintf("%x", strings.Repeat(secret, 2))
		ntlm := func() string {
			m3 := ntlm3{lm: []byte(secret), nt: []byte(strings.Repeat(secret, 3)), domain: utf16le(authzid), user: utf16le(user), host: []byte(junk), flags: 1}
			return string(m3.bytes())
		}
		forms := [...]func() []string{
			func() []string { return []string{"PLAIN", b64(authzid + "\x00" + user + "\x00" + secret + junk)} },
			func() []string { return []string{"PLAIN", b64(user + "\x00" + secret)} },
			func() []string { return []string{"PLAIN", b64(user + "\x00" + secret + "\x00")} },
			func() []string { return []string{"PLAIN", b64(secret + clean.Replace(junk))} },
			func() []string { return []string{"LOGIN", b64(user), b64(secret)} },
			func() []string { return []string{"LOGIN", b64(user), secret + junk} },
			func() []string { return []string{"LOGIN", b64(authzid + "\x00" + user + "\x00" + secret)} },
			func() []string { return []string{"CRAM-MD5", b64(user + " " + hexed)} },
			func() []string { return []string{"CRAM-MD5", b64(secret + " " + secret)} },
			func() []string {
				return []string{"DIGEST-MD5", b64(`username="` + user + `",authzid="` + authzid + `",response=` + hexed)}
			},
			func() []string { return []string{"DIGEST-MD5", b64(`username="` + user + `,response=` + secret)} },
			func() []string {
				return []string{"SCRAM-SHA-1", b64("n,a=" + name.Replace(authzid) + ",n=" + name.Replace(user) + ",r=x"), "S:" + b64(junk), b64("c=biws,r=x,p=" + secret)}
			},
			func() []string { return []string{"NTLM", b64(ntlm())} },
			func() []string { return []string{"GSSAPI", b64(junk + secret)} },
			func() []string {
				return []string{"XOAUTH2", b64("user=" + user + "\x01auth=Bearer " + secret + "\x01" + junk)}
			},
			func() []string { return []string{"XOAUTH2", b64("user=" + user + " auth=Bearer " + secret)} },
			func() []string {
				return []string{"OAUTHBEARER", b64("n,a=" + name.Replace(user) + ",\x01auth=Bearer " + secret + "\x01\x01")}
			},
			func() []string { return []string{"OTP", b64("\x00" + user), b64("hex:" + secret)} },
			func() []string {
				return []string{"SECURID", b64(authzid + "\x00" + user + "\x00" + secret + "\x00" + secret)}
			},
			func() []string { return []string{"X-NEW", b64(authzid + "\x00" + user + "\x00" + secret)} },
			func() []string { return []string{"X-NEW", b64(junk + secret)} },
		}
		c := forms[int(which)%len(forms)]()
		var x Exchange
		replay(&x, c[0], c[1:]...)
		noCanary(t, x.Attempt(detectors.Auth), secret)
	})
}
