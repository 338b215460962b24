// Package tls reads the handshakes of TLS and SSL: what client and server say in the
// clear before their keys are in use (RFC 8446, RFC 5246, RFC 6101). Its invariant: it
// reads no record behind the handshake, and keeps at most 64 KiB of a side, whatever
// lengths are claimed.
package tls

import (
	"cleartap/capture"
	"cleartap/detectors"
	"cleartap/reassembly"
)

// Protocol takes over where TLS begins.
var Protocol = detectors.Protocol{
	Name:  "tls",
	Layer: true,
	Claim: func(_, _ []byte) detectors.Claim { return detectors.No },
	New:   func() detectors.Session { return new(session) },
}

// mostHandshake is how much of a handshake message is kept, header included, in bytes.
const mostHandshake = 64 << 10

// mostAfter is how many bytes a side may send behind its part of the handshake until
// nobody waits for the other side any more.
const mostAfter = 32 << 10

// session is one handshake.
type session struct {
	c     *detectors.Conversation
	sides [2]side
	facts detectors.TLS
	hello clientHello
	reply serverHello
	mark  capture.Mark // of the byte that told the latest news
	told  bool
}

var _ detectors.Reader = (*session)(nil)

// side is one direction.
type side struct {
	framing framing
	head    [5]byte // of a record; of SSL 2.0, the first bytes of a message
	have    int     // bytes of head that came
	left    int     // bytes of the record at hand that are still to come
	kind    byte    // of the record at hand
	alert   [2]byte
	alerted int
	buf     []byte // a handshake message that is not whole yet
	need    int    // length of the message in buf, header included; 0 while unknown
	secret  bool   // ChangeCipherSpec was seen: up to TLS 1.2 the rest is encrypted
	sealed  int    // length of the first encrypted record behind the hellos, 0 before it
	closed  bool   // the first encrypted record was an alert
	after   int    // bytes behind that
}

// framing is how a side's bytes are cut.
type framing uint8

const (
	unknownFraming framing = iota
	records                // TLS and SSL 3.0
	ssl2                   // SSL 2.0
)

// The record types (RFC 8446 section 5.1).
const (
	changeCipherSpec = 20
	alertRecord      = 21
	handshake        = 22
	applicationData  = 23
	heartbeat        = 24
)

// Start implements detectors.Session.
func (s *session) Start(c *detectors.Conversation) { *s = session{c: c} }

// Unit implements detectors.Session. There are none.
func (s *session) Unit(reassembly.Dir, []byte) {}

// Gap implements detectors.Session. What is missing cannot be guessed.
func (s *session) Gap(reassembly.Dir) {
	s.report()
	s.c.Done()
}

// Close implements detectors.Session.
func (s *session) Close() { s.report() }

// Read implements detectors.Reader.
func (s *session) Read(d reassembly.Dir, m capture.Mark, p []byte) {
	x := &s.sides[d]
	for len(p) > 0 && !s.told {
		if x.framing == unknownFraming {
			x.frame(p)
		}
		var n int
		if x.framing == records {
			n = s.record(d, x, m, p)
		} else {
			n = s.ssl2(d, x, m, p)
		}
		p = p[n:]
		m.Seq += uint32(n)
	}
	if s.told {
		s.c.Done()
	}
}

// frame tells records from messages of SSL 2.0 by the first byte.
func (x *side) frame(p []byte) {
	x.framing = records
	if p[0] < changeCipherSpec || p[0] > heartbeat {
		x.framing = ssl2
	}
}

// record takes bytes of a record, and gives how many.
func (s *session) record(d reassembly.Dir, x *side, m capture.Mark, p []byte) int {
	if x.left == 0 {
		n := copy(x.head[x.have:], p)
		if x.have += n; x.have == len(x.head) {
			m.Seq += uint32(n - 1)
			s.begins(d, x, m)
		}
		return n
	}
	n := min(x.left, len(p))
	part := p[:n]
	x.left -= n
	switch {
	case x.sealed > 0 || x.secret && x.kind != changeCipherSpec:
		x.after += n
		if x.after > mostAfter {
			s.report()
		}
	case x.kind == handshake:
		s.messages(d, x, m, part)
	case x.kind == alertRecord:
		s.alerts(d, x, m, part)
	}
	return n
}

// begins takes a record's header, whose last byte is at m.
func (s *session) begins(d reassembly.Dir, x *side, m capture.Mark) {
	x.have, x.kind, x.left = 0, x.head[0], int(x.head[3])<<8|int(x.head[4])
	if x.kind < changeCipherSpec || x.kind > heartbeat || x.head[1] != 3 || x.left > 1<<14+2048 {
		s.report() // not TLS any more: nothing can be told from here on
		return
	}
	switch {
	case x.kind == changeCipherSpec:
		s.changes(x)
	case x.secret && x.sealed == 0, x.kind == applicationData && x.sealed == 0:
		if s.early(d) {
			return
		}
		x.sealed, x.closed = max(x.left, 1), s.isAlert(x)
		s.mark = m
		s.settle()
	}
}

// changes takes a ChangeCipherSpec. In TLS 1.3 it means nothing (RFC 8446 section 5).
func (s *session) changes(x *side) {
	if s.facts.Version == detectors.TLS13 {
		return
	}
	x.secret = true
}

// early reports whether encrypted records of the client are data that it sends before
// it knows whether the server will take them (RFC 8446 section 4.2.10).
func (s *session) early(d reassembly.Dir) bool {
	return d == reassembly.ToServer && s.hello.earlyData && !s.sides[reassembly.ToClient].established()
}

// established reports whether the side sent something under the negotiated keys.
func (x *side) established() bool { return x.sealed > 0 }

// isAlert reports whether the first encrypted record of a side is an alert. Up to TLS
// 1.2 its type tells. In TLS 1.3 all have one type, but an alert of two bytes has 19
// of them encrypted, and no handshake message so few: Finished has 53 or more.
func (s *session) isAlert(x *side) bool {
	return x.kind == alertRecord || x.kind == applicationData && x.left == 19
}

// alerts takes bytes of an alert that is not encrypted.
func (s *session) alerts(d reassembly.Dir, x *side, m capture.Mark, p []byte) {
	for i, b := range p {
		if x.alerted < len(x.alert) {
			x.alert[x.alerted] = b
			x.alerted++
		}
		if x.alerted < len(x.alert) {
			continue
		}
		x.alerted = 0
		if x.alert[0] == 1 && x.alert[1] != 0 { // a warning, such as unrecognized_name
			continue
		}
		s.mark = m
		s.mark.Seq += uint32(i)
		s.facts.Alert, s.facts.AlertBy, s.facts.End = x.alert[1], d == reassembly.ToClient, detectors.HandshakeFailed
		s.report()
		return
	}
}

// settle ends the handshake when both sides went on under their keys.
func (s *session) settle() {
	client, server := &s.sides[reassembly.ToServer], &s.sides[reassembly.ToClient]
	switch {
	case client.closed || server.closed:
		s.facts.End, s.facts.AlertBy = detectors.HandshakeFailed, server.closed
	case client.established() && server.established() && s.reply.seen:
		s.facts.End = detectors.HandshakeEstablished
	default:
		return
	}
	s.report()
}

// report tells what the handshake showed, once, if it showed anything.
func (s *session) report() {
	if s.told {
		return
	}
	s.told = true
	for i := range s.sides {
		s.c.Release(s.sides[i].buf)
		s.sides[i].buf = nil
	}
	if !s.hello.seen && !s.reply.seen {
		return
	}
	facts := s.facts
	s.conclude(&facts)
	s.c.ReportTLS(&facts, s.mark)
}
