package trafficgen

import "encoding/binary"

const snapLen = 262144

// start is the time of the first packet, in seconds since 1970: a constant, so
// that the same options give the same bytes.
const start = 1_790_000_000

func (g *generator) header() {
	var h [24]byte
	binary.LittleEndian.PutUint32(h[0:], 0xa1b2c3d4)
	binary.LittleEndian.PutUint16(h[4:], 2)
	binary.LittleEndian.PutUint16(h[6:], 4)
	binary.LittleEndian.PutUint32(h[16:], snapLen)
	binary.LittleEndian.PutUint32(h[20:], 1)
	g.out.Write(h[:]) //nolint:errcheck // bufio keeps the first error for Flush
	g.truth.Bytes += int64(len(h))
}

// emit writes one packet of f with valid checksums.
func (g *generator) emit(f *flow, s *segment) {
	b := g.frame[:0]
	b = append(b, 2, 0, 0, 0, 0, 1, 2, 0, 0, 0, 0, 2)
	if f.vlan != 0 {
		b = binary.BigEndian.AppendUint16(append(b, 0x81, 0), f.vlan)
	}
	src, dst, sport, dport := &f.client, &f.server, f.cport, f.sport
	if s.toClient {
		src, dst, sport, dport = dst, src, dport, sport
	}
	proto, header := byte(6), 20
	if f.udp {
		proto, header = 17, 8
	}
	b = appendIP(b, f.v6, src, dst, proto, header+len(s.payload))
	at := len(b)
	b = binary.BigEndian.AppendUint16(b, sport)
	b = binary.BigEndian.AppendUint16(b, dport)
	if f.udp {
		b = binary.BigEndian.AppendUint16(b, uint16(header+len(s.payload)))
		b = append(b, 0, 0)
	} else {
		b = binary.BigEndian.AppendUint32(b, s.seq)
		b = binary.BigEndian.AppendUint32(b, s.ack)
		b = append(b, 5<<4, s.flags, 0xff, 0xff, 0, 0, 0, 0)
	}
	b = append(b, s.payload...)
	sum := at + 16
	if f.udp {
		sum = at + 6
	}
	binary.BigEndian.PutUint16(b[sum:], transportSum(f.v6, src, dst, proto, b[at:]))
	g.frame = b
	g.record(b, f.mail)
}

func (g *generator) record(b []byte, mail bool) {
	g.clock += float64(len(b)+24) * 8 / g.o.Rate
	var h [16]byte
	sec := uint32(g.clock)
	binary.LittleEndian.PutUint32(h[0:], start+sec)
	binary.LittleEndian.PutUint32(h[4:], uint32((g.clock-float64(sec))*1e6))
	binary.LittleEndian.PutUint32(h[8:], uint32(len(b)))
	binary.LittleEndian.PutUint32(h[12:], uint32(len(b)))
	g.out.Write(h[:]) //nolint:errcheck // bufio keeps the first error for Flush
	g.out.Write(b)    //nolint:errcheck // bufio keeps the first error for Flush
	g.truth.Bytes += int64(len(h) + len(b))
	g.truth.Packets++
	if mail {
		g.truth.MailPackets++
	}
}

// appendIP appends ether type and IP header for a payload of n bytes.
func appendIP(b []byte, v6 bool, src, dst *[16]byte, proto byte, n int) []byte {
	if v6 {
		b = append(b, 0x86, 0xdd, 0x60, 0, 0, 0)
		b = binary.BigEndian.AppendUint16(b, uint16(n))
		b = append(b, proto, 60)
		return append(append(b, src[:]...), dst[:]...)
	}
	b = append(b, 0x08, 0x00)
	at := len(b)
	b = append(b, 0x45, 0)
	b = binary.BigEndian.AppendUint16(b, uint16(20+n))
	b = append(b, 0, 0, 0x40, 0, 60, proto, 0, 0)
	b = append(append(b, src[12:]...), dst[12:]...)
	binary.BigEndian.PutUint16(b[at+10:], fold(add16(0, b[at:])))
	return b
}

func transportSum(v6 bool, src, dst *[16]byte, proto byte, p []byte) uint16 {
	from := 12
	if v6 {
		from = 0
	}
	sum := add16(0, src[from:])
	sum = add16(sum, dst[from:])
	sum += uint32(proto) + uint32(len(p))
	return fold(add16(sum, p))
}

// add16 adds p to a ones' complement sum (RFC 1071).
func add16(sum uint32, p []byte) uint32 {
	for len(p) >= 2 {
		sum += uint32(p[0])<<8 | uint32(p[1])
		p = p[2:]
	}
	if len(p) == 1 {
		sum += uint32(p[0]) << 8
	}
	return sum
}

func fold(sum uint32) uint16 {
	for sum > 0xffff {
		sum = sum>>16 + sum&0xffff
	}
	return ^uint16(sum)
}
