// Package nntp follows NNTP dialogues (RFC 3977) for the logins in them (AUTHINFO,
// RFC 4643). Its invariant: no line of an article, of either side, is ever read as
// a command or a reply.
package nntp

import (
	"cleartap/detectors"
	"cleartap/detectors/outstanding"
	"cleartap/detectors/sasl"
	"cleartap/detectors/syntax"
	"cleartap/reassembly"
)

// Protocol is NNTP. Port 433 is for feeds between servers.
var Protocol = detectors.Protocol{
	Name:  "nntp",
	Ports: []uint16{119, 563, 433},
	Claim: claim,
	New:   func() detectors.Session { return new(session) },
}

// session is one dialogue.
type session struct {
	c *detectors.Conversation
	dialogue
	queue outstanding.Queue[verb]
	sasl  sasl.Exchange
}

// dialogue is what is known of the dialogue at hand.
type dialogue struct {
	user  string // of the last AUTHINFO USER
	offer detectors.Offer

	body     uint32 // Seq of the command whose article is being dropped, 0 if none
	posting  uint32 // the same of one whose article begins with the client's next line, unless that is a command
	inSASL   bool   // lines of the client may be responses
	inSimple bool   // the client's next line is a name and a password (AUTHINFO SIMPLE)
	started  bool   // the last exchange has no outcome yet, and nothing of it was missed
	named    bool   // the server asked for the password of user
	listing  bool   // lines of the server are its capabilities
	authed   bool
	sealed   bool // COMPRESS came before: other tools do not look here
}

var _ detectors.Session = (*session)(nil)

// Start implements detectors.Session.
func (s *session) Start(c *detectors.Conversation) {
	s.c, s.dialogue = c, dialogue{}
	s.queue.Reset()
	s.sasl.Reset()
	s.sasl.Mark(c.Marks())
}

// Unit implements detectors.Session.
func (s *session) Unit(d reassembly.Dir, line []byte) {
	switch {
	case d == reassembly.ToClient:
		s.server(line)
	case s.body != 0: // only the dot is delivered
		s.body = 0
	default:
		s.client(line)
	}
}

// Gap implements detectors.Session.
func (s *session) Gap(d reassembly.Dir) {
	s.queue.Lose()
	s.listing = false
	if d == reassembly.ToClient {
		s.textMissed()
		return
	}
	s.user, s.named = "", true // whoever the next password is of, and whether or not the server asked for it
	if s.body != 0 {
		return
	}
	if s.posting != 0 {
		s.article(s.posting)
		return
	}
	s.started, s.inSimple = false, false
	s.endSASL()
}

// Close implements detectors.Session.
func (s *session) Close() { s.endSASL() }

// endSASL goes back to commands.
func (s *session) endSASL() {
	if s.inSASL {
		s.inSASL = false
		s.c.Long(reassembly.ToServer, false)
		s.c.Long(reassembly.ToClient, false)
	}
}

// client takes a line of the client.
func (s *session) client(line []byte) {
	word, rest := syntax.Word(line)
	v := lookup(word)
	if seq := s.posting; seq != 0 {
		s.posting = 0
		if v == unknownVerb { // the first line of an article is a header, with a colon
			if string(line) != "." {
				s.article(seq)
			}
			return
		}
	}
	if s.inSASL {
		if v == unknownVerb {
			s.respond(line)
			return
		}
		s.endSASL()
	}
	if s.inSimple {
		s.inSimple = false
		if v == unknownVerb {
			s.simple(word, rest)
			return
		}
	}
	switch v {
	case authinfo:
		s.authinfo(rest)
	case post, ihave, takeThis:
		// At once, not when the server agrees: a client that does not wait for that
		// sends the article now.
		c := s.queue.Push(v)
		if v != takeThis && !s.c.Seen(reassembly.ToClient) { // it may have been refused, unseen
			s.posting = c.Seq
			return
		}
		s.article(c.Seq)
	case startTLS:
		s.queue.Push(v)
		s.c.AskTLS(false)
	case capabilities:
		s.queue.Push(v)
	default:
		s.queue.Again(v)
	}
}

// article says that an article of the client comes next, and which command it is of.
func (s *session) article(seq uint32) {
	s.posting, s.body = 0, seq
	s.c.Body(reassembly.ToServer)
}
