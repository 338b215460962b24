package capture

import (
	"encoding/binary"

	"github.com/google/gopacket"
	"github.com/google/gopacket/layers"
)

// Each function here reads one header and tells what follows: the layer's type,
// the bytes after the header, or an error when the header is cut or contradicts itself.

// link has no bytes of its own: it chooses the first header by the link type.
func (d *Decoder) link(b []byte) (gopacket.LayerType, []byte, error) {
	switch d.cur.link {
	case LinkEthernet:
		return layers.LayerTypeEthernet, b, nil
	case LinkNull, LinkLoop:
		return layers.LayerTypeLoopback, b, nil
	case LinkRaw12, LinkRaw14:
		if t := byVersion(b); t != layerNone {
			return t, b, nil
		}
		return layers.LayerTypeLoopback, b, nil
	case LinkRaw:
		return byVersion(b), b, nil
	case LinkIPv4:
		return layers.LayerTypeIPv4, b, nil
	case LinkIPv6:
		return layers.LayerTypeIPv6, b, nil
	case LinkCooked:
		return layers.LayerTypeLinuxSLL, b, nil
	case LinkCooked2:
		return layerCooked2, b, nil
	case LinkPPP:
		return layers.LayerTypePPP, b, nil
	case LinkPPPHDLC:
		return layerPPPHDLC, b, nil
	case LinkPPPDir:
		return layerPPPDir, b, nil
	case LinkPPPoE:
		return layers.LayerTypePPPoE, b, nil
	case LinkCiscoHDLC:
		return layerCiscoHDLC, b, nil
	case LinkWiFi:
		return layers.LayerTypeDot11, b, nil
	case LinkRadiotap:
		return layers.LayerTypeRadioTap, b, nil
	case LinkPrism, LinkAVS:
		return layerAVS, b, nil
	case LinkPFLog:
		return layerPFLog, b, nil
	case LinkNFLog:
		return layerNFLog, b, nil
	case LinkPktap:
		return layerPktap, b, nil
	}
	return rareLink(d.cur.link), b, nil
}

// rareLink is link for what few captures have.
func rareLink(l LinkType) gopacket.LayerType {
	switch l {
	case LinkFrameRelay:
		return layerFrameRelay
	case LinkENC:
		return layerENC
	case LinkPPPD:
		return layerPPPD
	case LinkJuniper:
		return layerJuniper
	case LinkPPI:
		return layerPPI
	case LinkERF:
		return layerERF
	case LinkMPLS:
		return layers.LayerTypeMPLS
	}
	return layerNone
}

// ethernet reads Ethernet II and 802.3 frames; gopacket trims the latter to their length.
func (d *Decoder) ethernet(b []byte) (gopacket.LayerType, []byte, error) {
	e := &d.gp.ethernet
	if err := e.DecodeFromBytes(b, gopacket.NilDecodeFeedback); err != nil {
		return layerNone, nil, err
	}
	return byEthertype(uint16(e.EthernetType)), e.Payload, nil
}

// tag reads an 802.1Q, 802.1ad or QinQ tag. Identifier 0 is a priority without a VLAN.
func (d *Decoder) tag(b []byte) (gopacket.LayerType, []byte, error) {
	t := &d.gp.tag
	if err := t.DecodeFromBytes(b, gopacket.NilDecodeFeedback); err != nil {
		return layerNone, nil, err
	}
	if t.VLANIdentifier != 0 {
		d.cur.vlan = t.VLANIdentifier
	}
	return byEthertype(uint16(t.Type)), t.Payload, nil
}

// llc reads an 802.2 header: SNAP, or IP without it.
func (d *Decoder) llc(b []byte) (gopacket.LayerType, []byte, error) {
	l := &d.gp.llc
	if err := l.DecodeFromBytes(b, gopacket.NilDecodeFeedback); err != nil {
		return layerNone, nil, err
	}
	const sapSNAP, sapIP = 0xaa, 0x06
	switch {
	case l.DSAP == sapSNAP && l.SSAP == sapSNAP:
		return layers.LayerTypeSNAP, l.Payload, nil
	case l.DSAP == sapIP && l.SSAP == sapIP:
		return layers.LayerTypeIPv4, l.Payload, nil
	}
	return layerNone, nil, nil
}

// snap reads a SNAP header (RFC 1042). Only two organisations' types are ethertypes.
func (d *Decoder) snap(b []byte) (gopacket.LayerType, []byte, error) {
	s := &d.gp.snap
	if err := s.DecodeFromBytes(b, gopacket.NilDecodeFeedback); err != nil {
		return layerNone, nil, err
	}
	switch [3]byte(s.OrganizationalCode) {
	case [3]byte{}, [3]byte{0, 0, 0xf8}:
		return byEthertype(uint16(s.Type)), s.Payload, nil
	}
	return layerNone, nil, nil
}

// cooked reads Linux's cooked header. gopacket slices the address by a length
// that only 8 bytes of the header can hold; longer ones it must not see.
func (d *Decoder) cooked(b []byte) (gopacket.LayerType, []byte, error) {
	if len(b) < 16 {
		return layerNone, nil, errShort
	}
	c := &d.gp.cooked
	if int(be16(b[4:]))+6 > len(b) {
		return layerNone, nil, errMalformed
	}
	if err := c.DecodeFromBytes(b, gopacket.NilDecodeFeedback); err != nil {
		return layerNone, nil, err
	}
	return cookedNext(c.AddrType, uint16(c.EthernetType)), c.Payload, nil
}

// cooked2 reads version 2 of the cooked header, which gopacket does not know.
func (d *Decoder) cooked2(b []byte) (gopacket.LayerType, []byte, error) {
	if len(b) < 20 {
		return layerNone, nil, errShort
	}
	return cookedNext(be16(b[8:]), be16(b)), b[20:], nil
}

// cookedNext reads a cooked header's protocol, which below 1536 is one of
// Linux's own numbers: 4 is 802.2.
func cookedNext(arphrd, t uint16) gopacket.LayerType {
	switch {
	case arphrd == arphrdNetlink:
		return layerNone
	case t > max8023Length:
		return byEthertype(t)
	case t == 4:
		return layers.LayerTypeLLC
	}
	return layerNone
}

// loopback reads the four bytes of address family ahead of BSD's loopback packets.
func (d *Decoder) loopback(b []byte) (gopacket.LayerType, []byte, error) {
	if len(b) < 4 {
		return layerNone, nil, errShort
	}
	if !isInternet(be32(b)) {
		return layerNone, nil, nil
	}
	return byVersion(b[4:]), b[4:], nil
}

// pflog reads OpenBSD's packet filter log: a length that leaves out its padding.
func (d *Decoder) pflog(b []byte) (gopacket.LayerType, []byte, error) {
	if len(b) < 4 {
		return layerNone, nil, errShort
	}
	n := (int(b[0]) + 3) &^ 3
	if n < 4 || n > len(b) {
		return layerNone, nil, errShort
	}
	return byVersion(b[n:]), b[n:], nil
}

// nflog reads Linux's netfilter log: attributes in the byte order of the
// capturing machine, of which number 9 is the packet.
func (d *Decoder) nflog(b []byte) (gopacket.LayerType, []byte, error) {
	const header, attrPayload = 4, 9
	if len(b) < header {
		return layerNone, nil, errShort
	}
	var order binary.ByteOrder = binary.LittleEndian
	if b = b[header:]; len(b) >= 4 && (order.Uint16(b[2:]) > 0xff || int(order.Uint16(b)) > len(b)) { // kinds are small numbers
		order = binary.BigEndian
	}
	for len(b) >= 4 {
		n, kind := int(order.Uint16(b)), order.Uint16(b[2:])
		if n < 4 {
			return layerNone, nil, errMalformed
		}
		if kind == attrPayload {
			return byVersion(b[4:]), b[4:min(n, len(b))], nil
		}
		n = (n + 3) &^ 3
		if n > len(b) {
			return layerNone, nil, errShort
		}
		b = b[n:]
	}
	return layerNone, nil, nil
}

// pktap reads Apple's header, which names the link type of what follows.
func (d *Decoder) pktap(b []byte) (gopacket.LayerType, []byte, error) {
	if len(b) < 12 {
		return layerNone, nil, errShort
	}
	n := int(binary.LittleEndian.Uint32(b))
	if n < 12 {
		return layerNone, nil, errMalformed
	}
	if n > len(b) {
		return layerNone, nil, errShort
	}
	d.cur.link = LinkType(binary.LittleEndian.Uint32(b[8:]))
	return layerLink, b[n:], nil
}
