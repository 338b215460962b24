package capture

import "strconv"

// The link types that the decoder knows, by their values in the LINKTYPE
// registry of tcpdump.org. 12 and 14 stand for raw IP on most systems; OpenBSD
// wrote 12 for its loopback and 14 for raw IP, so their content decides.
const (
	LinkNull       LinkType = 0   // BSD loopback, address family in the byte order of the capturing machine
	LinkEthernet   LinkType = 1   // Ethernet, with or without a check sequence at its end
	LinkPPP        LinkType = 9   // PPP, with or without the HDLC address and control bytes
	LinkRaw12      LinkType = 12  // raw IP, or OpenBSD's loopback
	LinkRaw14      LinkType = 14  // raw IP, or OpenBSD's loopback
	LinkPPPHDLC    LinkType = 50  // PPP in HDLC framing (RFC 1662), or Cisco HDLC
	LinkPPPoE      LinkType = 51  // PPPoE session packets without their Ethernet header
	LinkRaw        LinkType = 101 // raw IP; the first nibble tells the version
	LinkCiscoHDLC  LinkType = 104 // Cisco HDLC
	LinkFrameRelay LinkType = 107 // Frame Relay
	LinkWiFi       LinkType = 105 // 802.11
	LinkLoop       LinkType = 108 // OpenBSD loopback, address family in network byte order
	LinkENC        LinkType = 109 // OpenBSD encapsulating interface: what IPsec has decrypted
	LinkCooked     LinkType = 113 // Linux cooked capture (SLL)
	LinkPFLog      LinkType = 117 // OpenBSD and FreeBSD packet filter log
	LinkPrism      LinkType = 119 // 802.11 after a Prism or AVS header
	LinkRadiotap   LinkType = 127 // 802.11 after a radiotap header
	LinkAVS        LinkType = 163 // 802.11 after an AVS header
	LinkPPPD       LinkType = 166 // PPP whose address byte is a direction, as pppd writes it
	LinkJuniper    LinkType = 178 // Ethernet after Juniper's header
	LinkPPI        LinkType = 192 // per-packet information, which names the link type inside
	LinkERF        LinkType = 197 // Endace's records
	LinkPPPDir     LinkType = 204 // PPP after a byte that tells the direction
	LinkMPLS       LinkType = 219 // MPLS labels ahead of IP
	LinkIPv4       LinkType = 228 // raw IPv4
	LinkIPv6       LinkType = 229 // raw IPv6
	LinkNFLog      LinkType = 239 // Linux netfilter log
	LinkPktap      LinkType = 258 // Apple's pktap, which names the link type inside
	LinkCooked2    LinkType = 276 // Linux cooked capture, version 2 (SLL2)
)

// Supported reports whether the decoder knows the link type. Frames of another
// one are counted and passed over.
func (l LinkType) Supported() bool { return l.name() != "" }

// String names the link type, or gives its number when the decoder does not know it.
func (l LinkType) String() string {
	if n := l.name(); n != "" {
		return n
	}
	return "link type " + strconv.FormatUint(uint64(l), 10)
}

func (l LinkType) name() string {
	switch l {
	case LinkNull:
		return "BSD loopback"
	case LinkEthernet:
		return "Ethernet"
	case LinkPPP, LinkPPPHDLC, LinkPPPDir, LinkPPPD:
		return "PPP"
	case LinkRaw12, LinkRaw14, LinkRaw:
		return "raw IP"
	case LinkPPPoE:
		return "PPPoE"
	case LinkCiscoHDLC:
		return "Cisco HDLC"
	case LinkWiFi:
		return "802.11"
	case LinkLoop:
		return "OpenBSD loopback"
	case LinkCooked:
		return "Linux cooked"
	case LinkCooked2:
		return "Linux cooked v2"
	case LinkPFLog:
		return "packet filter log"
	case LinkPrism, LinkAVS:
		return "802.11 with AVS or Prism"
	case LinkRadiotap:
		return "802.11 with radiotap"
	case LinkIPv4:
		return "raw IPv4"
	case LinkIPv6:
		return "raw IPv6"
	case LinkNFLog:
		return "netfilter log"
	case LinkPktap:
		return "pktap"
	}
	return l.rareName()
}

func (l LinkType) rareName() string {
	switch l {
	case LinkFrameRelay:
		return "Frame Relay"
	case LinkENC:
		return "decrypted IPsec"
	case LinkJuniper:
		return "Ethernet with Juniper's header"
	case LinkPPI:
		return "per-packet information"
	case LinkERF:
		return "ERF"
	case LinkMPLS:
		return "MPLS"
	}
	return ""
}
