//go:build linux

package main

import (
	"fmt"
	"os/exec"
	"strings"

	"cleartap/internal/lab"
)

// What the clients call themselves in truth.jsonl.
const (
	curl      = "curl"
	swaks     = "swaks"
	fetchmail = "fetchmail"
	mutt      = "mutt"
	mbsync    = "mbsync"
	msmtp     = "msmtp"
	getmail   = "getmail"
	python    = "Python"
	perl      = "Perl"
	sieve     = "sieve-connect"
)

// curl asks for a mailbox, or sends a mail when the URL is SMTP's.
func (s *stage) curl(url string, a lab.Account, more ...string) *exec.Cmd {
	args := []string{"-s", "--max-time", "15", "-u", a.Name + ":" + a.Password}
	if strings.HasPrefix(url, "smtp") {
		args = append(args, "--mail-from", "sender@example.org", "--mail-rcpt", "box@example.org", "-T", "/lab/mail.txt")
	}
	return s.lab.Client.Command("/usr/bin/curl", append(append(args, more...), url)...)
}

// url is one for curl.
func (s *stage) url(scheme string, node int) string {
	if strings.HasPrefix(scheme, "smtp") {
		return scheme + "://" + s.host(node) + "/client1.example.org" // the path is the name for EHLO
	}
	return scheme + "://" + s.host(node) + "/"
}

func (s *stage) swaks(node int, port int, mechanism string, a lab.Account, more ...string) *exec.Cmd {
	args := []string{"--server", s.at(node).String(), "--port", fmt.Sprint(port), "--helo", "client1.example.org", "--from", "sender@example.org",
		"--to", "box@example.org", "--auth", mechanism, "--auth-user", a.Name, "--auth-password", a.Password, "--timeout", "15"}
	if s.ipv6 {
		args = append(args, "-6")
	}
	return s.lab.Client.Command("/usr/bin/swaks", append(args, more...)...)
}

// file writes a file for the clients, readable by their owner only.
func (s *stage) file(name, text string) string {
	if err := s.lab.Write(name, text); err != nil {
		s.errs = append(s.errs, err)
	}
	return name
}

func (s *stage) fetchmail(proto, auth string, node int, a lab.Account, more string) *exec.Cmd {
	rc := s.file("/root/fetchmailrc", fmt.Sprintf("poll %v protocol %s auth %s user %q password %q sslproto \"\" mda \"/bin/cat >/dev/null\" keep %s\n",
		s.at(node), proto, auth, a.Name, a.Password, more))
	return s.lab.Client.Command("/bin/sh", "-c", "chmod 600 "+rc+"; exec /usr/bin/fetchmail --fetchall -f "+rc+" --pidfile /root/fetchmail.pid")
}

// mutt needs a terminal, which script gives it.
func (s *stage) mutt(node int, auth string, a lab.Account) *exec.Cmd {
	rc := s.file("/root/muttrc", fmt.Sprintf("set ssl_starttls=no ssl_force_tls=no quit=yes folder=/tmp record= sleep_time=0 hostname=client1.example.org\n"+
		"set imap_user=%q imap_pass=%q imap_authenticators=%s\npush q\n", a.Name, a.Password, auth))
	line := fmt.Sprintf("mutt -R -n -F %s -f imap://%s/", rc, s.host(node))
	return s.lab.Client.Command("/usr/bin/script", "-qec", line, "/dev/null")
}

func (s *stage) mbsync(mechanism string, a lab.Account) *exec.Cmd {
	rc := s.file("/root/mbsyncrc", fmt.Sprintf(`IMAPAccount far
Host %v
User %q
Pass %q
SSLType None
AuthMechs %s

IMAPStore far
Account far

MaildirStore near
Path /tmp/near/
Inbox /tmp/near/INBOX

Channel all
Far :far:
Near :near:
Patterns INBOX
Create Near
SyncState /tmp/near/state-%s-
`, s.at(lab.OpenNode), a.Name, a.Password, mechanism, strings.ToLower(mechanism)))
	return s.lab.Client.Command("/bin/sh", "-c", "mkdir -p /tmp/near; exec /usr/bin/mbsync -c "+rc+" -l all")
}

func (s *stage) msmtp(node, port int, auth string, a lab.Account) *exec.Cmd {
	pass := s.file("/root/msmtp.pass", a.Password)
	return s.lab.Client.Command("/bin/sh", "-c", fmt.Sprintf(
		"exec /usr/bin/msmtp --host=%v --port=%d --auth=%s --user='%s' --passwordeval='cat %s' --tls=off --domain=client1.example.org --from=sender@example.org box@example.org </lab/mail.txt",
		s.at(node), port, auth, a.Name, pass))
}

func (s *stage) getmail(kind string, node int, a lab.Account) *exec.Cmd {
	rc := s.file("/home/person/.getmail/getmailrc", fmt.Sprintf(`[retriever]
type = Simple%sRetriever
server = %v
username = %s
password = %s
[destination]
type = MDA_external
path = /bin/cat
[options]
read_all = true
`, kind, s.at(node), a.Name, a.Password))
	cmd := s.lab.Client.Command("/bin/sh", "-c", "chown -R person:person /home/person; exec setpriv --reuid=person --regid=person --clear-groups /usr/bin/getmail --rcfile "+rc)
	cmd.Env = append(cmd.Env, "HOME=/home/person")
	return cmd
}

// sieve lists the scripts of an account. It upgrades to TLS where that is
// offered, so it wants a server without.
func (s *stage) sieve(node int, mechanism string, a lab.Account) *exec.Cmd {
	cmd := s.lab.Client.Command("/usr/bin/sieve-connect", "--nosslverify", "-s", s.at(node).String(), "-p", "4190", "-m", mechanism,
		"-u", a.Name, "--passwordfd", "0", "--nosrv", "--notls", "--list")
	cmd.Stdin = strings.NewReader(a.Password + "\n")
	return cmd
}

// python runs a program with these arguments behind it.
func (s *stage) python(program string, args ...string) *exec.Cmd {
	return s.lab.Client.Command("/usr/bin/python3", append([]string{"-c", program}, args...)...)
}

// perl runs a program with these arguments behind it.
func (s *stage) perl(program string, args ...string) *exec.Cmd {
	return s.lab.Client.Command("/usr/bin/perl", append([]string{"-e", program}, args...)...)
}

// Programs for python; arguments are host, port, user, password.
const (
	poplibUser = `
import sys, poplib
h, p, u, w = sys.argv[1:5]
c = poplib.POP3(h, int(p), timeout=15)
try:
    c.user(u); c.pass_(w); c.stat()
except poplib.error_proto:
    pass
c.quit()
`
	poplibAPOP = `
import sys, poplib
h, p, u, w = sys.argv[1:5]
c = poplib.POP3(h, int(p), timeout=15)
try:
    c.apop(u, w); c.stat()
except poplib.error_proto:
    pass
c.quit()
`
	imaplibLogin = `
import sys, imaplib
h, p, u, w = sys.argv[1:5]
c = imaplib.IMAP4(h, int(p), timeout=15)
try:
    c.login(u, w); c.select()
except imaplib.IMAP4.error:
    pass
c.logout()
`
	imaplibCRAM = `
import sys, imaplib
h, p, u, w = sys.argv[1:5]
c = imaplib.IMAP4(h, int(p), timeout=15)
try:
    c.login_cram_md5(u, w); c.select()
except imaplib.IMAP4.error:
    pass
c.logout()
`
	smtplibLogin = `
import sys, smtplib
h, p, u, w = sys.argv[1:5]
c = smtplib.SMTP(h, int(p), "client1.example.org", timeout=15)
try:
    c.login(u, w)
    c.sendmail("sender@example.org", ["box@example.org"], "Subject: hello\r\n\r\nhello\r\n")
except smtplib.SMTPAuthenticationError:
    pass
c.quit()
`
	lmtplibLogin = `
import sys, smtplib
h, p, u, w = sys.argv[1:5]
c = smtplib.LMTP(h, int(p), "client1.example.org", timeout=15)
try:
    c.login(u, w)
except smtplib.SMTPAuthenticationError:
    pass
c.quit()
`
)
