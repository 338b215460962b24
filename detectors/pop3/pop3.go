// Package pop3 follows POP3 dialogues (RFC 1939) for the logins in them: USER and
// PASS, APOP, and AUTH (RFC 5034). Its invariant: no line of a message or of a list
// is ever read as a reply, and a reply only ever decides the command that it
// answers, in the order of the commands.
package pop3

import (
	"net/netip"

	"cleartap/detectors"
	"cleartap/detectors/outstanding"
	"cleartap/detectors/sasl"
	"cleartap/reassembly"
)

// Protocol is POP3.
var Protocol = detectors.Protocol{
	Name:  "pop3",
	Ports: []uint16{110, 995},
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

// dialogue is what is known of the dialogue at hand. What each line needs stands first.
type dialogue struct {
	greeting greeting
	holed    bool   // bytes were missing since the last command
	blind    bool   // the order of replies is lost, until the client waits for one
	inBody   bool   // the server sends a message or a list that is dropped
	ack      uint32 // what the client had of the server at its last command, or the server had said at a hole
	spoke    bool   // ack is known
	owed     int    // replies to commands that are not remembered
	inSASL   bool   // lines of the client may be responses
	started  bool   // the exchange of the last AUTH has no outcome yet
	asked    bool   // the server sent a challenge in it, or may have
	ahead    int    // responses in it without an initial one
	named    bool   // the server refused the last USER, and PASS has not come
	in       verb   // capa or authList: lines of the server are its list
	user     string // of the last USER
	offer    detectors.Offer

	announced netip.AddrPort // by an XCLIENT that waits for its reply
}

// greeting is what is known of the server's first line.
type greeting uint8

const (
	awaited   greeting = iota
	missed             // the flow's beginning is not in the capture
	stamped            // it had a timestamp, as APOP needs it
	unstamped          // it had none
)

var (
	_ detectors.Session = (*session)(nil)
	_ detectors.Resumer = (*session)(nil)
)

// Start implements detectors.Session.
func (s *session) Start(c *detectors.Conversation) {
	s.c, s.dialogue = c, dialogue{}
	s.queue.Reset()
	s.sasl.Reset()
	s.sasl.Mark(c.Marks())
	if c.Flow().Midstream {
		s.greeting = missed
	}
}

// Unit implements detectors.Session.
func (s *session) Unit(d reassembly.Dir, line []byte) {
	if d == reassembly.ToClient {
		s.server(line)
	} else {
		s.client(line)
	}
}

// Resume implements detectors.Resumer. After a hole, only what is a command or a
// reply beyond doubt is taken for one.
func (s *session) Resume(d reassembly.Dir, line []byte) bool {
	if d == reassembly.ToClient {
		_, ok := statusOf(line)
		return ok
	}
	word, arg := cut(line)
	switch lookup(word) {
	case user, pass, apop, auth:
		return len(arg) > 0
	case capa, stls, quit:
		return len(arg) == 0
	}
	return false
}

// Close implements detectors.Session.
func (s *session) Close() { s.endSASL() }

// startSASL begins an exchange.
func (s *session) startSASL(mech []byte) {
	s.sasl.Start(mech)
	s.inSASL, s.started, s.asked, s.ahead = true, true, false, 0
	s.c.Long(reassembly.ToServer, true)
	s.c.Long(reassembly.ToClient, true)
}

// endSASL goes back to commands.
func (s *session) endSASL() {
	if s.inSASL {
		s.inSASL = false
		s.c.Long(reassembly.ToServer, false)
		s.c.Long(reassembly.ToClient, false)
	}
}
