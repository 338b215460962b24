package capture

// Tunnel is a kind of encapsulation that the decoder took off.
type Tunnel uint8

// The tunnels, and what carries the inner packet.
const (
	TunnelIPIP     Tunnel = iota // IPv4 in IP (RFC 2003, RFC 2473)
	Tunnel6in4                   // IPv6 in IP (RFC 4213, RFC 2473)
	TunnelGRE                    // GRE (RFC 2784, RFC 2890)
	TunnelPPTP                   // enhanced GRE with PPP (RFC 2637)
	TunnelERSPAN1                // ERSPAN type I, a bare frame in GRE
	TunnelERSPAN2                // ERSPAN type II (draft-foschiano-erspan)
	TunnelERSPAN3                // ERSPAN type III (draft-foschiano-erspan)
	TunnelEtherIP                // EtherIP (RFC 3378)
	TunnelVXLAN                  // VXLAN (RFC 7348)
	TunnelVXLANGPE               // VXLAN-GPE (draft-ietf-nvo3-vxlan-gpe)
	TunnelGeneve                 // Geneve (RFC 8926)
	TunnelGTPU                   // GTP-U version 1 (3GPP TS 29.281)
	TunnelTeredo                 // Teredo (RFC 4380)
	TunnelL2TP                   // L2TP version 2 (RFC 2661)
	TunnelTZSP                   // TZSP, the mirror of wireless sniffers and routers
	TunnelMPLS                   // MPLS label stack over IP (RFC 3032)
	TunnelEoMPLS                 // Ethernet over MPLS (RFC 4448)
	TunnelPPPoE                  // PPPoE session (RFC 2516)
	TunnelPBB                    // MAC in MAC (IEEE 802.1ah)
	TunnelNSH                    // network service header (RFC 8300)
	tunnelKinds
)

// String is the name that protocols' papers use.
func (t Tunnel) String() string {
	names := [tunnelKinds]string{
		"IP-in-IP", "6in4", "GRE", "PPTP", "ERSPAN I", "ERSPAN II", "ERSPAN III", "EtherIP", "VXLAN", "VXLAN-GPE",
		"Geneve", "GTP-U", "Teredo", "L2TP", "TZSP", "MPLS", "EoMPLS", "PPPoE", "802.1ah", "NSH",
	}
	if t >= tunnelKinds {
		return "unknown"
	}
	return names[t]
}

// LinkCount is a number of frames of one link type.
type LinkCount struct {
	Link   LinkType
	Frames uint64
}

// DecodeStats counts what a Decoder saw. Every frame is in exactly one of TCP,
// Unwanted, NotTCP, Truncated, Malformed, TooDeep, Waiting, UnknownLink and
// Panics; Frames is their sum. The other counters say more about some of them.
type DecodeStats struct {
	Frames      uint64
	TCP         uint64 // segments that were handed on
	Unwanted    uint64 // TCP, left out by Ports, Net or ExcludeNet
	NotTCP      uint64 // something else, encrypted frames included
	Truncated   uint64 // cut by the snap length before the end of the TCP header
	Malformed   uint64 // headers that contradict themselves or the frame
	TooDeep     uint64 // more headers in each other than the decoder follows
	Waiting     uint64 // fragments that did not complete their datagram
	UnknownLink uint64 // frames of a link type that the decoder does not know
	Panics      uint64 // frames at which decoding broke down; none is known

	Fragments        uint64 // IP fragments looked at
	FragmentsDropped uint64 // of these, lost: evicted, expired, overlapping or out of bounds
	Datagrams        uint64 // datagrams put together from fragments
	Encrypted        uint64 // 802.11 data frames that are encrypted (part of NotTCP)
	WiFiPieces       uint64 // 802.11 fragments, and frames with aggregated parts of which the first alone was read

	Tunnels      [tunnelKinds]uint64 // headers taken off, by Tunnel
	UnknownLinks [8]LinkCount        // the first link types of UnknownLink; Frames is 0 in unused places
}

// Add adds the counters of o, of another decoder, to s. Of link types that find
// no place in UnknownLinks only the sum is kept.
func (s *DecodeStats) Add(o *DecodeStats) {
	for _, p := range [...]struct {
		to   *uint64
		from uint64
	}{
		{&s.Frames, o.Frames}, {&s.TCP, o.TCP}, {&s.Unwanted, o.Unwanted}, {&s.NotTCP, o.NotTCP},
		{&s.Truncated, o.Truncated}, {&s.Malformed, o.Malformed}, {&s.TooDeep, o.TooDeep},
		{&s.Waiting, o.Waiting}, {&s.UnknownLink, o.UnknownLink}, {&s.Panics, o.Panics},
		{&s.Fragments, o.Fragments}, {&s.FragmentsDropped, o.FragmentsDropped}, {&s.Datagrams, o.Datagrams},
		{&s.Encrypted, o.Encrypted}, {&s.WiFiPieces, o.WiFiPieces},
	} {
		*p.to += p.from
	}
	for i, n := range o.Tunnels {
		s.Tunnels[i] += n
	}
	for _, l := range o.UnknownLinks {
		s.unknownLink(l.Link, l.Frames)
	}
}

// unknownLink notes n frames of link type l, while there is a place for it.
func (s *DecodeStats) unknownLink(l LinkType, n uint64) {
	if n == 0 {
		return
	}
	for i := range s.UnknownLinks {
		u := &s.UnknownLinks[i]
		if u.Frames == 0 || u.Link == l {
			u.Link = l
			u.Frames += n
			return
		}
	}
}
