package capture

// Sizes of headers in bytes.
const (
	tcpHeader  = 20
	ipv4Header = 20
	ipv6Header = 40
)

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
	s.Mark = Mark{Time: f.Time, Frame: f.Number, File: f.File, Seq: be32(t[4:]), Ack: be32(t[8:])}
	s.Src.Port, s.Dst.Port = be16(t), be16(t[2:])
	s.Flags = Flags(t[13])
	s.Payload = t[off:]
	s.Missing = missing
	return isTCP
}

// ipv4 fills in what the IPv4 header h tells.
func (s *Segment) ipv4(h []byte, vlan uint16) {
	_ = h[19]
	s.Src.IP = [16]byte{10: 0xff, 11: 0xff, 12: h[12], 13: h[13], 14: h[14], 15: h[15]}
	s.Dst.IP = [16]byte{10: 0xff, 11: 0xff, 12: h[16], 13: h[17], 14: h[18], 15: h[19]}
	s.IPv4 = true
	s.TTL = h[8]
	s.VLAN = vlan
}

// ipv6 fills in what the IPv6 header h tells.
func (s *Segment) ipv6(h []byte, vlan uint16) {
	s.Src.IP = [16]byte(h[8:24])
	s.Dst.IP = [16]byte(h[24:40])
	s.IPv4 = false
	s.TTL = h[7]
	s.VLAN = vlan
}
