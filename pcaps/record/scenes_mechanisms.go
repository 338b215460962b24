//go:build linux

package main

import (
	"fmt"

	"cleartap/internal/lab"
)

func mechanismScenes() []scene {
	return []scene{
		{file: "scram-digest.pcap", shows: "SCRAM-SHA-1, SCRAM-SHA-256 and DIGEST-MD5 in IMAP, POP3 and SMTP",
			how: "Dovecot, Postfix; msmtp, mbsync, swaks, Perl", play: hashed},
		{file: "oauth.pcap", shows: "XOAUTH2 and OAUTHBEARER with tokens that are accepted and refused",
			how: "Dovecot, Postfix; curl, Python", play: oauth},
		{file: "proxy-login.pcap", shows: "PLAIN with an authorization identity: one account logs in as another",
			how: "Dovecot; a Go program", play: proxyLogin},
		{file: "no-secret.pcap", shows: "mechanisms without a secret (ANONYMOUS, EXTERNAL), logins given up before the secret: no login",
			how: "Dovecot, Postfix; curl, a Go program", play: noSecret},
	}
}

func hashed(s *stage) {
	for _, m := range []string{"SCRAM-SHA-1", "SCRAM-SHA-256"} {
		a := s.account()
		s.run(s.msmtp(lab.OpenNode, 587, lower(m), a), accepted(sasl("smtp", m, a.Name, a.Password)).by(msmtp))
		a = s.account()
		s.run(s.mbsync(m, a), accepted(sasl("imap", m, a.Name, a.Password)).by(mbsync))
		a = s.account()
		a.Password = wrong(a)
		s.run(s.mbsync(m, a), refused(sasl("imap", m, a.Name, a.Password)).by(mbsync))
	}
	a := s.account()
	s.run(s.swaks(lab.OpenNode, 587, "DIGEST-MD5", a), accepted(sasl("smtp", "DIGEST-MD5", a.Name, a.Password)).by(swaks))
	a = s.account()
	a.Password = wrong(a)
	s.run(s.swaks(lab.OpenNode, 587, "DIGEST-MD5", a), refused(sasl("smtp", "DIGEST-MD5", a.Name, a.Password)).by(swaks))
	a = s.account()
	s.run(s.mbsync("DIGEST-MD5", a), accepted(sasl("imap", "DIGEST-MD5", a.Name, a.Password)).by(mbsync))
	a = s.account()
	s.run(s.perl(`use Net::POP3; my $c = Net::POP3->new($ARGV[0], Timeout => 15); $c->auth($ARGV[1], $ARGV[2]); $c->quit`, s.at(lab.OpenNode).String(), a.Name, a.Password),
		accepted(sasl("pop3", "DIGEST-MD5", a.Name, a.Password)).by(perl))
}

func oauth(s *stage) {
	for _, right := range []bool{true, false} {
		for _, scheme := range []string{"imap", "pop3", "smtp"} {
			a := s.account()
			token, end := lab.Token(a.Name, canary("token "+a.Name)), accepted
			if !right {
				token, end = canary("token that is not valid "+a.Name), refused
			}
			s.run(s.curl(s.url(scheme, lab.OpenNode), lab.Account{Name: a.Name, Password: ""}, "--oauth2-bearer", token, "--login-options", "AUTH=OAUTHBEARER"),
				end(sasl(scheme, "OAUTHBEARER", a.Name, token)).by(curl))
			a = s.account()
			token = lab.Token(a.Name, canary("token "+a.Name))
			if !right {
				token = canary("token that is not valid " + a.Name)
			}
			blob := fmt.Sprintf("user=%s\x01auth=Bearer %s\x01\x01", a.Name, token)
			s.run(s.python(xoauth2[scheme], s.at(lab.OpenNode).String(), a.Name, blob), end(sasl(scheme, "XOAUTH2", a.Name, token)).by(python))
		}
	}
}

// xoauth2 are programs for python; arguments are host, user, response.
var xoauth2 = map[string]string{
	"imap": `
import sys, imaplib
c = imaplib.IMAP4(sys.argv[1], 143, timeout=15)
try:
    tries = [sys.argv[3].encode(), b""]
    c.authenticate("XOAUTH2", lambda challenge: tries.pop(0))
except imaplib.IMAP4.error:
    pass
c.logout()
`,
	"smtp": `
import sys, smtplib
c = smtplib.SMTP(sys.argv[1], 587, "client1.example.org", timeout=15)
c.ehlo()
try:
    c.auth("XOAUTH2", lambda challenge=None: sys.argv[3] if challenge is None else "")
except smtplib.SMTPAuthenticationError:
    pass
c.quit()
`,
	"pop3": `
import sys, poplib, base64
c = poplib.POP3(sys.argv[1], 110, timeout=15)
try:
    c._putcmd("AUTH XOAUTH2")
    c._getline()
    c._putcmd(base64.b64encode(sys.argv[3].encode()).decode())
    line = c._getline()[0]
    if line.startswith(b"+ "):
        c._putcmd("")
        c._getline()
except poplib.error_proto:
    pass
c.quit()
`,
}

func proxyLogin(s *stage) {
	a, admin := s.account(), masterAccount()
	l := accepted(sasl("imap", "PLAIN", admin.Name, admin.Password))
	l.Authzid = a.Name
	s.talk(lab.OpenNode, 143, func(t *lab.Talk) {
		t.Wait("* OK")
		t.Say("p1 AUTHENTICATE PLAIN " + plain(a.Name, admin.Name, admin.Password))
		t.Wait("p1 ")
		t.Say("p2 LOGOUT")
		t.Wait("p2 ")
	}, l.noted("one account logs in as another"))
	a = s.account()
	l = accepted(sasl("smtp", "PLAIN", admin.Name, admin.Password))
	l.Authzid = a.Name
	s.talk(lab.OpenNode, 587, func(t *lab.Talk) {
		t.Wait("220 ")
		t.Say("EHLO client1.example.org")
		t.Wait("250 ")
		t.Say("AUTH PLAIN")
		t.Wait("334")
		t.Say(plain(a.Name, admin.Name, admin.Password))
		t.Wait("235", "5")
		t.Say("QUIT")
		t.Wait("221")
	}, l.noted("one account logs in as another"))
}

func noSecret(s *stage) {
	s.talk(lab.OpenNode, 143, func(t *lab.Talk) {
		t.Wait("* OK")
		t.Say("n1 AUTHENTICATE ANONYMOUS " + b64("guest@example.org"))
		t.Wait("n1 ")
		t.Say("n2 LOGOUT")
		t.Wait("n2 ")
	})
	s.talk(lab.OpenNode, 143, func(t *lab.Talk) {
		t.Wait("* OK")
		t.Say("n1 AUTHENTICATE EXTERNAL " + b64("ada@example.org"))
		t.Wait("n1 ")
		t.Say("n2 AUTHENTICATE PLAIN")
		t.Wait("+")
		t.Say("*")
		t.Wait("n2 ")
		t.Say("n3 AUTHENTICATE CRAM-MD5")
		t.Wait("+")
		t.Say("*")
		t.Wait("n3 ")
		t.Say("n4 LOGOUT")
		t.Wait("n4 ")
	})
	s.talk(lab.OpenNode, 110, func(t *lab.Talk) {
		t.Wait("+OK")
		t.Say("USER ada@example.org")
		t.Wait("+OK")
		t.Say("QUIT")
		t.Wait("+OK")
	})
	s.talk(lab.OpenNode, 587, func(t *lab.Talk) {
		t.Wait("220 ")
		t.Say("EHLO client1.example.org")
		t.Wait("250 ")
		t.Say("AUTH LOGIN")
		t.Wait("334")
		t.Say("*")
		t.Wait("501")
		t.Say("MAIL FROM:<sender@example.org> AUTH=ada@example.org")
		t.Wait("250")
		t.Say("QUIT")
		t.Wait("221")
	})
	s.run(s.curl(s.url("imap", lab.OpenNode), s.account(), "--login-options", "AUTH=DIGEST-MD5"))
}
