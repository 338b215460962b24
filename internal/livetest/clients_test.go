//go:build linux

package livetest

import (
	"encoding/base64"
	"fmt"
	"net/netip"
	"net/smtp"
	"testing"
	"time"

	"cleartap/internal/lab"
)

// clients makes logins by every kind of client, at every server.
func (s *stage) clients(t *testing.T) {
	s.t = t
	sensor := s.listen()
	var want []string
	for _, make := range []func() []string{s.byCurl, s.bySwaks, s.byMailPrograms, s.byPython, s.byGo} {
		want = append(want, make()...)
	}
	s.overTLS()
	s.told(sensor, 5*time.Second, want)
}

func (s *stage) byCurl() (want []string) {
	for _, mechanism := range []string{"PLAIN", "LOGIN", "CRAM-MD5"} {
		s.curl("imap", lab.OpenNode, 0, false, "--login-options", "AUTH="+mechanism)
		want = append(want, s.want("imap", mechanism, "ada", lab.OpenNode, "success"))
	}
	s.curl("pop3", lab.OpenNode, 1, false, "--login-options", "AUTH=+APOP")
	s.curl("smtp", lab.OpenNode, 2, false, "--login-options", "AUTH=PLAIN")
	s.curl("imap", lab.CyrusNode, 2, false, "--login-options", "AUTH=NTLM")
	s.curl("imap", lab.CyrusNode, 2, true, "--login-options", "AUTH=PLAIN")
	s.curl("imap", lab.CourierNode, 3, false, "--login-options", "AUTH=PLAIN")
	s.curl("pop3", lab.CourierNode, 3, false, "--login-options", "AUTH=PLAIN")
	return append(want,
		s.want("pop3", "APOP", people[1].Name, lab.OpenNode, "success"),
		s.want("smtp", "PLAIN", "cleo", lab.OpenNode, "success"),
		s.want("imap", "NTLM", "cleo", lab.CyrusNode, "success"),
		s.want("imap", "PLAIN", "cleo", lab.CyrusNode, "failure"),
		s.want("imap", "PLAIN", "dora", lab.CourierNode, "success"),
		s.want("pop3", "PLAIN", "dora", lab.CourierNode, "success"))
}

func (s *stage) bySwaks() (want []string) {
	for _, mechanism := range []string{"PLAIN", "LOGIN", "CRAM-MD5"} {
		for _, node := range []int{lab.OpenNode, lab.EximNode} {
			s.do("/usr/bin/swaks", "--server", s.host(node).String(), "--port", "587", "--helo", "client1.example.org", "--from", "sender@example.org",
				"--to", "box@example.org", "--auth", mechanism, "--auth-user", people[1].Name, "--auth-password", people[1].Password, "--timeout", "15")
			want = append(want, s.want("smtp", mechanism, people[1].Name, node, "success"))
		}
	}
	return want
}

// file writes a file for the clients.
func (s *stage) file(name, format string, args ...any) {
	s.t.Helper()
	must(s.t, s.Write(name, fmt.Sprintf(format, args...)))
}

// byMailPrograms uses fetchmail, mutt, mbsync, getmail and sieve-connect.
func (s *stage) byMailPrograms() []string {
	plain, a := s.host(lab.PlainNode), people[0]
	s.file("/root/fetchmailrc", "poll %v protocol pop3 auth password user %q password %q sslproto \"\" mda \"/bin/cat >/dev/null\" keep\n", plain, a.Name, a.Password)
	s.shell("chmod 600 /root/fetchmailrc; exec fetchmail --fetchall -f /root/fetchmailrc --pidfile /root/fetchmail.pid")
	s.file("/root/muttrc", "set ssl_starttls=no ssl_force_tls=no quit=yes folder=/tmp record= sleep_time=0 hostname=client1.example.org\n"+
		"set imap_user=%q imap_pass=%q imap_authenticators=login\npush q\n", a.Name, a.Password)
	s.do("/usr/bin/script", "-qec", fmt.Sprintf("mutt -R -n -F /root/muttrc -f imap://%v/", plain), "/dev/null")
	s.file("/root/mbsyncrc", "IMAPAccount far\nHost %v\nUser %q\nPass %q\nSSLType None\nAuthMechs LOGIN\n\nIMAPStore far\nAccount far\n\n"+
		"MaildirStore near\nPath /tmp/near/\nInbox /tmp/near/INBOX\n\nChannel all\nFar :far:\nNear :near:\nPatterns INBOX\nCreate Near\nSyncState /tmp/near/state-\n",
		plain, a.Name, a.Password)
	s.shell("mkdir -p /tmp/near; exec mbsync -c /root/mbsyncrc -l all")
	s.file("/home/person/.getmail/getmailrc", "[retriever]\ntype = SimplePOP3Retriever\nserver = %v\nusername = %s\npassword = %s\n"+
		"[destination]\ntype = MDA_external\npath = /bin/cat\n[options]\nread_all = true\n", plain, a.Name, a.Password)
	s.shell("chown -R person:person /home/person; export HOME=/home/person; exec setpriv --reuid=person --regid=person --clear-groups getmail --rcfile /home/person/.getmail/getmailrc")
	s.shell(fmt.Sprintf("echo %s | sieve-connect --nosslverify -s %v -p 4190 -m PLAIN -u %s --passwordfd 0 --nosrv --notls --list", a.Password, plain, a.Name))
	return []string{
		s.want("pop3", "USER/PASS", "ada", lab.PlainNode, "success"), s.want("imap", "LOGIN", "ada", lab.PlainNode, "success"),
		s.want("imap", "LOGIN", "ada", lab.PlainNode, "success"), s.want("pop3", "USER/PASS", "ada", lab.PlainNode, "success"),
		s.want("managesieve", "PLAIN", "ada", lab.PlainNode, "success"),
	}
}

// byPython uses the standard library of Python.
func (s *stage) byPython() []string {
	python := func(program string, node int, port int, a lab.Account) {
		s.t.Helper()
		s.do("/usr/bin/python3", "-c", "import sys,poplib,imaplib,smtplib\nh,p,u,w=sys.argv[1:5]\n"+program, s.host(node).String(), fmt.Sprint(port), a.Name, a.Password)
	}
	python("c=poplib.POP3(h,int(p)); c.user(u); c.pass_(w); c.quit()", lab.OpenNode, 110, people[2])
	python("c=imaplib.IMAP4(h,int(p)); c.login_cram_md5(u,w); c.logout()", lab.OpenNode, 143, people[2])
	python("c=smtplib.SMTP(h,int(p),'client1.example.org'); c.login(u,w); c.quit()", lab.EximNode, 25, people[2])
	python("c=smtplib.LMTP(h,int(p),'client1.example.org'); c.user,c.password=u,w; c.ehlo(); c.auth('PLAIN',c.auth_plain); c.quit()", lab.CyrusNode, 24, people[2])
	return []string{
		s.want("pop3", "USER/PASS", "cleo", lab.OpenNode, "success"), s.want("imap", "CRAM-MD5", "cleo", lab.OpenNode, "success"),
		s.want("smtp", "CRAM-MD5", "cleo", lab.EximNode, "success"), s.want("lmtp", "PLAIN", "cleo", lab.CyrusNode, "success"),
	}
}

// byGo uses net/smtp of Go, and dialogues that are said to the byte.
func (s *stage) byGo() []string {
	a := people[3]
	conn, err := s.Client.Dial(netip.AddrPort{}, netip.AddrPortFrom(s.host(lab.EximNode), 587))
	must(s.t, err)
	must(s.t, conn.SetDeadline(time.Now().Add(20*time.Second)))
	c, err := smtp.NewClient(conn, s.host(lab.EximNode).String())
	must(s.t, err)
	must(s.t, c.Hello("client1.example.org"))
	must(s.t, c.Auth(smtp.CRAMMD5Auth(a.Name, a.Password)))
	must(s.t, c.Quit())
	imap := s.Talk(netip.AddrPortFrom(s.host(lab.OpenNode), 143))
	imap.Wait("* OK")
	imap.Say("a LOGIN {4}")
	imap.Wait("+ ")
	imap.Say(fmt.Sprintf("%s {%d}", a.Name, len(a.Password)))
	imap.Wait("+ ")
	imap.Type(a.Password + "\r\n")
	imap.Wait("a OK")
	must(s.t, imap.Close())
	sieve := s.Talk(netip.AddrPortFrom(s.host(lab.OpenNode), 4190))
	sieve.Wait("OK ")
	sieve.Say(`AUTHENTICATE "PLAIN" "` + base64.StdEncoding.EncodeToString([]byte("\x00"+a.Name+"\x00wrong")) + `"`)
	sieve.Wait("NO ")
	must(s.t, sieve.Close())
	return []string{
		s.want("smtp", "CRAM-MD5", "dora", lab.EximNode, "success"), s.want("imap", "LOGIN", "dora", lab.OpenNode, "success"),
		s.want("managesieve", "PLAIN", "dora", lab.OpenNode, "failure"),
	}
}

// overTLS logs in where nothing may be told.
func (s *stage) overTLS() {
	for _, scheme := range []string{"imap", "pop3", "smtp"} {
		s.curl(scheme, lab.OpenNode, 0, false, "--ssl-reqd")
		s.curl(scheme+"s", lab.OpenNode, 0, false)
	}
	s.do("/usr/bin/swaks", "--server", s.host(lab.EximNode).String(), "--port", "587", "--tls", "--helo", "client1.example.org", "--from", "sender@example.org",
		"--to", "box@example.org", "--auth", "PLAIN", "--auth-user", people[1].Name, "--auth-password", people[1].Password, "--timeout", "15")
	s.do("/usr/bin/swaks", "--server", s.host(lab.EximNode).String(), "--port", "465", "--tls-on-connect", "--helo", "client1.example.org", "--from", "sender@example.org",
		"--to", "box@example.org", "--auth", "LOGIN", "--auth-user", people[1].Name, "--auth-password", people[1].Password, "--timeout", "15")
}
