package pop3

import (
	"bytes"

	"cleartap/detectors"
	"cleartap/detectors/secret"
	"cleartap/detectors/syntax"
	"cleartap/reassembly"
)

// client takes a line of the client.
func (s *session) client(line []byte) {
	if s.inSASL {
		if !s.interrupts(line) {
			s.ahead++
			s.respond(line)
			return
		}
		s.endSASL()
	}
	word, arg := cut(line)
	v := lookup(word)
	if v == unknownVerb && s.greeting == awaited && elsewhere(word) {
		s.c.NotMine()
		return
	}
	if s.named && v != pass {
		s.c.Probed()
	}
	s.named = false
	switch v {
	case stls:
		s.push(stls)
		s.c.AskTLS(false)
	case user:
		s.user = detectors.Text(syntax.TrimRight(syntax.TrimLeft(arg)))
		s.push(user)
	case pass:
		s.pass(arg)
	case apop:
		s.apop(arg)
	case auth:
		s.auth(arg)
	case xclient:
		s.push(xclient)
		s.xclient(arg)
	case list, uidl, lang:
		if len(syntax.TrimLeft(arg)) > 0 {
			v = plain // about one message, or a choice: one line
		}
		s.push(v)
	default:
		s.push(v)
	}
}

// pass takes PASS. All behind its one blank is the password (RFC 1939 section 7).
func (s *session) pass(arg []byte) {
	c := s.push(pass)
	c.Ticket = s.c.Begin(&detectors.Attempt{
		Command:   detectors.UserPass,
		Mechanism: detectors.MechUserPass,
		Class:     detectors.Password,
		Identity:  s.user,
		Secret:    s.c.Marks().Of(arg),
	})
}

// apop takes APOP: a name and a digest, of the greeting's timestamp and the
// password. Without a timestamp there is nothing to guess against.
func (s *session) apop(arg []byte) {
	name, digest := splitAPOP(syntax.TrimRight(syntax.TrimLeft(arg)))
	c := s.push(apop)
	a := detectors.Attempt{
		Command:   detectors.APOPCommand,
		Mechanism: detectors.MechAPOP,
		Class:     detectors.Hash,
		Identity:  detectors.Text(name),
	}
	if len(digest) > 0 {
		a.Secret = secret.Of(digest)
	}
	if s.greeting == unstamped {
		a.Class = detectors.Relay
	}
	c.Ticket = s.c.Begin(&a)
}

// splitAPOP cuts APOP's argument at its last blank. A name may have blanks before a digest
// only: before anything else, any of the words may be what should not be told, and there is
// no name; neither is there in a digest that stands alone, or where the name should.
func splitAPOP(arg []byte) (name, digest []byte) {
	at := bytes.LastIndexAny(arg, " \t")
	name, digest = syntax.TrimRight(arg[:max(at, 0)]), arg[at+1:]
	switch sum := isDigest(digest); {
	case at < 0 && !sum:
		return arg, nil
	case !sum && bytes.ContainsAny(name, " \t"):
		return nil, digest
	case !sum && isDigest(name): // the two are the wrong way round
		return nil, name
	}
	return name, digest
}

// isDigest reports whether p is an MD5 digest in hex (RFC 1939 section 7).
func isDigest(p []byte) bool {
	for _, c := range p {
		if (c < '0' || c > '9') && (c|0x20 < 'a' || c|0x20 > 'f') {
			return false
		}
	}
	return len(p) == 32
}

// auth takes the arguments of AUTH: none, or a mechanism and perhaps an initial response.
func (s *session) auth(arg []byte) {
	mech, response := syntax.Word(arg)
	if len(mech) == 0 {
		s.push(authList)
		return
	}
	s.push(auth)
	s.startSASL(mech)
	if response = syntax.TrimRight(response); len(response) > 0 {
		s.respond(response)
	}
}

// respond takes a response of the client in a SASL exchange.
func (s *session) respond(p []byte) {
	sent := s.sasl.Sent()
	s.sasl.Client(p)
	if s.sasl.Cancelled() {
		s.endSASL()
		return
	}
	if sent || !s.sasl.Sent() {
		return
	}
	a := s.sasl.Attempt(detectors.Auth)
	t := s.c.Begin(&a)
	if c := s.queue.Latest(auth); c != nil {
		c.Ticket = t
	}
}

// interrupts reports whether a line in an exchange is a command all the same: one
// with an argument, which no base64 has, or any once the secret was sent or the
// server, which might have refused, is not in the capture.
func (s *session) interrupts(line []byte) bool {
	word, arg := cut(line)
	if lookup(word) == unknownVerb {
		return false
	}
	return len(arg) > 0 || s.sasl.Sent() || !s.c.Seen(reassembly.ToClient)
}

// xclient notes the client that a proxy announces. It counts once the server
// accepts it, or at once where the server is not seen.
func (s *session) xclient(args []byte) {
	s.announced = syntax.XClient(args)
	if s.announced.IsValid() && !s.c.Seen(reassembly.ToClient) {
		s.c.Proxied(s.announced)
	}
}
