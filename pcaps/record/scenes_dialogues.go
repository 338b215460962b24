//go:build linux

package main

import (
	"fmt"
	"net/netip"
	"strings"

	"cleartap/internal/lab"
)

func dialogueScenes() []scene {
	return []scene{
		{file: "refused-insecure.pcap", shows: "passwords that a server refuses because there is no TLS: disclosed all the same. CRAM-MD5 is taken",
			how: "Dovecot with disable_plaintext_auth; Python, curl, a Go program", play: refusedInsecure},
		{file: "several-logins.pcap", shows: "wrong passwords and other mechanisms before the right one, on one connection",
			how: "Dovecot, Postfix, Exim; a Go program", play: severalLogins},
		{file: "guessing.pcap", shows: "21 guesses on seven IMAP connections, then the right password", how: "Dovecot; a Go program", play: guessing},
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

// decoy is a password that is in mails only: it must never come out as a login.
func decoy(name string) string { return canary("decoy " + name) }

// decoyMail is a mail full of lines that look like logins and replies.
func decoyMail(name string) []string {
	pw := decoy(name)
	return []string{
		"From: sender@example.org", "To: box@example.org", "Subject: how to log in", "",
		"AUTH PLAIN " + plain("", "decoy@example.org", pw), "235 2.7.0 Authentication successful",
		"AUTH LOGIN", b64("decoy@example.org"), b64(pw),
		"d1 LOGIN decoy@example.org " + pw, "d1 OK Logged in", `d2 LOGIN "decoy@example.org" "` + pw + `"`,
		"d3 AUTHENTICATE PLAIN " + plain("", "decoy@example.org", pw), "* OK [CAPABILITY IMAP4rev1 AUTH=PLAIN] ready",
		"+OK ready", "USER decoy@example.org", "PASS " + pw, "+OK Logged in", "APOP decoy@example.org 00112233445566778899aabbccddeeff",
		`AUTHENTICATE "PLAIN" "` + plain("", "decoy@example.org", pw) + `"`, "AUTHINFO USER decoy", "AUTHINFO PASS " + pw, "281 ok",
		"STARTTLS", "220 ready", "d4 LOGIN {17}", "QUIT", "..", "..PASS " + pw, ")", "d5 OK done", "end",
	}
}

func bodies(s *stage) {
	s.bodiesSMTP()
	s.bodiesLMTP()
	s.bodiesMailbox()
}

func (s *stage) bodiesSMTP() {
	a := s.account()
	s.talk(lab.OpenNode, 25, func(t *lab.Talk) {
		t.Wait("220 ")
		t.Say("EHLO client1.example.org")
		t.Wait("250 ")
		for range 2 {
			t.Say("MAIL FROM:<sender@example.org>", "RCPT TO:<box@example.org>", "DATA")
			t.Wait("354")
			t.Say(append(decoyMail(a.Name), ".")...)
			t.Wait("250")
		}
		t.Say("AUTH PLAIN " + plain("", a.Name, a.Password))
		t.Wait("235", "5")
		t.Say("QUIT")
		t.Wait("221")
	}, accepted(sasl("smtp", "PLAIN", a.Name, a.Password)).noted("the login comes after two mails with decoys"))
	b := s.account()
	s.talk(lab.EximNode, 25, func(t *lab.Talk) {
		mail := strings.Join(decoyMail(b.Name), "\r\n") + "\r\n"
		t.Wait("220 ")
		t.Say("EHLO client1.example.org")
		t.Wait("250 ")
		t.Say("AUTH PLAIN")
		t.Wait("334")
		t.Say(plain("", b.Name, b.Password))
		t.Wait("235")
		t.Say("MAIL FROM:<sender@example.org>", "RCPT TO:<box@example.org>")
		t.Wait("250")
		t.Wait("250")
		t.Send(fmt.Sprintf("BDAT %d\r\n%s", 300, mail[:300]))
		t.Wait("250")
		t.Send(fmt.Sprintf("BDAT %d LAST\r\n%s", len(mail)-300, mail[300:]))
		t.Wait("250")
		t.Say("QUIT")
		t.Wait("221")
	}, accepted(sasl("smtp", "PLAIN", b.Name, b.Password)).noted("a mail with decoys follows, in two chunks"))
}

func (s *stage) bodiesLMTP() {
	a := s.account()
	s.talk(lab.OpenNode, 24, func(t *lab.Talk) {
		t.Wait("220 ")
		t.Say("LHLO client1.example.org")
		t.Wait("250 ")
		t.Say("MAIL FROM:<sender@example.org>")
		t.Wait("250")
		for _, to := range []string{"box@example.org", a.Name} {
			t.Say("RCPT TO:<" + to + ">")
			t.Wait("250")
		}
		t.Say("DATA")
		t.Wait("354")
		t.Say(append(decoyMail(a.Name), ".")...)
		t.Wait("250")
		t.Wait("250")
		t.Say("QUIT")
		t.Wait("221")
	})
	s.talk(lab.OpenNode, 110, func(t *lab.Talk) {
		t.Wait("+OK")
		for _, line := range []string{"USER " + a.Name, "PASS " + a.Password, "STAT"} {
			t.Say(line)
			t.Wait("+OK")
		}
		for _, line := range []string{"RETR 1", "TOP 1 50", "UIDL"} {
			t.Say(line)
			t.Wait("+OK")
			t.WaitLine(".")
		}
		t.Say("QUIT")
		t.Wait("+OK")
	}, accepted(userPass(a.Name, a.Password)).noted("a mail with decoys is fetched"))
}

func (s *stage) bodiesMailbox() {
	a := s.account()
	mail := strings.Join(decoyMail(a.Name), "\r\n") + "\r\n"
	s.talk(lab.OpenNode, 143, func(t *lab.Talk) {
		t.Wait("* OK")
		t.Say("b1 LOGIN " + a.Name + " " + a.Password)
		t.Wait("b1 OK")
		t.Say("b2 APPEND INBOX " + literal(mail, ""))
		t.Wait("+ ")
		t.Send(mail + "\r\n")
		t.Wait("b2 OK")
		t.Send("b3 APPEND INBOX " + literal(mail, "+") + "\r\n" + mail + "\r\n")
		t.Wait("b3 OK")
		for i, line := range []string{"SELECT INBOX", "FETCH 1:* (FLAGS BODY[])", "FETCH 1 BODY[TEXT]<10.200>", "LOGOUT"} {
			t.Say(fmt.Sprintf("c%d %s", i, line))
			t.Wait(fmt.Sprintf("c%d OK", i))
		}
	}, accepted(imapLogin(a.Name, a.Password)).noted("mails with decoys are stored and fetched"))
}

func oddNames(s *stage) {
	for _, a := range oddAccounts() {
		s.run(s.curl(s.url("imap", lab.OpenNode), a, "--login-options", "AUTH=PLAIN"), accepted(sasl("imap", "PLAIN", a.Name, a.Password)).by(curl))
		l := accepted(imapLogin(a.Name, a.Password))
		l.wire = literal(a.Name, "+") + "\r\n" + a.Name + " " + literal(a.Password, "+") + "\r\n" + a.Password
		s.talk(lab.OpenNode, 143, func(t *lab.Talk) {
			t.Wait("* OK")
			t.Send("o1 LOGIN " + l.wire + "\r\n")
			t.Wait("o1 ")
			t.Say("o2 LOGOUT")
			t.Wait("o2 ")
		}, l)
		if strings.Trim(a.Name+a.Password, "\x20\x21\x22\x23\x24\x25\x26'()*+,-./0123456789:;<=>?@ABCDEFGHIJKLMNOPQRSTUVWXYZ[\\]^_`abcdefghijklmnopqrstuvwxyz{|}~") == "" {
			q := accepted(imapLogin(a.Name, a.Password))
			q.wire = quoted(a.Name) + " " + quoted(a.Password)
			s.talk(lab.OpenNode, 143, func(t *lab.Talk) {
				t.Wait("* OK")
				t.Say("o1 LOGIN " + q.wire)
				t.Wait("o1 ")
				t.Say("o2 LOGOUT")
				t.Wait("o2 ")
			}, q)
		}
		if !strings.Contains(a.Name, " ") {
			s.talk(lab.OpenNode, 110, func(t *lab.Talk) {
				t.Wait("+OK")
				for _, line := range []string{"USER " + a.Name, "PASS " + a.Password, "QUIT"} {
					t.Say(line)
					t.Wait("+OK", "-ERR")
				}
			}, accepted(userPass(a.Name, a.Password)))
		}
	}
}

func telnet(s *stage) {
	a := s.account()
	s.talk(lab.OpenNode, 143, func(t *lab.Talk) {
		t.Wait("* OK")
		t.Type("t1 login " + a.Name + " " + a.Password + "\r\n")
		t.Wait("t1 ")
		t.Type("t2 logout\r\n")
		t.Wait("t2 ")
	}, accepted(imapLogin(a.Name, a.Password)))
	a2 := s.account()
	s.talk(lab.OpenNode, 110, func(t *lab.Talk) {
		t.Wait("+OK")
		t.Type("user " + a2.Name + "\r\n")
		t.Wait("+OK")
		t.Type("pass " + a2.Password + "\n")
		t.Wait("+OK")
		t.Type("quit\n")
		t.Wait("+OK")
	}, login{wire: "pass " + a2.Password + "\n"}.like(accepted(userPass(a2.Name, a2.Password))).noted("lines end with LF alone"))
	a3 := s.account()
	s.talk(lab.OpenNode, 25, func(t *lab.Talk) {
		t.Wait("220 ")
		t.Type("ehlo client1.example.org\r\n")
		t.Wait("250 ")
		t.Type("auth login\r\n")
		t.Wait("334 ")
		t.Type(b64(a3.Name) + "\r\n")
		t.Wait("334 ")
		t.Type(b64(a3.Password) + "\r\n")
		t.Wait("235", "5")
		t.Type("quit\r\n")
		t.Wait("221")
	}, accepted(sasl("smtp", "LOGIN", a3.Name, a3.Password)))
}

// like is another login with l's bytes on the wire.
func (l login) like(other login) login { other.wire = l.wire; return other }

func unusualPorts(s *stage) {
	a := s.account()
	s.run(s.curl(fmt.Sprintf("imap://%s:33143/", s.host(lab.OpenNode)), a, "--login-options", "AUTH=PLAIN"), accepted(sasl("imap", "PLAIN", a.Name, a.Password)).by(curl))
	a = s.account()
	s.run(s.curl(fmt.Sprintf("pop3://%s:40110/", s.host(lab.OpenNode)), a, "--login-options", "AUTH=+APOP"), accepted(apop(a.Name, a.Password)).by(curl))
	a = s.account()
	s.run(s.swaks(lab.OpenNode, 10588, "PLAIN", a, "--quit-after", "AUTH"), accepted(sasl("smtp", "PLAIN", a.Name, a.Password)).by(swaks).noted("Dovecot's submission service"))
	for _, local := range []uint16{2525, 143} {
		port := map[uint16]uint16{2525: 143, 143: 33143}[local]
		a := s.account()
		l := accepted(imapLogin(a.Name, a.Password)).by("Go program")
		s.do("a client on a mail port", func() error {
			t := s.lab.TalkFrom(netip.AddrPortFrom(s.at(lab.ClientNode), local), s.port(lab.OpenNode, port))
			t.Wait("* OK")
			t.Say("u1 LOGIN " + a.Name + " " + a.Password)
			t.Wait("u1 ")
			t.Say("u2 LOGOUT")
			t.Wait("u2 ")
			return t.Close()
		}, l)
	}
}

// proxied announces a client at 198.51.100.7, port 51234, in the three ways there are.
func proxied(s *stage) {
	a := s.account()
	s.talk(lab.OpenNode, 1143, func(t *lab.Talk) {
		t.Say("PROXY TCP4 198.51.100.7 " + s.at(lab.OpenNode).String() + " 51234 143")
		t.Wait("* OK")
		t.Say("p1 LOGIN " + a.Name + " " + a.Password)
		t.Wait("p1 ")
		t.Say("p2 LOGOUT")
		t.Wait("p2 ")
	}, accepted(imapLogin(a.Name, a.Password)).noted("PROXY protocol version 1: 198.51.100.7:51234"))
	b := s.account()
	server := s.at(lab.OpenNode).As4()
	header := "\r\n\r\n\x00\r\nQUIT\n\x21\x11\x00\x0c" + "\xc6\x33\x64\x07" + string(server[:]) + "\xc8\x22" + "\x02\x4b"
	s.talk(lab.OpenNode, 2588, func(t *lab.Talk) {
		t.Send(header)
		t.Wait("220 ")
		t.Say("EHLO client1.example.org")
		t.Wait("250 ")
		t.Say("AUTH PLAIN " + plain("", b.Name, b.Password))
		t.Wait("235", "5")
		t.Say("QUIT")
		t.Wait("221")
	}, accepted(sasl("smtp", "PLAIN", b.Name, b.Password)).noted("PROXY protocol version 2: 198.51.100.7:51234"))
	c := s.account()
	s.talk(lab.OpenNode, 2525, func(t *lab.Talk) {
		t.Wait("220 ")
		t.Say("EHLO relay.example.org")
		t.Wait("250 ")
		t.Say("XCLIENT ADDR=198.51.100.7 PORT=51234 NAME=[UNAVAILABLE]")
		t.Wait("220 ")
		t.Say("EHLO client1.example.org")
		t.Wait("250 ")
		t.Say("AUTH PLAIN " + plain("", c.Name, c.Password))
		t.Wait("235", "5")
		t.Say("QUIT")
		t.Wait("221")
	}, accepted(sasl("smtp", "PLAIN", c.Name, c.Password)).noted("XCLIENT: 198.51.100.7:51234"))
}
