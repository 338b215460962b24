package capture

import (
	"github.com/google/gopacket"
	"github.com/google/gopacket/layers"
)

// PPP's protocol numbers (IANA) that lead to IP. gopacket's PPP and PPPoE are no
// decoding layers, and read beyond short frames: these are ours.
const (
	pppIPv4   = 0x0021
	pppIPv6   = 0x0057
	pppMPLS   = 0x0281
	pppMPLSMC = 0x0283
)

// ppp reads PPP (RFC 1661, RFC 1662) with or without address and control bytes,
// and with or without compression of the protocol field.
func (d *Decoder) ppp(b []byte) (gopacket.LayerType, []byte, error) {
	if len(b) >= 2 && b[0] == 0xff && b[1] == 0x03 {
		b = b[2:]
	}
	if len(b) < 2 {
		return layerNone, nil, errShort
	}
	proto, n := be16(b), 2
	if b[0]&1 != 0 { // compressed to one byte
		proto, n = uint16(b[0]), 1
	}
	switch proto {
	case pppIPv4:
		return layers.LayerTypeIPv4, b[n:], nil
	case pppIPv6:
		return layers.LayerTypeIPv6, b[n:], nil
	case pppMPLS, pppMPLSMC:
		return layers.LayerTypeMPLS, b[n:], nil
	}
	return layerNone, nil, nil
}

// pppHDLC reads the link type that is PPP if it begins as such, else Cisco HDLC.
func (d *Decoder) pppHDLC(b []byte) (gopacket.LayerType, []byte, error) {
	if len(b) > 0 && (b[0] == 0x0f || b[0] == 0x8f) {
		return d.ciscoHDLC(b)
	}
	return d.ppp(b)
}

// pppDir skips the byte that tells who sent the frame.
func (d *Decoder) pppDir(b []byte) (gopacket.LayerType, []byte, error) {
	if len(b) < 1 {
		return layerNone, nil, errShort
	}
	return d.ppp(b[1:])
}

// ciscoHDLC reads address, control and ethertype (RFC 1547, section 4.3.1); some
// captures of it hold PPP.
func (d *Decoder) ciscoHDLC(b []byte) (gopacket.LayerType, []byte, error) {
	if len(b) < 4 {
		return layerNone, nil, errShort
	}
	if b[0] == 0xff && b[1] == 0x03 {
		return d.ppp(b)
	}
	return byEthertype(be16(b[2:])), b[4:], nil
}

// pppoe reads a PPPoE session packet (RFC 2516); discovery carries no IP.
func (d *Decoder) pppoe(b []byte) (gopacket.LayerType, []byte, error) {
	if len(b) < 6 {
		return layerNone, nil, errShort
	}
	if b[0] != 0x11 {
		return layerNone, nil, errMalformed
	}
	if b[1] != 0 {
		return layerNone, nil, nil
	}
	d.tunnel(TunnelPPPoE)
	p := b[6:]
	if n := int(be16(b[4:])); n > 0 && n < len(p) { // 0: a sender that leaves it to its card
		p = p[:n]
	}
	return layers.LayerTypePPP, p, nil
}
