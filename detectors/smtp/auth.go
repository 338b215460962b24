package smtp

import (
	"cleartap/detectors"
	"cleartap/detectors/outstanding"
	"cleartap/detectors/syntax"
)

// authReply takes a reply to AUTH: a challenge or the outcome.
func (s *session) authReply(code int, text []byte, r reply, cmd *outstanding.Command[verb]) {
	if code == 334 {
		s.challenged(text, cmd)
		return
	}
	if code/100 == 2 && code != 235 && r.lines > 1 { // of EHLO, which was missed
		return
	}
	if r.status == "" {
		r.status = status(code, text)
	}
	ticket, last, missed := cmd.Ticket, s.queue.Latest(auth) == cmd, s.queue.Lost() || cmd.Count == 0
	cancelled := last && s.sasl.Cancelled() && cmd.Count <= 1 // else the reply is about what came before the `*`
	if last {
		r.garbled = r.garbled || s.sasl.Cancelled()
		s.endSASL()
	}
	s.settled(cmd)
	// A server that offers AUTH only inside TLS calls it out of order before.
	r.insecure = r.insecure || code == 503 && s.offer.StartTLS && !s.offer.Auth && !s.authed && !s.queue.Lost()
	result, counts := outcome(code, r)
	switch {
	case result != detectors.Failure:
	case cancelled: // 501 by RFC 4954 section 4, but others are in use
		result = detectors.Aborted
	case code == 501 && missed: // the client may have cancelled
		result = detectors.Unknown
	}
	if ticket == 0 && counts && last && s.started {
		a := s.sasl.Attempt(detectors.Auth) // without a secret: worth counting only
		ticket = s.c.Begin(&a)
	}
	s.started = s.started && !last
	switch {
	case ticket == 0:
	case counts:
		s.c.Settle(ticket, result, r.status)
	default:
		s.c.Withdraw(ticket)
	}
	if result == detectors.Success && code/100 == 2 {
		s.authed = true
		if !s.offer.StartTLS && !s.queue.Waiting() {
			s.c.Done()
		}
	}
}

// challenged takes a challenge.
func (s *session) challenged(text []byte, cmd *outstanding.Command[verb]) {
	cmd.Count = max(cmd.Count, 1) - 1 // none is left: the client's turn
	if s.queue.Latest(auth) != cmd {  // an earlier exchange of a pipelined group
		return
	}
	s.sasl.Server(syntax.TrimLeft(text))
	if !s.inSASL && s.queue.Last() == cmd { // a command was taken for a response
		s.beginSASL()
	}
}

// settled takes the last reply to an AUTH. What the client sent as responses without waiting
// for it are commands to the server, which knows none of them.
func (s *session) settled(cmd *outstanding.Command[verb]) {
	if cmd.Count <= 1 || s.queue.Lost() {
		s.queue.Pop()
		return
	}
	cmd.Verb, cmd.Ticket = unknownVerb, 0
	cmd.Count--
}

// onlyAuth reports whether a code is one that no other command has.
func onlyAuth(code int) bool {
	switch code {
	case 235, 334, 432, 454, 525, 534, 535, 538:
		return true
	}
	return false
}
