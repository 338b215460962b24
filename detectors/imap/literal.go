package imap

import (
	"bytes"

	"cleartap/detectors/syntax"
	"cleartap/reassembly"
)

// mostHeld is the longest literal that is kept until the line behind it shows
// that it was one.
const mostHeld = 64

// literal is a literal of the client, announced and not yet behind.
type literal struct {
	size    uint64
	wanted  bool // announced; its octets come when the server agrees (RFC 9051 section 4.3)
	open    bool // the next unit holds its octets
	guessed bool // opened without having seen the server agree; held is what came
	tail    bool // the rest of its line is still to come, and does not matter
	lost    bool // held does not hold all of it
	n       int
	held    [mostHeld]byte
}

func (l *literal) forget() {
	clear(l.held[:l.n])
	*l = literal{}
}

// announce takes the announcement of a literal. A synchronising one waits for the
// server's consent, where the server is in the capture: if it refuses, the octets
// never come.
func (s *session) announce(l syntax.Literal) {
	s.literal.forget()
	s.literal.size = l.N
	if l.Sync && s.c.Seen(reassembly.ToClient) {
		s.literal.wanted = true
		return
	}
	s.openLiteral()
	s.literal.guessed = l.Sync
}

// openLiteral says that the literal's octets come next. Those of a login are
// looked at, all others are dropped.
func (s *session) openLiteral() {
	s.literal.wanted = false
	if s.state == inOther {
		s.c.Skip(reassembly.ToServer, s.literal.size)
		return
	}
	s.literal.open = true
	s.c.Literal(reassembly.ToServer, s.literal.size)
}

// literalDone takes the octets of a literal.
func (s *session) literalDone(p []byte) {
	s.literal.open = false
	if s.literal.guessed {
		s.literal.n = copy(s.literal.held[:], p)
		s.literal.lost = s.literal.n < len(p) || s.c.Truncated()
		return
	}
	s.useLiteral(p)
}

// useLiteral takes the octets of a literal that certainly was one.
func (s *session) useLiteral(p []byte) {
	if s.state == inSASL {
		s.literal.tail = true
		s.respond(p)
		return
	}
	s.loginLiteral(p)
}

// literalRefuted looks at the line behind a literal that was taken without having
// seen the server agree: it must go on with a space or be at its end. If not, the
// server refused, and what was taken was the beginning of other commands.
func (s *session) literalRefuted(line []byte) bool {
	l := s.literal
	s.literal.forget()
	defer clear(l.held[:])
	if s.state == inOther {
		return false
	}
	if len(line) == 0 || line[0] == ' ' {
		s.literal.size = l.size
		s.useLiteral(l.held[:l.n])
		return false
	}
	s.toCommand()
	if l.lost {
		return true
	}
	var buf [mostHeld + 512]byte
	all := append(buf[:0], l.held[:l.n]...)
	all = append(all, line[:min(len(line), 512)]...)
	for _, part := range bytes.Split(all, []byte{'\n'}) {
		s.client(bytes.TrimSuffix(part, []byte{'\r'}))
	}
	clear(buf[:])
	return true
}

// unasked takes a line that came while the server's consent to a literal was
// awaited. Either the consent was missed, and it is the literal, or the client
// went on after a refusal that was missed.
func (s *session) unasked(line []byte) bool {
	if isCommand(line) && !s.heard() {
		s.toCommand()
		return false
	}
	s.commands.stray = true
	size := s.literal.size
	s.literal.wanted = false
	if size > uint64(len(line)) { // it has line ends in it
		s.literal.tail = s.state == inSASL
		if s.state == inLogin {
			s.loginLiteral(nil)
		}
		if more := size - uint64(len(line)); more > 2 {
			s.c.Skip(reassembly.ToServer, more-2)
		}
		return true
	}
	if s.state != inOther {
		s.useLiteral(line[:size])
	}
	s.client(line[size:])
	return true
}

// heard reports whether the client has had more of the server than the capture shows so
// far: the consent is in a hole, or behind one.
func (s *session) heard() bool {
	return s.c.Seen(reassembly.ToClient) && int32(s.c.Mark().Ack-s.c.Next(reassembly.ToClient)) > 0
}
