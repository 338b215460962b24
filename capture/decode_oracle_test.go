package capture

import (
	"bytes"
	"math/rand/v2"
	"testing"

	"github.com/google/gopacket"
	"github.com/google/gopacket/ip4defrag"
	"github.com/google/gopacket/layers"
)

// wrapper is a header that may stand around a packet, where gopacket reads it right.
type wrapper struct {
	v6   bool // what it makes is IPv6
	wrap func(r *rand.Rand, p []byte, v6 bool) []byte
}

// anyEther puts a packet into a frame with up to two tags.
func anyEther(r *rand.Rand, p []byte, v6 bool) []byte {
	t := []byte{0x08, 0x00}
	if v6 {
		t = []byte{0x86, 0xdd}
	}
	b := append(t, p...)
	types := [][]byte{{0x81, 0x00}, {0x88, 0xa8}}
	for range r.IntN(3) {
		b = join(types[r.IntN(2)], []byte{byte(r.IntN(16)), byte(1 + r.IntN(255))}, b)
	}
	return join(hexes("021122334455 02aabbccddee"), b)
}

func oracleWrappers() []wrapper {
	ethertype := func(v6 bool) []byte {
		if v6 {
			return []byte{0x86, 0xdd}
		}
		return []byte{0x08, 0x00}
	}
	protocol := func(v6 bool) int {
		if v6 {
			return 41
		}
		return 4
	}
	return []wrapper{
		{false, func(_ *rand.Rand, p []byte, v6 bool) []byte { return frameIPv4(protocol(v6), p) }},
		{true, func(_ *rand.Rand, p []byte, v6 bool) []byte { return frameIPv6(protocol(v6), p) }},
		{false, func(_ *rand.Rand, p []byte, v6 bool) []byte { return frameIPv4(47, hexes("0000"), ethertype(v6), p) }},
		{true, func(_ *rand.Rand, p []byte, v6 bool) []byte {
			return frameIPv6(47, hexes("b000"), ethertype(v6), hexes("00000000 00000007 00000001"), p)
		}},
		{false, func(r *rand.Rand, p []byte, v6 bool) []byte {
			return frameIPv4(47, hexes("1000 88be 00000001 1064 0001 00000000"), anyEther(r, p, v6))
		}},
		{false, func(r *rand.Rand, p []byte, v6 bool) []byte {
			return frameIPv4(17, frameUDP(1000+r.IntN(1000), 4789, hexes("08000000 00000100"), anyEther(r, p, v6)))
		}},
		{true, func(r *rand.Rand, p []byte, v6 bool) []byte {
			return frameIPv6(17, frameUDP(1000+r.IntN(1000), 6081, hexes("0100 6558 00000100 01028000"), anyEther(r, p, v6)))
		}},
		{false, func(_ *rand.Rand, p []byte, _ bool) []byte {
			return frameIPv4(17, frameUDP(2152, 2152, hexes("30ff"), u16(len(p)), hexes("00000001"), p))
		}},
	}
}

// randomFrame is a TCP segment in a random number of headers.
func randomFrame(r *rand.Rand) []byte {
	payload := make([]byte, r.IntN(200))
	for i := range payload {
		payload[i] = byte(r.Uint32())
	}
	words := r.IntN(11)
	tcp := join(u16(1+r.IntN(65535)), u16(1+r.IntN(65535)), u32(int(r.Uint32())), u32(int(r.Uint32())),
		[]byte{byte(5+words) << 4, byte(r.IntN(64))}, hexes("2000 0000 0000"), bytes.Repeat([]byte{1}, 4*words), payload)
	v6 := r.IntN(2) == 1
	p := frameIPv4(6, tcp)
	if v6 {
		p = frameIPv6(6, tcp)
		if r.IntN(2) == 1 {
			p = frameIPv6(60, hexes("0600 010400000000"), tcp)
		}
	}
	ws := oracleWrappers()
	for range r.IntN(4) {
		w := ws[r.IntN(len(ws))]
		p, v6 = w.wrap(r, p, v6), w.v6
	}
	return anyEther(r, p, v6)
}

// oracleTCP is the innermost TCP layer that gopacket finds, and the IP addresses
// and the tag that are nearest to it.
func oracleTCP(frame []byte) (tcp *layers.TCP, src, dst []byte, vlan uint16) {
	for _, l := range gopacket.NewPacket(frame, layers.LayerTypeEthernet, gopacket.NoCopy).Layers() {
		switch l := l.(type) {
		case *layers.TCP:
			tcp = l
		case *layers.IPv4:
			src, dst = l.SrcIP.To16(), l.DstIP.To16()
		case *layers.IPv6:
			src, dst = l.SrcIP, l.DstIP
		case *layers.Dot1Q:
			vlan = l.VLANIdentifier
		case *layers.ERSPANII:
			vlan = l.VLANIdentifier
		}
	}
	return tcp, src, dst, vlan
}

// TestDecodeAgreesWithGopacket compares random frames.
func TestDecodeAgreesWithGopacket(t *testing.T) {
	r := rand.New(rand.NewPCG(5, 6))
	d := NewDecoder(DecoderConfig{})
	var s Segment
	for i := range 6000 {
		b := randomFrame(r)
		tcp, src, dst, vlan := oracleTCP(b)
		if tcp == nil {
			t.Fatalf("frame %d: gopacket finds no TCP in %x", i, b)
		}
		if !d.Decode(frameOf(LinkEthernet, b), &s) {
			t.Fatalf("frame %d: no segment in %x", i, b)
		}
		if s.Src.Port != uint16(tcp.SrcPort) || s.Dst.Port != uint16(tcp.DstPort) || s.Seq != tcp.Seq || s.Ack != tcp.Ack ||
			s.Flags.Has(SYN) != tcp.SYN || s.Flags.Has(FIN) != tcp.FIN || s.Flags.Has(RST) != tcp.RST || s.Flags.Has(ACK) != tcp.ACK ||
			!bytes.Equal(s.Payload, tcp.Payload) || !bytes.Equal(s.Src.IP[:], src) || !bytes.Equal(s.Dst.IP[:], dst) || s.VLAN != vlan {
			t.Fatalf("frame %d: %+v, gopacket %+v in %x", i, s, tcp, b)
		}
	}
}

// TestFragmentsAgreeWithGopacket compares IPv4 datagrams put together from
// fragments in random order, without overlaps, with gopacket's.
func TestFragmentsAgreeWithGopacket(t *testing.T) {
	r := rand.New(rand.NewPCG(7, 8))
	d := NewDecoder(DecoderConfig{})
	oracle := ip4defrag.NewIPv4Defragmenter()
	var s Segment
	for id := range 500 {
		payload := giant(100 + 8*r.IntN(400)) // gopacket refuses a last fragment of less than 8 bytes
		f := cut4(id, 8*(3+r.IntN(60)), frameTCP(payload))
		r.Shuffle(len(f), func(i, j int) { f[i], f[j] = f[j], f[i] })
		for i, b := range f {
			got := d.Decode(frameOf(LinkEthernet, b), &s)
			ip := gopacket.NewPacket(b, layers.LayerTypeEthernet, gopacket.NoCopy).Layer(layers.LayerTypeIPv4).(*layers.IPv4)
			whole, err := oracle.DefragIPv4(ip)
			if err != nil {
				t.Fatal(err)
			}
			if got != (whole != nil) || got != (i == len(f)-1) {
				t.Fatalf("datagram %d, fragment %d of %d: segment %v, gopacket %v", id, i, len(f), got, whole != nil)
			}
			if got && (string(s.Payload) != payload || !bytes.Equal(s.Payload, whole.Payload[20:])) {
				t.Fatalf("datagram %d: other bytes", id)
			}
		}
	}
}
