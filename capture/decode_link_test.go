package capture

import "testing"

// snapIPv4 is an 802.2 header with SNAP in front of the packet.
func snapIPv4() []byte { return join(hexes("aaaa03 000000 0800"), mailIPv4()) }

// wifiHead is an 802.11 header of a data frame: frame control, three addresses,
// sequence control.
func wifiHead(control string) []byte {
	return join(hexes(control), hexes("0000 021122334455 02aabbccddee 021122334455 1000"))
}

func TestDecodeLinkTypes(t *testing.T) { runCases(t, casesLinkTypes()) }

func casesLinkTypes() []decodeCase {
	return []decodeCase{
		{name: "ethernet", link: LinkEthernet, data: mailEther()},
		{name: "ethernet_ipv6", link: LinkEthernet, data: frameEther(0x86dd, mailIPv6()), v6: true},
		{name: "ethernet_with_check_sequence", link: LinkEthernet, data: join(mailEther(), hexes("deadbeef"))},
		{name: "ethernet_802_3_snap", link: LinkEthernet, data: frameEther(len(snapIPv4()), snapIPv4())},
		{name: "ethernet_802_3_snap_padded", link: LinkEthernet, data: frameEther(len(snapIPv4()), snapIPv4(), make([]byte, 9))},
		{name: "ethernet_802_2_ip", link: LinkEthernet, data: frameEther(3+len(mailIPv4()), hexes("060603"), mailIPv4())},
		{name: "snap_of_another_organisation", link: LinkEthernet, data: frameEther(60, hexes("aaaa03 00000c 0800"), mailIPv4()), want: countNotTCP},
		{name: "spanning_tree", link: LinkEthernet, data: frameEther(38, hexes("424203"), make([]byte, 43)), want: countNotTCP},
		{name: "arp", link: LinkEthernet, data: frameEther(0x0806, make([]byte, 46)), want: countNotTCP},
		{name: "ethernet_runt", link: LinkEthernet, data: hexes("021122334455 02aabb"), want: countMalformed},
		{name: "ethernet_runt_cut", link: LinkEthernet, data: mailEther(), cut: len(mailEther()) - 9, want: countTruncated},
		{name: "no_byte_kept", link: LinkEthernet, data: mailEther(), cut: len(mailEther()), want: countTruncated},

		{name: "null_little_endian", link: LinkNull, data: join(hexes("02000000"), mailIPv4())},
		{name: "null_big_endian", link: LinkNull, data: join(hexes("00000002"), mailIPv4())},
		{name: "null_ipv6_freebsd", link: LinkNull, data: join(hexes("1c000000"), mailIPv6()), v6: true},
		{name: "null_ipv6_darwin", link: LinkNull, data: join(hexes("1e000000"), mailIPv6()), v6: true},
		{name: "null_ipv6_openbsd", link: LinkNull, data: join(hexes("18000000"), mailIPv6()), v6: true},
		{name: "null_ipv6_windows", link: LinkNull, data: join(hexes("17000000"), mailIPv6()), v6: true},
		{name: "null_appletalk", link: LinkNull, data: join(hexes("10000000"), mailIPv4()), want: countNotTCP},
		{name: "null_cut", link: LinkNull, data: hexes("0200"), want: countMalformed},
		{name: "loop", link: LinkLoop, data: join(hexes("00000002"), mailIPv4())},
		{name: "loop_ipv6", link: LinkLoop, data: join(hexes("00000018"), mailIPv6()), v6: true},
		{name: "openbsd_loop_12", link: LinkRaw12, data: join(hexes("00000002"), mailIPv4())},
		{name: "openbsd_loop_14", link: LinkRaw14, data: join(hexes("00000018"), mailIPv6()), v6: true},
		{name: "raw_12", link: LinkRaw12, data: mailIPv4()},
		{name: "raw_14", link: LinkRaw14, data: mailIPv6(), v6: true},
		{name: "raw_101", link: LinkRaw, data: mailIPv4()},
		{name: "raw_101_ipv6", link: LinkRaw, data: mailIPv6(), v6: true},
		{name: "raw_101_neither", link: LinkRaw, data: hexes("ff00ff00"), want: countNotTCP},
		{name: "ipv4_228", link: LinkIPv4, data: mailIPv4()},
		{name: "ipv6_229", link: LinkIPv6, data: mailIPv6(), v6: true},

		{name: "sll", link: LinkCooked, data: join(hexes("0000 0001 0006 021122334455 0000 0800"), mailIPv4())},
		{name: "sll_ipv6", link: LinkCooked, data: join(hexes("0004 0001 0006 021122334455 0000 86dd"), mailIPv6()), v6: true},
		{name: "sll_loopback", link: LinkCooked, data: join(hexes("0000 0304 0006 000000000000 0000 0800"), mailIPv4())},
		{name: "sll_vlan", link: LinkCooked, data: join(hexes("0000 0001 0006 021122334455 0000 8100 0064 0800"), mailIPv4()), vlan: 100},
		{name: "sll_llc", link: LinkCooked, data: join(hexes("0000 0001 0006 021122334455 0000 0004"), snapIPv4())},
		{name: "sll_novell", link: LinkCooked, data: join(hexes("0000 0001 0006 021122334455 0000 0001"), mailIPv4()), want: countNotTCP},
		{name: "sll_netlink", link: LinkCooked, data: join(hexes("0000 0338 0000 0000000000000000 0800"), mailIPv4()), want: countNotTCP},
		{name: "sll_address_length_lies", link: LinkCooked, data: join(hexes("0000 0001 ffff 021122334455 0000 0004"), snapIPv4()), want: countMalformed},
		{name: "sll2", link: LinkCooked2, data: join(hexes("0800 0000 00000002 0001 00 06 021122334455 0000"), mailIPv4())},
		{name: "sll2_ipv6", link: LinkCooked2, data: join(hexes("86dd 0000 00000002 0001 04 06 021122334455 0000"), mailIPv6()), v6: true},
		{name: "sll2_vlan", link: LinkCooked2, data: join(hexes("8100 0000 00000002 0001 00 06 021122334455 0000 0065 0800"), mailIPv4()), vlan: 101},
		{name: "sll2_pppoe", link: LinkCooked2, data: join(hexes("8864 0000 00000002 0001 00 06 021122334455 0000 1100 0001"), u16(2+len(mailIPv4())), hexes("0021"), mailIPv4()), tunnel: TunnelPPPoE, hasTun: true},

		{name: "ppp", link: LinkPPP, data: join(hexes("0021"), mailIPv4())},
		{name: "ppp_with_address", link: LinkPPP, data: join(hexes("ff03 0057"), mailIPv6()), v6: true},
		{name: "ppp_compressed_protocol", link: LinkPPP, data: join(hexes("21"), mailIPv4())},
		{name: "ppp_lcp", link: LinkPPP, data: hexes("c021 0101 0004"), want: countNotTCP},
		{name: "ppp_hdlc", link: LinkPPPHDLC, data: join(hexes("ff03 0021"), mailIPv4())},
		{name: "ppp_hdlc_cisco", link: LinkPPPHDLC, data: join(hexes("0f00 0800"), mailIPv4())},
		{name: "ppp_direction", link: LinkPPPDir, data: join(hexes("01 ff03 0021"), mailIPv4())},
		{name: "ppp_direction_alone", link: LinkPPPDir, data: hexes("01"), want: countMalformed},
		{name: "pppoe_bare", link: LinkPPPoE, data: join(hexes("1100 0001"), u16(2+len(mailIPv4())), hexes("0021"), mailIPv4()), tunnel: TunnelPPPoE, hasTun: true},
		{name: "cisco_hdlc", link: LinkCiscoHDLC, data: join(hexes("0f00 0800"), mailIPv4())},
		{name: "cisco_hdlc_multicast_ipv6", link: LinkCiscoHDLC, data: join(hexes("8f00 86dd"), mailIPv6()), v6: true},
		{name: "cisco_hdlc_ppp_inside", link: LinkCiscoHDLC, data: join(hexes("ff03 0021"), mailIPv4())},
		{name: "cisco_hdlc_keepalive", link: LinkCiscoHDLC, data: join(hexes("8f00 8035"), make([]byte, 18)), want: countNotTCP},

		{name: "pflog_openbsd", link: LinkPFLog, data: join(hexes("3d020000"), make([]byte, 60), mailIPv4())},
		{name: "pflog_length_lies", link: LinkPFLog, data: hexes("ff020000 45000000"), want: countMalformed},
		{name: "nflog_little_endian", link: LinkNFLog, data: join(hexes("02000000 0c000100 0800010000000000 0800 0a00 00000000"), hexes("3800 0900"), mailIPv4())},
		{name: "nflog_big_endian", link: LinkNFLog, data: join(hexes("02000000 000c0001 0800010000000000"), u16(4+len(mailIPv4())), hexes("0009"), mailIPv4())},
		{name: "nflog_without_packet", link: LinkNFLog, data: hexes("02000000 0c000100 0800010000000000"), want: countNotTCP},
		{name: "nflog_attribute_of_no_length", link: LinkNFLog, data: hexes("02000000 00000100 00000000"), want: countMalformed},
		{name: "pktap", link: LinkPktap, data: join(hexes("10000000 01000000 01000000 00000000"), mailEther())},
		{name: "pktap_raw", link: LinkPktap, data: join(hexes("0c000000 01000000 0c000000"), mailIPv4())},
		{name: "pktap_in_pktap_for_ever", link: LinkPktap, data: join(nested(60, "0c000000 01000000 02010000"), mailIPv4()), want: countTooDeep},

		{name: "pktap_length_lies", link: LinkPktap, data: hexes("08000000 01000000 01000000"), want: countMalformed},
		{name: "pktap_unknown_inside", link: LinkPktap, data: join(hexes("0c000000 01000000 ff000000"), mailIPv4()), want: countNotTCP},
		{name: "frame_relay", link: LinkFrameRelay, data: join(hexes("1841 03 cc"), mailIPv4())},
		{name: "frame_relay_long_address_padding_ipv6", link: LinkFrameRelay, data: join(hexes("18400201 03 00 8e"), mailIPv6()), v6: true},
		{name: "frame_relay_snap", link: LinkFrameRelay, data: join(hexes("1841 03 00 80 000000 0800"), mailIPv4())},
		{name: "frame_relay_q933", link: LinkFrameRelay, data: hexes("0001 03 08 00751001"), want: countNotTCP},
		{name: "frame_relay_cut", link: LinkFrameRelay, data: hexes("1841 03"), want: countMalformed},
		{name: "enc", link: LinkENC, data: join(hexes("02000000 00000001 00000000"), mailIPv4())},
		{name: "enc_cut", link: LinkENC, data: hexes("02000000 00"), want: countMalformed},
		{name: "pppd", link: LinkPPPD, data: join(hexes("01 03 0021"), mailIPv4())},
		{name: "pppd_without_control", link: LinkPPPD, data: join(hexes("00 0021"), mailIPv4())},
		{name: "juniper", link: LinkJuniper, data: join(hexes("4d4743 01"), mailEther())},
		{name: "juniper_extended", link: LinkJuniper, data: join(hexes("4d4743 81 0006 010203040506"), mailEther())},
		{name: "juniper_length_lies", link: LinkJuniper, data: hexes("4d4743 81 ffff 0102"), want: countMalformed},
		{name: "juniper_no_cookie", link: LinkJuniper, data: mailEther(), want: countMalformed},
		{name: "ppi_ethernet", link: LinkPPI, data: join(hexes("0000 0800 01000000"), mailEther())},
		{name: "ppi_in_ppi_for_ever", link: LinkPPI, data: join(nested(60, "0000 0800 c0000000"), mailIPv4()), want: countTooDeep},
		{name: "ppi_length_lies", link: LinkPPI, data: hexes("0000 0100 01000000"), want: countMalformed},
		{name: "erf_ethernet", link: LinkERF, data: join(make([]byte, 8), hexes("02 04 0060 0000 0050 0000"), mailEther())},
		{name: "erf_extended_ipv4", link: LinkERF, data: join(make([]byte, 8), hexes("96 04 0060 0000 0050"), hexes("8300000000000000 0300000000000000"), mailIPv4())},
		{name: "erf_other", link: LinkERF, data: join(make([]byte, 8), hexes("05 04 0060 0000 0050"), mailIPv4()), want: countNotTCP},
		{name: "erf_cut", link: LinkERF, data: join(make([]byte, 8), hexes("82 04 0060 0000 0050 83")), want: countMalformed},
		{name: "mpls_alone", link: LinkMPLS, data: join(hexes("00064140"), mailIPv4()), tunnel: TunnelMPLS, hasTun: true},
		{name: "vn_tag", link: LinkEthernet, data: join(hexes("021122334455 02aabbccddee 8926 00000000 0800"), mailIPv4())},
		{name: "e_tag", link: LinkEthernet, data: join(hexes("021122334455 02aabbccddee 893f 000000000000 0800"), mailIPv4())},
		{name: "vn_tag_cut", link: LinkEthernet, data: hexes("021122334455 02aabbccddee 8926 0000"), want: countMalformed},
		{name: "fabric_path", link: LinkEthernet, data: join(hexes("021122334455 02aabbccddee 8903 0420"), mailEther())},
		{name: "unknown_link", link: 147, data: mailEther(), want: countUnknown},
	}
}

// nested is one header over and over.
func nested(n int, header string) []byte {
	var b []byte
	for range n {
		b = append(b, hexes(header)...)
	}
	return b
}

func TestDecodeWiFi(t *testing.T) { runCases(t, casesWiFi()) }

func casesWiFi() []decodeCase {
	radiotap := hexes("0000 0900 02000000 00")                                 // flags: none
	padded := hexes("0000 0900 02000000 20")                                   // flags: header padded to four bytes
	timed := hexes("0000 1900 03000080 00000000 00000000 1122334455667788 20") // TSFT, flags; two bitmaps
	prism := join(hexes("44000000 90000000"), make([]byte, 136))
	avs := join(hexes("80211001 00000040"), make([]byte, 56))
	qos := join(wifiHead("8801"), hexes("0000"))
	subframe := join(hexes("021122334455 02aabbccddee"), u16(len(snapIPv4())), snapIPv4())
	aggregate := join(wifiHead("8801"), hexes("8000"), subframe)
	return []decodeCase{
		{name: "wifi_data", link: LinkWiFi, data: join(wifiHead("0801"), snapIPv4())},
		{name: "wifi_data_with_check_sequence", link: LinkWiFi, data: join(wifiHead("0801"), snapIPv4(), hexes("deadbeef"))},
		{name: "wifi_four_addresses", link: LinkWiFi, data: join(wifiHead("0803"), hexes("020000000001"), snapIPv4())},
		{name: "wifi_qos", link: LinkWiFi, data: join(qos, snapIPv4())},
		{name: "wifi_qos_ht_control", link: LinkWiFi, data: join(wifiHead("8881"), hexes("0000 00000000"), snapIPv4())},
		{name: "wifi_vlan", link: LinkWiFi, data: join(wifiHead("0801"), hexes("aaaa03 000000 8100 0007 0800"), mailIPv4()), vlan: 7},
		{name: "wifi_amsdu_of_one", link: LinkWiFi, data: aggregate},
		{name: "wifi_amsdu_four_addresses", link: LinkWiFi, data: join(wifiHead("8803"), hexes("020000000001 8000"), subframe)},
		{name: "wifi_amsdu_cut", link: LinkWiFi, data: join(wifiHead("8801"), hexes("8000"), subframe[:10]), want: countMalformed},
		{name: "wifi_beacon", link: LinkWiFi, data: join(wifiHead("8000"), make([]byte, 40)), want: countNotTCP},
		{name: "wifi_null", link: LinkWiFi, data: join(wifiHead("4801"), snapIPv4()), want: countNotTCP},
		{name: "wifi_control", link: LinkWiFi, data: join(hexes("d400 0000 021122334455"), make([]byte, 14)), want: countNotTCP},
		{name: "wifi_short_data", link: LinkWiFi, data: wifiHead("8803"), want: countMalformed},
		{name: "wifi_acknowledgement", link: LinkWiFi, data: hexes("d400 0000 021122334455"), want: countMalformed},
		{name: "radiotap", link: LinkRadiotap, data: join(radiotap, wifiHead("0801"), snapIPv4())},
		{name: "radiotap_padded_qos", link: LinkRadiotap, data: join(padded, qos, hexes("0000"), snapIPv4())},
		{name: "radiotap_two_bitmaps_padded", link: LinkRadiotap, data: join(timed, qos, hexes("0000"), snapIPv4())},
		{name: "radiotap_length_lies", link: LinkRadiotap, data: join(hexes("0000 ffff 02000000 00"), wifiHead("0801")), want: countMalformed},
		{name: "radiotap_bitmaps_without_end", link: LinkRadiotap, data: join(hexes("0000 1000 ffffffff ffffffff ffffffff"), wifiHead("0801"), snapIPv4())},
		{name: "prism", link: LinkPrism, data: join(prism, wifiHead("0801"), snapIPv4())},
		{name: "avs", link: LinkAVS, data: join(avs, wifiHead("0801"), snapIPv4())},
		{name: "avs_length_lies", link: LinkAVS, data: hexes("80211001 00000001 0000"), want: countMalformed},
	}
}

func TestDecodeWiFiCountsWhatItCannotRead(t *testing.T) {
	d := NewDecoder(DecoderConfig{})
	var s Segment
	if d.Decode(frameOf(LinkWiFi, join(wifiHead("0841"), hexes("00000020 00000000"), snapIPv4())), &s) {
		t.Error("an encrypted frame gave a segment")
	}
	if d.Decode(frameOf(LinkWiFi, join(wifiHead("0805"), snapIPv4())), &s) {
		t.Error("the first of several 802.11 fragments gave a segment")
	}
	sub := join(hexes("021122334455 02aabbccddee"), u16(len(snapIPv4())), snapIPv4())
	two := join(wifiHead("8801"), hexes("8000"), sub, make([]byte, -len(sub)&3), sub)
	if !d.Decode(frameOf(LinkWiFi, two), &s) {
		t.Error("an aggregate gave nothing")
	}
	checkMail(t, &s, true, testLine)
	if st := d.Stats(); st.Encrypted != 1 || st.WiFiPieces != 2 || st.NotTCP != 2 || st.TCP != 1 {
		t.Errorf("counters %+v", st)
	}
}

func TestDecodeUnknownLinksAreCountedByNumber(t *testing.T) {
	d := NewDecoder(DecoderConfig{})
	var s Segment
	for i := range 20 {
		for range i + 1 {
			d.Decode(frameOf(LinkType(1000+i), mailEther()), &s)
		}
	}
	st := d.Stats()
	if st.UnknownLink != 210 {
		t.Errorf("%d frames of unknown link types, want 210", st.UnknownLink)
	}
	for i, u := range st.UnknownLinks {
		if u != (LinkCount{LinkType(1000 + i), uint64(i + 1)}) {
			t.Errorf("place %d holds %+v", i, u)
		}
	}
	var sum DecodeStats
	sum.Add(&st)
	sum.Add(&st)
	if sum.UnknownLink != 420 || sum.UnknownLinks[3].Frames != 8 || sum.Frames != 2*st.Frames {
		t.Errorf("sum %+v", sum)
	}
}

func TestLinkTypeNames(t *testing.T) {
	for l := LinkType(0); l < 400; l++ {
		if l.Supported() == (l.String() == "link type "+itoa(int(l))) {
			t.Errorf("%d: supported %v but named %q", l, l.Supported(), l)
		}
	}
	if LinkCooked2.String() != "Linux cooked v2" || LinkType(147).Supported() {
		t.Error("names are wrong")
	}
}

func itoa(n int) string {
	if n < 10 {
		return string(rune('0' + n))
	}
	return itoa(n/10) + itoa(n%10)
}
