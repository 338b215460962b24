// Package managesieve follows ManageSieve dialogues (RFC 5804) for the logins in
// them. Its invariant: the octets of a literal, of either side, are never read as a
// line.
package managesieve

import (
	"cleartap/detectors"
	"cleartap/detectors/outstanding"
	"cleartap/detectors/sasl"
	"cleartap/detectors/syntax"
	"cleartap/reassembly"
)

// Protocol is ManageSieve. Port 2000 is from before it had one.
var Protocol = detectors.Protocol{
	Name:  "managesieve",
	Ports: []uint16{4190, 2000},
	Claim: claim,
	New:   func() detectors.Session { return new(session) },
}

// state is what the client's next unit is.
type state uint8

const (
	atCommand state = iota
	inAuth          // arguments of AUTHENTICATE
	inSASL          // responses, each a string
	inOther         // more of a command that does not matter
)

// session is one dialogue.
type session struct {
	c *detectors.Conversation
	dialogue
	queue outstanding.Queue[verb]
	sasl  sasl.Exchange
}

// dialogue is what is known of the dialogue at hand.
type dialogue struct {
	offer detectors.Offer // in the list that is being read
	held  verdict         // a reply whose text is a literal that is still to come

	state     state
	args      int  // of AUTHENTICATE, so far
	literal   bool // the client's next unit holds the octets of a literal
	tail      bool // the client's next line ends the one that held a literal
	challenge bool // the server's next unit is a challenge that is a literal
	behind    bool // the server's next line goes on behind a literal
	greeted   bool // the OK of the greeting, which answers no command, was seen
	started   bool // the exchange has no outcome yet, and nothing of it was missed
	cancelled bool
	unauth    bool // UNAUTHENTICATE was offered (RFC 5804 section 2.14.1)
	sealed    bool // another login came before it in this connection
	authed    bool
	listed    bool // a capability of a list came
	lost      bool // bytes of the server were missing: a list may be short of something
}

var _ detectors.Session = (*session)(nil)

// Start implements detectors.Session.
func (s *session) Start(c *detectors.Conversation) {
	s.c, s.dialogue = c, dialogue{greeted: c.Flow().Midstream}
	s.queue.Reset()
	s.sasl.Reset()
	s.sasl.Mark(c.Marks())
	if c.Flow().Midstream { // the client's first lines may be responses
		s.queue.Lose()
	}
}

// Unit implements detectors.Session.
func (s *session) Unit(d reassembly.Dir, unit []byte) {
	switch {
	case d == reassembly.ToClient:
		s.server(unit)
	case s.literal:
		s.literal, s.tail = false, true
		s.str(unit)
	default:
		s.client(unit)
	}
}

// Gap implements detectors.Session.
func (s *session) Gap(d reassembly.Dir) {
	s.queue.Lose()
	if d == reassembly.ToClient {
		s.greeted, s.behind, s.challenge, s.held = true, false, false, verdict{}
		s.offer, s.lost = detectors.Offer{}, true
		return
	}
	s.started = false
	s.toCommand()
}

// Close implements detectors.Session.
func (s *session) Close() { s.toCommand() }

// toCommand says that the client's next line is a command.
func (s *session) toCommand() {
	if s.state == inSASL {
		s.c.Long(reassembly.ToServer, false)
		s.c.Long(reassembly.ToClient, false)
	}
	s.state, s.args, s.literal, s.tail = atCommand, 0, false, false
}

// client takes a line of the client.
func (s *session) client(line []byte) {
	switch s.state {
	case inAuth:
		s.tail = false
		s.authArgs(line)
		return
	case inSASL:
		if s.tail {
			s.tail = false
			return
		}
		if !interrupts(line) {
			s.strings(line)
			return
		}
		s.toCommand()
	case inOther:
		s.other(line)
		return
	}
	s.command(line)
}

// command takes a command from its verb on.
func (s *session) command(line []byte) {
	word, args := syntax.Word(line)
	if len(word) == 0 {
		return
	}
	v := lookup(word)
	s.queue.Push(v).Ack = s.c.Mark().Ack
	if v == startTLS {
		s.c.AskTLS(false)
	}
	if v == authenticate {
		s.state, s.args = inAuth, 0
		s.started, s.cancelled = false, false
		s.authArgs(args)
		return
	}
	s.other(args)
}

// other takes (more of) a command that does not matter, for its literals. They
// follow at once, also those of clients older than RFC 5804, which lack the plus.
func (s *session) other(line []byte) {
	if _, l, ok := syntax.Announced(line); ok {
		s.state = inOther
		s.c.Skip(reassembly.ToServer, l.N)
		return
	}
	s.toCommand()
}

// authArgs takes (more of) the arguments of AUTHENTICATE: a mechanism and perhaps
// an initial response, each a string.
func (s *session) authArgs(line []byte) {
	if s.strings(line) {
		return
	}
	if s.args == 0 {
		s.toCommand()
		return
	}
	s.state = inSASL
}

// strings takes the strings of a line. It reports whether the last one is a literal
// that comes next.
func (s *session) strings(line []byte) (pending bool) {
	for line = syntax.TrimLeft(line); len(line) > 0; line = syntax.TrimLeft(line) {
		if head, l, ok := syntax.Announced(line); ok && len(head) == 0 {
			s.literal = true
			s.c.Literal(reassembly.ToServer, l.N)
			return true
		}
		var text []byte
		text, line = cutString(line)
		s.str(text)
	}
	return false
}

// str takes one string of AUTHENTICATE, or of a response.
func (s *session) str(p []byte) {
	if s.state == inSASL {
		s.respond(p)
		return
	}
	s.args++
	switch {
	case s.args == 2 && len(p) == 0: // an initial response that is empty is no name of LOGIN's
	case s.args == 1:
		s.sasl.Start(p)
		s.started = true
		s.c.Long(reassembly.ToServer, true)
		s.c.Long(reassembly.ToClient, true)
	default: // more than one: what a client sends was sent
		s.respond(p)
	}
}

// respond takes a response of the client in a SASL exchange.
func (s *session) respond(p []byte) {
	sent := s.sasl.Sent()
	s.sasl.Client(p)
	if s.sasl.Cancelled() {
		s.cancelled = true
		s.state = inSASL
		s.toCommand()
		return
	}
	if sent || !s.sasl.Sent() {
		return
	}
	t := s.begin()
	if c := s.queue.Latest(authenticate); c != nil {
		c.Ticket = t
	}
}

// begin notes what the exchange tells as an attempt.
func (s *session) begin() detectors.Ticket {
	a := s.sasl.Attempt(detectors.Authenticate)
	a.Sealed = s.sealed
	return s.c.Begin(&a)
}
