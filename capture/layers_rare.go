package capture

import (
	"encoding/binary"

	"github.com/google/gopacket"
	"github.com/google/gopacket/layers"
)

// enc skips the header of OpenBSD's encapsulating interface: address family, SPI, flags.
func (d *Decoder) enc(b []byte) (gopacket.LayerType, []byte, error) {
	if len(b) < 12 {
		return layerNone, nil, errShort
	}
	return byVersion(b[12:]), b[12:], nil
}

// frameRelay reads an address of two bytes or more, the control byte and the protocol
// identifier (RFC 2427 section 3).
func (d *Decoder) frameRelay(b []byte) (gopacket.LayerType, []byte, error) {
	const nlpidIPv4, nlpidIPv6, nlpidSNAP = 0xcc, 0x8e, 0x80
	n := 0
	for n < 4 && n < len(b) && b[n]&1 == 0 { // the last byte of the address has its lowest bit set
		n++
	}
	n++
	if len(b) < n+2 {
		return layerNone, nil, errShort
	}
	if b[n] != 0x03 {
		return layerNone, nil, nil
	}
	if n++; b[n] == 0 { // a padding byte
		n++
	}
	if len(b) <= n {
		return layerNone, nil, errShort
	}
	switch b[n] {
	case nlpidIPv4, nlpidIPv6:
		return byVersion(b[n+1:]), b[n+1:], nil
	case nlpidSNAP:
		return layers.LayerTypeSNAP, b[n+1:], nil
	}
	return layerNone, nil, nil
}

// ppi skips a per-packet information header, which names the link type of what follows.
func (d *Decoder) ppi(b []byte) (gopacket.LayerType, []byte, error) {
	if len(b) < 8 {
		return layerNone, nil, errShort
	}
	n := int(binary.LittleEndian.Uint16(b[2:]))
	if n < 8 {
		return layerNone, nil, errMalformed
	}
	if n > len(b) {
		return layerNone, nil, errShort
	}
	d.cur.link = LinkType(binary.LittleEndian.Uint32(b[4:]))
	return layerLink, b[n:], nil
}

// pppd reads PPP whose address byte is a direction.
func (d *Decoder) pppd(b []byte) (gopacket.LayerType, []byte, error) {
	if len(b) >= 2 && b[1] == 0x03 {
		return d.ppp(b[2:])
	}
	return d.pppDir(b)
}

// juniper skips Juniper's cookie, of which the flags tell whether attributes follow.
func (d *Decoder) juniper(b []byte) (gopacket.LayerType, []byte, error) {
	const extended = 0x80
	if len(b) < 6 {
		return layerNone, nil, errShort
	}
	if string(b[:3]) != "MGC" {
		return layerNone, nil, errMalformed
	}
	n := 4
	if b[3]&extended != 0 {
		n += 2 + int(be16(b[4:]))
	}
	if n > len(b) {
		return layerNone, nil, errShort
	}
	return layers.LayerTypeEthernet, b[n:], nil
}

// erf reads Endace's record: 16 bytes, extensions of 8, and for Ethernet two of padding.
func (d *Decoder) erf(b []byte) (gopacket.LayerType, []byte, error) {
	const more, typeEthernet, typeColourEthernet, typeIPv4, typeIPv6 = 0x80, 2, 11, 22, 23
	if len(b) < 16 {
		return layerNone, nil, errShort
	}
	kind, n := b[8], 16
	for again := kind&more != 0; again; n += 8 {
		if len(b) < n+8 {
			return layerNone, nil, errShort
		}
		again = b[n]&more != 0
	}
	switch kind &^ more {
	case typeEthernet, typeColourEthernet:
		if n += 2; n > len(b) {
			return layerNone, nil, errShort
		}
		return layers.LayerTypeEthernet, b[n:], nil
	case typeIPv4, typeIPv6:
		return byVersion(b[n:]), b[n:], nil
	}
	return layerNone, nil, nil
}

// vnTag skips Cisco's VN-Tag: four bytes ahead of the ethertype.
func (d *Decoder) vnTag(b []byte) (gopacket.LayerType, []byte, error) { return skipTag(b, 4) }

// eTag skips an 802.1BR E-TAG: six bytes ahead of the ethertype.
func (d *Decoder) eTag(b []byte) (gopacket.LayerType, []byte, error) { return skipTag(b, 6) }

func skipTag(b []byte, n int) (gopacket.LayerType, []byte, error) {
	if len(b) < n+2 {
		return layerNone, nil, errShort
	}
	return byEthertype(be16(b[n:])), b[n+2:], nil
}

// fabricPath skips the tag behind the ethertype of Cisco's outer header; a whole frame follows.
func (d *Decoder) fabricPath(b []byte) (gopacket.LayerType, []byte, error) {
	if len(b) < 2 {
		return layerNone, nil, errShort
	}
	return layers.LayerTypeEthernet, b[2:], nil
}
