package capture

import (
	"github.com/google/gopacket"
	"github.com/google/gopacket/layers"
)

// gre reads a GRE header (RFC 2784, RFC 2890) or PPTP's (RFC 2637). gopacket
// reads its fields without asking whether they are there, and takes a reserved
// bit of version 0 for PPTP's; source routes are obsolete and refused.
func (d *Decoder) gre(b []byte) (gopacket.LayerType, []byte, error) {
	if len(b) < 4 || len(b) < greLength(b) {
		return layerNone, nil, errShort
	}
	const hasRoute, hasAck = 0x40, 0x80
	if b[0]&hasRoute != 0 || b[1]&7 == 0 && b[1]&hasAck != 0 {
		return layerNone, nil, errMalformed
	}
	g := &d.gp.gre
	if err := g.DecodeFromBytes(b, gopacket.NilDecodeFeedback); err != nil {
		return layerNone, nil, err
	}
	switch t := uint16(g.Protocol); {
	case g.Version == 1 && t == etherPPP:
		d.tunnel(TunnelPPTP)
		return layers.LayerTypePPP, g.Payload, nil
	case g.Version != 0:
		return layerNone, nil, nil
	case t == etherERSPAN2 && !g.SeqPresent:
		d.tunnel(TunnelERSPAN1)
		return layers.LayerTypeEthernet, g.Payload, nil
	case t == etherERSPAN2:
		return layers.LayerTypeERSPANII, g.Payload, nil
	case t == etherERSPAN3:
		return layerERSPAN3, g.Payload, nil
	case t == etherWCCP:
		return layerWCCP, g.Payload, nil
	case t <= max8023Length:
		return layerNone, nil, nil
	default:
		d.tunnel(TunnelGRE)
		return byEthertype(t), g.Payload, nil
	}
}

// greLength is the length of a GRE header without routes; b holds 4 bytes or more.
func greLength(b []byte) int {
	n := 4
	for _, present := range [...]bool{b[0]&0xc0 != 0, b[0]&0x20 != 0, b[0]&0x10 != 0, b[1]&0x80 != 0} {
		if present {
			n += 4
		}
	}
	return n
}

// wccp skips the redirect header of WCCP version 2; version 1 has none.
func (d *Decoder) wccp(b []byte) (gopacket.LayerType, []byte, error) {
	if len(b) < 4 {
		return layerNone, nil, errShort
	}
	d.tunnel(TunnelGRE)
	if b[0]>>4 != 4 {
		b = b[4:]
	}
	return byVersion(b), b, nil
}

// erspan2 reads an ERSPAN II header. The VLAN in it is that of the mirrored
// frame, from which the tag was taken.
func (d *Decoder) erspan2(b []byte) (gopacket.LayerType, []byte, error) {
	if len(b) < 8 {
		return layerNone, nil, errShort
	}
	e := &d.gp.erspan2
	if err := e.DecodeFromBytes(b, gopacket.NilDecodeFeedback); err != nil {
		return layerNone, nil, err
	}
	d.tunnel(TunnelERSPAN2)
	if e.VLANIdentifier != 0 {
		d.cur.vlan = e.VLANIdentifier
	}
	return layers.LayerTypeEthernet, e.Payload, nil
}

// erspan3 reads an ERSPAN III header, 12 bytes, or 20 with the platform's part.
func (d *Decoder) erspan3(b []byte) (gopacket.LayerType, []byte, error) {
	const header, platform = 12, 8
	if len(b) < header {
		return layerNone, nil, errShort
	}
	n := header
	if b[11]&1 != 0 {
		n += platform
	}
	if len(b) < n {
		return layerNone, nil, errShort
	}
	d.tunnel(TunnelERSPAN3)
	if id := be16(b) & 0xfff; id != 0 {
		d.cur.vlan = id
	}
	const frameTypeIP = 2
	if b[10]>>2&0x1f == frameTypeIP {
		return byVersion(b[n:]), b[n:], nil
	}
	return layers.LayerTypeEthernet, b[n:], nil
}

// etherIP skips the header of RFC 3378: version 3, and twelve zero bits.
func (d *Decoder) etherIP(b []byte) (gopacket.LayerType, []byte, error) {
	if len(b) < 2 {
		return layerNone, nil, errShort
	}
	if b[0]>>4 != 3 {
		return layerNone, nil, errMalformed
	}
	d.tunnel(TunnelEtherIP)
	return layers.LayerTypeEthernet, b[2:], nil
}
