package tls

import (
	"cleartap/capture"
	"cleartap/detectors"
	"cleartap/reassembly"
)

// The messages of SSL 2.0 (draft-hickman-netscape-ssl-00) that are read.
const (
	ssl2Error     = 0
	ssl2Client    = 1
	ssl2MasterKey = 2
	ssl2Server    = 4
)

// ssl2 takes bytes of a message of SSL 2.0, and gives how many. A ClientHello in its
// format may offer SSL 3.0 and TLS as well (RFC 5246 appendix E.2): records follow then.
func (s *session) ssl2(d reassembly.Dir, x *side, m capture.Mark, p []byte) int {
	want := 2
	if len(x.buf) >= 2 {
		want = 2 + int(x.buf[0]&0x7f)<<8 + int(x.buf[1])
	}
	n := min(want-len(x.buf), len(p))
	buf, ok := s.c.Buffer(x.buf, n)
	x.buf = buf
	if !ok {
		s.report()
		return len(p)
	}
	x.buf = append(x.buf, p[:n]...)
	switch {
	case len(x.buf) < 2:
		return n
	case x.buf[0]&0x80 == 0, x.buf[0] == 0x80 && x.buf[1] == 0: // padded, so encrypted; or nothing at all
		s.report()
		return len(p)
	case want == 2 || len(x.buf) < want:
		return n
	}
	whole := x.buf
	x.buf = nil
	s.mark = m
	s.mark.Seq += uint32(n - 1)
	s.ssl2Message(d, x, whole[2:])
	s.c.Release(whole)
	return n
}

func (s *session) ssl2Message(d reassembly.Dir, x *side, p []byte) {
	r := &reader{p: p}
	kind := r.number(1)
	switch {
	case d == reassembly.ToServer && kind == ssl2Client:
		s.ssl2Hello(x, r)
	case d == reassembly.ToServer && kind == ssl2MasterKey && s.facts.Version == detectors.SSL2:
		if suite := r.number(3); r.ok() {
			s.ssl2Suite(uint32(suite))
			s.facts.End = detectors.HandshakeEstablished
		}
		s.report()
	case d == reassembly.ToClient && kind == ssl2Server:
		s.ssl2Reply(r)
	case kind == ssl2Error:
		s.facts.End, s.facts.AlertBy = detectors.HandshakeFailed, d == reassembly.ToClient
		s.report()
	default:
		s.report()
	}
}

// ssl2Hello takes a CLIENT-HELLO: version, and the lengths of three lists.
func (s *session) ssl2Hello(x *side, r *reader) {
	version := r.number(2)
	if !r.ok() || s.hello.seen {
		return
	}
	s.hello.seen = true
	s.facts.Offered = detectors.TLSVersion(version)
	if version != int(detectors.SSL2) {
		x.framing = records
	}
}

// ssl2Reply takes a SERVER-HELLO. The certificate is not encrypted.
func (s *session) ssl2Reply(r *reader) {
	r.number(1) // whether a session goes on
	r.number(1) // what kind of certificate
	version := r.number(2)
	size := r.number(2)
	suites := r.number(2)
	r.number(2) // connection id
	der := r.take(size)
	list := r.take(suites)
	if !r.ok() || version != int(detectors.SSL2) {
		s.report()
		return
	}
	s.reply.seen = true
	s.facts.Version = detectors.SSL2
	if len(list) >= 3 { // until the client chooses, the first that both have
		s.ssl2Suite(uint32(list[0])<<16 | uint32(list[1])<<8 | uint32(list[2]))
	}
	if len(der) > 0 {
		s.leaf(der)
		s.facts.Chain = 1
	}
}

func (s *session) ssl2Suite(code uint32) {
	s.facts.SSL2Suite = code
	s.facts.SuiteName, s.facts.Weakness = "", 0
	for i := range ssl2Suites {
		if ssl2Suites[i].code == code {
			s.facts.SuiteName, s.facts.Weakness = ssl2Suites[i].name, ssl2Suites[i].weakness
		}
	}
}

// ssl2Suites are the suites of SSL 2.0.
var ssl2Suites = [...]struct {
	code     uint32
	name     string
	weakness detectors.SuiteWeakness
}{
	{0x010080, "SSL_CK_RC4_128_WITH_MD5", detectors.SuiteRC4},
	{0x020080, "SSL_CK_RC4_128_EXPORT40_WITH_MD5", detectors.SuiteExport | detectors.SuiteRC4},
	{0x030080, "SSL_CK_RC2_128_CBC_WITH_MD5", detectors.SuiteDES},
	{0x040080, "SSL_CK_RC2_128_CBC_EXPORT40_WITH_MD5", detectors.SuiteExport | detectors.SuiteDES},
	{0x050080, "SSL_CK_IDEA_128_CBC_WITH_MD5", detectors.SuiteDES},
	{0x060040, "SSL_CK_DES_64_CBC_WITH_MD5", detectors.SuiteDES},
	{0x0700C0, "SSL_CK_DES_192_EDE3_CBC_WITH_MD5", detectors.Suite3DES},
	{0x080080, "SSL_CK_RC4_64_WITH_MD5", detectors.SuiteRC4},
}
