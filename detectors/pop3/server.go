package pop3

import (
	"bytes"

	"cleartap/detectors"
	"cleartap/detectors/sasl"
	"cleartap/detectors/syntax"
	"cleartap/reassembly"
)

// status is how a reply begins.
type status uint8

const (
	noReply status = iota
	accepted
	refused
	challenge
)

// statusOf reads the beginning of a reply: +OK, -ERR, or the + of a challenge, in
// any case. The blank behind +OK or -ERR may be missing (`-ERR: no`, `-ERR[AUTH]`),
// but no letter or digit goes on.
func statusOf(line []byte) (status, bool) {
	switch {
	case syntax.HasPrefix(line, "+OK") && ends(line[3:]):
		return accepted, true
	case syntax.HasPrefix(line, "-ERR") && ends(line[4:]):
		return refused, true
	case challenges(line, true):
		return challenge, true
	}
	return noReply, false
}

// ends reports whether a word ends before b.
func ends(b []byte) bool { return len(b) == 0 || !syntax.Alnum(b[0]) }

// server takes a line of the server.
func (s *session) server(line []byte) {
	st, ok := statusOf(line)
	s.inBody = false
	switch {
	case s.in != unknownVerb && (!ok || st == challenge):
		s.listed(line)
	case s.greeting == awaited:
		s.greet(st, line)
	case st == challenge, !ok && len(line) > 0 && line[0] == '+' && s.challengeable(): // without its blank
		s.challenge(line)
	case ok:
		s.in = unknownVerb
		s.answer(st, line)
	case redis(line):
		s.c.NotMine()
	}
}

// challengeable reports whether a challenge may come: Redis has an AUTH as well, but its
// argument is a password, and only by chance the name of a mechanism.
func (s *session) challengeable() bool {
	return s.started && s.sasl.Mechanism() != detectors.MechUnknown
}

// redis reports whether a line is a simple reply or an error of Redis, whose AUTH is
// answered with +OK as well: +PONG, -WRONGPASS.
func redis(line []byte) bool {
	return len(line) > 3 && (line[0] == '+' || line[0] == '-') && 'A' <= line[1] && line[1] <= 'Z' && 'A' <= line[2] && line[2] <= 'Z'
}

// greet takes the server's first line, which answers no command.
func (s *session) greet(st status, line []byte) {
	if st != accepted && st != refused {
		s.c.NotMine()
		return
	}
	s.c.Greet(line)
	s.greeting = unstamped
	if open := bytes.IndexByte(line, '<'); open >= 0 && bytes.IndexByte(line[open:], '>') > 1 {
		s.greeting = stamped
	}
}

// listed takes a line of a list: of capabilities or of mechanisms.
func (s *session) listed(line []byte) {
	if len(line) == 1 && line[0] == '.' {
		s.in = unknownVerb
		s.c.Offers(&s.offer)
		return
	}
	word, rest := cut(line)
	switch {
	case s.in == authList:
		s.mechanisms(line)
	case syntax.Fold(word, "SASL"):
		s.mechanisms(rest)
	case syntax.Fold(word, "STLS"):
		s.offer.StartTLS = true
	case syntax.Fold(word, "USER"):
		s.offer.UserPass = true
	case syntax.Fold(word, "IMPLEMENTATION"):
		s.c.Says(detectors.FromCAPA, rest)
	case detectors.Masked(word):
		s.offer.Masked++
	}
}

// mechanisms takes those of a list.
func (s *session) mechanisms(list []byte) {
	l := s.c.Listed(s.offer.Source, list, sasl.List)
	s.offer.Auth = true
	s.offer.Mechanisms.Union(l.Offer.Mechanisms)
	s.sasl.Offered(l)
}

// offering begins to take the list that answers CAPA or AUTH, or the refusal of one.
func (s *session) offering(v verb, st status) {
	s.offer = detectors.Offer{Source: detectors.FromCAPA}
	if v == authList {
		s.offer.Source = detectors.FromAuthList
	}
	if st == accepted {
		s.in = v
		s.sasl.ForgetOffer()
	} else {
		s.offer.Refused = true
		s.c.Offers(&s.offer)
	}
}

// challenge takes a challenge of a SASL exchange.
func (s *session) challenge(line []byte) {
	s.asked = true
	if s.inSASL {
		s.sasl.Server(syntax.TrimLeft(line[1:]))
	}
}

// answer takes a reply to the oldest command.
func (s *session) answer(st status, line []byte) {
	if s.owed > 0 {
		s.owed--
		return
	}
	head := s.queue.Head()
	if head == nil {
		return
	}
	if head.Blind {
		s.queue.Answered()
		return
	}
	if !s.c.Answers(head.Ticket) {
		return
	}
	v, ticket := head.Verb, head.Ticket
	if v == auth && st == accepted && s.goesOn(line) {
		s.asked = true
		s.sasl.Server(nil)
		return
	}
	last := s.queue.Latest(auth) == head
	s.queue.Answered()
	switch v {
	case pass, apop:
		s.outcome(ticket, st, line)
	case auth:
		s.authReply(ticket, last, st, line)
	case capa, authList:
		s.offering(v, st)
	case user:
		if s.named = st == refused; s.named && detectors.NeedsTLS(line) {
			s.named = false
			s.c.NeedsTLS()
		}
	case list, uidl, retr, top, lang:
		if st == accepted {
			s.inBody = true
			s.c.Body(reassembly.ToClient)
		}
	case stls:
		if st == accepted {
			s.c.Upgrade()
		} else {
			s.c.RefuseTLS()
		}
	case xclient:
		if st == accepted && s.announced.IsValid() {
			s.c.Proxied(s.announced)
		}
	}
}

// goesOn reports whether +OK is a challenge: Microsoft's servers answer AUTH NTLM
// with it (MS-POP3 section 2.2). Behind another challenge it is the outcome, also of an
// anonymous login, which has no secret, unless it brings a message of NTLM.
func (s *session) goesOn(line []byte) bool {
	return s.inSASL && !s.sasl.Sent() && s.queue.Len() == 1 && s.sasl.Mechanism() == detectors.MechNTLM &&
		(!s.asked || bytes.Contains(line, ntlmMessage))
}

// ntlmMessage is how a message of NTLM begins in base64: "NTLMSSP" and a zero.
var ntlmMessage = []byte("TlRMTVNTUA")

// authReply takes the outcome of an exchange. One that disclosed nothing is begun
// here: it is worth counting, and nothing else.
func (s *session) authReply(ticket detectors.Ticket, last bool, st status, line []byte) {
	if last {
		s.endSASL()
	}
	if ticket == 0 && last && s.started {
		a := s.sasl.Attempt(detectors.Auth)
		ticket = s.c.Begin(&a)
	}
	if last && s.started && st == refused && !s.asked {
		s.owed += s.ahead // sent without being asked for: commands, for the server
	}
	s.started = s.started && !last
	// The server may have accepted the login before it saw the `*`.
	if s.sasl.Cancelled() && last && (st == refused || !s.sasl.Sent()) {
		s.c.Settle(ticket, detectors.Aborted, reply(st, line))
		return
	}
	s.outcome(ticket, st, line)
}

// outcome settles an attempt. After a success there is nothing left to learn:
// POP3 has no way back (RFC 1939 section 4).
func (s *session) outcome(ticket detectors.Ticket, st status, line []byte) {
	s.c.Settle(ticket, result(st, line), reply(st, line))
	if st == accepted {
		s.c.Done()
	}
}
