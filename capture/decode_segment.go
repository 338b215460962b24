package capture

import "encoding/binary"

// Sizes of headers in bytes.
const (
	tcpHeader  = 20
	ipv4Header = 20
	ipv6Header = 40
)

// notKept is how many bytes of the frame the snap length cut off.
func (f *Frame) notKept() int { return max(0, f.Length-len(f.Data)) }

// tcp fills s from the TCP header (RFC 9293) at the start of t, all but what the
// IP header tells. missing bytes follow t in the packet that were not captured.
// Checksums are not looked at: the sniffed host's card may fill them in later.
func (s *Segment) tcp(f *Frame, t []byte, missing int) outcome {
	if len(t) < tcpHeader {
		if missing > 0 {
			return truncated
		}
		return malformed
	}
	off := int(t[12]>>4) << 2
	if off < tcpHeader {
		return malformed
	}
	if off > len(t) { // options were cut off: the flags still count
		missing -= off - len(t)
		if missing < 0 {
			return malformed
		}
		off = len(t)
	}
	// Field by field: a composite literal is written by fields elsewhere and copied by wider
	// words, for which the processor must wait until the fields have reached its cache.
	s.Time, s.Frame, s.File = f.Time, f.Number, f.File
	s.Seq, s.Ack = be32(t[4:]), be32(t[8:])
	s.Src.Port, s.Dst.Port = be16(t), be16(t[2:])
	s.Flags = Flags(t[13])
	s.Payload = t[off:]
	s.Missing = missing
	return isTCP
}

// ipv4 fills in what the IPv4 header h tells.
func (s *Segment) ipv4(h []byte, vlan uint16) {
	_ = h[19]
	mapped(&s.Src.IP, h[12:16])
	mapped(&s.Dst.IP, h[16:20])
	s.IPv4 = true
	s.TTL = h[8]
	s.VLAN = vlan
}

// mapped writes an IPv4 address in IPv4-mapped form (RFC 4291, section 2.5.5.2),
// by words: byte for byte it takes three times as long.
func mapped(ip *[16]byte, v4 []byte) {
	binary.LittleEndian.PutUint64(ip[:8], 0)
	binary.LittleEndian.PutUint64(ip[8:], 0xffff0000|uint64(binary.LittleEndian.Uint32(v4))<<32)
}

// ipv6 fills in what the IPv6 header h tells.
func (s *Segment) ipv6(h []byte, vlan uint16) {
	s.Src.IP = [16]byte(h[8:24])
	s.Dst.IP = [16]byte(h[24:40])
	s.IPv4 = false
	s.TTL = h[7]
	s.VLAN = vlan
}
