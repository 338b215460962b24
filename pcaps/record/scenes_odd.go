//go:build linux

package main

import (
	"fmt"
	"net/netip"
	"strings"

	"cleartap/internal/lab"
)

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
