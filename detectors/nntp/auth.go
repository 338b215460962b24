package nntp

import (
	"bytes"

	"cleartap/detectors"
	"cleartap/detectors/syntax"
	"cleartap/reassembly"
)

// authinfo takes what is behind AUTHINFO.
func (s *session) authinfo(args []byte) {
	word, rest := syntax.Word(args)
	switch {
	case syntax.Fold(word, "USER"):
		s.queue.Push(user)
		s.user, s.named = detectors.Text(syntax.TrimRight(rest)), false
	case syntax.Fold(word, "PASS"):
		c := s.queue.Push(pass)
		c.Ticket, c.Ack = s.password(s.user, rest), s.c.Mark().Ack
	case syntax.Fold(word, "SASL"):
		s.exchange(rest)
	case syntax.Fold(word, "SIMPLE"):
		s.queue.Push(simple).Ack = s.c.Mark().Ack
		if s.inSimple = len(rest) == 0; !s.inSimple { // sent without waiting for 350
			s.simple(syntax.Word(rest))
		}
	case syntax.Fold(word, "GENERIC"):
		s.generic(rest)
	default:
		s.queue.Push(authinfo)
	}
}

// password notes an attempt with a name and a password.
func (s *session) password(name string, word []byte) detectors.Ticket {
	return s.begin(&detectors.Attempt{
		Command:   detectors.UserPass,
		Mechanism: detectors.MechUserPass,
		Class:     detectors.Password,
		Identity:  name,
		Secret:    s.c.Marks().Of(syntax.TrimLeft(word)),
	})
}

// begin notes an attempt.
func (s *session) begin(a *detectors.Attempt) detectors.Ticket {
	a.Sealed = s.sealed
	return s.c.Begin(a)
}

// simple takes the line behind AUTHINFO SIMPLE (RFC 2980 section 3.1.2): a name
// and a password.
func (s *session) simple(name, rest []byte) {
	if len(bytes.TrimSpace(rest)) == 0 {
		return
	}
	t := s.password(detectors.Text(name), rest)
	if c := s.queue.Latest(simple); c != nil {
		c.Ticket = t
	}
}

// generic takes AUTHINFO GENERIC (RFC 2980 section 3.1.3): a mechanism that is not
// SASL's, and arguments that are known by their shape only.
func (s *session) generic(args []byte) {
	mech, rest := syntax.Word(args)
	s.queue.Push(saslAuth).Ack = s.c.Mark().Ack
	if len(rest) == 0 {
		return
	}
	s.sasl.Start(mech)
	s.sasl.ClientRaw(rest)
	s.note()
}

// exchange takes the arguments of AUTHINFO SASL: a mechanism and perhaps an initial
// response (RFC 4643 section 2.4).
func (s *session) exchange(args []byte) {
	mech, response := syntax.Word(args)
	s.queue.Push(saslAuth).Ack = s.c.Mark().Ack
	s.started = len(mech) > 0
	if !s.started {
		return
	}
	s.sasl.Start(mech)
	s.inSASL = true
	s.c.Long(reassembly.ToServer, true)
	s.c.Long(reassembly.ToClient, true)
	if response = syntax.TrimRight(response); len(response) > 0 {
		s.respond(response)
	}
}

// respond takes a response of the client in a SASL exchange. `=` is an empty one.
func (s *session) respond(p []byte) {
	sent := s.sasl.Sent()
	s.sasl.Client(p)
	if s.sasl.Cancelled() {
		s.endSASL()
		return
	}
	if !sent {
		s.note()
	}
}

// note begins an attempt if the exchange disclosed a secret.
func (s *session) note() {
	if !s.sasl.Sent() {
		return
	}
	a := s.sasl.Attempt(detectors.Auth)
	t := s.begin(&a)
	if c := s.queue.Latest(saslAuth); c != nil {
		c.Ticket = t
	}
}
