//go:build linux

package main

import (
	"fmt"
	"strings"

	"cleartap/internal/lab"
)

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
