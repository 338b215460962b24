package trafficgen

import "fmt"

// encryptedFlow is a mail flow that goes to TLS before any login.
func (g *generator) encryptedFlow() *flow {
	g.truth.Encrypted++
	ports := [...]uint16{993, 995, 465, 587}
	s := g.begin(ports[g.rnd.IntN(len(ports))], 0)
	s.f.mail = true
	s.handshake()
	if s.f.sport == 587 {
		smtpGreet(s)
		s.client("STARTTLS\r\n")
		s.server("220 go ahead\r\n")
	}
	s.tls(1000 + g.rnd.IntN(g.largest()))
	return s.end()
}

// tls sends what looks like a TLS 1.3 session of n bytes.
func (s *script) tls(n int) {
	s.send(false, s.tlsRecord(22, 1, 512))
	s.send(true, s.tlsRecord(22, 2, 122))
	for n > 0 {
		k := min(n, 8000)
		s.send(s.g.rnd.IntN(5) > 0, s.tlsRecord(23, 0, k))
		n -= k
	}
}

// tlsRecord is a record of n bytes; a handshake record begins with its message type.
func (s *script) tlsRecord(kind, message byte, n int) []byte {
	at := s.g.rnd.IntN(noiseSize - n)
	r := append([]byte{kind, 3, 1, byte(n >> 8), byte(n)}, s.g.noise[at:at+n]...)
	if kind == 22 {
		r[5], r[6], r[7], r[8] = message, 0, byte((n-4)>>8), byte(n-4)
		r[9], r[10] = 3, 3
	}
	return r
}

// floodFlow is a flow that never ends: a SYN (not in midflood) and one line of the
// client, of which a quarter has no line end.
func (g *generator) floodFlow() *flow {
	s := g.begin(110, 0)
	s.f.mail = true
	lines := [...]string{"USER flood%d\r\n", "a1 LOGIN flood%d", "EHLO flood%d.example.org\r\n", "EHLO flood%d\r\n"}
	ports := [...]uint16{110, 143, 25, 587}
	i := int(g.truth.Flows)
	s.f.sport = ports[i%4]
	s.f.client = address(s.f.v6, 10, uint32(i/20000))
	s.f.cport = uint16(20000 + i%20000)
	if g.o.Profile == Flood {
		s.add(false, syn, nil)
	}
	s.send(false, []byte(fmt.Sprintf(lines[i%4], i)))
	return s.f
}

// otherFlow is a flow without mail: TLS-like, HTTP-like, SSH-like, or UDP.
func (g *generator) otherFlow() *flow {
	switch p := g.rnd.IntN(100); {
	case p < 45:
		return g.tcpFlow(443, func(s *script, n int) { s.tls(n) })
	case p < 65:
		return g.tcpFlow(80, httpDialogue)
	case p < 75:
		return g.tcpFlow(22, sshDialogue)
	case p < 90:
		return g.udpFlow(443, 4+g.rnd.IntN(60), 1200)
	default:
		return g.udpFlow(53, 2, 120)
	}
}

func (g *generator) tcpFlow(port uint16, dialogue func(*script, int)) *flow {
	s := g.begin(port, 0)
	s.imix = true
	s.handshake()
	dialogue(s, 500+g.rnd.IntN(60_000))
	return s.end()
}

func httpDialogue(s *script, n int) {
	s.client("GET /index.html HTTP/1.1\r\nHost: www.example.org\r\nAuthorization: Basic Y2FuYXJ5OnRyYXBwZWQ=\r\n\r\n")
	s.server(fmt.Sprintf("HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n", n))
	s.bulk(true, n)
}

func sshDialogue(s *script, n int) {
	s.server("SSH-2.0-Example_1.0\r\n")
	s.client("SSH-2.0-Example_1.0\r\n")
	for n > 0 {
		k := 36 + s.g.rnd.IntN(200)
		s.bulk(s.g.rnd.IntN(2) == 0, k)
		n -= k * 20
	}
}

// udpFlow sends n datagrams of up to size bytes.
func (g *generator) udpFlow(port uint16, n, size int) *flow {
	s := g.begin(port, 0)
	s.f.udp = true
	for i := range n {
		k := 40 + g.rnd.IntN(size-40+1)
		at := g.rnd.IntN(noiseSize - k)
		s.f.segments = append(s.f.segments, segment{toClient: i%3 > 0, payload: g.noise[at : at+k]})
	}
	return s.f
}
