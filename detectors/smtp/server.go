package smtp

import (
	"net/netip"

	"cleartap/detectors"
	"cleartap/detectors/outstanding"
	"cleartap/detectors/sasl"
	"cleartap/detectors/syntax"
	"cleartap/reassembly"
)

// reply is a reply of the server, of one line or more (RFC 5321 section 4.2.1).
type reply struct {
	lines    int
	status   detectors.Reply
	insecure bool // its text says that TLS is needed
	garbled  bool // its text says that a response could not be decoded, or the client had given up
}

// server takes a line of the server.
func (s *session) server(line []byte) {
	code, more, text, ok := syntax.Code(line)
	if !ok {
		return
	}
	s.c.Greet(line)
	head := s.queue.Head()
	s.named = s.named || code == 220 && syntax.Contains(text, "SMTP")
	switch {
	case s.reply.lines > 0 || head == nil:
	case head.Verb == auth:
		s.reply.status = status(code, text)
	case head.Verb == ehlo:
		s.offer = detectors.Offer{Source: detectors.FromEHLO}
		s.sasl.ForgetOffer()
	}
	s.reply.lines++
	switch {
	case code == 250 && s.reply.lines > 1 && (head == nil || head.Verb == ehlo): // not EXPN's list of mailboxes
		s.keyword(text)
	case code >= 500 && head != nil && (head.Verb == auth || code == 530):
		s.reply.insecure = s.reply.insecure || detectors.NeedsTLS(text) || saysEncrypt(text)
		s.reply.garbled = s.reply.garbled || syntax.Contains(text, "CANNOT DECODE")
	}
	if more {
		return
	}
	r := s.reply
	s.reply = reply{}
	s.answer(code, text, r)
}

// saysEncrypt reports whether an enhanced code is one of those that RFC 5248 keeps for missing
// encryption: servers give them with other basic codes than their own, 523 and 538.
func saysEncrypt(text []byte) bool {
	word := firstWord(text)
	return string(word) == "5.7.10" || string(word) == "5.7.11"
}

// keyword takes a keyword of the reply to EHLO.
func (s *session) keyword(text []byte) {
	word, rest := syntax.Word(text)
	switch {
	case syntax.Fold(word, "STARTTLS"), syntax.Fold(word, "X-ANONYMOUSTLS"):
		s.offer.StartTLS = true
	case syntax.Fold(word, "AUTH"), syntax.Fold(word, "X-EXPS"):
		s.mechanisms(rest)
	case syntax.HasPrefix(word, "AUTH="): // old Microsoft's
		s.mechanisms(text[len("AUTH="):])
	case detectors.Masked(word):
		s.offer.Masked++
	}
}

// mechanisms takes those that AUTH lists.
func (s *session) mechanisms(list []byte) {
	l := s.c.Listed(s.offer.Source, list, sasl.List)
	s.offer.Auth = true
	s.offer.Mechanisms.Union(l.Offer.Mechanisms)
	s.sasl.Offered(l)
}

// offered takes the reply to EHLO or LHLO: a list of keywords, or a refusal to give one.
func (s *session) offered(code int) {
	switch {
	case s.authed, s.queue.Lost(): // a keyword that was missed is none that is not there
	case code == 250:
		if s.lmtp {
			s.offer.Source = detectors.FromLHLO
		}
		s.c.Offers(&s.offer)
	case code/100 == 5:
		s.c.Offers(&detectors.Offer{Source: detectors.FromEHLO, Refused: true})
	}
}

// answer takes a whole reply.
func (s *session) answer(code int, text []byte, r reply) {
	if code == 421 {
		r.status = status(code, text)
		s.shutdown(r)
		return
	}
	cmd := s.answered(code)
	if cmd == nil {
		if code == 354 {
			s.unasked()
		}
		return
	}
	if !s.c.Answers(cmd.Ticket) {
		return
	}
	if cmd.At != 0 && s.refused(code, cmd) {
		return
	}
	switch cmd.Verb {
	case auth:
		s.authReply(code, text, r, cmd)
	case data:
		s.dataReply(code, cmd)
	case xexch50:
		if code == 354 {
			s.c.Skip(reassembly.ToServer, s.size)
			return
		}
		s.queue.Answered()
	case message:
		s.leaveBody(cmd)
		s.queue.Answered()
	case bdatLast:
		s.lmtpReplies(cmd)
		s.queue.Answered()
	default:
		s.simple(code, text, cmd.Verb, r)
		s.queue.Answered()
	}
}

// simple takes the reply to a command that is done with one reply.
func (s *session) simple(code int, text []byte, v verb, r reply) {
	accepted := code/100 == 2
	if code == 530 && r.insecure {
		s.c.NeedsTLS()
	}
	switch v {
	case alien: // a server of SMTP does not know it
		if code/100 != 5 && !s.named && !s.spoken {
			s.c.NotMine()
		}
	case rcpt, vrfy:
		switch {
		case accepted && v == rcpt:
			s.accepted++
		case (code == 550 || code == 551 || code == 553) && !syntax.HasPrefix(text, "5.7."): // not refused whoever it is for
			s.c.Probed()
		}
	case startTLS:
		if code == 220 {
			s.c.Upgrade()
		} else {
			s.c.RefuseTLS()
		}
	case xclient:
		if accepted && s.announced.IsValid() {
			s.c.Proxied(s.announced)
		}
		s.announced = netip.AddrPort{}
	case ehlo:
		s.offered(code)
	}
	if accepted && (v == ehlo || v == helo || v == mail || v == rset) { // a refused one changes nothing
		s.accepted = 0
	}
}

// answered finds the command that a reply answers. Where replies and commands are
// out of step, codes that only one command can have put them in step again, and
// others are kept away from AUTH.
func (s *session) answered(code int) *outstanding.Command[verb] {
	if s.queue.Lost() && !s.queue.Alone() {
		return nil
	}
	switch code {
	case 334, 235:
		return s.queue.Seek(auth)
	case 354:
		if h := s.queue.Head(); h != nil && h.Verb == xexch50 {
			return h
		}
		return s.queue.Seek(data)
	case 220: // the greeting, but for these two
		if h := s.queue.Head(); h == nil || h.Verb != startTLS && h.Verb != xclient {
			return nil
		}
	case 432, 454, 534, 535, 538:
		if s.queue.Lost() && s.queue.Latest(auth) != nil {
			return s.queue.Seek(auth)
		}
	}
	h := s.queue.Head()
	if h != nil && h.Verb == auth && code == 530 && s.queue.Lost() && s.queue.Len() > 1 { // any of the group's
		s.queue.Pop()
		return nil
	}
	for h != nil && h.Verb == auth && code/100 == 2 && (s.queue.Lost() || s.queue.Len() > 1) {
		if s.queue.Len() == 1 { // of a command that was missed
			return nil
		}
		s.queue.Lose() // the reply to AUTH was missed
		s.queue.Pop()
		h = s.queue.Head()
	}
	if h != nil && h.Verb == auth && h.Blind && s.queue.Lost() && !onlyAuth(code) { // perhaps another's of its group
		return nil
	}
	return h
}

// dataReply takes the reply to DATA: 354, or a refusal after which commands go on.
func (s *session) dataReply(code int, cmd *outstanding.Command[verb]) {
	if code == 354 {
		s.c.MailSent()
		cmd.Verb = message
		s.lmtpReplies(cmd)
		return
	}
	s.leaveBody(cmd)
	s.queue.Answered()
}

// leaveBody goes back to commands: the server has answered the message, so it has
// seen the end of it, whatever that looked like. A message that the client began
// since goes on.
func (s *session) leaveBody(cmd *outstanding.Command[verb]) {
	if s.body != 0 && s.body == cmd.Seq {
		s.body = 0
		s.c.Lines(reassembly.ToServer)
	}
}

// lmtpReplies makes a message wait for one reply a recipient (RFC 2033 section 4.2).
func (s *session) lmtpReplies(cmd *outstanding.Command[verb]) {
	if s.lmtp && s.accepted > 1 {
		cmd.Count = s.accepted
	}
	s.accepted = 0
}

// shutdown takes 421, which may come at any time (RFC 5321 section 3.8).
func (s *session) shutdown(r reply) {
	for h := s.queue.Head(); h != nil; h = s.queue.Head() {
		if h.Ticket != 0 {
			s.c.Settle(h.Ticket, detectors.Aborted, r.status)
		}
		s.queue.Pop()
	}
	s.endSASL()
}
