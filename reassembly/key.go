package reassembly

import (
	"encoding/binary"
	"math/bits"
	"math/rand/v2"
	"net/netip"

	"cleartap/capture"
)

// key names a flow in the table: the same for both directions, VLAN tags apart.
// Of the two ends, the one that sorts first is side 0.
type key struct {
	hash  uint64
	addrs uint64 // the two IPv4 addresses, or 32 bits of the hash for IPv6
	ports uint32 // side 0's, then side 1's
	v6    bool
	side  uint8     // which end sent the segment
	ip    [4]uint64 // IPv6: side 0's address, then side 1's
}

// seeds make the hash unpredictable, so that nobody can fill one bucket. Nothing
// that leaves the package depends on them.
type seeds [3]uint64

func newSeeds() (s seeds) {
	for i := range s {
		s[i] = rand.Uint64() | 1
	}
	return s
}

func mix(a, b uint64) uint64 {
	hi, lo := bits.Mul64(a, b)
	return hi ^ lo
}

// key4 is the key of an IPv4 segment, in registers.
func (x *seeds) key4(s *capture.Segment) (hash, addrs uint64, ports uint32, side uint8) {
	a := uint64(binary.BigEndian.Uint32(s.Src.IP[12:]))<<16 | uint64(s.Src.Port)
	b := uint64(binary.BigEndian.Uint32(s.Dst.IP[12:]))<<16 | uint64(s.Dst.Port)
	if a > b { // nobody can foresee it: no branch
		side = 1
	}
	a, b = min(a, b), max(a, b)
	hash = mix(a^x[0], b^x[1])
	return hash ^ hash>>29, a>>16<<32 | b>>16, uint32(a)<<16 | uint32(b&0xffff), side
}

// of6 fills k with the key of an IPv6 segment.
func (k *key) of6(s *capture.Segment, seed *seeds) {
	x := [3]uint64{binary.BigEndian.Uint64(s.Src.IP[:]), binary.BigEndian.Uint64(s.Src.IP[8:]), uint64(s.Src.Port)}
	y := [3]uint64{binary.BigEndian.Uint64(s.Dst.IP[:]), binary.BigEndian.Uint64(s.Dst.IP[8:]), uint64(s.Dst.Port)}
	k.side = 0
	if after(&x, &y) {
		x, y = y, x
		k.side = 1
	}
	k.v6 = true
	k.ip = [4]uint64{x[0], x[1], y[0], y[1]}
	k.ports = uint32(x[2])<<16 | uint32(y[2])
	h := mix(x[0]^seed[0], x[1]^seed[1])
	h = mix(y[0]^seed[1], y[1]^seed[2]^h)
	k.hash = mix(h^uint64(k.ports)^seed[0], seed[2])
	k.addrs = k.hash & 0xffffffff
}

func after(x, y *[3]uint64) bool {
	for i := range x {
		if x[i] != y[i] {
			return x[i] > y[i]
		}
	}
	return false
}

// address6 is the pair of addresses of an IPv6 flow; its entry has no room for it.
type address6 [4]uint64

// end gives one end of a flow.
func (a *Assembler) end(e *entry, side uint8) netip.AddrPort {
	port := uint16(e.ports >> (16 * (1 - side)))
	if e.flags&v6 == 0 {
		var ip [4]byte
		binary.BigEndian.PutUint32(ip[:], uint32(e.addrs>>(32*(1-side))))
		return netip.AddrPortFrom(netip.AddrFrom4(ip), port)
	}
	x := a.addresses.at(uint32(e.addrs >> 32))
	var ip [16]byte
	binary.BigEndian.PutUint64(ip[:], x[2*side])
	binary.BigEndian.PutUint64(ip[8:], x[2*side+1])
	return netip.AddrPortFrom(netip.AddrFrom16(ip), port)
}
