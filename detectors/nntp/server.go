package nntp

import (
	"cleartap/detectors"
	"cleartap/detectors/outstanding"
	"cleartap/detectors/sasl"
	"cleartap/detectors/syntax"
	"cleartap/reassembly"
)

// server takes a line of the server: a reply, or the dot that ends one of several
// lines, of which the others are dropped.
func (s *session) server(line []byte) {
	if s.listing {
		s.capability(line)
		return
	}
	code, _, text, ok := syntax.Code(line)
	if !ok {
		return
	}
	s.c.Greet(line)
	cmd := s.answered(code)
	if code == 101 && cmd != nil && cmd.Verb == capabilities && !s.authed {
		s.listing, s.offer = true, detectors.Offer{Source: detectors.FromCapability}
		s.queue.Answered()
		return
	}
	if multiline(code, cmd) {
		s.c.Body(reassembly.ToClient)
	}
	switch {
	case cmd == nil && (code == 340 || code == 335):
		s.unasked()
	case cmd != nil && s.c.Answers(cmd.Ticket):
		s.answer(code, text, cmd)
	}
}

// capability takes a line of the reply to CAPABILITIES (RFC 3977 section 5.2, RFC 4643
// section 2.1).
func (s *session) capability(line []byte) {
	if len(line) == 1 && line[0] == '.' {
		s.listing = false
		s.c.Offers(&s.offer)
		return
	}
	word, rest := syntax.Word(line)
	switch {
	case syntax.Fold(word, "STARTTLS"):
		s.offer.StartTLS = true
	case syntax.Fold(word, "SASL"):
		s.offer.Auth = true
		l := sasl.List(rest)
		s.offer.Mechanisms.Union(l.Offer.Mechanisms)
		s.sasl.ForgetOffer()
		s.sasl.Offered(&l)
	case syntax.Fold(word, "AUTHINFO"):
		for len(rest) > 0 {
			word, rest = syntax.Word(rest)
			s.offer.UserPass = s.offer.UserPass || syntax.Fold(word, "USER")
		}
	case syntax.Fold(word, "IMPLEMENTATION"):
		s.c.Says(detectors.FromCapability, rest)
	case detectors.Masked(word):
		s.offer.Masked++
	}
}

// multiline reports whether a reply goes on up to a lone dot. All but one code tell
// that by themselves (RFC 3977 section 3.2, appendix B; RFC 2980 for 230 and 282).
func multiline(code int, cmd *outstanding.Command[verb]) bool {
	switch code {
	case 100, 101, 215, 220, 221, 222, 224, 225, 230, 231, 282:
		return true
	case 211:
		return cmd != nil && cmd.Verb == listGroup
	}
	return false
}

// answered finds the command that a reply answers. Codes that only one command
// can have put commands and replies in step again.
func (s *session) answered(code int) *outstanding.Command[verb] {
	if s.queue.Lost() && !s.queue.Alone() {
		return nil
	}
	switch code {
	case 200, 201: // the greeting, or MODE READER's
		if h := s.queue.Head(); h == nil || h.Verb != plain && h.Verb != unknownVerb {
			return nil
		}
	case 383, 283:
		return s.queue.Seek(saslAuth)
	case 381:
		return s.queue.Seek(user)
	case 350:
		return s.queue.Seek(simple)
	case 340:
		return s.queue.Seek(post)
	case 335:
		return s.queue.Seek(ihave)
	case 382:
		return s.queue.Seek(startTLS)
	case 281, 480, 481, 482, 483:
		if s.queue.Lost() {
			s.seekAuth()
		}
	}
	return s.queue.Head()
}

// seekAuth forgets commands whose replies were missed, up to one of AUTHINFO's.
func (s *session) seekAuth() {
	if !s.queue.Waiting() {
		return
	}
	for h := s.queue.Head(); h.Ticket == 0; h = s.queue.Head() {
		s.queue.Pop()
	}
}

// answer takes the reply to cmd.
func (s *session) answer(code int, text []byte, cmd *outstanding.Command[verb]) {
	switch cmd.Verb {
	case pass, simple, saslAuth:
		s.authReply(code, text, cmd)
		return
	case user:
		s.named = code == 381
	case post, ihave:
		if code == 340 || code == 335 {
			cmd.Verb = article
			if s.posting == cmd.Seq {
				s.article(cmd.Seq)
			}
			return
		}
		s.leaveBody(cmd)
	case article, takeThis:
		s.leaveBody(cmd)
	case startTLS:
		if code == 382 {
			s.c.Upgrade()
		} else {
			s.c.RefuseTLS()
		}
	case capabilities:
		if code == 500 {
			s.c.Offers(&detectors.Offer{Source: detectors.FromCapability, Refused: true})
		}
	case compress:
		if code == 206 && !s.sealed {
			s.sealed = true
			s.c.Inflate()
		}
	}
	s.queue.Answered()
}

// leaveBody goes back to commands: the server refused the article or has seen the
// end of it. One that the client began since goes on.
func (s *session) leaveBody(cmd *outstanding.Command[verb]) {
	if s.posting == cmd.Seq {
		s.posting = 0
	}
	if s.body != 0 && s.body == cmd.Seq {
		s.body = 0
		s.c.Lines(reassembly.ToServer)
	}
}

// authReply takes a reply to a command that may have brought a secret.
func (s *session) authReply(code int, text []byte, cmd *outstanding.Command[verb]) {
	switch {
	case code == 383 && cmd.Verb == saslAuth:
		if s.queue.Latest(saslAuth) == cmd {
			s.sasl.Server(syntax.TrimLeft(text))
		}
		return
	case code == 350 && cmd.Verb == simple:
		return
	}
	t, v := cmd.Ticket, cmd.Verb
	last := v == saslAuth && s.queue.Latest(saslAuth) == cmd
	s.queue.Answered()
	if last {
		s.endSASL()
		if t == 0 && s.started {
			a := s.sasl.Attempt(detectors.Auth) // without a secret: worth counting only
			t = s.begin(&a)
		}
		s.started = false
	}
	if v == simple {
		s.inSimple = false
	}
	result, attempt := s.outcome(code, text, v)
	if result == detectors.Failure && last && s.sasl.Cancelled() { // 481 by RFC 4643 section 2.4.2
		result = detectors.Aborted
	}
	s.authed = s.authed || result == detectors.Success
	switch {
	case t == 0:
	case attempt:
		s.c.Settle(t, result, status(code))
	default:
		s.c.Withdraw(t)
	}
	if result == detectors.Success && !s.queue.Waiting() {
		s.c.Done()
	}
}
