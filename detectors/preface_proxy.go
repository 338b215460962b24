package detectors

import (
	"net/netip"

	"cleartap/detectors/syntax"
)

// The signatures of HAProxy's PROXY protocol, versions 1 and 2. The second one
// holds "QUIT" and a line end.
const (
	proxyV1 = "PROXY "
	proxyV2 = "\r\n\r\n\x00\r\nQUIT\n"
)

// maxProxyV1 is the longest header of version 1, in bytes with its CR LF.
const maxProxyV1 = 107

// readProxy reads a PROXY header. The client that it announces counts only when
// the header is sound; the dialogue behind it counts anyway.
func (x *preface) readProxy(s *prefaceSide) int {
	p := s.buf
	if p[0] == proxyV1[0] {
		return x.readProxyV1(s)
	}
	if len(p) < 16 {
		return partial
	}
	n := 16 + (int(p[14])<<8 | int(p[15]))
	if n > maxPreface-maxHeld {
		return refused
	}
	if len(p) < n {
		return partial
	}
	addresses := p[16:n]
	switch { // version 2, command PROXY; TCP over IPv4 or IPv6
	case p[12] == 0x21 && p[13]>>4 == 1 && len(addresses) >= 12:
		x.client = netip.AddrPortFrom(netip.AddrFrom4([4]byte(addresses)), port(addresses[8:]))
	case p[12] == 0x21 && p[13]>>4 == 2 && len(addresses) >= 36:
		x.client = netip.AddrPortFrom(netip.AddrFrom16([16]byte(addresses)), port(addresses[32:]))
	}
	s.stage = dialogue
	return n
}

// readProxyV1 reads "PROXY TCP4 client server clientport serverport".
func (x *preface) readProxyV1(s *prefaceSide) int {
	n := lineEnd(s.buf)
	if n == partial {
		if len(s.buf) >= maxProxyV1 {
			return refused
		}
		return partial
	}
	if n > maxProxyV1 {
		return refused
	}
	var words [5][]byte
	rest := s.buf[len(proxyV1) : n-2]
	for i := range words {
		words[i], rest = syntax.Word(rest)
	}
	if syntax.HasPrefix(words[0], "TCP") {
		ip, err := netip.ParseAddr(string(words[1]))
		if number, ok := syntax.Number(words[3]); ok && err == nil && number < 1<<16 {
			x.client = netip.AddrPortFrom(ip.WithZone(""), uint16(number))
		}
	}
	s.stage = dialogue
	return n
}

// port reads two bytes.
func port(p []byte) uint16 { return uint16(p[0])<<8 | uint16(p[1]) }
