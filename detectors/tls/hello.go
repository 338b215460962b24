package tls

import (
	"cleartap/detectors"
)

// The extensions that are read (IANA TLS ExtensionType values).
const (
	extServerName        = 0
	extGroups            = 10
	extSignatures        = 13
	extALPN              = 16
	extPreSharedKey      = 41
	extEarlyData         = 42
	extSupportedVersions = 43
	extKeyShare          = 51
)

// mostListed is how many suites, extensions or signature algorithms of a hello are
// looked at. There are fewer than 400 suites.
const mostListed = 512

// clientHello is what is needed of the first ClientHello until the end.
type clientHello struct {
	seen      bool
	earlyData bool
	session   [32]byte
	sessionN  int
	alpn      string // the first offered
}

// serverHello is what is needed of the ServerHello until the end.
type serverHello struct {
	seen     bool
	sentinel uint8 // 1: the server knows TLS 1.3, 2: TLS 1.2; 0: it says nothing
	cert     bool  // a certificate came
	echoed   bool  // the client's session id came back
	psk      bool
}

// isGREASE reports whether a value is one that clients put in to keep servers tolerant (RFC 8701).
func isGREASE(v int) bool { return v&0x0f0f == 0x0a0a && v>>8 == v&0xff }

// clientHello takes a ClientHello. The second, after a HelloRetryRequest, offers what
// the first one did.
func (s *session) clientHello(body []byte) {
	h := &s.hello
	if h.seen {
		return
	}
	r := &reader{p: body}
	legacy := r.number(2)
	r.take(32)
	id := r.vector(1)
	suites := r.vector(2)
	r.vector(1) // compression
	if !r.ok() || legacy>>8 != 3 {
		return
	}
	h.seen = true
	h.sessionN = copy(h.session[:], id)
	s.facts.Offered = detectors.TLSVersion(min(legacy, int(detectors.TLS12)))
	var print fingerprint
	print.ciphers(suites)
	if !r.empty() {
		s.clientExtensions(&reader{p: r.vector(2)}, &print)
	}
	print.version = s.facts.Offered
	s.facts.JA4 = print.ja4(s.facts.SNI != "" || print.named)
}

func (s *session) clientExtensions(r *reader, print *fingerprint) {
	for n := 0; !r.empty() && n < mostListed; n++ {
		kind := r.number(2)
		body := r.vector(2)
		if !r.ok() {
			return
		}
		print.extension(kind)
		switch kind {
		case extServerName:
			print.named = true
			s.facts.SNI = serverName(body)
		case extALPN:
			first := firstProtocol(body)
			print.alpn(first)
			s.hello.alpn = protocolName(first)
		case extSignatures:
			print.signatures(body)
		case extSupportedVersions:
			s.offers(body)
		case extEarlyData:
			s.hello.earlyData = true
		}
	}
}

// offers takes the client's list of versions, which counts in place of the field that
// older servers read (RFC 8446 section 4.2.1).
func (s *session) offers(body []byte) {
	r := &reader{p: (&reader{p: body}).vector(1)}
	highest := detectors.TLSVersion(0)
	for !r.empty() {
		v := r.number(2)
		if r.ok() && !isGREASE(v) && v>>8 == 3 && v <= int(detectors.TLS13) {
			highest = max(highest, detectors.TLSVersion(v))
		}
	}
	if highest != 0 {
		s.facts.Offered = highest
	}
}

// retryRandom is the ServerHello's random that makes it a HelloRetryRequest: the
// SHA-256 of that name (RFC 8446 section 4.1.3).
const retryRandom = "\xcf\x21\xad\x74\xe5\x9a\x61\x11\xbe\x1d\x8c\x02\x1e\x65\xb8\x91\xc2\xa2\x11\x16\x7a\xbb\x8c\x5e\x07\x9e\x09\xe2\xc8\xa8\x33\x9c"

// serverHello takes a ServerHello or a HelloRetryRequest.
func (s *session) serverHello(body []byte) {
	h := &s.reply
	if h.seen {
		return
	}
	r := &reader{p: body}
	version := r.number(2)
	random := r.take(32)
	id := r.vector(1)
	suite := r.number(2)
	r.number(1) // compression
	if !r.ok() || version>>8 != 3 {
		return
	}
	retry := string(random) == retryRandom
	s.facts.Version, s.facts.Suite = detectors.TLSVersion(version), uint16(suite)
	if !r.empty() {
		s.serverExtensions(&reader{p: r.vector(2)})
	}
	s.facts.SuiteName, s.facts.Weakness = suiteOf(s.facts.Suite)
	if retry {
		s.facts.Retried = true
		return
	}
	h.seen = true
	h.echoed = len(id) > 0 && string(id) == string(s.hello.session[:s.hello.sessionN])
	switch string(random[24:]) {
	case "DOWNGRD\x01":
		h.sentinel = 1
	case "DOWNGRD\x00":
		h.sentinel = 2
	}
	s.tls13CCS()
	s.settle()
}

// tls13CCS takes back what ChangeCipherSpec was taken for before the version was known.
func (s *session) tls13CCS() {
	if s.facts.Version == detectors.TLS13 {
		for i := range s.sides {
			s.sides[i].secret = false
		}
	}
}

func (s *session) serverExtensions(r *reader) {
	for n := 0; !r.empty() && n < mostListed; n++ {
		kind := r.number(2)
		body := r.vector(2)
		if !r.ok() {
			return
		}
		in := &reader{p: body}
		switch kind {
		case extSupportedVersions:
			if v := in.number(2); in.ok() && v>>8 == 3 {
				s.facts.Version = detectors.TLSVersion(v)
			}
		case extKeyShare:
			if g := in.number(2); in.ok() {
				s.facts.Group = uint16(g)
			}
		case extPreSharedKey:
			s.reply.psk = true
		case extALPN:
			s.facts.ALPN = protocolName(firstProtocol(body))
		}
	}
}

// keyExchange takes a ServerKeyExchange (RFC 5246 section 7.4.3, RFC 8422 section 5.4):
// the curve of ECDHE, or the size of DHE's prime.
func (s *session) keyExchange(body []byte) {
	r := &reader{p: body}
	switch exchangeOf(s.facts.SuiteName) {
	case ecdhe:
		if r.number(1) == 3 {
			s.facts.Group = uint16(r.number(2))
		}
	case dhe:
		prime := r.vector(2)
		for len(prime) > 0 && prime[0] == 0 {
			prime = prime[1:]
		}
		if len(prime) > 0 {
			s.facts.DHBits = bitLength(prime)
		}
	}
}

func bitLength(p []byte) int {
	n := 8 * (len(p) - 1)
	for b := p[0]; b > 0; b >>= 1 {
		n++
	}
	return n
}

// conclude fills in what follows from all that was seen.
func (s *session) conclude(t *detectors.TLS) {
	t.Implicit = s.c.Implicit()
	if !s.reply.seen {
		t.Version, t.Suite, t.SuiteName, t.Weakness = 0, 0, "", 0
	}
	if t.ALPN == "" && (t.Version == 0 || t.Version == detectors.TLS13) {
		t.ALPN = s.hello.alpn
	}
	if t.Version == 0 {
		return
	}
	t.Resumed = s.reply.psk || t.Version <= detectors.TLS12 && t.Version != detectors.SSL2 && s.reply.echoed && !s.reply.cert
	sentinel := s.reply.sentinel == 1 && t.Version <= detectors.TLS12 && t.Offered >= detectors.TLS13 ||
		s.reply.sentinel == 2 && t.Version <= detectors.TLS11 && t.Offered >= detectors.TLS12
	t.Downgraded = sentinel
	if t.Leaf != nil {
		t.Faults = faults(t, s.mark.Time)
	}
}
