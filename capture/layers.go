package capture

import (
	"github.com/google/gopacket"
	"github.com/google/gopacket/layers"
)

// Keys of the layers that gopacket has no type for. They are never registered
// with it: the parser of this package alone uses them. gopacket's own end at 146;
// low numbers keep the parser's table small.
const (
	layerLink gopacket.LayerType = 200 + iota
	layerCooked2
	layerCiscoHDLC
	layerPPPHDLC
	layerPPPDir
	layerPFLog
	layerNFLog
	layerPktap
	layerAVS
	layerPBB
	layerCMD
	layerNSH
	layerWCCP
	layerERSPAN3
	layerVXLANGPE
	layerTeredo
	layerL2TP
	layerTZSP
	layerENC
	layerFrameRelay
	layerPPI
	layerPPPD
	layerJuniper
	layerERF
	layerVNTag
	layerETag
	layerFabricPath
	layerEnd                         // the size of a table of all layers
	layerNone gopacket.LayerType = 0 // nothing follows that may be TCP
)

// borrowedLayers are gopacket's own layers: they read the headers, our tables
// say what follows, since gopacket's know neither QinQ 9100 nor VXLAN on 8472.
type borrowedLayers struct {
	ethernet layers.Ethernet
	tag      layers.Dot1Q
	llc      layers.LLC
	snap     layers.SNAP
	cooked   layers.LinuxSLL
	wifi     layers.Dot11
	head     [64]byte // the start of an 802.11 frame
	udp      layers.UDP
	gre      layers.GRE
	vxlan    layers.VXLAN
	erspan2  layers.ERSPANII
}

// layer makes a function of the decoder one of the parser's layers.
type layer struct {
	kind    gopacket.LayerType
	read    func(d *Decoder, b []byte) (next gopacket.LayerType, payload []byte, err error)
	d       *Decoder
	next    gopacket.LayerType
	payload []byte
}

var _ gopacket.DecodingLayer = (*layer)(nil)

// DecodeFromBytes reads the header at the start of b.
func (l *layer) DecodeFromBytes(b []byte, _ gopacket.DecodeFeedback) (err error) {
	if l.d.cur.layers++; l.d.cur.layers > maxLayers {
		return errDeep
	}
	l.next, l.payload, err = l.read(l.d, b)
	l.d.cur.starved = l.next != layerNone && len(l.payload) == 0 // the parser stops here
	return err
}

// CanDecode names the layer to the parser.
func (l *layer) CanDecode() gopacket.LayerClass { return l.kind }

// NextLayerType is what follows the header.
func (l *layer) NextLayerType() gopacket.LayerType { return l.next }

// LayerPayload is the rest after the header.
func (l *layer) LayerPayload() []byte { return l.payload }

// newParser makes the fixed parser. A new link type or tunnel is one line here,
// one function, and one line in the table that leads to it.
func newParser(d *Decoder) *gopacket.DecodingLayerParser {
	list := []layer{
		{kind: layerLink, read: (*Decoder).link},
		{kind: layers.LayerTypeEthernet, read: (*Decoder).ethernet},
		{kind: layers.LayerTypeDot1Q, read: (*Decoder).tag},
		{kind: layers.LayerTypeLLC, read: (*Decoder).llc},
		{kind: layers.LayerTypeSNAP, read: (*Decoder).snap},
		{kind: layers.LayerTypeLinuxSLL, read: (*Decoder).cooked},
		{kind: layerCooked2, read: (*Decoder).cooked2},
		{kind: layers.LayerTypeLoopback, read: (*Decoder).loopback},
		{kind: layers.LayerTypePPP, read: (*Decoder).ppp},
		{kind: layerPPPHDLC, read: (*Decoder).pppHDLC},
		{kind: layerPPPDir, read: (*Decoder).pppDir},
		{kind: layerCiscoHDLC, read: (*Decoder).ciscoHDLC},
		{kind: layers.LayerTypePPPoE, read: (*Decoder).pppoe},
		{kind: layerPFLog, read: (*Decoder).pflog},
		{kind: layerNFLog, read: (*Decoder).nflog},
		{kind: layerPktap, read: (*Decoder).pktap},
		{kind: layers.LayerTypeRadioTap, read: (*Decoder).radiotap},
		{kind: layerAVS, read: (*Decoder).avs},
		{kind: layers.LayerTypeDot11, read: (*Decoder).wifi},
		{kind: layerPBB, read: (*Decoder).pbb},
		{kind: layerCMD, read: (*Decoder).cmd},
		{kind: layerNSH, read: (*Decoder).nsh},
		{kind: layers.LayerTypeMPLS, read: (*Decoder).mpls},
		{kind: layers.LayerTypeIPv4, read: (*Decoder).ipv4},
		{kind: layers.LayerTypeIPv6, read: (*Decoder).ipv6},
		{kind: layers.LayerTypeIPSecAH, read: (*Decoder).ah},
		{kind: layers.LayerTypeTCP, read: (*Decoder).tcp},
		{kind: layers.LayerTypeUDP, read: (*Decoder).udp},
		{kind: layers.LayerTypeGRE, read: (*Decoder).gre},
		{kind: layerWCCP, read: (*Decoder).wccp},
		{kind: layers.LayerTypeERSPANII, read: (*Decoder).erspan2},
		{kind: layerERSPAN3, read: (*Decoder).erspan3},
		{kind: layers.LayerTypeEtherIP, read: (*Decoder).etherIP},
		{kind: layers.LayerTypeVXLAN, read: (*Decoder).vxlan},
		{kind: layerVXLANGPE, read: (*Decoder).vxlanGPE},
		{kind: layers.LayerTypeGeneve, read: (*Decoder).geneve},
		{kind: layers.LayerTypeGTPv1U, read: (*Decoder).gtpu},
		{kind: layerTeredo, read: (*Decoder).teredo},
		{kind: layerL2TP, read: (*Decoder).l2tp},
		{kind: layerTZSP, read: (*Decoder).tzsp},
		{kind: layerENC, read: (*Decoder).enc},
		{kind: layerFrameRelay, read: (*Decoder).frameRelay},
		{kind: layerPPI, read: (*Decoder).ppi},
		{kind: layerPPPD, read: (*Decoder).pppd},
		{kind: layerJuniper, read: (*Decoder).juniper},
		{kind: layerERF, read: (*Decoder).erf},
		{kind: layerVNTag, read: (*Decoder).vnTag},
		{kind: layerETag, read: (*Decoder).eTag},
		{kind: layerFabricPath, read: (*Decoder).fabricPath},
	}
	var table gopacket.DecodingLayerContainer = make(gopacket.DecodingLayerSparse, layerEnd)
	for i := range list {
		list[i].d = d
		table = table.Put(&list[i])
	}
	p := gopacket.NewDecodingLayerParser(layerLink)
	p.IgnoreUnsupported = true
	p.IgnorePanic = true // Decoder.slow recovers and counts
	p.SetDecodingLayerContainer(table)
	return p
}

// tunnel notes that a tunnel's header was taken off.
func (d *Decoder) tunnel(t Tunnel) { d.stats.Tunnels[t]++ }

// byEthertype finds the layer that an ethertype stands for.
func byEthertype(t uint16) gopacket.LayerType {
	switch t {
	case etherIPv4:
		return layers.LayerTypeIPv4
	case etherIPv6:
		return layers.LayerTypeIPv6
	case etherTag, etherTagS, etherTagQ, etherTagQ2:
		return layers.LayerTypeDot1Q
	case etherMPLS, etherMPLSMC:
		return layers.LayerTypeMPLS
	case etherPPPoE:
		return layers.LayerTypePPPoE
	case etherTEB:
		return layers.LayerTypeEthernet
	case etherPPP:
		return layers.LayerTypePPP
	case etherPBB:
		return layerPBB
	case etherNSH:
		return layerNSH
	case etherCMD:
		return layerCMD
	case etherVNTag:
		return layerVNTag
	case etherETag:
		return layerETag
	case etherFabricPath:
		return layerFabricPath
	}
	if t <= max8023Length {
		return layers.LayerTypeLLC
	}
	return layerNone
}

// byVersion finds the IP layer by the first nibble of a packet.
func byVersion(b []byte) gopacket.LayerType {
	if len(b) == 0 {
		return layerNone
	}
	switch b[0] >> 4 {
	case 4:
		return layers.LayerTypeIPv4
	case 6:
		return layers.LayerTypeIPv6
	}
	return layerNone
}
