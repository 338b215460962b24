package imap

import (
	"cleartap/detectors"
	"cleartap/detectors/sasl"
	"cleartap/detectors/syntax"
	"cleartap/reassembly"
)

// server takes a line of the server.
func (s *session) server(line []byte) {
	if s.inResponse {
		s.response(line)
		return
	}
	if len(line) > 0 && line[0] == '+' {
		s.proceed(syntax.TrimLeft(line[1:]))
		return
	}
	tag, rest := syntax.Word(line)
	word, text := syntax.Word(rest)
	if len(tag) == 1 && tag[0] == '*' {
		s.untagged(line, word, text)
		return
	}
	if r := kind(word); r != notStatus && r != bye {
		s.tagged(tag, r, text)
	}
}

// proceed takes a continuation request (RFC 9051 section 7.6): for a literal, or a
// challenge.
func (s *session) proceed(text []byte) {
	switch {
	case s.literal.wanted:
		s.openLiteral()
	case s.state == inSASL:
		s.sasl.Server(text)
	}
}

// untagged takes an untagged response.
func (s *session) untagged(line, word, text []byte) {
	switch kind(word) {
	case ok:
		s.c.Greet(line)
		s.code(text)
		s.alert(text)
	case preauth:
		s.c.Greet(line)
		s.c.Preauth()
		s.authed = true
		s.code(text)
	case no, bad:
		s.code(text)
		s.alert(text)
		s.warned = s.warned || s.commands.waiting() && detectors.NeedsTLS(text)
	case bye:
		s.c.Greet(line)
		s.code(text)
		s.bye(text)
	default:
		switch {
		case syntax.Fold(word, "CAPABILITY"):
			s.capabilities(text)
			return
		case syntax.Fold(word, "ID"):
			s.c.Says(detectors.FromID, text)
		}
		s.response(line)
	}
}

// response takes (more of) a response that may hold literals. Those of a server
// follow at once.
func (s *session) response(line []byte) {
	_, l, ok := syntax.Announced(line)
	s.inResponse = ok
	if ok {
		s.c.Skip(reassembly.ToClient, l.N)
	}
}

// alert takes the text of an untagged response that the client is to show to its
// user (RFC 9051 section 7.1). Behind a login it is the server's own affair; ahead of the
// reply to one it says why, as Dovecot's does to one without TLS.
func (s *session) alert(text []byte) {
	if len(text) > 0 && text[0] == '[' && !s.authed && !s.commands.waiting() {
		if word, rest := syntax.Word(text[1:]); syntax.Fold(word, "ALERT]") {
			s.c.Alerts(rest)
		}
	}
}

// code takes the response code of a status response: capabilities, or another server
// to go to.
func (s *session) code(text []byte) {
	if len(text) == 0 || text[0] != '[' {
		return
	}
	word, rest := syntax.Word(text[1:])
	switch {
	case syntax.Fold(word, "CAPABILITY"):
		s.capabilities(rest)
	case syntax.Fold(word, "REFERRAL"), syntax.HasPrefix(word, "REFERRAL]"):
		s.c.Refers(rest)
	}
}

// capabilities takes a list of capabilities, up to a closing bracket.
func (s *session) capabilities(list []byte) {
	l := s.c.Listed(detectors.FromCapability, list, readCapabilities)
	s.loginDisabled, s.unauth = l.Offer.LoginDisabled, l.Unauthenticate
	s.sasl.ForgetOffer()
	s.sasl.Offered(l)
	// A list that comes while a login waits may be its reply's, or go before it: what is
	// offered then is what is offered behind the login.
	if !s.authed && !s.c.Waits() && !s.c.Truncated() {
		s.c.Offers(&l.Offer)
	}
}

// readCapabilities reads a list of capabilities.
func readCapabilities(list []byte) (l detectors.Listed) {
	offer := &l.Offer
	offer.Source = detectors.FromCapability
	for len(list) > 0 && list[0] != ']' {
		var word []byte
		word, list = syntax.Word(list)
		last := word[len(word)-1] == ']'
		for len(word) > 0 && word[len(word)-1] == ']' {
			word = word[:len(word)-1]
		}
		switch {
		case syntax.Fold(word, "LOGINDISABLED"):
			offer.LoginDisabled = true
		case syntax.Fold(word, "STARTTLS"):
			offer.StartTLS = true
		case syntax.Fold(word, "UNAUTHENTICATE"):
			l.Unauthenticate = true
		case syntax.HasPrefix(word, "AUTH="):
			offer.Auth = true
			offer.Mechanisms.Add(detectors.MechanismNamed(word[len("AUTH="):]))
			l.Plus = l.Plus || sasl.Plus(word[len("AUTH="):])
		case detectors.Masked(word):
			offer.Masked++
		}
		if last {
			break
		}
	}
	return l
}

// bye takes an untagged BYE: commands that wait get no reply any more. One that answers a
// LOGOUT says nothing of a login whose reply was missed.
func (s *session) bye(text []byte) {
	if last := s.commands.n - 1; s.commands.lost && last >= 0 && s.commands.list[last].verb == logout {
		return
	}
	result := detectors.Aborted
	if c := codeOf(text); s.warned || c != nil && c.result == detectors.RefusedInsecure || detectors.NeedsTLS(text) {
		result = detectors.RefusedInsecure
	}
	for i := 0; i < s.commands.n; i++ {
		c := &s.commands.list[i]
		if c.ticket == 0 || !s.c.Answers(c.ticket) {
			continue
		}
		s.c.Settle(c.ticket, result, "BYE")
		c.ticket = 0
		if c.seq == s.exchange { // told: a reply that comes all the same is no other attempt
			s.exchange = 0
		}
	}
}

// tagged takes a tagged reply.
func (s *session) tagged(tag []byte, r status, text []byte) {
	// The server has had more than the capture shows: the tag may be of a command that is missing.
	s.commands.lost = s.commands.lost || s.c.Seen(reassembly.ToServer) && int32(s.c.Mark().Ack-s.c.Next(reassembly.ToServer)) > 0
	c, found := s.commands.take(tag)
	if r == ok && found && (c.verb == loginVerb || c.verb == authenticate) {
		s.authed = true
	}
	s.code(text)
	if !found {
		return
	}
	if c.seq == s.current {
		s.interrupted()
	}
	switch c.verb {
	case loginVerb, authenticate:
		s.authReply(c, r, text)
	case startTLS:
		if r == ok {
			s.c.Upgrade()
		} else {
			s.c.RefuseTLS()
		}
	case compress:
		if r == ok && !s.compressed {
			s.compressed, s.sealed = true, true
			s.c.Inflate()
		}
	case unauthenticate:
		if r == ok {
			s.reopened()
		}
	}
}

// interrupted says that the server replied to a command that the client was still
// sending: a literal that it was not allowed to send never comes.
func (s *session) interrupted() {
	switch {
	case s.literal.wanted, s.state == inSASL && !s.literal.open, s.state == inIdle:
		s.toCommand()
	case s.literal.guessed:
		s.toCommand()
		s.c.Lines(reassembly.ToServer)
	}
}

// authReply takes the reply to LOGIN or AUTHENTICATE.
func (s *session) authReply(c command, r status, text []byte) {
	if c.ticket == 0 && c.seq == s.exchange {
		a := s.sasl.Attempt(detectors.Authenticate) // without a secret: worth counting only
		c.ticket = s.c.Begin(&a)
	}
	if c.ticket != 0 {
		result, reply := outcome(r, text, s.warned || s.loginDisabled && c.verb == loginVerb)
		if c.cancelled && result != detectors.Success {
			result = detectors.Aborted
		}
		s.c.Settle(c.ticket, result, reply)
		s.warned = false
	}
	if r != ok {
		return
	}
	if !s.unauth && !s.commands.waiting() {
		s.c.Done()
	}
}

// reopened says that UNAUTHENTICATE was agreed to: another login may follow, and
// compression is over (RFC 8437 section 3).
func (s *session) reopened() {
	s.sealed = true
	if s.compressed {
		s.compressed = false
		s.c.Plain()
	}
}
