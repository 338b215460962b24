package capture

import (
	"encoding/binary"
	"net/netip"
)

// netFilter holds the networks of DecoderConfig as masks over 16-byte addresses.
type netFilter struct {
	in, out []netMask
}

// netMask is a prefix: two words of address and of mask.
type netMask struct {
	addr, mask [2]uint64
	v4         bool
}

func newNetFilter(in, out []netip.Prefix) netFilter {
	return netFilter{in: netMasks(in), out: netMasks(out)}
}

func netMasks(ps []netip.Prefix) []netMask {
	var ms []netMask
	for _, p := range ps {
		if p.IsValid() {
			ms = append(ms, newNetMask(p))
		}
	}
	return ms
}

func newNetMask(p netip.Prefix) netMask {
	bits := p.Bits()
	m := netMask{v4: p.Addr().Is4() || p.Addr().Is4In6() && bits >= 96}
	if p.Addr().Is4() {
		bits += 96 // segments carry IPv4 addresses in mapped form
	}
	for i := range m.mask {
		n := min(max(bits-64*i, 0), 64)
		m.mask[i] = ^(^uint64(0) >> n)
	}
	ip := p.Addr().As16()
	a := words(&ip)
	m.addr = [2]uint64{a[0] & m.mask[0], a[1] & m.mask[1]}
	return m
}

func words(ip *[16]byte) [2]uint64 {
	return [2]uint64{binary.BigEndian.Uint64(ip[:8]), binary.BigEndian.Uint64(ip[8:])}
}

func (n *netFilter) empty() bool { return len(n.in)+len(n.out) == 0 }

// wants reports whether the segment passes: an endpoint in Net, none in ExcludeNet.
func (n *netFilter) wants(s *Segment) bool {
	src, dst := words(&s.Src.IP), words(&s.Dst.IP)
	if anyHolds(n.out, src, s.IPv4) || anyHolds(n.out, dst, s.IPv4) {
		return false
	}
	return len(n.in) == 0 || anyHolds(n.in, src, s.IPv4) || anyHolds(n.in, dst, s.IPv4)
}

func anyHolds(ms []netMask, a [2]uint64, v4 bool) bool {
	for i := range ms {
		m := &ms[i]
		if m.v4 == v4 && a[0]&m.mask[0] == m.addr[0] && a[1]&m.mask[1] == m.addr[1] {
			return true
		}
	}
	return false
}
