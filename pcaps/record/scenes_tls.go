//go:build linux

package main

import (
	"cleartap/internal/lab"
)

func tlsScenes() []scene {
	return []scene{
		{file: "starttls.pcap", shows: "logins after STARTTLS and STLS in all protocols: none in clear", how: "Dovecot, Postfix, Exim; curl, swaks, sieve-connect, Python", play: starttls},
		{file: "implicit-tls.pcap", shows: "logins on ports 465, 993 and 995: none in clear", how: "Dovecot, Postfix, Exim; curl", play: implicit},
		{file: "starttls-refused.pcap", shows: "STARTTLS that the server refuses or does not offer, and the login in clear that follows",
			how: "Dovecot and Postfix without TLS; curl, fetchmail, a Go program", play: starttlsRefused},
		{file: "starttls-given-up.pcap", shows: "a TLS handshake that the client gives up (certificate), then a new connection without TLS",
			how: "Dovecot; curl", play: starttlsGivenUp},
	}
}

func starttls(s *stage) {
	for _, url := range []string{s.url("imap", lab.OpenNode), s.url("pop3", lab.OpenNode), s.url("smtp", lab.OpenNode), s.url("smtp", lab.EximNode), s.url("imap", lab.StrictNode)} {
		s.run(s.curl(url, s.account(), "--ssl-reqd", "--cacert", lab.CertFile))
	}
	s.run(s.swaks(lab.OpenNode, 587, "PLAIN", s.account(), "-tls"))
	s.run(s.swaks(lab.EximNode, 587, "LOGIN", s.account(), "-tls"))
	s.run(s.python(`
import sys, imaplib
c = imaplib.IMAP4(sys.argv[1], 143, timeout=15)
c.starttls()
c.login(sys.argv[2], sys.argv[3])
c.logout()
`, s.at(lab.OpenNode).String(), s.account().Name, canary("not used")))
	s.run(s.sieve(lab.OpenNode, "PLAIN", s.account()))
}

func implicit(s *stage) {
	for _, url := range []string{s.url("imaps", lab.OpenNode), s.url("pop3s", lab.OpenNode), s.url("smtps", lab.OpenNode), s.url("smtps", lab.EximNode)} {
		s.run(s.curl(url, s.account(), "--cacert", lab.CertFile))
	}
	s.run(s.curl(s.url("imaps", lab.OpenNode), s.account(), "--cacert", lab.CertFile, "--tls-max", "1.2"))
}

func starttlsRefused(s *stage) {
	a := s.account()
	s.talk(lab.PlainNode, 143, func(t *lab.Talk) {
		t.Wait("* OK")
		t.Say("s1 STARTTLS")
		t.Wait("s1 ")
		t.Say("s2 LOGIN " + a.Name + " " + a.Password)
		t.Wait("s2 ")
		t.Say("s3 LOGOUT")
		t.Wait("s3 ")
	}, accepted(imapLogin(a.Name, a.Password)))
	a2 := s.account()
	s.talk(lab.PlainNode, 110, func(t *lab.Talk) {
		t.Wait("+OK")
		for _, line := range []string{"STLS", "USER " + a2.Name, "PASS " + a2.Password, "QUIT"} {
			t.Say(line)
			t.Wait("+OK", "-ERR")
		}
	}, accepted(userPass(a2.Name, a2.Password)))
	a3 := s.account()
	s.talk(lab.PlainNode, 587, func(t *lab.Talk) {
		t.Wait("220 ")
		t.Say("EHLO client1.example.org")
		t.Wait("250 ")
		for _, line := range []string{"STARTTLS", "AUTH PLAIN " + plain("", a3.Name, a3.Password), "QUIT"} {
			t.Say(line)
			t.Wait("2", "5")
		}
	}, accepted(sasl("smtp", "PLAIN", a3.Name, a3.Password)))
	a4 := s.account()
	s.run(s.curl(s.url("imap", lab.PlainNode), a4, "--ssl", "--login-options", "AUTH=LOGIN"), accepted(sasl("imap", "LOGIN", a4.Name, a4.Password)).by(curl).noted("takes TLS where it is offered"))
	a5 := s.account()
	rc := s.fetchmail("pop3", "password", lab.PlainNode, a5, "")
	s.run(rc, accepted(userPass(a5.Name, a5.Password)).by(fetchmail))
}

func starttlsGivenUp(s *stage) {
	a := s.account()
	s.run(s.curl(s.url("imap", lab.OpenNode), a, "--ssl-reqd", "--cacert", "/lab/other.pem"))
	s.run(s.curl(s.url("imap", lab.OpenNode), a, "--login-options", "AUTH=PLAIN"), accepted(sasl("imap", "PLAIN", a.Name, a.Password)).by(curl))
	s.run(s.curl(s.url("pop3", lab.OpenNode), a, "--ssl-reqd", "--cacert", "/lab/other.pem"))
	s.run(s.curl(s.url("pop3", lab.OpenNode), a, "--login-options", "AUTH=CRAM-MD5"), accepted(sasl("pop3", "CRAM-MD5", a.Name, a.Password)).by(curl))
}
