package detectors

import (
	"strings"
	"testing"

	"cleartap/internal/fuzzing"
)

func TestProducts(t *testing.T) {
	for _, c := range []struct{ text, name, version string }{
		{"220 mx.example.org ESMTP Postfix (Debian/GNU)", "Postfix", ""},
		{"220 exim.example.org ESMTP Exim 4.96 Sun, 22 Nov 2026 13:14:55 +0000", "Exim", "4.96"},
		{"220 postfix.example.org ESMTP Exim 4.96-10", "Exim", "4.96"}, // a host's name is no product
		{"220 x.example.org ESMTP Sendmail 8.15.2/8.15.2/Debian-22; Sun", "Sendmail", "8.15.2"},
		{"220 x.example.org Microsoft ESMTP MAIL Service, Version: 6.0.3790.4675 ready at  Sun", "Microsoft Exchange", "6.0.3790.4675"},
		{"220 AM0.mail.protection.outlook.com Microsoft ESMTP MAIL Service ready", "Microsoft 365", ""},
		{"220 mail ESMTP MDaemon 20.0.1; Sun", "MDaemon", "20.0.1"},
		{"220 x.example.org Kerio Connect 9.2.7 patch 1 ESMTP ready", "Kerio Connect", "9.2.7"},
		{"* OK [CAPABILITY IMAP4rev1] Dovecot (Ubuntu) ready.", "Dovecot", ""},
		{"* OK [CAPABILITY IMAP4rev1] mail Cyrus IMAP 3.6.1-Debian-3.6.1-4+deb12u3 server ready", "Cyrus", "3.6.1"},
		{"* OK [CAPABILITY IMAP4REV1] localhost IMAP4rev1 2004.357 at Sun", "UW IMAP", "2004.357"},
		{"* OK The Microsoft Exchange IMAP4 service is ready.", "Microsoft Exchange", ""},
		{"+OK Hello there.", "Courier", ""},
		{"+OK QPOP (version 4.0.5) at host starting.", "Qpopper", "4.0.5"},
		{"+OK x Zimbra POP3 server ready", "Zimbra", ""},
		{"(\"name\" \"Dovecot\" \"version\" \"2.3.19\")", "Dovecot", "2.3.19"},
		{"+OK POP3 server ready", "", ""},
		{"+OK Dovecot 123456789 ready", "Dovecot", ""},                        // a number may be anything
		{"+OK Dovecot 1.2.3.4.5.6.7.8.9.10.11.12.13.14 ready", "Dovecot", ""}, // and so may a long one
		{"+OK Qpopper 4.0.5fc2 ready", "Qpopper", "4.0.5fc2"},
		{"* OK Dovecot 2.4.0-rc1 ready", "Dovecot", "2.4.0-rc1"},
		{"* OK Dovecot v2.3.19.", "Dovecot", "2.3.19"},
		{"220 x ESMTP Exim 4.98_RC2 ready", "Exim", "4.98_RC2"},
		{"* OK Dovecot 2.Zq7xVk9LmPw3RtYs ready", "Dovecot", ""}, // text of the server's is no version
		{"* OK Dovecot 2.7xVk9LmPw ready", "Dovecot", ""},
		{"* OK Dovecot 2.3.Zq7 ready", "Dovecot", ""},
		{"* OK Dovecot 2.3_Zq7 ready", "Dovecot", ""},
		{"* OK Dovecot 2.3-Zq7 ready", "Dovecot", "2.3"},
		{"* OK Dovecot 2.3-rc1Zq7 ready", "Dovecot", "2.3"},
		{"* OK Dovecot 2.3-rc123 ready", "Dovecot", "2.3"},
		{"* OK Dovecot 12345678.12345678 ready", "Dovecot", ""},
		{"* OK Dovecot 2.", "Dovecot", ""},
		{"", "", ""},
	} {
		if name, version := productOf([]byte(c.text)); name != c.name || version != c.version {
			t.Errorf("%q is %s %s", c.text, name, version)
		}
	}
}

func TestGreetingText(t *testing.T) {
	for line, want := range map[string]string{
		"+OK ready <1896.697170952@dbc.mtview.ca.us>": "+OK ready",
		"+OK <1.2@a> ready <3.4@b> now":               "+OK  ready  now",
		"+OK ready <1896.69717@dbc.cut":               "+OK ready",
		"+OK a < b":                                   "+OK a < b",
		"220 \x1b[31mred\x00\xff\x80":                 "220  [31mred",
		"":                                            "",
	} {
		if got := string(greetingText(nil, []byte(line))); got != want {
			t.Errorf("%q is kept as %q", line, got)
		}
	}
	var f factStore
	if s := f.server(FromGreeting, []byte("220 "+strings.Repeat("x", 5000))); len(s.Text) != mostGreeting {
		t.Errorf("%d bytes are kept", len(s.Text))
	}
	if s := f.server(FromID, []byte("(\"user\" \"alice\")")); s.Text != "" || s.Host != "" {
		t.Errorf("text of a reply to ID is kept: %+v", s)
	}
	for i := range 3 * mostFacts {
		f.server(FromGreeting, []byte(strings.Repeat("y", i%900)))
	}
	if len(f.servers) > mostFacts {
		t.Errorf("%d greetings are remembered", len(f.servers))
	}
}

func TestMasked(t *testing.T) {
	for word, want := range map[string]bool{"XXXXXXXA": true, "XXXX": true, "XXXXX": true, "XXXB": false, "XXX": false, "XCLIENT": false, "XXXXAB": false, "XXXXx": false, "XXXX1": false, "": false} {
		if Masked([]byte(word)) != want {
			t.Errorf("%q: %t", word, !want)
		}
	}
	for line, want := range map[string]bool{
		"220 **************************************0******": true, "220 ***": false, "220 *** welcome ***": false, "* OK ********": false, "220": false,
	} {
		if maskedGreeting([]byte(line)) != want {
			t.Errorf("%q: %t", line, !want)
		}
	}
}

func TestHostOfURL(t *testing.T) {
	for url, want := range map[string]string{
		"imap://alice;AUTH=*@home2.example.org/": "home2.example.org", "imap://h:143/": "h", "imap://[2001:db8::1]:143/": "2001:db8::1",
		"imap://u:secret@h.example/x": "h.example", "no url": "", "imap://": "", "imap:///": "", "imap://a\x00b/": "", "imap://[::1": "", "imap://[x]/": "",
		"imap://h]": "h", "imap://" + strings.Repeat("a", 300): "",
	} {
		if got := hostOfURL([]byte(url)); got != want {
			t.Errorf("%q: %q", url, got)
		}
	}
}

func FuzzServerText(f *testing.F) {
	f.Add([]byte("220 mx.example.org ESMTP Postfix <a@b>"))
	f.Add([]byte("imap://u@[::1]:143/ XXXX"))
	fuzzing.Begin()
	f.Fuzz(func(t *testing.T, p []byte) {
		var store factStore
		s := store.server(FromGreeting, p)
		host := hostOfURL(p)
		if len(s.Text) > mostGreeting || len(s.Version) > mostVersion || len(s.Host) > 253 || len(host) > 253 {
			t.Fatalf("%+v %q", s, host)
		}
		for _, c := range []byte(s.Text + s.Version + s.Host + host) {
			if c < 0x20 || c > 0x7e {
				t.Fatalf("%+v %q", s, host)
			}
		}
		verbsIn(p)
		repliesIn(p)
	})
}
