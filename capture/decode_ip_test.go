package capture

import (
	"encoding/binary"
	"net/netip"
	"testing"
)

// setAt gives b with other bytes at a place.
func setAt(b []byte, at int, v ...byte) []byte {
	out := append([]byte(nil), b...)
	copy(out[at:], v)
	return out
}

func TestDecodeIPv4(t *testing.T) { runCases(t, casesIPv4()) }

func casesIPv4() []decodeCase {
	const ip, tcp = 14, 34 // where the headers begin
	e := mailEther()
	options := join(hexes("47 00"), u16(28+20+len(testLine)), hexes("0001 0000"), []byte{testTTL, 6}, hexes("0000 0a000001 c0000219 01010101 01010100"), frameTCP(testLine))
	tcpOptions := join(frameTCP("")[:12], hexes("8018 2000 0000 0000 0101080a 00000001 00000002"), []byte(testLine))
	return []decodeCase{
		{name: "ipv4_options", link: LinkEthernet, data: frameEther(0x0800, options)},
		{name: "ipv4_total_length_zero", link: LinkEthernet, data: setAt(e, ip+2, 0, 0)},
		{name: "ipv4_total_length_zero_cut", link: LinkEthernet, data: setAt(e, ip+2, 0, 0), cut: 3, payload: "USER alic", missing: 3},
		{name: "ipv4_padding_trimmed", link: LinkEthernet, data: join(e, make([]byte, 11))},
		{name: "ipv4_longer_than_captured", link: LinkEthernet, data: e, cut: 5, payload: "USER al", missing: 5},
		{name: "ipv4_longer_than_frame", link: LinkEthernet, data: setAt(e, ip+2, 0, 20+20+12+100), missing: 100},
		{name: "ipv4_bad_checksum", link: LinkEthernet, data: setAt(e, ip+10, 0xba, 0xad)},
		{name: "tcp_bad_checksum", link: LinkEthernet, data: setAt(e, tcp+16, 0xba, 0xad)},
		{name: "tcp_options", link: LinkEthernet, data: frameEther(0x0800, frameIPv4(6, tcpOptions))},
		{name: "ipv4_giant", link: LinkEthernet, data: frameEther(0x0800, frameIPv4(6, frameTCP(giant(60000)))), payload: giant(60000)},
		{name: "ipv4_more_than_64k", link: LinkEthernet, data: setAt(frameEther(0x0800, frameIPv4(6, frameTCP(giant(100000)))), ip+2, 0, 0), payload: giant(100000)},
		{name: "ipv4_do_not_fragment", link: LinkEthernet, data: setAt(e, ip+6, 0x40, 0)},
		{name: "ipv4_evil_bit", link: LinkEthernet, data: setAt(e, ip+6, 0x80, 0)},

		{name: "tcp_header_cut", link: LinkEthernet, data: e, cut: len(testLine) + 1, want: countTruncated},
		{name: "tcp_ports_cut", link: LinkEthernet, data: e, cut: len(testLine) + 18, want: countTruncated},
		{name: "tcp_nothing_left", link: LinkEthernet, data: e, cut: len(testLine) + 20, want: countTruncated},
		{name: "ipv4_header_cut", link: LinkEthernet, data: e, cut: len(e) - 20, want: countTruncated},
		{name: "ipv4_not_a_byte", link: LinkEthernet, data: e, cut: len(e) - 14, want: countTruncated},
		{name: "tcp_shorter_than_its_header", link: LinkEthernet, data: frameEther(0x0800, frameIPv4(6, frameTCP("")[:19]), make([]byte, 9)), want: countMalformed},
		{name: "tcp_offset_too_small", link: LinkEthernet, data: setAt(e, tcp+12, 0x40), want: countMalformed},
		{name: "tcp_offset_behind_packet", link: LinkEthernet, data: setAt(e, tcp+12, 0xf0), want: countMalformed},
		{name: "ipv4_header_length_too_small", link: LinkEthernet, data: setAt(e, ip, 0x44), want: countMalformed},
		{name: "ipv4_header_behind_packet", link: LinkEthernet, data: setAt(e, ip, 0x4f)[:60], want: countMalformed},
		{name: "ipv4_total_below_header", link: LinkEthernet, data: setAt(e, ip+2, 0, 19), want: countMalformed},
		{name: "ipv4_version", link: LinkEthernet, data: setAt(e, ip, 0x55), want: countMalformed},
		{name: "ipv6_under_the_wrong_ethertype", link: LinkEthernet, data: frameEther(0x0800, mailIPv6()), want: countMalformed},
		{name: "icmp", link: LinkEthernet, data: frameEther(0x0800, frameIPv4(1, make([]byte, 30))), want: countNotTCP},
		{name: "icmp_error_quotes_tcp", link: LinkEthernet, data: frameEther(0x0800, frameIPv4(1, hexes("0303 0000 00000000"), mailIPv4())), want: countNotTCP},
		{name: "sctp", link: LinkEthernet, data: frameEther(0x0800, frameIPv4(132, make([]byte, 30))), want: countNotTCP},
	}
}

func giant(n int) string {
	b := make([]byte, n)
	for i := range b {
		b[i] = byte('a' + i%26)
	}
	return string(b)
}

func TestDecodeOptionsCutStillCount(t *testing.T) {
	syn := join(frameTCP("")[:12], hexes("a002 2000 0000 0000 020405b4 0402080a 00000001 00000000 01030307"))
	f := frameOf(LinkEthernet, frameEther(0x0800, frameIPv4(6, syn)))
	f.Data = f.Data[:14+20+24]
	d := NewDecoder(DecoderConfig{})
	var s Segment
	if !d.Decode(f, &s) || s.Flags != SYN || s.Seq != testSeq || len(s.Payload) != 0 || s.Missing != 0 {
		t.Errorf("segment %+v, counters %+v", s, d.Stats())
	}
	data := join(syn, []byte("USER "))
	f = frameOf(LinkEthernet, frameEther(0x0800, frameIPv4(6, data)))
	f.Data = f.Data[:14+20+24]
	if !d.Decode(f, &s) || len(s.Payload) != 0 || s.Missing != 5 {
		t.Errorf("segment %+v, counters %+v", s, d.Stats())
	}
}

func TestDecodeIPv6(t *testing.T) { runCases(t, casesIPv6()) }

func casesIPv6() []decodeCase {
	const ip = 14
	e := frameEther(0x86dd, mailIPv6())
	ext := func(first int, b ...[]byte) []byte { return frameEther(0x86dd, frameIPv6(first, b...)) }
	tcp := frameTCP(testLine)
	return []decodeCase{
		{name: "ipv6_length_zero", link: LinkEthernet, data: setAt(e, ip+4, 0, 0), v6: true},
		{name: "ipv6_length_zero_cut", link: LinkEthernet, data: setAt(e, ip+4, 0, 0), cut: 2, v6: true, payload: "USER alice", missing: 2},
		{name: "ipv6_jumbo_option", link: LinkEthernet, data: setAt(ext(0, hexes("0600 c204 00000028"), tcp), ip+4, 0, 0), v6: true},
		{name: "ipv6_more_than_64k", link: LinkEthernet, data: setAt(frameEther(0x86dd, frameIPv6(6, frameTCP(giant(90000)))), ip+4, 0, 0), v6: true, payload: giant(90000)},
		{name: "ipv6_padding_trimmed", link: LinkEthernet, data: join(e, make([]byte, 6)), v6: true},
		{name: "ipv6_longer_than_captured", link: LinkEthernet, data: e, cut: 5, v6: true, payload: "USER al", missing: 5},
		{name: "ipv6_hop_by_hop", link: LinkEthernet, data: ext(0, hexes("0600 050200000000"), tcp), v6: true},
		{name: "ipv6_hop_by_hop_padded", link: LinkEthernet, data: join(ext(0, hexes("0600 050200000000"), tcp), make([]byte, 9)), v6: true},
		{name: "ipv6_hop_by_hop_cut", link: LinkEthernet, data: ext(0, hexes("0600 050200000000"), tcp), cut: 2, v6: true, payload: "USER alice", missing: 2},
		{name: "ipv6_routing", link: LinkEthernet, data: ext(43, hexes("0602 0400 00000000"), make([]byte, 16), tcp), v6: true},
		{name: "ipv6_destination_options", link: LinkEthernet, data: ext(60, hexes("0600 010400000000"), tcp), v6: true},
		{name: "ipv6_authentication", link: LinkEthernet, data: ext(51, hexes("0604 0000 00000001 00000001 112233445566778899aabbcc"), tcp), v6: true},
		{name: "ipv6_mobility_and_shim", link: LinkEthernet, data: ext(135, hexes("8c00 000000000000"), hexes("0600 000000000000"), tcp), v6: true},
		{name: "ipv6_four_headers", link: LinkEthernet, data: ext(0, hexes("2b00 050200000000"), hexes("3c00 040000000000"), hexes("3300 010400000000"), hexes("0604 0000 00000001 00000001 112233445566778899aabbcc"), tcp), v6: true},
		{name: "ipv6_atomic_fragment", link: LinkEthernet, data: ext(44, hexes("0600 0000 00000001"), tcp), v6: true},
		{name: "ipv6_eight_headers", link: LinkEthernet, data: ext(60, nested(7, "3c00 010400000000"), hexes("0600 010400000000"), tcp), v6: true, want: countTooDeep},
		{name: "ipv6_seven_headers", link: LinkEthernet, data: ext(60, nested(6, "3c00 010400000000"), hexes("0600 010400000000"), tcp), v6: true},
		{name: "ipv6_headers_without_end", link: LinkEthernet, data: ext(60, nested(300, "3c00 010400000000")), want: countTooDeep},
		{name: "ipv6_extension_cut", link: LinkEthernet, data: ext(60, hexes("06ff 0104")), want: countMalformed},
		{name: "ipv6_extension_cut_by_snap_length", link: LinkEthernet, data: ext(60, hexes("0600 010400000000"), tcp), cut: len(tcp) + 4, want: countTruncated},
		{name: "ipv6_no_next_header", link: LinkEthernet, data: ext(59, make([]byte, 20)), want: countNotTCP},
		{name: "ipv6_icmp", link: LinkEthernet, data: ext(58, make([]byte, 20)), want: countNotTCP},
		{name: "ipv6_version", link: LinkEthernet, data: setAt(e, ip, 0x40), want: countMalformed},
		{name: "ipv6_header_cut", link: LinkEthernet, data: e, cut: len(e) - 14 - 39, want: countTruncated},
		{name: "ipv6_tcp_header_cut", link: LinkEthernet, data: e, cut: len(testLine) + 1, want: countTruncated},
	}
}

func TestDecodePorts(t *testing.T) {
	frame := func(src, dst int) []byte {
		return frameEther(0x0800, frameIPv4(6, frameTCPPorts(src, dst, testLine)))
	}
	tunnelled := func(src, dst int) []byte {
		return frameEther(0x0800, frameIPv4(17, frameUDP(5, 4789, hexes("08000000 00000100"), frame(src, dst))))
	}
	options := func(src, dst int) []byte {
		return frameEther(0x86dd, frameIPv6(0, hexes("0600 050200000000"), frameTCPPorts(src, dst, testLine)))
	}
	for name, c := range map[string]struct {
		data []byte
		ok   bool
	}{
		"to_the_server":              {frame(40001, 110), true},
		"from_the_server":            {frame(110, 40001), true},
		"client_on_a_mail_port":      {frame(2525, 110), true},
		"neither":                    {frame(40001, 80), false},
		"tunnelled":                  {tunnelled(40001, 143), true},
		"tunnelled_neither":          {tunnelled(40001, 443), false},
		"behind_extension":           {options(40001, 25), true},
		"behind_extension_neither":   {options(40001, 22), false},
		"ipv6_neither":               {frameEther(0x86dd, frameIPv6(6, frameTCPPorts(1, 2, testLine))), false},
		"gre_on_a_port_like_payload": {frameEther(0x0800, frameIPv4(47, hexes("0000 0800"), frameIPv4(6, frameTCPPorts(1, 2, testLine)))), false},
	} {
		t.Run(name, func(t *testing.T) {
			d := NewDecoder(DecoderConfig{Ports: MailPorts()})
			var s Segment
			got := d.Decode(frameOf(LinkEthernet, c.data), &s)
			if st := d.Stats(); got != c.ok || (st.Unwanted == 1) == c.ok {
				t.Errorf("segment %v, want %v: %+v", got, c.ok, st)
			}
		})
	}
}

func TestDecodeNetworks(t *testing.T) {
	p := func(ss ...string) (out []netip.Prefix) {
		for _, s := range ss {
			out = append(out, netip.MustParsePrefix(s))
		}
		return out
	}
	v4, v6 := mailEther(), frameEther(0x86dd, frameIPv6(0, hexes("0600 050200000000"), frameTCP(testLine)))
	for name, c := range map[string]struct {
		in, out []netip.Prefix
		v4, v6  bool
	}{
		"all":                    {nil, nil, true, true},
		"source":                 {p("10.0.0.0/8"), nil, true, false},
		"destination":            {p("192.0.2.25/32"), nil, true, false},
		"not_the_host_beside":    {p("192.0.2.24/32"), nil, false, false},
		"host_bits_are_ignored":  {p("10.9.9.9/8"), nil, true, false},
		"every_ipv4":             {p("0.0.0.0/0"), nil, true, false},
		"every_ipv6":             {p("::/0"), nil, false, true},
		"mapped":                 {p("::ffff:10.0.0.0/104"), nil, true, false},
		"ipv6":                   {p("2001:db8:2::/48"), nil, false, true},
		"ipv6_host":              {p("2001:db8:1::1/128"), nil, false, true},
		"two":                    {p("10.0.0.0/8", "2001:db8::/32"), nil, true, true},
		"excluded_destination":   {nil, p("192.0.2.0/24"), false, true},
		"excluded_ipv6":          {nil, p("2001:db8:1::/64"), true, false},
		"exclusion_wins":         {p("10.0.0.0/8", "2001:db8::/32"), p("10.0.0.1/32"), false, true},
		"exclude_odd_bits":       {nil, p("8.0.0.0/5"), false, true},
		"exclude_ipv6_beyond_64": {nil, p("2001:db8:2::20/123"), true, true},
	} {
		t.Run(name, func(t *testing.T) {
			d := NewDecoder(DecoderConfig{Net: c.in, ExcludeNet: c.out})
			var s Segment
			if got := d.Decode(frameOf(LinkEthernet, v4), &s); got != c.v4 {
				t.Errorf("IPv4: %v, want %v", got, c.v4)
			}
			if name == "exclude_ipv6_beyond_64" { // 0x25 lies in 0x20/123, 0x20 to 0x3f
				c.v6 = false
			}
			if got := d.Decode(frameOf(LinkEthernet, v6), &s); got != c.v6 {
				t.Errorf("IPv6: %v, want %v", got, c.v6)
			}
		})
	}
}

// TestDecodeFastAndSlowAgree sends each packet through the fast path and, behind
// an extension header or in a tunnel, through the layers.
func TestDecodeFastAndSlowAgree(t *testing.T) {
	tcp := frameTCP(testLine)
	for offset := range 16 {
		for cut := range len(tcp) + 20 {
			plain := setAt(mailIPv4(), 20+12, byte(offset<<4))
			f := frameOf(LinkEthernet, frameEther(0x0800, plain))
			g := frameOf(LinkPPP, join(hexes("0021"), plain))
			f.Data, g.Data = f.Data[:len(f.Data)-cut], g.Data[:len(g.Data)-cut]
			var a, b Segment
			da, db := NewDecoder(DecoderConfig{}), NewDecoder(DecoderConfig{})
			oka, okb := da.Decode(f, &a), db.Decode(g, &b)
			if oka != okb || da.Stats() != db.Stats() {
				t.Fatalf("offset %d, cut %d: %v and %v, %+v and %+v", offset, cut, oka, okb, da.Stats(), db.Stats())
			}
			if oka && (string(a.Payload) != string(b.Payload) || a.Missing != b.Missing || a.Src != b.Src) {
				t.Fatalf("offset %d, cut %d: %+v and %+v", offset, cut, a, b)
			}
		}
	}
}

// TestDecodeMarkOfEveryFrame makes sure that nothing of an earlier frame stays.
func TestDecodeMarkOfEveryFrame(t *testing.T) {
	d := NewDecoder(DecoderConfig{})
	var s Segment
	f := frameOf(LinkEthernet, frameEther(0x8100, hexes("0064 86dd"), mailIPv6()))
	d.Decode(f, &s)
	f = frameOf(LinkEthernet, mailEther())
	f.Number, f.File, f.Time = 8, 4, 5
	binary.BigEndian.PutUint32(f.Data[38:], 99)
	if !d.Decode(f, &s) || s.Mark != (Mark{Time: 5, Frame: 8, File: 4, Seq: 99, Ack: testAck}) || s.VLAN != 0 || !s.IPv4 {
		t.Errorf("segment %+v", s)
	}
}
