//go:build linux

package main

import (
	"net/smtp"

	"cleartap/internal/lab"
)

func protocolScenes() []scene {
	return []scene{
		{file: "pop3-dovecot.pcap", shows: "POP3: USER/PASS, APOP, AUTH PLAIN, LOGIN and CRAM-MD5, accepted and refused",
			how: "Dovecot; curl, fetchmail, getmail, Python, Perl", play: pop3Dovecot},
		{file: "imap-dovecot.pcap", shows: "IMAP: LOGIN, AUTHENTICATE PLAIN with and without an initial response, LOGIN, CRAM-MD5, accepted and refused",
			how: "Dovecot; curl, fetchmail, getmail, mutt, mbsync, Python", play: imapDovecot},
		{file: "imap-strings.pcap", shows: "IMAP LOGIN with atoms, quoted strings, synchronising and non-synchronising literals, in mixture",
			how: "Dovecot; a Go program", play: imapStrings},
		{file: "smtp-postfix.pcap", shows: "SMTP: AUTH PLAIN with and without an initial response, LOGIN, CRAM-MD5, accepted and refused, mails sent after it",
			how: "Postfix; curl, swaks, msmtp, Python, Go's net/smtp", play: smtpPostfix},
		{file: "smtp-exim.pcap", shows: "the same at another server",
			how: "Exim; curl, swaks, msmtp, Python", play: smtpExim},
		{file: "lmtp-cyrus.pcap", shows: "LMTP with AUTH, accepted and refused", how: "Cyrus; swaks, Python", play: lmtpCyrus},
		{file: "managesieve-dovecot.pcap", shows: "ManageSieve: AUTHENTICATE with quoted strings and literals, accepted and refused",
			how: "Dovecot; sieve-connect, a Go program", play: sieveDovecot},
		{file: "cyrus.pcap", shows: "IMAP and POP3 logins at another server, NTLM among them", how: "Cyrus; curl, Python", play: cyrus},
		{file: "courier.pcap", shows: "IMAP and POP3 logins at another server", how: "Courier; curl, Python", play: courier},
	}
}

func pop3Dovecot(s *stage) {
	url := s.url("pop3", lab.OpenNode)
	for _, m := range []string{"PLAIN", "LOGIN", "CRAM-MD5"} {
		a := s.account()
		s.run(s.curl(url, a, "--login-options", "AUTH="+m), accepted(sasl("pop3", m, a.Name, a.Password)).by(curl))
	}
	a := s.account()
	s.run(s.curl(url, a, "--login-options", "AUTH=PLAIN", "--sasl-ir"), accepted(sasl("pop3", "PLAIN", a.Name, a.Password)).by(curl).noted("initial response"))
	a = s.account()
	s.run(s.curl(url, a, "--login-options", "AUTH=+APOP"), accepted(apop(a.Name, a.Password)).by(curl))
	a = s.account()
	s.run(s.fetchmail("pop3", "password", lab.OpenNode, a, ""), accepted(userPass(a.Name, a.Password)).by(fetchmail))
	a = s.account()
	s.run(s.getmail("POP3", lab.OpenNode, a), accepted(userPass(a.Name, a.Password)).by(getmail))
	a = s.account()
	s.run(s.perl(`use Net::POP3; my $c = Net::POP3->new($ARGV[0], Timeout => 15); $c->apop($ARGV[1], $ARGV[2]); $c->quit`, s.at(lab.OpenNode).String(), a.Name, a.Password),
		accepted(apop(a.Name, a.Password)).by(perl))
	for _, right := range []bool{true, false} {
		a = s.account()
		end := accepted
		if !right {
			a.Password, end = wrong(a), refused
		}
		s.run(s.python(poplibUser, s.at(lab.OpenNode).String(), "110", a.Name, a.Password), end(userPass(a.Name, a.Password)).by(python))
		a2 := s.account()
		if !right {
			a2.Password = wrong(a2)
		}
		s.run(s.python(poplibAPOP, s.at(lab.OpenNode).String(), "110", a2.Name, a2.Password), end(apop(a2.Name, a2.Password)).by(python))
	}
	a = s.account()
	a.Password = wrong(a)
	s.run(s.curl(url, a, "--login-options", "AUTH=PLAIN"), refused(sasl("pop3", "PLAIN", a.Name, a.Password)).by(curl))
}

func imapDovecot(s *stage) {
	url := s.url("imap", lab.OpenNode)
	for _, m := range []string{"PLAIN", "LOGIN", "CRAM-MD5"} {
		a := s.account()
		s.run(s.curl(url, a, "--login-options", "AUTH="+m), accepted(sasl("imap", m, a.Name, a.Password)).by(curl))
	}
	a := s.account()
	s.run(s.curl(url, a, "--login-options", "AUTH=PLAIN", "--sasl-ir"), accepted(sasl("imap", "PLAIN", a.Name, a.Password)).by(curl).noted("initial response"))
	a = s.account()
	s.run(s.fetchmail("imap", "password", lab.OpenNode, a, ""), accepted(imapLogin(a.Name, a.Password)).by(fetchmail))
	a = s.account()
	s.run(s.getmail("IMAP", lab.OpenNode, a), accepted(imapLogin(a.Name, a.Password)).by(getmail))
	for _, m := range []string{"PLAIN", "LOGIN", "CRAM-MD5"} {
		a = s.account()
		l := accepted(sasl("imap", m, a.Name, a.Password))
		if m == "PLAIN" {
			l.Authzid = a.Name
		}
		if m != "CRAM-MD5" {
			l.Note = "initial response"
		}
		s.run(s.mutt(lab.OpenNode, lower(m), a), l.by(mutt))
	}
	a = s.account()
	s.run(s.mbsync("LOGIN", a), accepted(imapLogin(a.Name, a.Password)).by(mbsync))
	a = s.account()
	s.run(s.mbsync("CRAM-MD5", a), accepted(sasl("imap", "CRAM-MD5", a.Name, a.Password)).by(mbsync))
	a = s.account()
	s.run(s.python(imaplibLogin, s.at(lab.OpenNode).String(), "143", a.Name, a.Password), accepted(imapLogin(a.Name, a.Password)).by(python))
	a = s.account()
	s.run(s.python(imaplibCRAM, s.at(lab.OpenNode).String(), "143", a.Name, a.Password), accepted(sasl("imap", "CRAM-MD5", a.Name, a.Password)).by(python))
	a = s.account()
	a.Password = wrong(a)
	s.run(s.python(imaplibLogin, s.at(lab.OpenNode).String(), "143", a.Name, a.Password), refused(imapLogin(a.Name, a.Password)).by(python))
	for _, m := range []string{"PLAIN", "CRAM-MD5"} {
		a = s.account()
		a.Password = wrong(a)
		s.run(s.curl(url, a, "--login-options", "AUTH="+m), refused(sasl("imap", m, a.Name, a.Password)).by(curl))
	}
}

func imapStrings(s *stage) {
	type form struct{ user, pass string }
	for _, f := range []form{{"atom", "atom"}, {"quoted", "quoted"}, {"literal", "literal"}, {"literal+", "literal+"},
		{"atom", "literal"}, {"literal", "quoted"}, {"quoted", "literal+"}, {"literal+", "atom"}} {
		a := s.account()
		s.talk(lab.OpenNode, 143, func(t *lab.Talk) {
			t.Wait("* OK")
			t.Send("x1 LOGIN ")
			for i, part := range []struct{ how, text string }{{f.user, a.Name}, {f.pass, a.Password}} {
				if i > 0 {
					t.Send(" ")
				}
				sendString(t, part.how, part.text)
			}
			t.Send("\r\n")
			t.Wait("x1 ")
			t.Say("x2 LOGOUT")
			t.Wait("x2 ")
		}, accepted(imapLogin(a.Name, a.Password)).noted("name as "+f.user+", password as "+f.pass))
	}
}

// sendString sends an IMAP string in one of its forms (RFC 9051 section 4.3).
func sendString(t *lab.Talk, how, text string) {
	switch how {
	case "atom":
		t.Send(text)
	case "quoted":
		t.Send(quoted(text))
	case "literal":
		t.Send(literal(text, "") + "\r\n")
		t.Wait("+ ")
		t.Send(text)
	case "literal+":
		t.Send(literal(text, "+") + "\r\n" + text)
	}
}

func smtpPostfix(s *stage) {
	url := s.url("smtp", lab.OpenNode)
	for _, m := range []string{"PLAIN", "LOGIN", "CRAM-MD5"} {
		a := s.account()
		s.run(s.curl(url, a, "--login-options", "AUTH="+m), accepted(sasl("smtp", m, a.Name, a.Password)).by(curl))
		a = s.account()
		s.run(s.swaks(lab.OpenNode, 587, m, a), accepted(sasl("smtp", m, a.Name, a.Password)).by(swaks))
	}
	a := s.account()
	s.run(s.curl(url, a, "--login-options", "AUTH=LOGIN", "--sasl-ir"), accepted(sasl("smtp", "LOGIN", a.Name, a.Password)).by(curl).noted("initial response"))
	a = s.account()
	s.run(s.msmtp(lab.OpenNode, 587, "plain", a), accepted(sasl("smtp", "PLAIN", a.Name, a.Password)).by(msmtp))
	a = s.account()
	s.run(s.python(smtplibLogin, s.at(lab.OpenNode).String(), "2525", a.Name, a.Password), accepted(sasl("smtp", "CRAM-MD5", a.Name, a.Password)).by(python))
	a = s.account()
	s.do("net/smtp", func() error { return s.netSMTP(lab.OpenNode, a) }, accepted(sasl("smtp", "CRAM-MD5", a.Name, a.Password)).by("Go net/smtp"))
	for _, m := range []string{"PLAIN", "LOGIN"} {
		a = s.account()
		a.Password = wrong(a)
		s.run(s.swaks(lab.OpenNode, 25, m, a), refused(sasl("smtp", m, a.Name, a.Password)).by(swaks))
	}
	a = s.account()
	a.Password = wrong(a)
	var three []login
	for _, m := range []string{"CRAM-MD5", "PLAIN", "LOGIN"} {
		three = append(three, refused(sasl("smtp", m, a.Name, a.Password)).by(python).noted("smtplib goes on with weaker mechanisms after a refusal"))
	}
	s.run(s.python(smtplibLogin, s.at(lab.OpenNode).String(), "587", a.Name, a.Password), three...)
}

// netSMTP sends a mail with Go's own client.
func (s *stage) netSMTP(node int, a lab.Account) error {
	t := s.lab.Talk(s.port(node, 587))
	conn, err := t.Conn()
	if err != nil {
		return err
	}
	c, err := smtp.NewClient(conn, "mail.example.org")
	if err != nil {
		return err
	}
	defer func() { _ = c.Close() }() // after QUIT it is closed already
	if err := c.Hello("client1.example.org"); err != nil {
		return err
	}
	if err := c.Auth(smtp.CRAMMD5Auth(a.Name, a.Password)); err != nil {
		return err
	}
	return c.Quit()
}

func smtpExim(s *stage) {
	url := s.url("smtp", lab.EximNode)
	for _, m := range []string{"PLAIN", "LOGIN", "CRAM-MD5"} {
		a := s.account()
		s.run(s.curl(url, a, "--login-options", "AUTH="+m), accepted(sasl("smtp", m, a.Name, a.Password)).by(curl))
		a = s.account()
		s.run(s.swaks(lab.EximNode, 587, m, a), accepted(sasl("smtp", m, a.Name, a.Password)).by(swaks))
		a = s.account()
		a.Password = wrong(a)
		s.run(s.swaks(lab.EximNode, 25, m, a), refused(sasl("smtp", m, a.Name, a.Password)).by(swaks))
	}
	a := s.account()
	s.run(s.curl(url, a, "--login-options", "AUTH=PLAIN", "--sasl-ir"), accepted(sasl("smtp", "PLAIN", a.Name, a.Password)).by(curl).noted("initial response"))
	a = s.account()
	s.run(s.msmtp(lab.EximNode, 587, "login", a), accepted(sasl("smtp", "LOGIN", a.Name, a.Password)).by(msmtp))
	a = s.account()
	s.run(s.python(smtplibLogin, s.at(lab.EximNode).String(), "25", a.Name, a.Password), accepted(sasl("smtp", "CRAM-MD5", a.Name, a.Password)).by(python))
}

func lmtpCyrus(s *stage) {
	for _, m := range []string{"PLAIN", "LOGIN", "CRAM-MD5"} {
		a := s.cyrusAccount()
		s.run(s.swaks(lab.CyrusNode, 24, m, a, "--protocol", "LMTP", "--quit-after", "AUTH"), accepted(sasl("lmtp", m, a.Name, a.Password)).by(swaks))
	}
	a := s.cyrusAccount()
	a.Password = wrong(a)
	s.run(s.swaks(lab.CyrusNode, 24, "PLAIN", a, "--protocol", "LMTP", "--quit-after", "AUTH"), refused(sasl("lmtp", "PLAIN", a.Name, a.Password)).by(swaks))
	a = s.cyrusAccount()
	s.run(s.python(lmtplibLogin, s.at(lab.CyrusNode).String(), "24", a.Name, a.Password), accepted(sasl("lmtp", "CRAM-MD5", a.Name, a.Password)).by(python))
}

func sieveDovecot(s *stage) {
	for _, m := range []string{"PLAIN", "LOGIN", "CRAM-MD5"} {
		a := s.account()
		s.run(s.sieve(lab.PlainNode, m, a), accepted(sasl("managesieve", m, a.Name, a.Password)).by(sieve))
	}
	a := s.account()
	a.Password = wrong(a)
	s.run(s.sieve(lab.PlainNode, "PLAIN", a), refused(sasl("managesieve", "PLAIN", a.Name, a.Password)).by(sieve))
	a = s.account()
	s.talk(lab.OpenNode, 4190, func(t *lab.Talk) {
		t.Wait("OK")
		blob := plain("", a.Name, a.Password)
		t.Send(`AUTHENTICATE "PLAIN" ` + literal(blob, "+") + "\r\n" + blob + "\r\n")
		t.Wait("OK", "NO")
		t.Say("LOGOUT")
		t.Wait("OK")
	}, accepted(sasl("managesieve", "PLAIN", a.Name, a.Password)).noted("the response is a literal"))
	a = s.account()
	s.talk(lab.OpenNode, 4190, func(t *lab.Talk) {
		t.Wait("OK")
		t.Say(`authenticate "plain" "` + plain("", a.Name, a.Password) + `"`)
		t.Wait("OK", "NO")
		t.Say("LOGOUT")
		t.Wait("OK")
	}, accepted(sasl("managesieve", "PLAIN", a.Name, a.Password)).noted("lower case"))
}

func cyrus(s *stage) {
	for _, m := range []string{"PLAIN", "LOGIN", "CRAM-MD5", "NTLM"} {
		a := s.cyrusAccount()
		s.run(s.curl(s.url("imap", lab.CyrusNode), a, "--login-options", "AUTH="+m), accepted(sasl("imap", m, a.Name, a.Password)).by(curl))
		a = s.cyrusAccount()
		s.run(s.curl(s.url("pop3", lab.CyrusNode), a, "--login-options", "AUTH="+m), accepted(sasl("pop3", m, a.Name, a.Password)).by(curl))
	}
	a := s.cyrusAccount()
	s.run(s.python(imaplibLogin, s.at(lab.CyrusNode).String(), "143", a.Name, a.Password), accepted(imapLogin(a.Name, a.Password)).by(python))
	a = s.cyrusAccount()
	s.run(s.python(poplibUser, s.at(lab.CyrusNode).String(), "110", a.Name, a.Password), accepted(userPass(a.Name, a.Password)).by(python))
	a = s.cyrusAccount()
	a.Password = wrong(a)
	s.run(s.python(imaplibLogin, s.at(lab.CyrusNode).String(), "143", a.Name, a.Password), refused(imapLogin(a.Name, a.Password)).by(python))
}

func courier(s *stage) {
	for _, m := range []string{"PLAIN", "LOGIN", "CRAM-MD5"} {
		a := s.courierAccount()
		s.run(s.curl(s.url("imap", lab.CourierNode), a, "--login-options", "AUTH="+m), accepted(sasl("imap", m, a.Name, a.Password)).by(curl))
		a = s.courierAccount()
		s.run(s.curl(s.url("pop3", lab.CourierNode), a, "--login-options", "AUTH="+m), accepted(sasl("pop3", m, a.Name, a.Password)).by(curl))
	}
	a := s.courierAccount()
	s.run(s.python(imaplibLogin, s.at(lab.CourierNode).String(), "143", a.Name, a.Password), accepted(imapLogin(a.Name, a.Password)).by(python))
	a = s.courierAccount()
	s.run(s.python(poplibUser, s.at(lab.CourierNode).String(), "110", a.Name, a.Password), accepted(userPass(a.Name, a.Password)).by(python))
	a = s.courierAccount()
	a.Password = wrong(a)
	s.run(s.python(poplibUser, s.at(lab.CourierNode).String(), "110", a.Name, a.Password), refused(userPass(a.Name, a.Password)).by(python))
}
