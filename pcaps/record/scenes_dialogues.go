//go:build linux

package main

import (
	"fmt"

	"cleartap/internal/lab"
)

func dialogueScenes() []scene {
	return []scene{
		{file: "refused-insecure.pcap", shows: "passwords that a server refuses because there is no TLS: disclosed all the same. CRAM-MD5 is taken",
			how: "Dovecot with disable_plaintext_auth; Python, curl, a Go program", play: refusedInsecure},
		{file: "several-logins.pcap", shows: "wrong passwords and other mechanisms before the right one, on one connection",
			how: "Dovecot, Postfix, Exim; a Go program", play: severalLogins},
		{file: "guessing.pcap", shows: "21 guesses on seven IMAP connections, then the right password; with `--secret-marks` CT-AUTH-005 tells it, without them 30 refusals would be needed", how: "Dovecot; a Go program", play: guessing},
		{file: "pipelining.pcap", shows: "commands sent ahead of the replies, all in one segment", how: "Dovecot, Exim; a Go program", play: pipelining},
		{file: "bodies.pcap", shows: "mails that look like logins (DATA, BDAT, LMTP, APPEND, FETCH, RETR, TOP): only the real logins count",
			how: "Postfix, Exim, Dovecot; a Go program", play: bodies},
		{file: "odd-names.pcap", shows: "names and passwords with quotes, backslashes, blanks, brackets, markup, other scripts, 200 letters",
			how: "Dovecot; curl, a Go program", play: oddNames},
		{file: "telnet.pcap", shows: "dialogues typed letter by letter", how: "Dovecot, Postfix; a Go program", play: telnet},
		{file: "unusual-ports.pcap", shows: "IMAP on port 33143, POP3 on port 40110, SMTP on port 10588, clients on ports 2525 and 143",
			how: "Dovecot, its submission service; curl, swaks, a Go program", play: unusualPorts},
		{file: "proxied.pcap", shows: "the PROXY protocol (versions 1 and 2) and XCLIENT: another client is announced ahead of the login",
			how: "Dovecot, Postfix; a Go program", play: proxied},
	}
}

func refusedInsecure(s *stage) {
	a := s.account()
	s.run(s.python(imaplibLogin, s.at(lab.StrictNode).String(), "143", a.Name, a.Password), insecure(imapLogin(a.Name, a.Password)).by(python))
	a = s.account()
	s.talk(lab.StrictNode, 143, func(t *lab.Talk) {
		t.Wait("* OK")
		t.Say("i1 AUTHENTICATE PLAIN " + plain("", a.Name, a.Password))
		t.Wait("i1 ")
		t.Say("i2 LOGOUT")
		t.Wait("i2 ")
	}, insecure(sasl("imap", "PLAIN", a.Name, a.Password)))
	a = s.account()
	s.talk(lab.StrictNode, 110, func(t *lab.Talk) {
		t.Wait("+OK")
		t.Say("USER "+a.Name, "PASS "+a.Password, "QUIT")
		t.Wait("-ERR")
		t.Wait("-ERR")
		t.Wait("+OK")
	}, insecure(userPass(a.Name, a.Password)).noted("USER is refused, PASS was sent already"))
	a = s.account()
	s.talk(lab.StrictNode, 110, func(t *lab.Talk) {
		t.Wait("+OK")
		t.Say("AUTH PLAIN " + plain("", a.Name, a.Password))
		t.Wait("-ERR")
		t.Say("QUIT")
		t.Wait("+OK")
	}, insecure(sasl("pop3", "PLAIN", a.Name, a.Password)))
	a = s.account()
	s.talk(lab.StrictNode, 4190, func(t *lab.Talk) {
		t.Wait("OK")
		t.Say(`AUTHENTICATE "PLAIN" "` + plain("", a.Name, a.Password) + `"`)
		t.Wait("NO", "OK")
		t.Say("LOGOUT")
		t.Wait("OK")
	}, insecure(sasl("managesieve", "PLAIN", a.Name, a.Password)))
	a = s.account()
	s.run(s.curl(s.url("imap", lab.StrictNode), a, "--login-options", "AUTH=CRAM-MD5"), accepted(sasl("imap", "CRAM-MD5", a.Name, a.Password)).by(curl))
}

func severalLogins(s *stage) {
	a := s.account()
	bad, worse := wrong(a), canary("worse "+a.Name)
	s.talk(lab.OpenNode, 143, func(t *lab.Talk) {
		t.Wait("* OK")
		t.Say("m1 LOGIN " + a.Name + " " + bad)
		t.Wait("m1 ")
		t.Say("m2 AUTHENTICATE PLAIN " + plain("", a.Name, worse))
		t.Wait("m2 ")
		t.Say("m3 LOGIN " + quoted(a.Name) + " " + quoted(a.Password))
		t.Wait("m3 ")
		t.Say("m4 LOGOUT")
		t.Wait("m4 ")
	}, refused(imapLogin(a.Name, bad)), refused(sasl("imap", "PLAIN", a.Name, worse)), accepted(imapLogin(a.Name, a.Password)))
	b := s.account()
	bad2 := wrong(b)
	s.talk(lab.OpenNode, 110, func(t *lab.Talk) {
		t.Wait("+OK")
		for _, line := range []string{"USER " + b.Name, "PASS " + bad2, "AUTH PLAIN " + plain("", b.Name, b.Password), "QUIT"} {
			t.Say(line)
			t.Wait("+OK", "-ERR")
		}
	}, refused(userPass(b.Name, bad2)), accepted(sasl("pop3", "PLAIN", b.Name, b.Password)))
	for _, node := range []int{lab.OpenNode, lab.EximNode} {
		c := s.account()
		bad3 := wrong(c)
		s.talk(node, 587, func(t *lab.Talk) {
			t.Wait("220 ")
			t.Say("EHLO client1.example.org")
			t.Wait("250 ")
			t.Say("AUTH PLAIN " + plain("", c.Name, bad3))
			t.Wait("535 ")
			for _, line := range []string{"AUTH LOGIN", b64(c.Name), b64(c.Password), "MAIL FROM:<sender@example.org>", "RCPT TO:<box@example.org>", "DATA"} {
				t.Say(line)
				t.Wait("2", "3", "5")
			}
			t.Say("Subject: hello", "", "hello", ".")
			t.Wait("250")
			t.Say("QUIT")
			t.Wait("221")
		}, refused(sasl("smtp", "PLAIN", c.Name, bad3)), accepted(sasl("smtp", "LOGIN", c.Name, c.Password)))
	}
}

func guessing(s *stage) {
	a := s.account()
	for i := range 7 {
		var tries []login
		for k := range 3 {
			tries = append(tries, refused(imapLogin(a.Name, canary(fmt.Sprintf("guess %d %d", i, k)))))
		}
		s.talk(lab.OpenNode, 143, func(t *lab.Talk) {
			t.Wait("* OK")
			for k, l := range tries {
				t.Say(fmt.Sprintf("g%d LOGIN %s %s", k, l.User, *l.Secret))
				t.Wait(fmt.Sprintf("g%d ", k))
			}
			t.Say("g9 LOGOUT")
			t.Wait("g9 ")
		}, tries...)
	}
	s.talk(lab.OpenNode, 143, func(t *lab.Talk) {
		t.Wait("* OK")
		t.Say("g1 LOGIN " + a.Name + " " + a.Password)
		t.Wait("g1 ")
		t.Say("g2 LOGOUT")
		t.Wait("g2 ")
	}, accepted(imapLogin(a.Name, a.Password)))
}

func pipelining(s *stage) {
	a := s.account()
	s.talk(lab.OpenNode, 110, func(t *lab.Talk) {
		t.Wait("+OK")
		t.Say("USER "+a.Name, "PASS "+a.Password, "STAT", "LIST", "QUIT")
		for range 5 {
			t.Wait("+OK")
		}
	}, accepted(userPass(a.Name, a.Password)))
	a2 := s.account()
	bad := wrong(a2)
	s.talk(lab.OpenNode, 110, func(t *lab.Talk) {
		t.Wait("+OK")
		t.Say("CAPA", "USER "+a2.Name, "PASS "+bad, "USER "+a2.Name, "PASS "+a2.Password, "STAT", "QUIT")
		t.Wait(".")
		for range 6 {
			t.Wait("+OK", "-ERR")
		}
	}, refused(userPass(a2.Name, bad)), accepted(userPass(a2.Name, a2.Password)))
	b := s.account()
	bad2 := wrong(b)
	s.talk(lab.OpenNode, 143, func(t *lab.Talk) {
		t.Wait("* OK")
		t.Say("q1 CAPABILITY", "q2 LOGIN "+b.Name+" "+bad2, "q3 NOOP", "q4 LOGIN "+b.Name+" "+b.Password, "q5 SELECT INBOX", "q6 LOGOUT")
		t.Wait("q6 ")
	}, refused(imapLogin(b.Name, bad2)), accepted(imapLogin(b.Name, b.Password)))
	c := s.account()
	s.talk(lab.EximNode, 25, func(t *lab.Talk) {
		t.Send("EHLO client1.example.org\r\nAUTH PLAIN " + plain("", c.Name, c.Password) + "\r\nMAIL FROM:<sender@example.org>\r\nRCPT TO:<box@example.org>\r\nDATA\r\n")
		t.Wait("354")
		t.Say(decoyMail(c.Name)...)
		t.Say(".", "QUIT")
		t.Wait("221")
	}, accepted(sasl("smtp", "PLAIN", c.Name, c.Password)).noted("sent before the greeting arrived"))
	d := s.account()
	s.talk(lab.EximNode, 25, func(t *lab.Talk) {
		t.Wait("220 ")
		t.Say("EHLO client1.example.org", "AUTH LOGIN", b64(d.Name), b64(d.Password), "MAIL FROM:<sender@example.org>", "RCPT TO:<box@example.org>", "DATA",
			"Subject: hello", "", "hello", ".", "QUIT")
		t.Wait("221")
	}, accepted(sasl("smtp", "LOGIN", d.Name, d.Password)).noted("AUTH LOGIN without waiting for the prompts"))
}
