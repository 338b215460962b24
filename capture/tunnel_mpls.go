package capture

import (
	"github.com/google/gopacket"
	"github.com/google/gopacket/layers"
)

// maxLabels is how many labels of one MPLS stack are followed.
const maxLabels = 16

// mpls reads a label stack (RFC 3032). It names nothing of what follows: the
// first bytes must tell IP from Ethernet with or without a control word.
func (d *Decoder) mpls(b []byte) (gopacket.LayerType, []byte, error) {
	const bottom = 1 // of the third byte
	for range maxLabels {
		if len(b) < 4 {
			return layerNone, nil, errShort
		}
		last := b[2]&bottom != 0
		if b = b[4:]; last {
			return d.unlabelled(b)
		}
	}
	return layerNone, nil, errDeep
}

// unlabelled guesses what lies below the stack. A control word (RFC 4385) begins
// with four zero bits, as many hardware addresses do, and other addresses begin
// like IP: more of the header has to agree.
func (d *Decoder) unlabelled(b []byte) (gopacket.LayerType, []byte, error) {
	if len(b) == 0 {
		return layerNone, nil, nil
	}
	cut := d.cur.frame.notKept() > 0
	switch nibble := b[0] >> 4; {
	case nibble == 0 && len(b) > 4 && looksEthernet(b[4:]):
		d.tunnel(TunnelEoMPLS)
		return layers.LayerTypeEthernet, b[4:], nil
	case nibble == 4 && looksIPv4(b, cut), nibble == 6 && looksIPv6(b, cut):
		d.tunnel(TunnelMPLS)
		return byVersion(b), b, nil
	case looksEthernet(b):
		d.tunnel(TunnelEoMPLS)
		return layers.LayerTypeEthernet, b, nil
	}
	return layerNone, nil, nil
}

// looksIPv4 reports whether the lengths agree with each other and with the frame;
// when b could be Ethernet as well, the checksum decides.
func looksIPv4(b []byte, cut bool) bool {
	if len(b) < ipv4Header {
		return cut
	}
	h, end := int(b[0]&15)<<2, int(be16(b[2:]))
	if h < ipv4Header || end != 0 && end < h || end > len(b) && !cut {
		return false
	}
	return !looksEthernet(b) || len(b) >= h && goodChecksum(b[:h])
}

// goodChecksum reports whether the Internet checksum of an IPv4 header is right (RFC 1071).
func goodChecksum(h []byte) bool {
	sum := 0
	for ; len(h) >= 2; h = h[2:] {
		sum += int(be16(h))
	}
	return sum>>16+sum&0xffff == 0xffff
}

// looksIPv6 reports whether the length agrees with the frame and the next header
// is one that is common; what could be Ethernet as well is Ethernet.
func looksIPv6(b []byte, cut bool) bool {
	if len(b) < ipv6Header {
		return cut
	}
	if int(be16(b[4:])) > len(b)-ipv6Header && !cut || looksEthernet(b) {
		return false
	}
	const esp, icmp6, noNext = 50, 58, 59
	switch b[6] {
	case protoTCP, protoUDP, protoHopByHop, protoRouting, protoFragment, protoDestOpts, protoAH,
		protoIPv4, protoIPv6, protoGRE, protoEtherIP, protoMPLS, esp, icmp6, noNext:
		return true
	}
	return false
}

// looksEthernet reports whether an ethertype that leads to IP stands in its
// place, and the IP version, if it is there, agrees.
func looksEthernet(b []byte) bool {
	if len(b) < 15 {
		return false
	}
	switch be16(b[12:]) {
	case etherIPv4:
		return b[14]>>4 == 4
	case etherIPv6:
		return b[14]>>4 == 6
	case etherTag, etherTagS, etherTagQ, etherMPLS, etherMPLSMC, etherPPPoE, etherPBB:
		return true
	}
	return false
}

// pbb skips an 802.1ah I-tag: what follows is the customer's frame.
func (d *Decoder) pbb(b []byte) (gopacket.LayerType, []byte, error) {
	if len(b) < 4 {
		return layerNone, nil, errShort
	}
	d.tunnel(TunnelPBB)
	return layers.LayerTypeEthernet, b[4:], nil
}

// cmd skips Cisco's metadata header (TrustSec): six bytes, then an ethertype.
func (d *Decoder) cmd(b []byte) (gopacket.LayerType, []byte, error) {
	if len(b) < 8 {
		return layerNone, nil, errShort
	}
	return byEthertype(be16(b[6:])), b[8:], nil
}

// nsh skips a network service header (RFC 8300), whose length is in words.
func (d *Decoder) nsh(b []byte) (gopacket.LayerType, []byte, error) {
	if len(b) < 8 {
		return layerNone, nil, errShort
	}
	n := int(b[1]&0x3f) << 2
	if n < 8 {
		return layerNone, nil, errMalformed
	}
	if n > len(b) {
		return layerNone, nil, errShort
	}
	d.tunnel(TunnelNSH)
	return byNextProtocol(b[3]), b[n:], nil
}

// byNextProtocol reads the registry that NSH and VXLAN-GPE share.
func byNextProtocol(p uint8) gopacket.LayerType {
	switch p {
	case 1:
		return layers.LayerTypeIPv4
	case 2:
		return layers.LayerTypeIPv6
	case 3:
		return layers.LayerTypeEthernet
	case 4:
		return layerNSH
	case 5:
		return layers.LayerTypeMPLS
	}
	return layerNone
}
