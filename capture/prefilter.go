package capture

import (
	"encoding/binary"
	"math/bits"
)

// Ethertypes (IEEE registration authority), where a frame's type is looked at.
const (
	etherIPv4       = 0x0800
	etherTEB        = 0x6558 // transparent Ethernet bridging
	etherPPP        = 0x880b
	etherMPLS       = 0x8847
	etherMPLSMC     = 0x8848
	etherPPPoE      = 0x8864 // session stage
	etherIPv6       = 0x86dd
	etherTag        = 0x8100 // 802.1Q
	etherTagS       = 0x88a8 // 802.1ad
	etherTagQ       = 0x9100 // QinQ before 802.1ad
	etherTagQ2      = 0x9200
	etherPBB        = 0x88e7 // 802.1ah I-tag
	etherERSPAN2    = 0x88be
	etherERSPAN3    = 0x22eb
	etherWCCP       = 0x883e
	etherNSH        = 0x894f
	etherCMD        = 0x8909 // Cisco metadata
	etherVNTag      = 0x8926 // Cisco VN-Tag
	etherETag       = 0x893f // 802.1BR
	etherFabricPath = 0x8903 // Cisco FabricPath
	max8023Length   = 0x05ff // up to here the field is a length (802.3)
)

// IP protocol numbers (IANA).
const (
	protoHopByHop = 0
	protoIPv4     = 4
	protoTCP      = 6
	protoUDP      = 17
	protoIPv6     = 41
	protoRouting  = 43
	protoFragment = 44
	protoGRE      = 47
	protoAH       = 51
	protoDestOpts = 60
	protoEtherIP  = 97
	protoMobility = 135
	protoMPLS     = 137
	protoHIP      = 139
	protoShim6    = 140
)

func be16(b []byte) uint16 { return binary.BigEndian.Uint16(b) }
func be32(b []byte) uint32 { return binary.BigEndian.Uint32(b) }

// fast judges the usual frames of the other common link types. It reads what it needs to throw a frame away
// before it computes anything, and answers unusual wherever it would have to
// guess: the layers then look at the frame from its start.
func (d *Decoder) fast(f *Frame, s *Segment) outcome {
	b := f.Data
	switch f.Link {
	case LinkRaw, LinkRaw12, LinkRaw14, LinkIPv4, LinkIPv6:
		return d.fastIP(f, s, b)
	case LinkCooked:
		if len(b) >= 16 && be16(b[2:]) != arphrdNetlink {
			return d.fastType(f, s, be16(b[14:]), b[16:], f.VLAN&0xfff)
		}
	case LinkCooked2:
		if len(b) >= 20 && be16(b[8:]) != arphrdNetlink {
			return d.fastType(f, s, be16(b), b[20:], f.VLAN&0xfff)
		}
	case LinkNull, LinkLoop:
		if len(b) >= 4 && isInternet(be32(b)) {
			return d.fastIP(f, s, b[4:])
		}
	}
	return unusual
}

// arphrdNetlink marks cooked frames that hold netlink messages.
const arphrdNetlink = 824

// isInternet reports whether a loopback's address family, in either byte order,
// is AF_INET or one of the numbers that systems gave AF_INET6.
func isInternet(family uint32) bool {
	if family > 0xffff {
		family = bits.ReverseBytes32(family)
	}
	switch family {
	case 2, 10, 23, 24, 28, 30:
		return true
	}
	return false
}

// fastEthernet looks at the commonest frame by fixed offsets: no tag, IPv4 without
// options, no fragment.
func (d *Decoder) fastEthernet(f *Frame, s *Segment, b []byte) outcome {
	const plain = etherIPv4<<8 | 0x45 // ethertype, version and header length
	if len(b) < 38 {
		return unusual
	}
	h := (*[38]byte)(b)
	if be32(h[12:])>>8 == plain && be16(h[20:])&0x3fff == 0 {
		if h[23] != protoTCP {
			return d.fastProto(h[23], h[34:])
		}
		if !d.wants(be32(h[34:])) {
			return unwanted
		}
		return d.tcpIPv4(f, s, b[14:], ipv4Header, f.VLAN&0xfff)
	}
	switch t := be16(h[12:]); t {
	case etherIPv4:
		return d.fastIPv4(f, s, b[14:], f.VLAN&0xfff)
	case etherIPv6:
		return d.fastIPv6(f, s, b[14:], f.VLAN&0xfff)
	case etherTag, etherTagS, etherTagQ:
		return d.fastTagged(f, s, b)
	default:
		return fastOther(t)
	}
}

// fastTagged takes off one or two tags; b holds 38 bytes or more.
func (d *Decoder) fastTagged(f *Frame, s *Segment, b []byte) outcome {
	vlan := f.VLAN & 0xfff
	t, n := be16(b[12:]), 14
	for range 2 {
		if id := be16(b[n:]) & 0xfff; id != 0 {
			vlan = id
		}
		t = be16(b[n+2:])
		n += 4
		if t != etherTag && t != etherTagS && t != etherTagQ {
			break
		}
	}
	return d.fastType(f, s, t, b[n:], vlan)
}

// fastType goes on behind a header that names what follows by ethertype.
func (d *Decoder) fastType(f *Frame, s *Segment, t uint16, b []byte, vlan uint16) outcome {
	switch t {
	case etherIPv4:
		return d.fastIPv4(f, s, b, vlan)
	case etherIPv6:
		return d.fastIPv6(f, s, b, vlan)
	}
	return fastOther(t)
}

// fastOther tells the ethertypes that may carry IP from those that never do.
func fastOther(t uint16) outcome {
	switch t {
	case etherTEB, etherPPP, etherMPLS, etherMPLSMC, etherPPPoE, etherTag, etherTagS, etherTagQ, etherTagQ2, etherPBB, etherNSH, etherCMD, etherVNTag, etherETag, etherFabricPath:
		return unusual
	}
	if t <= max8023Length {
		return unusual
	}
	return notTCP
}
