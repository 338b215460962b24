package capture

import (
	"encoding/binary"
	"encoding/hex"
	"strings"
	"testing"
)

// The frames of the decoder's tests are made by hand, from the inside out:
// frameEther(0x0800, frameIPv4(6, frameTCP("USER alice\r\n"))).

const (
	testClientPort = 40001
	testServerPort = 110
	testSeq        = 0x01020304
	testAck        = 0x05060708
	testLine       = "USER alice\r\n"
	testTTL        = 61
)

func join(parts ...[]byte) []byte {
	var out []byte
	for _, p := range parts {
		out = append(out, p...)
	}
	return out
}

// hexes reads bytes written as hexadecimal with spaces.
func hexes(s string) []byte {
	b, err := hex.DecodeString(strings.ReplaceAll(s, " ", ""))
	if err != nil {
		panic(err)
	}
	return b
}

func u16(n int) []byte { return binary.BigEndian.AppendUint16(nil, uint16(n)) }
func u32(n int) []byte { return binary.BigEndian.AppendUint32(nil, uint32(n)) }

func frameTCPPorts(src, dst int, payload string) []byte {
	return join(u16(src), u16(dst), u32(testSeq), u32(testAck), hexes("5018 2000 0000 0000"), []byte(payload))
}

func frameTCP(payload string) []byte {
	return frameTCPPorts(testClientPort, testServerPort, payload)
}

func frameUDP(src, dst int, payload ...[]byte) []byte {
	p := join(payload...)
	return join(u16(src), u16(dst), u16(8+len(p)), u16(0), p)
}

func frameIPv4(proto int, payload ...[]byte) []byte {
	p := join(payload...)
	return join(hexes("4500"), u16(20+len(p)), hexes("0001 0000"), []byte{testTTL, byte(proto)}, hexes("0000 0a000001 c0000219"), p)
}

// frameIPv4Frag is a fragment: identification, offset in bytes, more to come.
func frameIPv4Frag(proto, id, off int, more bool, payload []byte) []byte {
	b := frameIPv4(proto, payload)
	binary.BigEndian.PutUint16(b[4:], uint16(id))
	place := uint16(off / 8)
	if more {
		place |= 0x2000
	}
	binary.BigEndian.PutUint16(b[6:], place)
	return b
}

func frameIPv6(next int, payload ...[]byte) []byte {
	p := join(payload...)
	return join(hexes("60000000"), u16(len(p)), []byte{byte(next), testTTL},
		hexes("20010db8000100000000000000000001 20010db8000200000000000000000025"), p)
}

// frameIPv6Frag is the fragment header with its piece.
func frameIPv6Frag(next, id, off int, more bool, payload []byte) []byte {
	place := off
	if more {
		place |= 1
	}
	return join([]byte{byte(next), 0}, u16(place), u32(id), payload)
}

func frameEther(ethertype int, payload ...[]byte) []byte {
	return join(hexes("021122334455 02aabbccddee"), u16(ethertype), join(payload...))
}

// mailIPv4 and mailIPv6 are the packets that most tests wrap.
func mailIPv4() []byte { return frameIPv4(6, frameTCP(testLine)) }
func mailIPv6() []byte { return frameIPv6(6, frameTCP(testLine)) }

// mailEther is the plain frame.
func mailEther() []byte { return frameEther(0x0800, mailIPv4()) }

func frameOf(link LinkType, data []byte) *Frame {
	return &Frame{Time: 1_700_000_000e9, Data: data, Length: len(data), Number: 7, File: 3, Link: link}
}

// checkMail fails unless s is the segment that mailIPv4 or mailIPv6 holds.
func checkMail(t *testing.T, s *Segment, v4 bool, payload string) {
	t.Helper()
	want := Segment{
		Mark:    Mark{Time: 1_700_000_000e9, Frame: 7, File: 3, Seq: testSeq, Ack: testAck},
		Src:     Endpoint{IP: [16]byte(hexes("20010db8000100000000000000000001")), Port: testClientPort},
		Dst:     Endpoint{IP: [16]byte(hexes("20010db8000200000000000000000025")), Port: testServerPort},
		IPv4:    v4,
		Flags:   ACK | 0x08,
		TTL:     testTTL,
		VLAN:    s.VLAN,    // has tests of its own
		Missing: s.Missing, // the same
	}
	if v4 {
		want.Src.IP = [16]byte(hexes("00000000000000000000ffff0a000001"))
		want.Dst.IP = [16]byte(hexes("00000000000000000000ffffc0000219"))
	}
	got := *s
	got.Payload = nil
	if got.Mark != want.Mark || got.Src != want.Src || got.Dst != want.Dst || got.IPv4 != want.IPv4 ||
		got.Flags != want.Flags || got.TTL != want.TTL {
		t.Errorf("segment\n got %+v\nwant %+v", got, want)
	}
	if string(s.Payload) != payload {
		t.Errorf("payload %q, want %q", s.Payload, payload)
	}
}

// decodeCase is one named frame and what must come of it.
type decodeCase struct {
	name    string
	link    LinkType
	data    []byte
	cut     int  // the snap length cut so many bytes off data
	v6      bool // the inner packet is mailIPv6
	vlan    uint16
	payload string // "": testLine
	missing int
	tunnel  Tunnel // seen when hasTun
	hasTun  bool
	want    func(DecodeStats) uint64 // nil: the segment; else the counter that must be 1
}

func (c *decodeCase) run(t *testing.T) {
	t.Helper()
	d := NewDecoder(DecoderConfig{})
	f := frameOf(c.link, c.data)
	f.Data = f.Data[:len(f.Data)-c.cut]
	var s Segment
	ok := d.Decode(f, &s)
	st := d.Stats()
	if st.Frames != 1 {
		t.Errorf("%d frames counted", st.Frames)
	}
	if c.want != nil {
		if ok || c.want(st) != 1 {
			t.Errorf("segment %v, counters %+v", ok, st)
		}
		return
	}
	if !ok {
		t.Fatalf("no segment: %+v", st)
	}
	payload := testLine
	if c.payload != "" {
		payload = c.payload
	}
	checkMail(t, &s, !c.v6, payload)
	if s.VLAN != c.vlan || s.Missing != c.missing {
		t.Errorf("VLAN %d, want %d; missing %d, want %d", s.VLAN, c.vlan, s.Missing, c.missing)
	}
	if c.hasTun && st.Tunnels[c.tunnel] != 1 {
		t.Errorf("%v not counted: %v", c.tunnel, st.Tunnels)
	}
	var sum uint64
	for _, n := range st.Tunnels {
		sum += n
	}
	if !c.hasTun && sum != 0 {
		t.Errorf("tunnels counted: %v", st.Tunnels)
	}
}

func runCases(t *testing.T, cases []decodeCase) {
	t.Helper()
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) { c.run(t) })
	}
}

// The counters that a case may name.
func countNotTCP(s DecodeStats) uint64    { return s.NotTCP }
func countTruncated(s DecodeStats) uint64 { return s.Truncated }
func countMalformed(s DecodeStats) uint64 { return s.Malformed }
func countTooDeep(s DecodeStats) uint64   { return s.TooDeep }
func countUnknown(s DecodeStats) uint64   { return s.UnknownLink }
