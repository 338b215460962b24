package capture

// Ports of tunnels over UDP (IANA; 8472 is what Linux used before 4789 was given out).
const (
	portL2TP     = 1701
	portGTPU     = 2152
	portTeredo   = 3544
	portVXLAN    = 4789
	portVXLANGPE = 4790
	portGeneve   = 6081
	portMPLS     = 6635
	portVXLANOld = 8472
	portTZSP     = 37008
)

// isTunnel reports whether a datagram between these UDP ports may be a tunnel's.
// Tunnels are known by the destination; Teredo and L2TP answer from their port.
func isTunnel(src, dst uint16) bool {
	switch dst {
	case portL2TP, portGTPU, portTeredo, portVXLAN, portVXLANGPE, portGeneve, portMPLS, portVXLANOld, portTZSP:
		return true
	}
	return src == portTeredo || src == portL2TP
}

// fastIP goes by the version in the first nibble.
func (d *Decoder) fastIP(f *Frame, s *Segment, b []byte) outcome {
	if len(b) > 0 && b[0]>>4 == 6 {
		return d.fastIPv6(f, s, b, f.VLAN&0xfff)
	}
	return d.fastIPv4(f, s, b, f.VLAN&0xfff)
}

func (d *Decoder) fastIPv4(f *Frame, s *Segment, b []byte, vlan uint16) outcome {
	if len(b) < 24 || b[0]>>4 != 4 || be16(b[6:])&0x3fff != 0 { // a fragment
		return unusual
	}
	h := int(b[0]&15) << 2
	if len(b) < h+4 || h < 20 {
		return unusual
	}
	if b[9] != protoTCP {
		return d.fastProto(b[9], b[h:])
	}
	if !d.wants(be32(b[h:])) {
		return unwanted
	}
	return d.tcpIPv4(f, s, b, h, vlan)
}

// tcpIPv4 fills s from the packet b, whose header has h bytes and the TCP header
// 4 or more behind it.
func (d *Decoder) tcpIPv4(f *Frame, s *Segment, b []byte, h int, vlan uint16) outcome {
	end, missing := int(be16(b[2:])), 0
	switch {
	case end == 0: // the sender's card cuts it (TSO), or it is above 64 KiB
		end, missing = len(b), f.notKept()
	case end > len(b):
		end, missing = len(b), end-len(b)
	case end < h:
		return malformed
	}
	o := s.tcp(f, b[h:end], missing)
	if o != isTCP {
		return o
	}
	s.ipv4(b, vlan)
	if d.filtered && !d.nets.wants(s) {
		return unwanted
	}
	return isTCP
}

func (d *Decoder) fastIPv6(f *Frame, s *Segment, b []byte, vlan uint16) outcome {
	if len(b) < 44 || b[0]>>4 != 6 {
		return unusual
	}
	if b[6] != protoTCP {
		return d.fastProto(b[6], b[40:])
	}
	if !d.wants(be32(b[40:])) {
		return unwanted
	}
	end, missing := 40+int(be16(b[4:])), 0
	switch {
	case end == 40: // above 64 KiB (RFC 2675; Linux leaves the option out)
		end, missing = len(b), f.notKept()
	case end > len(b):
		end, missing = len(b), end-len(b)
	}
	o := s.tcp(f, b[40:end], missing)
	if o != isTCP {
		return o
	}
	s.ipv6(b, vlan)
	if d.filtered && !d.nets.wants(s) {
		return unwanted
	}
	return isTCP
}

// wants looks up the two ports with which a TCP header begins.
func (d *Decoder) wants(ports uint32) bool {
	return d.ports.hasOne(ports)
}

// fastProto judges what is no TCP; b, 4 bytes or more, follows the IP header.
// IPv6's extension headers are numbers that mean nothing in IPv4: the layers see.
func (d *Decoder) fastProto(proto uint8, b []byte) outcome {
	switch proto {
	case protoUDP:
		if !isTunnel(be16(b), be16(b[2:])) || d.noTunnels {
			return notTCP
		}
		return unusual
	case protoIPv4, protoIPv6, protoGRE, protoEtherIP, protoMPLS:
		if d.noTunnels {
			return notTCP
		}
		return unusual
	case protoAH, protoHopByHop, protoRouting, protoFragment, protoDestOpts, protoMobility, protoHIP, protoShim6:
		return unusual
	}
	return notTCP
}
