package smtp

import (
	"cleartap/detectors"
	"cleartap/detectors/syntax"
	"cleartap/reassembly"
)

// client takes a line of the client. Line ends that were translated twice are CR CR LF,
// and some servers drop all the CRs.
func (s *session) client(line []byte) {
	for len(line) > 0 && line[len(line)-1] == '\r' {
		line = line[:len(line)-1]
	}
	if s.inSASL && s.response(line) {
		return
	}
	word, rest := syntax.Word(line)
	v := lookup(word)
	hidden := v == unknownVerb && len(rest) == 0 && detectors.Masked(word)
	if hidden { // it was STARTTLS once
		v = startTLS
	}
	if v == startTLS {
		s.c.AskTLS(hidden)
	}
	if !s.spoken && (isForeign(word) || v == auth && ftpAuth(firstWord(rest))) {
		v, s.alien = alien, true
		s.c.Doubt(!s.named)
	}
	if s.authed && v != startTLS && v != ehlo && v != helo && v != noop && !s.queue.Waiting() {
		s.c.Done()
		return
	}
	s.command(v, word, rest)
}

func firstWord(b []byte) []byte {
	w, _ := syntax.Word(b)
	return w
}

// command takes a command that is not part of a SASL exchange.
func (s *session) command(v verb, word, rest []byte) {
	switch v {
	case rcpt:
		s.queue.Again(rcpt)
	case auth:
		s.auth(rest)
	case data:
		// At once, not at 354: a client that does not wait for it, or whose server is
		// not in the capture, sends its message now. A refusal takes it back.
		c := s.queue.Push(data)
		s.body, c.At = c.Seq, s.c.Keep()
		s.c.Body(reassembly.ToServer)
	case bdat:
		s.bdat(rest)
	case xexch50:
		s.queue.Push(xexch50)
		s.blob(rest)
	case xclient:
		s.queue.Push(xclient)
		s.xclient(rest)
	case ehlo:
		s.queue.Push(ehlo)
		s.speaks(syntax.Fold(word, "LHLO"))
	case helo:
		s.queue.Push(helo)
		s.speaks(false)
	default:
		s.queue.Push(v)
	}
	s.spoken = s.spoken || v != unknownVerb && v != alien && v != noop && v != rset && v != plain
	if s.alien && s.spoken {
		s.c.Doubt(false)
	}
}

// speaks notes what the client's greeting tells: LHLO is LMTP's, the others are not,
// whatever the port.
func (s *session) speaks(lmtp bool) {
	if s.lmtp != lmtp {
		s.lmtp = lmtp
		s.c.Rename(protocolName(lmtp))
	}
}

// auth takes the arguments of AUTH: a mechanism and perhaps an initial response
// (RFC 4954 section 4). It may be longer than a command may be; RFC 4954 itself
// makes clients send it on its own line then, and many do not.
func (s *session) auth(args []byte) {
	mech, response := syntax.Word(args)
	c := s.queue.Push(auth)
	c.Ack, c.Blind = s.c.Mark().Ack, s.queue.Len() > 1
	s.started = len(mech) > 0
	if !s.started {
		return
	}
	s.sasl.Start(mech)
	s.beginSASL()
	if response = syntax.TrimRight(response); len(response) > 0 {
		s.respond(response)
	}
}

// response takes a line of the client in a SASL exchange. It reports false when the line is
// a command, which ends the exchange. Each line that is taken gets a reply of its own, be it
// a response or, behind a refusal that the client did not wait for, garbage to the server.
func (s *session) response(line []byte) bool {
	c := s.queue.Latest(auth)
	stops := interrupts(line) || s.sasl.Sent() && isCommand(line)
	switch {
	case !stops:
		if c != nil {
			c.Count++
			c.Ack = s.c.Mark().Ack
		}
		s.respond(line)
		return true
	case c != nil && c.Count == 0 && !s.queue.Lost(): // the server waits for a response, and takes this for one
		if !isAuth(line) {
			c.Count++
			s.sasl.Pass()
			s.endSASL() // unless it asks for more
			return true
		}
		if c.Ticket == 0 { // there may be a secret in it, which the reply is about as well
			s.queue.DropLast()
		}
	}
	s.endSASL()
	return false
}

// respond takes a response of the client in a SASL exchange.
func (s *session) respond(p []byte) {
	sent := s.sasl.Sent()
	s.sasl.Client(p)
	if s.sasl.Cancelled() {
		s.endSASL()
		return
	}
	if sent || !s.sasl.Sent() {
		return
	}
	a := s.sasl.Attempt(detectors.Auth)
	t := s.c.Begin(&a)
	c := s.queue.Latest(auth)
	if c == nil { // it was forgotten behind a hole
		c = s.queue.Push(auth)
		c.Ack, c.Blind = s.c.Mark().Ack, true
	}
	c.Ticket = t
}

// bdat skips a chunk: its octets follow at once, whatever the server thinks of it
// (RFC 3030 section 2), unless it does not understand the command: see refused.
func (s *session) bdat(args []byte) {
	size, rest := syntax.Word(args)
	n, ok := syntax.Number(size)
	v := bdat
	if syntax.Fold(syntax.TrimRight(rest), "LAST") {
		v = bdatLast
	}
	c := s.queue.Push(v)
	if ok && n > 0 {
		c.At = s.c.Keep()
		s.c.Skip(reassembly.ToServer, n)
	}
}

// blob takes the arguments of XEXCH50 (MS-XEXCH50): octets that Exchange servers
// send each other once the other one agrees.
func (s *session) blob(args []byte) {
	size, _ := syntax.Word(args)
	s.size, _ = syntax.Number(size)
	if !s.c.Seen(reassembly.ToClient) {
		s.c.Skip(reassembly.ToServer, s.size)
	}
}

// xclient notes the client that a proxy announces (Postfix's XCLIENT). It counts
// once the server accepts it, or at once where the server is not seen. What does not fit
// into one line goes on in another one, which has no address.
func (s *session) xclient(args []byte) {
	announced := syntax.XClient(args)
	if !announced.IsValid() {
		return
	}
	s.announced = announced
	if !s.c.Seen(reassembly.ToClient) {
		s.c.Proxied(s.announced)
	}
}
