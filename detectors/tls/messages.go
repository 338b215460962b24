package tls

import (
	"cleartap/capture"
	"cleartap/reassembly"
)

// The handshake messages that are read (RFC 8446 section 4, RFC 5246 section 7.4).
const (
	clientHelloMessage       = 1
	serverHelloMessage       = 2
	certificateMessage       = 11
	serverKeyExchangeMessage = 12
)

// messages cuts the bytes of handshake records into messages: they may be cut
// anywhere, and several may be in one record (RFC 8446 section 5.1). m is the place of
// p's first byte.
func (s *session) messages(d reassembly.Dir, x *side, m capture.Mark, p []byte) {
	for len(p) > 0 && !s.told {
		var n int
		if len(x.buf) == 0 && len(p) >= 4 && messageLength(p) <= len(p) {
			n = messageLength(p)
			end := m
			end.Seq += uint32(n - 1)
			s.message(d, end, p[:n])
		} else {
			n = s.gather(d, x, m, p)
		}
		p = p[n:]
		m.Seq += uint32(n)
	}
}

// messageLength is the length of the message at the beginning of p, header included.
func messageLength(p []byte) int { return 4 + int(p[1])<<16 + int(p[2])<<8 + int(p[3]) }

// gather keeps bytes of a message that is not whole. It gives how many it took.
func (s *session) gather(d reassembly.Dir, x *side, m capture.Mark, p []byte) int {
	want := 4
	if len(x.buf) >= 4 {
		want = messageLength(x.buf)
	}
	n := min(want-len(x.buf), len(p))
	buf, ok := s.c.Buffer(x.buf, n)
	x.buf = buf
	if !ok {
		s.report()
		return len(p)
	}
	x.buf = append(x.buf, p[:n]...)
	if len(x.buf) < 4 {
		return n
	}
	length := messageLength(x.buf)
	if length > mostHandshake {
		s.report()
		return len(p)
	}
	if len(x.buf) == length {
		whole := x.buf
		x.buf = nil
		m.Seq += uint32(n - 1)
		s.message(d, m, whole)
		s.c.Release(whole)
	}
	return n
}

// message takes a whole handshake message, whose last byte is at m.
func (s *session) message(d reassembly.Dir, m capture.Mark, p []byte) {
	body := p[4:]
	s.mark = m
	switch {
	case d == reassembly.ToServer && p[0] == clientHelloMessage:
		s.clientHello(body)
	case d == reassembly.ToServer:
	case p[0] == serverHelloMessage:
		s.serverHello(body)
	case p[0] == certificateMessage:
		s.certificates(body)
	case p[0] == serverKeyExchangeMessage:
		s.keyExchange(body)
	}
}

// reader takes a message apart. Once it runs out of bytes it gives nothing more, and ok
// is false.
type reader struct {
	p   []byte
	bad bool
}

func (r *reader) ok() bool { return !r.bad }

// take gives the next n bytes.
func (r *reader) take(n int) []byte {
	if r.bad || n > len(r.p) {
		r.bad = true
		return nil
	}
	b := r.p[:n]
	r.p = r.p[n:]
	return b
}

// number gives the next n bytes as a number.
func (r *reader) number(n int) int {
	v := 0
	for _, b := range r.take(n) {
		v = v<<8 | int(b)
	}
	return v
}

// vector gives what stands behind a length of n bytes.
func (r *reader) vector(n int) []byte { return r.take(r.number(n)) }

func (r *reader) empty() bool { return r.bad || len(r.p) == 0 }
