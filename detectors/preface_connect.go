package detectors

import (
	"bytes"

	"cleartap/detectors/syntax"
)

// connectVerb is how a client asks an HTTP proxy for a tunnel.
const connectVerb = "CONNECT "

// readConnect reads a request up to its empty line. A proxy that wants a password
// refuses the first one, and the client asks again.
func (x *preface) readConnect(s *prefaceSide) int {
	p := s.buf
	found, more := begins(p, connectVerb, connectAsk)
	switch {
	case more:
		return partial
	case found == dialogue && s.stage == connectAgain:
		s.stage = dialogue
		return 0
	case found == dialogue:
		return refused
	}
	n := headEnd(p)
	if n == partial {
		return partial
	}
	target, _ := syntax.Word(p[len(connectVerb):n])
	if i := bytes.LastIndexByte(target, ':'); i >= 0 {
		if number, ok := syntax.Number(target[i+1:]); ok && number < 1<<16 {
			x.port = uint16(number)
		}
	}
	s.stage = connectAgain
	return n
}

// readResponse reads a proxy's response up to its empty line.
func readResponse(s *prefaceSide) int {
	n := headEnd(s.buf)
	if n == partial {
		return partial
	}
	version, rest := syntax.Word(s.buf[:n])
	if !syntax.HasPrefix(version, "HTTP/1.") || len(rest) == 0 {
		return refused
	}
	switch {
	case rest[0] == '2':
		s.stage = dialogue
	case syntax.HasPrefix(rest, "407"):
		if s.skip = contentLength(s.buf[:n]); s.skip > 0 {
			s.stage = connectBody
		}
	default:
		return refused
	}
	return n
}

// headEnd gives the index behind the empty line that ends a head, or partial. Its lines may
// end in bare LFs (RFC 9112 section 2.2).
func headEnd(p []byte) int {
	for i := 0; ; {
		n := bytes.IndexByte(p[i:], '\n')
		if n < 0 {
			return partial
		}
		if line := p[i : i+n]; i > 0 && (len(line) == 0 || string(line) == "\r") {
			return i + n + 1
		}
		i += n + 1
	}
}

// contentLength finds the length of a response's body; 0 when it is not told.
func contentLength(head []byte) int {
	for len(head) > 0 {
		line := head
		if i := bytes.IndexByte(head, '\n'); i >= 0 {
			line, head = head[:i], head[i+1:]
		} else {
			head = nil
		}
		name, value, _ := bytes.Cut(line, []byte(":"))
		if syntax.Fold(name, "CONTENT-LENGTH") {
			n, _ := syntax.Number(bytes.TrimSpace(value))
			return int(min(n, 1<<20))
		}
	}
	return 0
}
