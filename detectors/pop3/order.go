package pop3

import (
	"cleartap/detectors/outstanding"
	"cleartap/reassembly"
)

// Gap implements detectors.Session. Nobody knows which commands or replies are
// missing. Of a client that waits for each reply two things hold: after missing
// replies, the next one answers the newest command; and when a command follows the
// hole, those before it have been answered. What a client acknowledged when it sent
// a command tells whether it waits; if not, nothing is told of what may be out of step.
func (s *session) Gap(d reassembly.Dir) {
	inList := s.in != unknownVerb || s.inBody || s.greeting == awaited
	if s.greeting == awaited {
		s.greeting = missed
	}
	s.holed, s.asked, s.owed, s.in = true, true, 0, unknownVerb
	if d == reassembly.ToServer {
		s.user, s.started = "", false
		s.endSASL() // the next response may be a password in a name's place
		if s.queue.Len() == 0 && s.c.Seen(reassembly.ToClient) {
			s.ack, s.spoke = s.c.Next(reassembly.ToClient), true
		}
		return
	}
	s.replyMissed(inList)
}

// replyMissed finds out what the next reply answers, after some were missed. Of two
// commands sent at once at least one was answered in the hole, unless the hole is in
// a list, or the greeting, that came before.
func (s *session) replyMissed(inList bool) {
	waits := s.queue.InTurn()
	if head := s.queue.Head(); !waits && (inList || s.queue.Len() > 2 || head.Verb == auth) {
		s.queue.Reset() // what was tried stays without an outcome
		s.started = false
		return
	}
	for s.queue.Len() > 1 {
		s.queue.Pop()
	}
}

// push adds a command to those that wait for a reply. When there are too many,
// the oldest ones are counted only.
func (s *session) push(v verb) *outstanding.Command[verb] {
	ack := s.c.Mark().Ack
	if waited := !s.spoke || int32(ack-s.ack) > 0; (s.holed || s.blind) && waited {
		s.queue.Reset()
		s.blind = false
	} else if s.holed {
		s.blind = true // commands that were missed may have no reply yet
	}
	s.holed, s.spoke, s.ack = false, true, ack
	if s.queue.Len() == outstanding.Most {
		s.owed++
	}
	c := s.queue.Push(v)
	c.Ack, c.Blind = ack, s.blind
	return c
}
