// Package smtp follows SMTP and LMTP dialogues (RFC 5321, RFC 2033) for the logins
// in them (AUTH, RFC 4954). Its invariant: no byte of a message (DATA, BDAT) is ever
// read as a command, and a reply only ever decides the command that it answers.
package smtp

import (
	"net/netip"

	"cleartap/detectors"
	"cleartap/detectors/outstanding"
	"cleartap/detectors/sasl"
	"cleartap/reassembly"
)

// Protocol is SMTP: relay, submission, and LMTP, which reports under its own name.
var Protocol = detectors.Protocol{
	Name:  "smtp",
	Ports: []uint16{25, 587, 465, 2525, 26, lmtpPort},
	Claim: claim,
	New:   func() detectors.Session { return new(session) },
}

// lmtpPort is LMTP's by custom; RFC 2033 section 5 only forbids 25.
const lmtpPort = 24

// protocolName gives the name to report under.
func protocolName(lmtp bool) string {
	if lmtp {
		return "lmtp"
	}
	return "smtp"
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
	body     uint32 // Seq of the DATA whose message is being dropped, 0 if none
	accepted uint32 // recipients accepted so far: LMTP answers each (RFC 2033 section 4.2)

	started bool // the exchange of the last AUTH has no outcome yet
	inSASL  bool // lines of the client may be responses
	named   bool // the greeting names SMTP
	alien   bool // the client gave a command of another protocol
	spoken  bool // the client gave a command that only SMTP has
	lmtp    bool
	authed  bool // an AUTH succeeded

	reply     reply
	offer     detectors.Offer // in the reply that is being read, or the last one, to EHLO
	announced netip.AddrPort  // by an XCLIENT that waits for its reply
	size      uint64          // octets that an XEXCH50 announced
}

var _ detectors.Session = (*session)(nil)

// Start implements detectors.Session.
func (s *session) Start(c *detectors.Conversation) {
	s.c, s.dialogue = c, dialogue{}
	s.queue.Reset()
	s.sasl.Reset()
	s.sasl.Mark(c.Marks())
	if c.Flow().Server.Port() == lmtpPort {
		s.speaks(true)
	}
}

// Unit implements detectors.Session.
func (s *session) Unit(d reassembly.Dir, line []byte) {
	if d == reassembly.ToClient {
		s.server(line)
		return
	}
	if s.body != 0 { // only the dot is delivered
		s.body = 0
		return
	}
	s.client(line)
}

// Gap implements detectors.Session. A response that is missing ends what can be
// told of an exchange: what was sent before stays an attempt.
func (s *session) Gap(d reassembly.Dir) {
	s.queue.Lose()
	if d == reassembly.ToClient {
		s.reply = reply{}
		return
	}
	s.started = false
	if s.body == 0 {
		s.endSASL()
	}
}

// Close implements detectors.Session.
func (s *session) Close() {
	if s.alien && !s.spoken && !s.named {
		s.c.NotMine()
	}
	s.endSASL()
}

// beginSASL takes lines of the client for responses, unless they are commands beyond doubt.
func (s *session) beginSASL() {
	s.inSASL = true
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
