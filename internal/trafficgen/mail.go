package trafficgen

import (
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"strings"
)

// account is an invented user.
type account struct{ name, password string }

func (g *generator) account() account {
	g.users++
	return account{fmt.Sprintf("user%d@example.org", g.users), fmt.Sprintf("Canary-%d-pw", g.users)}
}

func b64(s string) string { return base64.StdEncoding.EncodeToString([]byte(s)) }

// login is one way to log in: it writes the dialogue of one attempt.
type login struct {
	protocol, mechanism string
	port                uint16
	greet               func(s *script)
	attempt             func(s *script, a account, ok bool)
	body                func(s *script, n int)
	bye                 func(s *script)
}

// logins lists the ways to log in, as evenly used.
func logins() []login {
	return []login{
		{"pop3", "USER/PASS", 110, popGreet, popUser, popRetr, popQuit},
		{"pop3", "PLAIN", 110, popGreet, popPlain, popRetr, popQuit},
		{"pop3", "APOP", 110, popGreet, popAPOP, popRetr, popQuit},
		{"imap", "LOGIN", 143, imapGreet, imapQuoted, imapFetch, imapLogout},
		{"imap", "LOGIN", 143, imapGreet, imapLiteral, imapFetch, imapLogout},
		{"imap", "PLAIN", 143, imapGreet, imapPlain, imapFetch, imapLogout},
		{"smtp", "PLAIN", 587, smtpGreet, smtpPlain, smtpData, smtpQuit},
		{"smtp", "LOGIN", 25, smtpGreet, smtpLogin, smtpData, smtpQuit},
		{"smtp", "CRAM-MD5", 587, smtpGreet, smtpCRAM, smtpData, smtpQuit},
		{"managesieve", "PLAIN", 4190, sieveGreet, sievePlain, nil, sieveLogout},
	}
}

// mailFlow makes the next mail flow of the profile.
func (g *generator) mailFlow() *flow {
	g.truth.MailFlows++
	switch g.o.Profile {
	case Flood, Midflood:
		return g.floodFlow()
	case Logins:
		return g.loginFlow(0)
	}
	if g.rnd.IntN(4) == 0 {
		return g.encryptedFlow()
	}
	return g.loginFlow(1000 + g.rnd.IntN(g.largest()))
}

// largest is the size of the largest message: in a mix it is small, or the few
// mail flows would go on long after the others have ended.
func (g *generator) largest() int {
	if g.o.Profile == Mix {
		return 40_000
	}
	return 500_000
}

// loginFlow logs in, after a refused attempt in one of ten flows, and moves body bytes of mail.
func (g *generator) loginFlow(body int) *flow {
	all := logins()
	l := all[g.rnd.IntN(len(all))]
	wrap := uint32(0)
	if g.rnd.Float64() < g.o.Wrap {
		wrap = uint32(8 + g.rnd.IntN(40))
	}
	s := g.begin(l.port, wrap)
	s.f.mail = true
	s.handshake()
	l.greet(s)
	a := g.account()
	if g.rnd.IntN(10) == 0 {
		l.attempt(s, account{a.name, "Canary-wrong-pw"}, false)
		g.note(&l, "failure")
	}
	l.attempt(s, a, true)
	g.note(&l, "success")
	if body > 0 && l.body != nil {
		l.body(s, body)
	}
	l.bye(s)
	return s.end()
}

func (g *generator) note(l *login, outcome string) {
	g.truth.Logins++
	g.truth.ByMechanism[l.protocol+" "+l.mechanism+" "+outcome]++
}

// pick gives yes or no by the outcome of an attempt.
func pick(ok bool, yes, no string) string {
	if ok {
		return yes
	}
	return no
}

func popGreet(s *script) { s.server("+OK ready <1896.697170952@mail.example.org>\r\n") }
func popQuit(s *script)  { s.client("QUIT\r\n"); s.server("+OK bye\r\n") }

func popUser(s *script, a account, ok bool) {
	s.client("USER " + a.name + "\r\n")
	s.server("+OK\r\n")
	s.client("PASS " + a.password + "\r\n")
	s.server(pick(ok, "+OK Logged in.\r\n", "-ERR [AUTH] Authentication failed.\r\n"))
}

func popPlain(s *script, a account, ok bool) {
	s.client("AUTH PLAIN\r\n")
	s.server("+ \r\n")
	s.client(b64("\x00"+a.name+"\x00"+a.password) + "\r\n")
	s.server(pick(ok, "+OK Logged in.\r\n", "-ERR [AUTH] Authentication failed.\r\n"))
}

func popAPOP(s *script, a account, ok bool) {
	s.client("APOP " + a.name + " " + s.digest() + "\r\n")
	s.server(pick(ok, "+OK Logged in.\r\n", "-ERR [AUTH] Authentication failed.\r\n"))
}

// digest is a made-up digest of 32 hexadecimal digits.
func (s *script) digest() string {
	at := s.g.rnd.IntN(noiseSize - 16)
	return hex.EncodeToString(s.g.noise[at : at+16])
}

func popRetr(s *script, n int) {
	s.client("RETR 1\r\n")
	s.server(fmt.Sprintf("+OK %d octets\r\n", n))
	s.server(message(n) + ".\r\n")
}

func imapGreet(s *script) {
	s.server("* OK [CAPABILITY IMAP4rev1 LITERAL+ SASL-IR AUTH=PLAIN] ready\r\n")
}
func imapLogout(s *script) { s.client("z LOGOUT\r\n"); s.server("* BYE\r\nz OK done\r\n") }

func imapQuoted(s *script, a account, ok bool) {
	s.client("a1 LOGIN \"" + a.name + "\" \"" + a.password + "\"\r\n")
	s.server(pick(ok, "a1 OK Logged in\r\n", "a1 NO [AUTHENTICATIONFAILED] Authentication failed.\r\n"))
}

func imapLiteral(s *script, a account, ok bool) {
	s.client(fmt.Sprintf("a2 LOGIN {%d}\r\n", len(a.name)))
	s.server("+ OK\r\n")
	s.client(fmt.Sprintf("%s {%d+}\r\n%s\r\n", a.name, len(a.password), a.password))
	s.server(pick(ok, "a2 OK Logged in\r\n", "a2 NO [AUTHENTICATIONFAILED] Authentication failed.\r\n"))
}

func imapPlain(s *script, a account, ok bool) {
	s.client("a3 AUTHENTICATE PLAIN " + b64("\x00"+a.name+"\x00"+a.password) + "\r\n")
	s.server(pick(ok, "a3 OK Logged in\r\n", "a3 NO [AUTHENTICATIONFAILED] Authentication failed.\r\n"))
}

func imapFetch(s *script, n int) {
	m := message(n)
	s.client("b FETCH 1 BODY[]\r\n")
	s.server(fmt.Sprintf("* 1 FETCH (BODY[] {%d}\r\n", len(m)))
	s.server(m + ")\r\nb OK done\r\n")
}

func smtpGreet(s *script) {
	s.server("220 mail.example.org ESMTP\r\n")
	s.client("EHLO client.example.org\r\n")
	s.server("250-mail.example.org\r\n250-PIPELINING\r\n250-AUTH PLAIN LOGIN CRAM-MD5\r\n250 SIZE 10240000\r\n")
}
func smtpQuit(s *script) { s.client("QUIT\r\n"); s.server("221 bye\r\n") }

func smtpPlain(s *script, a account, ok bool) {
	s.client("AUTH PLAIN " + b64("\x00"+a.name+"\x00"+a.password) + "\r\n")
	s.server(pick(ok, "235 2.7.0 accepted\r\n", "535 5.7.8 failed\r\n"))
}

func smtpLogin(s *script, a account, ok bool) {
	s.client("AUTH LOGIN\r\n")
	s.server("334 VXNlcm5hbWU6\r\n")
	s.client(b64(a.name) + "\r\n")
	s.server("334 UGFzc3dvcmQ6\r\n")
	s.client(b64(a.password) + "\r\n")
	s.server(pick(ok, "235 2.7.0 accepted\r\n", "535 5.7.8 failed\r\n"))
}

func smtpCRAM(s *script, a account, ok bool) {
	s.client("AUTH CRAM-MD5\r\n")
	s.server("334 " + b64("<1896.697170952@mail.example.org>") + "\r\n")
	s.client(b64(a.name+" "+s.digest()) + "\r\n")
	s.server(pick(ok, "235 2.7.0 accepted\r\n", "535 5.7.8 failed\r\n"))
}

func smtpData(s *script, n int) {
	s.client("MAIL FROM:<a@example.org>\r\nRCPT TO:<b@example.net>\r\nDATA\r\n")
	s.server("250 ok\r\n250 ok\r\n354 go\r\n")
	s.send(false, []byte(message(n)+".\r\n"))
	s.server("250 queued\r\n")
}

func sieveGreet(s *script) {
	s.server("\"IMPLEMENTATION\" \"Example Pigeonhole\"\r\n\"SASL\" \"PLAIN\"\r\nOK \"ready\"\r\n")
}
func sieveLogout(s *script) { s.client("LOGOUT\r\n"); s.server("OK \"bye\"\r\n") }

func sievePlain(s *script, a account, ok bool) {
	s.client("AUTHENTICATE \"PLAIN\" \"" + b64("\x00"+a.name+"\x00"+a.password) + "\"\r\n")
	s.server(pick(ok, "OK \"Logged in.\"\r\n", "NO \"Authentication failed.\"\r\n"))
}

// message is a mail of about n bytes, with lines that look like logins.
func message(n int) string {
	const head = "From: a@example.org\r\nTo: b@example.net\r\nSubject: a message\r\n\r\n"
	const trap = "USER mallory\r\nPASS trapped\r\nAUTH PLAIN AG1hbGxvcnkAdHJhcHBlZA==\r\nx1 LOGIN mallory trapped\r\n"
	const line = "It was a dark and stormy night; the rain fell in torrents on the mail server.\r\n"
	var b strings.Builder
	b.Grow(n + len(head) + len(trap) + len(line))
	b.WriteString(head)
	for i := 0; b.Len() < n; i++ {
		if i%400 == 3 {
			b.WriteString(trap)
		}
		b.WriteString(line)
	}
	return b.String()
}
