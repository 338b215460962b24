package managesieve

import (
	"cleartap/detectors"
	"cleartap/detectors/sasl"
	"cleartap/detectors/syntax"
	"cleartap/reassembly"
)

// verdict is a reply of the server: OK, NO or BYE, a code and a text (RFC 5804
// section 1.2).
type verdict struct {
	kind     kind
	code     *code
	insecure bool // its text says that TLS is needed
}

// server takes a line of the server, or the literal that was asked for.
func (s *session) server(p []byte) {
	switch {
	case s.held.kind != none:
		v := s.held
		s.held, s.behind = verdict{}, true
		v.insecure = v.insecure || detectors.NeedsTLS(p)
		s.answer(v)
	case s.challenge:
		s.challenge, s.behind = false, true
		s.sasl.Server(p)
	case s.behind:
		s.data(p)
	case len(p) > 0 && (p[0] == '"' || p[0] == '{'):
		s.line(p)
	default:
		s.reply(p)
	}
}

// line takes a line that begins with a string: a challenge, a capability or data.
func (s *session) line(p []byte) {
	if h := s.queue.Head(); h != nil && h.Verb == authenticate && s.state == inSASL {
		if head, l, ok := syntax.Announced(p); ok && len(head) == 0 {
			s.challenge = true
			s.c.Literal(reassembly.ToClient, l.N)
			return
		}
		text, _ := cutString(p)
		s.sasl.Server(text)
		return
	}
	if p[0] == '"' {
		s.c.Greet(p)
		name, rest := cutString(p)
		s.capability(name, rest)
	}
	s.data(p)
}

// data takes (more of) a line for the literal at its end.
func (s *session) data(p []byte) {
	_, l, ok := syntax.Announced(p)
	s.behind = ok
	if ok {
		s.c.Skip(reassembly.ToClient, l.N)
	}
}

func (s *session) capability(name, value []byte) {
	switch {
	case syntax.Fold(name, "UNAUTHENTICATE"):
		s.unauth = true
	case syntax.Fold(name, "SASL"):
		list, _ := cutString(syntax.TrimLeft(value))
		l := sasl.List(list)
		s.sasl.ForgetOffer()
		s.sasl.Offered(&l)
		s.offer.Auth = true
		s.offer.Mechanisms.Union(l.Offer.Mechanisms)
	case syntax.Fold(name, "STARTTLS"):
		s.offer.StartTLS = true
	case syntax.Fold(name, "IMPLEMENTATION"):
		s.c.Says(detectors.FromCapability, value)
	case detectors.Masked(name):
		s.offer.Masked++
	}
	s.listed = true
}

// offered takes the end of a list of capabilities (RFC 5804 section 1.7).
func (s *session) offered() {
	if s.listed && !s.lost && !s.authed {
		s.offer.Source = detectors.FromCapability
		s.c.Offers(&s.offer)
	}
	s.offer, s.listed = detectors.Offer{}, false
}

// reply takes a line with a reply.
func (s *session) reply(p []byte) {
	word, rest := syntax.Word(p)
	v := verdict{kind: kindOf(word)}
	if v.kind == none {
		return
	}
	if v.kind == okay {
		s.offered()
	}
	if !s.greeted {
		s.greeted = true
		s.data(p)
		return
	}
	v.code, rest = codeOf(rest)
	if head, l, ok := syntax.Announced(rest); ok {
		v.insecure = detectors.NeedsTLS(head)
		s.held = v
		s.c.Literal(reassembly.ToClient, l.N)
		return
	}
	v.insecure = v.kind != okay && detectors.NeedsTLS(rest)
	s.answer(v)
}

// answer takes a whole reply.
func (s *session) answer(v verdict) {
	if v.kind == bye {
		s.shutdown(v)
		return
	}
	if s.queue.Lost() && s.queue.Len() > 1 {
		s.catchUp()
	}
	h := s.queue.Head()
	if h == nil {
		return
	}
	cmd := *h
	if !s.c.Answers(cmd.Ticket) {
		return
	}
	switch cmd.Verb {
	case authenticate:
		s.authReply(v, cmd.Ticket, s.queue.Latest(authenticate) == h)
	case startTLS:
		if v.kind == okay {
			s.c.Upgrade()
		} else {
			s.c.RefuseTLS()
		}
	case unauthenticate:
		s.sealed = s.sealed || v.kind == okay
	}
	s.queue.Answered()
	if cmd.Verb == authenticate && v.kind == okay && !s.unauth && !s.queue.Waiting() {
		s.c.Done()
	}
}

// catchUp finds the command that a reply answers after something was missed: the newest
// one, if the client waits for replies, else nobody knows which.
func (s *session) catchUp() {
	if !s.queue.InTurn() {
		s.queue.Reset()
		s.queue.Lose()
	}
	for s.queue.Len() > 1 {
		s.queue.Pop()
	}
}

// authReply takes the outcome of AUTHENTICATE. last says that no later one waits.
func (s *session) authReply(v verdict, t detectors.Ticket, last bool) {
	if last && !s.literal && (s.state == inSASL || s.state == inAuth) {
		s.toCommand()
	}
	if t == 0 && last && s.started {
		t = s.begin() // without a secret: worth counting only
	}
	s.started = s.started && !last
	if t == 0 {
		return
	}
	result, status := outcome(v)
	s.authed = s.authed || v.kind == okay
	if s.cancelled && last && result != detectors.Success {
		result = detectors.Aborted
	}
	s.c.Settle(t, result, status)
}

// shutdown takes BYE: commands that wait get no reply any more.
func (s *session) shutdown(v verdict) {
	result, status := outcome(v)
	for h := s.queue.Head(); h != nil; h = s.queue.Head() {
		if h.Ticket != 0 && s.c.Answers(h.Ticket) {
			s.c.Settle(h.Ticket, result, status)
		}
		s.queue.Pop()
	}
	s.started = false
	s.toCommand()
}
