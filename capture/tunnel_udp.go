package capture

import (
	"github.com/google/gopacket"
	"github.com/google/gopacket/layers"
)

// byUDPPort finds the tunnel that a datagram's ports stand for.
func byUDPPort(src, dst uint16) gopacket.LayerType {
	switch dst {
	case portVXLAN, portVXLANOld:
		return layers.LayerTypeVXLAN
	case portVXLANGPE:
		return layerVXLANGPE
	case portGeneve:
		return layers.LayerTypeGeneve
	case portGTPU:
		return layers.LayerTypeGTPv1U
	case portMPLS:
		return layers.LayerTypeMPLS
	case portTZSP:
		return layerTZSP
	}
	switch {
	case src == portTeredo || dst == portTeredo:
		return layerTeredo
	case src == portL2TP || dst == portL2TP:
		return layerL2TP
	}
	return layerNone
}

// vxlan reads a VXLAN header (RFC 7348). Without the flag that announces a
// network identifier it is something else on the same port.
func (d *Decoder) vxlan(b []byte) (gopacket.LayerType, []byte, error) {
	v := &d.gp.vxlan
	if err := v.DecodeFromBytes(b, gopacket.NilDecodeFeedback); err != nil {
		return layerNone, nil, err
	}
	if !v.ValidIDFlag {
		return layerNone, nil, nil
	}
	d.tunnel(TunnelVXLAN)
	return layers.LayerTypeEthernet, v.Payload, nil
}

// vxlanGPE reads VXLAN's extension, which names what follows if its flag P says so.
func (d *Decoder) vxlanGPE(b []byte) (gopacket.LayerType, []byte, error) {
	const hasID, hasNext = 0x08, 0x04
	if len(b) < 8 {
		return layerNone, nil, errShort
	}
	if b[0]&hasID == 0 {
		return layerNone, nil, nil
	}
	d.tunnel(TunnelVXLANGPE)
	if b[0]&hasNext == 0 {
		return layers.LayerTypeEthernet, b[8:], nil
	}
	return byNextProtocol(b[3]), b[8:], nil
}

// geneve reads a Geneve header (RFC 8926). gopacket's keeps every option of
// every packet, for ever.
func (d *Decoder) geneve(b []byte) (gopacket.LayerType, []byte, error) {
	if len(b) < 8 {
		return layerNone, nil, errShort
	}
	if b[0]>>6 != 0 { // a version that is not known
		return layerNone, nil, nil
	}
	n := 8 + int(b[0]&0x3f)<<2
	if n > len(b) {
		return layerNone, nil, errShort
	}
	d.tunnel(TunnelGeneve)
	return byEthertype(be16(b[2:])), b[n:], nil
}

// gtpu reads a GTP-U header (3GPP TS 29.281) of a packet of user data. gopacket's
// keeps every extension header for ever and prints to standard output.
func (d *Decoder) gtpu(b []byte) (gopacket.LayerType, []byte, error) {
	const version1, optional, hasExtension, userData = 0x30, 0x07, 0x04, 255
	if len(b) < 8 {
		return layerNone, nil, errShort
	}
	if b[0]&0xf0 != version1 || b[1] != userData {
		return layerNone, nil, nil
	}
	n := 8
	if b[0]&optional != 0 {
		n = 12
	}
	if len(b) < n {
		return layerNone, nil, errShort
	}
	if b[0]&hasExtension != 0 {
		for b[n-1] != 0 { // the type of the extension header that follows
			if n >= len(b) {
				return layerNone, nil, errShort
			}
			words := int(b[n])
			if words == 0 {
				return layerNone, nil, errMalformed
			}
			if n += words << 2; n > len(b) {
				return layerNone, nil, errShort
			}
		}
	}
	d.tunnel(TunnelGTPU)
	return byVersion(b[n:]), b[n:], nil
}

// teredo skips the authentication and origin indications ahead of an IPv6 packet
// (RFC 4380, section 5.1.1).
func (d *Decoder) teredo(b []byte) (gopacket.LayerType, []byte, error) {
	for range 2 {
		if len(b) < 4 {
			return layerNone, nil, errShort
		}
		n := 0
		switch be16(b) {
		case 0:
			n = 8
		case 1:
			n = 13 + int(b[2]) + int(b[3])
		}
		if n > len(b) {
			return layerNone, nil, errShort
		}
		b = b[n:]
	}
	if len(b) == 0 || b[0]>>4 != 6 {
		return layerNone, nil, nil
	}
	d.tunnel(TunnelTeredo)
	return layers.LayerTypeIPv6, b, nil
}

// l2tp reads the header of a data message (RFC 2661, section 3.1).
func (d *Decoder) l2tp(b []byte) (gopacket.LayerType, []byte, error) {
	const control, hasLength, hasSequence, hasOffset = 0x8000, 0x4000, 0x0800, 0x0200
	if len(b) < 6 {
		return layerNone, nil, errShort
	}
	flags := be16(b)
	if flags&control != 0 || flags&0xf != 2 {
		return layerNone, nil, nil
	}
	n := 6
	if flags&hasLength != 0 {
		n += 2
	}
	if flags&hasSequence != 0 {
		n += 4
	}
	if flags&hasOffset != 0 {
		if len(b) < n+2 {
			return layerNone, nil, errShort
		}
		n += 2 + int(be16(b[n:]))
	}
	if n > len(b) {
		return layerNone, nil, errShort
	}
	d.tunnel(TunnelL2TP)
	return layers.LayerTypePPP, b[n:], nil
}

// tzsp skips the header and the tagged fields of a mirrored frame.
func (d *Decoder) tzsp(b []byte) (gopacket.LayerType, []byte, error) {
	const tagPadding, tagEnd, ethernet, wifi, prism, avs = 0, 1, 1, 18, 119, 127
	if len(b) < 4 {
		return layerNone, nil, errShort
	}
	if b[0] != 1 { // the version
		return layerNone, nil, nil
	}
	kind, p := be16(b[2:]), b[4:]
	for len(p) > 0 && p[0] != tagEnd {
		n := 1
		if p[0] != tagPadding {
			if len(p) < 2 {
				return layerNone, nil, errShort
			}
			n = 2 + int(p[1])
		}
		if n > len(p) {
			return layerNone, nil, errShort
		}
		p = p[n:]
	}
	if len(p) == 0 {
		return layerNone, nil, errShort
	}
	d.tunnel(TunnelTZSP)
	switch p = p[1:]; kind {
	case ethernet:
		return layers.LayerTypeEthernet, p, nil
	case wifi:
		return layers.LayerTypeDot11, p, nil
	case prism, avs:
		return layerAVS, p, nil
	}
	return layerNone, nil, nil
}
