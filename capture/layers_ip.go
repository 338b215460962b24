package capture

import (
	"github.com/google/gopacket"
	"github.com/google/gopacket/layers"
)

// ipv4 reads an IPv4 header (RFC 791). A packet that the fast path can judge is
// judged by it; what remains are fragments, tunnels, and what is damaged.
func (d *Decoder) ipv4(b []byte) (gopacket.LayerType, []byte, error) {
	c := &d.cur
	if o := d.fastIPv4(c.frame, c.seg, b, c.vlan); o != unusual {
		c.out = o
		return layerNone, nil, nil
	}
	if c.ips++; c.ips > maxIPs {
		return layerNone, nil, errDeep
	}
	if len(b) < ipv4Header {
		return layerNone, nil, errShort
	}
	h, end := int(b[0]&15)<<2, int(be16(b[2:]))
	if b[0]>>4 != 4 || h < ipv4Header || end != 0 && end < h {
		return layerNone, nil, errMalformed
	}
	if h > len(b) {
		return layerNone, nil, errShort
	}
	if end == 0 {
		end = len(b) + c.frame.notKept()
	}
	c.ip, c.missing = b[:h], max(0, end-len(b))
	p := b[h:min(end, len(b))]
	if place := be16(b[6:]); place&0x3fff != 0 {
		k := fragKey{v4: true, id: uint32(be16(b[4:])), proto: b[9]}
		copy(k.src[:], b[12:16])
		copy(k.dst[:], b[16:20])
		f := fragment{key: k, off: int(place&0x1fff) << 3, more: place&0x2000 != 0, proto: b[9], data: p}
		if f.more {
			f.data = p[:len(p)&^7] // what is no multiple of 8 is none of the next one's
		}
		whole, _, ok := d.fragment(&f)
		if !ok {
			return layerNone, nil, nil
		}
		p = whole
	}
	return d.byProtocol(b[9], p)
}

// fragment gives a fragment to the defragmenter. Those that can never be wanted,
// and those that the snap length cut, are not kept.
func (d *Decoder) fragment(f *fragment) (whole []byte, proto uint8, ok bool) {
	f.now = d.cur.frame.Time
	byPorts := f.off == 0 && len(f.data) >= 4
	byProto := f.key.v4 && f.proto != protoTCP && (f.proto != protoUDP || d.noTunnels)
	f.wanted = !byPorts && !byProto || d.mayWant(f.proto, f.data)
	if byProto && !f.wanted {
		return nil, 0, false // not even a place in the table
	}
	d.cur.out = waiting
	if len(f.data) == 0 || f.off+len(f.data) > maxDatagram || d.cur.missing > 0 || !f.key.v4 && f.more && len(f.data)&7 != 0 {
		d.stats.Fragments++
		d.stats.FragmentsDropped++
		return nil, 0, false
	}
	if whole, proto, ok = d.defrag.add(f); ok {
		d.cur.out = notTCP
	}
	return whole, proto, ok
}

// mayWant reports whether a datagram of this protocol that begins with b may
// hold a wanted segment.
func (d *Decoder) mayWant(proto uint8, b []byte) bool {
	if proto == protoTCP {
		return d.wants(be32(b))
	}
	if proto == protoUDP && len(b) < 4 {
		return false
	}
	return d.fastProto(proto, b) == unusual
}

// ipv6 reads an IPv6 header and its extension headers (RFC 8200). gopacket's
// does not trim a packet with hop-by-hop options and refuses a length of 0.
func (d *Decoder) ipv6(b []byte) (gopacket.LayerType, []byte, error) {
	c := &d.cur
	if o := d.fastIPv6(c.frame, c.seg, b, c.vlan); o != unusual {
		c.out = o
		return layerNone, nil, nil
	}
	if c.ips++; c.ips > maxIPs {
		return layerNone, nil, errDeep
	}
	if len(b) < ipv6Header {
		return layerNone, nil, errShort
	}
	if b[0]>>4 != 6 {
		return layerNone, nil, errMalformed
	}
	p := b[ipv6Header:]
	n := int(be16(b[4:]))
	if n == 0 {
		n = len(p) + c.frame.notKept()
	}
	c.ip, c.missing = b[:ipv6Header], max(0, n-len(p))
	p = p[:min(n, len(p))]
	return d.extensions(b[6], p)
}

// maxExtensions is how many extension headers of one packet are followed.
const maxExtensions = 8

// extensions walks the headers between IPv6 and what it carries.
func (d *Decoder) extensions(proto uint8, p []byte) (gopacket.LayerType, []byte, error) {
	for range maxExtensions {
		n := 8
		switch proto {
		case protoHopByHop, protoRouting, protoDestOpts, protoMobility, protoHIP, protoShim6:
			if len(p) > 1 {
				n = 8 + 8*int(p[1])
			}
		case protoAH:
			if len(p) > 1 {
				n = 8 + 4*int(p[1])
			}
		case protoFragment:
		default:
			return d.byProtocol(proto, p)
		}
		if len(p) < n {
			return layerNone, nil, errShort
		}
		if proto == protoFragment && be16(p[2:])&0xfff9 != 0 { // an atomic one (RFC 6946) is no fragment
			whole, first, ok := d.fragment6(p)
			if !ok {
				return layerNone, nil, nil
			}
			proto, p = first, whole
			continue
		}
		proto, p = p[0], p[n:]
	}
	return layerNone, nil, errDeep
}

// fragment6 reads an IPv6 fragment header and what follows it; p holds 8 bytes or more.
func (d *Decoder) fragment6(p []byte) (whole []byte, proto uint8, ok bool) {
	ip := d.cur.ip
	return d.fragment(&fragment{
		key:   fragKey{src: [16]byte(ip[8:24]), dst: [16]byte(ip[24:40]), id: be32(p[4:])},
		off:   int(be16(p[2:]) &^ 7),
		more:  p[3]&1 != 0,
		proto: p[0],
		data:  p[8:],
	})
}

// ah skips an authentication header (RFC 4302) behind IPv4: what follows is in the clear.
func (d *Decoder) ah(b []byte) (gopacket.LayerType, []byte, error) {
	if len(b) < 12 {
		return layerNone, nil, errShort
	}
	n := 8 + 4*int(b[1])
	if n > len(b) {
		return layerNone, nil, errShort
	}
	return d.byProtocol(b[0], b[n:])
}

// byProtocol finds the layer that an IP protocol number stands for.
func (d *Decoder) byProtocol(proto uint8, p []byte) (gopacket.LayerType, []byte, error) {
	switch proto {
	case protoTCP:
		if len(p) == 0 {
			return layerNone, nil, errShort
		}
		return layers.LayerTypeTCP, p, nil
	case protoUDP:
		return layers.LayerTypeUDP, p, nil
	case protoAH:
		return layers.LayerTypeIPSecAH, p, nil
	}
	if d.noTunnels {
		return layerNone, nil, nil
	}
	switch proto {
	case protoIPv4:
		d.tunnel(TunnelIPIP)
		return layers.LayerTypeIPv4, p, nil
	case protoIPv6:
		d.tunnel(Tunnel6in4)
		return layers.LayerTypeIPv6, p, nil
	case protoGRE:
		return layers.LayerTypeGRE, p, nil
	case protoEtherIP:
		return layers.LayerTypeEtherIP, p, nil
	case protoMPLS:
		return layers.LayerTypeMPLS, p, nil
	}
	return layerNone, nil, nil
}

// tcp reads the TCP header of a packet that was no matter for the fast path.
func (d *Decoder) tcp(b []byte) (gopacket.LayerType, []byte, error) {
	c := &d.cur
	if len(b) < 4 {
		return layerNone, nil, errShort
	}
	c.out = unwanted
	if !d.wants(be32(b)) {
		return layerNone, nil, nil
	}
	if c.out = c.seg.tcp(c.frame, b, c.missing); c.out != isTCP {
		return layerNone, nil, nil
	}
	if c.ip[0]>>4 == 4 {
		c.seg.ipv4(c.ip, c.vlan)
	} else {
		c.seg.ipv6(c.ip, c.vlan)
	}
	if d.filtered && !d.nets.wants(c.seg) {
		c.out = unwanted
	}
	return layerNone, nil, nil
}

// udp reads a UDP header and knows tunnels by their ports.
func (d *Decoder) udp(b []byte) (gopacket.LayerType, []byte, error) {
	if d.noTunnels {
		return layerNone, nil, nil
	}
	u := &d.gp.udp
	if err := u.DecodeFromBytes(b, gopacket.NilDecodeFeedback); err != nil {
		return layerNone, nil, err
	}
	return byUDPPort(uint16(u.SrcPort), uint16(u.DstPort)), u.Payload, nil
}
