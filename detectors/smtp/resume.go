package smtp

import (
	"cleartap/detectors"
	"cleartap/detectors/syntax"
	"cleartap/reassembly"
)

var _ detectors.Resumer = (*session)(nil)

// Resume implements detectors.Resumer. After a hole, only what is a reply or a command
// beyond doubt is taken for one: as a rule whole segments are missing.
func (s *session) Resume(d reassembly.Dir, line []byte) bool {
	if d == reassembly.ToClient {
		_, _, _, ok := syntax.Code(line)
		return ok
	}
	word, rest := syntax.Word(line)
	switch lookup(word) {
	case auth:
		mech, _ := syntax.Word(rest)
		return detectors.MechanismNamed(mech) != detectors.MechUnknown
	case ehlo, helo, mail, rcpt, data, startTLS:
		return interrupts(line)
	}
	return false
}

// unasked takes a 354 that no DATA waits for: the command was missed, and what the client
// sends from here on is a message.
func (s *session) unasked() {
	if s.body != 0 {
		return
	}
	c := s.queue.Push(message)
	s.body = c.Seq
	s.c.Body(reassembly.ToServer)
	s.c.MailSent()
	s.lmtpReplies(c)
}
