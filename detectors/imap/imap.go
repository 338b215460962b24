// Package imap follows IMAP dialogues (RFC 3501, RFC 9051) for the logins in them:
// LOGIN and AUTHENTICATE. Its invariant: the octets of a literal are never read as
// a command, and a tagged reply only ever decides the command with its tag.
package imap

import (
	"cleartap/detectors"
	"cleartap/detectors/sasl"
	"cleartap/detectors/syntax"
	"cleartap/reassembly"
)

// Protocol is IMAP4rev1 and IMAP4rev2.
var Protocol = detectors.Protocol{
	Name:  "imap",
	Ports: []uint16{143, 993},
	Claim: claim,
	New:   func() detectors.Session { return new(session) },
}

// state is what the client's next unit is.
type state uint8

const (
	atCommand state = iota // tag, verb, arguments
	inLogin                // more arguments of LOGIN
	inSASL                 // responses, without a tag
	inIdle                 // DONE (RFC 2177)
	inOther                // more of a command that does not matter
)

// session is one dialogue.
type session struct {
	c *detectors.Conversation
	dialogue
	commands commands
	sasl     sasl.Exchange
}

// dialogue is what is known of the dialogue at hand.
type dialogue struct {
	current  uint32 // seq of the command that state belongs to
	exchange uint32 // seq of the AUTHENTICATE that sasl follows, 0 if bytes of it were missed
	state    state

	inResponse    bool // the server's next line goes on behind a literal
	loginDisabled bool // LOGINDISABLED was offered (RFC 9051 section 6.2.3)
	unauth        bool // UNAUTHENTICATE was offered (RFC 8437)
	compressed    bool // COMPRESS=DEFLATE is on (RFC 4978)
	sealed        bool // COMPRESS or UNAUTHENTICATE came before: other tools do not look here
	authed        bool // a login succeeded: what is offered from now on is not what is offered before it
	warned        bool // an untagged reply said that the connection is not secure

	literal literal
	login   login
}

var _ detectors.Session = (*session)(nil)

// Start implements detectors.Session.
func (s *session) Start(c *detectors.Conversation) {
	s.c, s.dialogue = c, dialogue{}
	s.commands.reset()
	s.commands.lost = c.Flow().Midstream
	s.sasl.Reset()
	s.sasl.Mark(c.Marks())
}

// Unit implements detectors.Session.
func (s *session) Unit(d reassembly.Dir, unit []byte) {
	switch {
	case d == reassembly.ToClient:
		s.server(unit)
	case s.literal.open:
		s.commands.stray = true
		s.literalDone(unit)
	default:
		s.client(unit)
	}
}

// Gap implements detectors.Session. What was sent in part is no attempt.
func (s *session) Gap(d reassembly.Dir) {
	s.commands.lost = true
	if d == reassembly.ToClient {
		s.inResponse = false
		return
	}
	s.exchange = 0
	s.toCommand()
}

// Close implements detectors.Session.
func (s *session) Close() { s.toCommand() }

// toCommand says that the client's next unit is a command.
func (s *session) toCommand() {
	if s.state == inSASL {
		s.c.Long(reassembly.ToServer, false)
		s.c.Long(reassembly.ToClient, false)
	}
	s.state, s.current = atCommand, 0
	s.literal.forget()
	s.login = login{}
}

// client takes a line of the client.
func (s *session) client(line []byte) {
	if s.literal.guessed && s.literalRefuted(line) {
		return
	}
	if s.literal.wanted && s.unasked(line) {
		return
	}
	switch s.state {
	case inLogin:
		s.loginArgs(line)
		return
	case inSASL:
		if !isCommand(line) {
			s.commands.stray = true
			s.saslLine(line)
			return
		}
		s.toCommand()
	case inIdle:
		s.commands.stray = true
		if syntax.Fold(syntax.TrimRight(line), "DONE") {
			s.toCommand()
			return
		}
		if !isCommand(line) {
			return
		}
		s.toCommand()
	case inOther:
		s.other(line)
		return
	}
	s.command(line)
}

// command takes a command from its tag on.
func (s *session) command(line []byte) {
	tag, rest := syntax.Word(line)
	word, args := syntax.Word(rest)
	if len(word) == 0 {
		s.commands.stray = s.commands.stray || len(tag) > 0
		return
	}
	v := lookup(word)
	s.current = s.commands.push(tag, v)
	if v == startTLS {
		s.c.AskTLS(false)
	}
	switch v {
	case loginVerb:
		s.state = inLogin
		s.loginArgs(args)
	case authenticate:
		s.authenticate(args)
	case idle:
		s.state = inIdle
	default:
		s.other(args)
	}
}

// other takes (more of) a command that does not matter, for its literals.
func (s *session) other(line []byte) {
	if _, l, ok := syntax.Announced(line); ok {
		s.state = inOther
		s.announce(l)
		return
	}
	s.toCommand()
}

// authenticate takes the arguments of AUTHENTICATE: a mechanism and perhaps an
// initial response (RFC 9051 section 6.2.2).
func (s *session) authenticate(args []byte) {
	mech, response := syntax.Word(args)
	if len(mech) == 0 {
		s.toCommand()
		return
	}
	if n := len(mech); n > 2 && mech[0] == '"' && mech[n-1] == '"' {
		mech = mech[1 : n-1]
	}
	s.sasl.Start(mech)
	s.exchange = s.current
	s.state = inSASL
	s.c.Long(reassembly.ToServer, true)
	s.c.Long(reassembly.ToClient, true)
	if response = syntax.TrimRight(response); len(response) > 0 {
		s.saslLine(response)
	}
}

// saslLine takes a line of the client in a SASL exchange. A response is never a
// literal (RFC 9051 section 6.2.2), but what a client sends as one was sent as well.
func (s *session) saslLine(line []byte) {
	if s.literal.tail { // the end of the line that held a literal
		s.literal.tail = false
		return
	}
	if _, l, ok := syntax.Announced(line); ok {
		s.announce(l)
		return
	}
	s.respond(line)
}

// respond takes a response of the client in a SASL exchange.
func (s *session) respond(p []byte) {
	sent := s.sasl.Sent()
	s.sasl.Client(p)
	if s.sasl.Cancelled() {
		s.cancel()
		return
	}
	if !sent && s.sasl.Sent() {
		a := s.sasl.Attempt(detectors.Authenticate)
		s.begin(&a)
	}
}

// cancel takes the client's `*`: what the server says to it is no verdict on what
// was sent before.
func (s *session) cancel() {
	if c := s.commands.find(s.current); c != nil {
		c.cancelled = true
	}
	s.toCommand()
}

// begin notes an attempt for the current command.
func (s *session) begin(a *detectors.Attempt) {
	a.Sealed = s.sealed
	t := s.c.Begin(a)
	s.warned = false
	if c := s.commands.find(s.current); c != nil {
		c.ticket = t
	}
}
