package detectors

import "bytes"

// Codes of SOCKS (RFC 1928; SOCKS 4 by its authors' memo).
const (
	socks4Granted = 90
	socksConnect  = 1
	socksIPv4     = 1
	socksName     = 3
	socksIPv6     = 4
)

// readSOCKS4 reads a request, with a name behind it in 4a, or the reply.
func (x *preface) readSOCKS4(s *prefaceSide) int {
	p := s.buf
	if len(p) < 8 {
		return partial
	}
	if s.stage == socks4Reply {
		if p[0] != 0 || p[1] != socks4Granted {
			return refused
		}
		s.stage = dialogue
		return 8
	}
	n := 8
	texts := 1 // the user
	if p[4] == 0 && p[5] == 0 && p[6] == 0 && p[7] != 0 {
		texts = 2 // and the name
	}
	for range texts {
		i := bytes.IndexByte(p[n:], 0)
		if i < 0 {
			return partial
		}
		n += i + 1
	}
	x.port = port(p[2:])
	s.stage = dialogue
	return n
}

// readSOCKS5 reads the next message of SOCKS 5. Whether a password is asked for
// shows in the first byte of what follows.
func (x *preface) readSOCKS5(s *prefaceSide) int {
	p := s.buf
	if len(p) < 2 {
		return partial
	}
	switch s.stage {
	case socks5Offer:
		s.stage = socks5Ask
		return whole(p, 2+int(p[1]), s, socks5Offer)
	case socks5Choice:
		if p[0] != 5 || p[1] == 0xff {
			return refused
		}
		s.stage = socks5Reply
		return 2
	case socks5Ask:
		if p[0] == 1 { // user name and password of the proxy, RFC 1929
			n := 2 + int(p[1])
			if len(p) <= n {
				return partial
			}
			return whole(p, n+1+int(p[n]), s, s.stage)
		}
	case socks5Reply:
		if p[0] == 1 {
			return 2
		}
		if p[1] != 0 {
			return refused
		}
	}
	return x.readAddress(s)
}

// readAddress reads a request or a reply: both end with an address and a port.
func (x *preface) readAddress(s *prefaceSide) int {
	p := s.buf
	if p[0] != 5 || s.stage == socks5Ask && p[1] != socksConnect {
		return refused
	}
	if len(p) < 5 {
		return partial
	}
	n := 4
	switch p[3] {
	case socksIPv4:
		n += 4
	case socksIPv6:
		n += 16
	case socksName:
		n += 1 + int(p[4])
	default:
		return refused
	}
	if len(p) < n+2 {
		return partial
	}
	if s.stage == socks5Ask {
		x.port = port(p[n:])
	}
	s.stage = dialogue
	return n + 2
}

// whole gives n if p has as many bytes, else partial, and the stage stays what it was.
func whole(p []byte, n int, s *prefaceSide, was stage) int {
	if len(p) < n {
		s.stage = was
		return partial
	}
	return n
}
