package smtp

import "cleartap/detectors/outstanding"

// refused takes the reply to a command behind which a message follows. Where there is none
// after all, what was taken for it is read as commands, as the server reads it: 354 did not
// come, or BDAT was not understood (500, 501, 502). Any other refusal of BDAT drops its
// octets (RFC 3030 section 2).
func (s *session) refused(code int, cmd *outstanding.Command[verb]) bool {
	at := cmd.At
	cmd.At = 0
	if cmd.Verb == data && code == 354 || cmd.Verb != data && (code < 500 || code > 502) {
		if !s.queue.Placed() {
			s.c.Forget()
		}
		return false
	}
	for s.queue.Len() > 1 {
		if t := s.queue.Last().Ticket; t != 0 {
			s.c.Withdraw(t)
		}
		s.queue.DropLast()
	}
	s.queue.Answered()
	s.endSASL()
	s.started, s.body = false, 0
	if !s.c.Reread(at) {
		s.queue.Lose()
	}
	return true
}
