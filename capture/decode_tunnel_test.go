package capture

import "testing"

func TestDecodeVLAN(t *testing.T) { runCases(t, casesVLAN()) }

func casesVLAN() []decodeCase {
	return []decodeCase{
		{name: "vlan_8100", link: LinkEthernet, data: frameEther(0x8100, hexes("6064 0800"), mailIPv4()), vlan: 100},
		{name: "vlan_88a8", link: LinkEthernet, data: frameEther(0x88a8, hexes("0064 86dd"), mailIPv6()), v6: true, vlan: 100},
		{name: "vlan_9100", link: LinkEthernet, data: frameEther(0x9100, hexes("0064 0800"), mailIPv4()), vlan: 100},
		{name: "vlan_9200", link: LinkEthernet, data: frameEther(0x9200, hexes("0064 0800"), mailIPv4()), vlan: 100},
		{name: "qinq_8100_8100", link: LinkEthernet, data: frameEther(0x8100, hexes("0064 8100 00c8 0800"), mailIPv4()), vlan: 200},
		{name: "qinq_88a8_8100", link: LinkEthernet, data: frameEther(0x88a8, hexes("0064 8100 00c8 86dd"), mailIPv6()), v6: true, vlan: 200},
		{name: "qinq_9100_8100", link: LinkEthernet, data: frameEther(0x9100, hexes("0064 8100 00c8 0800"), mailIPv4()), vlan: 200},
		{name: "three_tags", link: LinkEthernet, data: frameEther(0x88a8, hexes("0001 8100 0002 8100 0003 0800"), mailIPv4()), vlan: 3},
		{name: "priority_tag_inside", link: LinkEthernet, data: frameEther(0x8100, hexes("0064 8100 e000 0800"), mailIPv4()), vlan: 100},
		{name: "vlan_llc_snap", link: LinkEthernet, data: frameEther(0x8100, hexes("0064"), u16(len(snapIPv4())), snapIPv4()), vlan: 100},
		{name: "vlan_arp", link: LinkEthernet, data: frameEther(0x8100, hexes("0064 0806"), make([]byte, 42)), want: countNotTCP},
		{name: "vlan_cut", link: LinkEthernet, data: frameEther(0x8100, hexes("00")), want: countMalformed},
		{name: "vlan_without_end", link: LinkEthernet, data: frameEther(0x8100, nested(100, "0064 8100"), mailIPv4()), want: countTooDeep},
		{name: "cisco_metadata", link: LinkEthernet, data: frameEther(0x8909, hexes("0101 0001 0007 0800"), mailIPv4())},
		{name: "mac_in_mac", link: LinkEthernet, data: frameEther(0x88a8, hexes("0064 88e7 00000abc"), mailEther()), vlan: 100, tunnel: TunnelPBB, hasTun: true},
	}
}

func TestDecodeKernelTagIsTheOuterOne(t *testing.T) {
	d := NewDecoder(DecoderConfig{})
	var s Segment
	for _, c := range []struct {
		data []byte
		want uint16
	}{
		{mailEther(), 9},
		{frameEther(0x86dd, mailIPv6()), 9},
		{frameEther(0x8100, hexes("0064 0800"), mailIPv4()), 100},
		{frameEther(0x8864, hexes("1100 0001"), u16(2+len(mailIPv4())), hexes("0021"), mailIPv4()), 9},
	} {
		f := frameOf(LinkEthernet, c.data)
		f.VLAN = 0x6009 // with a priority
		if !d.Decode(f, &s) || s.VLAN != c.want {
			t.Errorf("VLAN %d, want %d", s.VLAN, c.want)
		}
	}
}

func TestDecodeMPLS(t *testing.T) { runCases(t, casesMPLS()) }

func casesMPLS() []decodeCase {
	const one, two = "00010140", "00010040 00011140"
	ether := func(b ...[]byte) []byte { return frameEther(0x8847, b...) }
	zeroMAC := func(p []byte) []byte { return join(hexes("001b22334455 001122334455 0800"), p) }
	return []decodeCase{
		{name: "mpls_ipv4", link: LinkEthernet, data: ether(hexes(one), mailIPv4()), tunnel: TunnelMPLS, hasTun: true},
		{name: "mpls_two_labels_ipv6", link: LinkEthernet, data: ether(hexes("00010040 00011140"), mailIPv6()), v6: true, tunnel: TunnelMPLS, hasTun: true},
		{name: "mpls_multicast", link: LinkEthernet, data: frameEther(0x8848, hexes(one), mailIPv4()), tunnel: TunnelMPLS, hasTun: true},
		{name: "mpls_in_vlan", link: LinkEthernet, data: frameEther(0x8100, hexes("0064 8847"), hexes(one), mailIPv4()), vlan: 100, tunnel: TunnelMPLS, hasTun: true},
		{name: "eompls_control_word", link: LinkEthernet, data: ether(hexes(one), hexes("00000000"), mailEther()), tunnel: TunnelEoMPLS, hasTun: true},
		{name: "eompls_control_word_sequence", link: LinkEthernet, data: ether(hexes(one), hexes("0000beef"), frameEther(0x8100, hexes("0064 0800"), mailIPv4())), vlan: 100, tunnel: TunnelEoMPLS, hasTun: true},
		{name: "eompls_plain", link: LinkEthernet, data: ether(hexes(two), frameEther(0x86dd, mailIPv6())), v6: true, tunnel: TunnelEoMPLS, hasTun: true},
		{name: "eompls_plain_address_of_zeros", link: LinkEthernet, data: ether(hexes(one), zeroMAC(mailIPv4())), tunnel: TunnelEoMPLS, hasTun: true},
		{name: "eompls_address_like_ipv4", link: LinkEthernet, data: ether(hexes(one), hexes("411122334455 021122334455 0800"), mailIPv4()), tunnel: TunnelEoMPLS, hasTun: true},
		{name: "eompls_address_like_ipv6", link: LinkEthernet, data: ether(hexes(one), hexes("611122334455 02ffff334455 0800"), mailIPv4()), tunnel: TunnelEoMPLS, hasTun: true},
		{name: "eompls_address_with_a_good_length", link: LinkEthernet, data: ether(hexes(one), hexes("4c5e00300055 021122334455 0800"), mailIPv4()), tunnel: TunnelEoMPLS, hasTun: true},
		{name: "eompls_address_like_ipv6_with_a_good_length", link: LinkEthernet, data: ether(hexes(one), hexes("601122330010 001122334455 0800"), mailIPv4()), tunnel: TunnelEoMPLS, hasTun: true},
		{name: "mpls_cut_by_snap_length", link: LinkEthernet, data: ether(hexes(one), mailIPv4()), cut: 4, payload: "USER ali", missing: 4, tunnel: TunnelMPLS, hasTun: true},
		{name: "mpls_in_ppp", link: LinkPPP, data: join(hexes("0281"), hexes(one), mailIPv4()), tunnel: TunnelMPLS, hasTun: true},
		{name: "mpls_associated_channel", link: LinkEthernet, data: ether(hexes(one), hexes("10000021"), make([]byte, 40)), want: countNotTCP},
		{name: "mpls_stack_without_end", link: LinkEthernet, data: ether(nested(100, "00010040")), want: countTooDeep},
		{name: "mpls_nothing_below", link: LinkEthernet, data: ether(hexes(one)), want: countNotTCP},
		{name: "mpls_runt_below", link: LinkEthernet, data: ether(hexes(one), hexes("4500 0010")), want: countNotTCP},
		{name: "mpls_cut", link: LinkEthernet, data: ether(hexes("00010040 0001"), make([]byte, 14))[:20], want: countMalformed},
	}
}

// TestDecodeMPLSAddressLikeEthertype has senders in 129.0.0.0/16, whose first two
// bytes stand where a frame has the type of a tag.
func TestDecodeMPLSAddressLikeEthertype(t *testing.T) {
	p := setAt(mailIPv4(), 12, 129, 0, 7, 9)
	sum := 0
	for i := 0; i < 20; i += 2 {
		sum += int(be16(p[i:]))
	}
	sum = sum>>16 + sum&0xffff
	p = setAt(p, 10, byte(^sum>>8), byte(^sum))
	d := NewDecoder(DecoderConfig{})
	var s Segment
	if !d.Decode(frameOf(LinkEthernet, frameEther(0x8847, hexes("00010140"), p)), &s) || s.Src.IP != [16]byte(hexes("00000000000000000000ffff81000709")) {
		t.Errorf("segment %+v, counters %+v", s, d.Stats())
	}
}

func TestDecodePPPoE(t *testing.T) { runCases(t, casesPPPoE()) }

func casesPPPoE() []decodeCase {
	body := func(n int, p ...[]byte) []byte {
		return frameEther(0x8864, hexes("1100 0042"), u16(n), join(p...))
	}
	n := 2 + len(mailIPv4())
	return []decodeCase{
		{name: "pppoe", link: LinkEthernet, data: body(n, hexes("0021"), mailIPv4()), tunnel: TunnelPPPoE, hasTun: true},
		{name: "pppoe_ipv6", link: LinkEthernet, data: body(2+len(mailIPv6()), hexes("0057"), mailIPv6()), v6: true, tunnel: TunnelPPPoE, hasTun: true},
		{name: "pppoe_padded", link: LinkEthernet, data: body(n, hexes("0021"), mailIPv4(), make([]byte, 8)), tunnel: TunnelPPPoE, hasTun: true},
		{name: "pppoe_in_vlan", link: LinkEthernet, data: frameEther(0x8100, hexes("0007 8864 1100 0042"), u16(n), hexes("0021"), mailIPv4()), vlan: 7, tunnel: TunnelPPPoE, hasTun: true},
		{name: "pppoe_discovery", link: LinkEthernet, data: frameEther(0x8863, hexes("1109 0000 0010"), make([]byte, 40)), want: countNotTCP},
		{name: "pppoe_lcp", link: LinkEthernet, data: body(20, hexes("c021 0905 0008"), make([]byte, 30)), want: countNotTCP},
		{name: "pppoe_code", link: LinkEthernet, data: frameEther(0x8864, hexes("11a7 0042 0000"), make([]byte, 40)), want: countNotTCP},
		{name: "pppoe_version", link: LinkEthernet, data: frameEther(0x8864, hexes("2200 0042 0000"), make([]byte, 40)), want: countMalformed},
	}
}

func TestDecodeIPTunnels(t *testing.T) { runCases(t, casesIPTunnels()) }

func casesIPTunnels() []decodeCase {
	e := func(b []byte) []byte { return frameEther(0x0800, b) }
	gre := func(header string, p []byte) []byte { return e(frameIPv4(47, hexes(header), p)) }
	erspan := "5064 0001 00000000"
	return []decodeCase{
		{name: "ip_in_ip", link: LinkEthernet, data: e(frameIPv4(4, mailIPv4())), tunnel: TunnelIPIP, hasTun: true},
		{name: "6in4", link: LinkEthernet, data: e(frameIPv4(41, mailIPv6())), v6: true, tunnel: Tunnel6in4, hasTun: true},
		{name: "4in6", link: LinkEthernet, data: frameEther(0x86dd, frameIPv6(4, mailIPv4())), tunnel: TunnelIPIP, hasTun: true},
		{name: "6in6", link: LinkEthernet, data: frameEther(0x86dd, frameIPv6(41, mailIPv6())), v6: true, tunnel: Tunnel6in4, hasTun: true},
		{name: "gre_ipv4", link: LinkEthernet, data: gre("0000 0800", mailIPv4()), tunnel: TunnelGRE, hasTun: true},
		{name: "gre_ipv6_over_ipv6", link: LinkEthernet, data: frameEther(0x86dd, frameIPv6(47, hexes("0000 86dd"), mailIPv6())), v6: true, tunnel: TunnelGRE, hasTun: true},
		{name: "gre_all_fields", link: LinkEthernet, data: gre("b000 0800 00000000 00000001 00000002", mailIPv4()), tunnel: TunnelGRE, hasTun: true},
		{name: "gre_bridged", link: LinkEthernet, data: gre("2000 6558 00000001", frameEther(0x8100, hexes("0064 0800"), mailIPv4())), vlan: 100, tunnel: TunnelGRE, hasTun: true},
		{name: "gre_mpls", link: LinkEthernet, data: gre("0000 8847", join(hexes("00010140"), mailIPv4())), tunnel: TunnelGRE, hasTun: true},
		{name: "gre_wccp_2", link: LinkEthernet, data: gre("0000 883e", join(hexes("00000000"), mailIPv4())), tunnel: TunnelGRE, hasTun: true},
		{name: "gre_wccp_1", link: LinkEthernet, data: gre("0000 883e", mailIPv4()), tunnel: TunnelGRE, hasTun: true},
		{name: "gre_nsh", link: LinkEthernet, data: gre("0000 894f", join(hexes("0002 0201 00000100"), mailIPv4())), tunnel: TunnelNSH, hasTun: true},
		{name: "gre_nsh_of_no_length", link: LinkEthernet, data: gre("0000 894f", hexes("0000 0101 00000100")), want: countMalformed},
		{name: "gre_version_2", link: LinkEthernet, data: gre("0002 0800", mailIPv4()), want: countNotTCP},
		{name: "gre_reserved_bit_of_version_0", link: LinkEthernet, data: gre("0080 0800 00000000", mailIPv4()), want: countMalformed},
		{name: "gre_keepalive", link: LinkEthernet, data: gre("0000 0000", nil), want: countNotTCP},
		{name: "gre_source_route", link: LinkEthernet, data: gre("4000 0800 00000000 00000000", mailIPv4()), want: countMalformed},
		{name: "gre_cut", link: LinkEthernet, data: gre("b000 0800 0000", nil), want: countMalformed},
		{name: "pptp", link: LinkEthernet, data: gre("3081 880b 0030 0001 00000002 00000001", join(hexes("ff03 0021"), mailIPv4())), tunnel: TunnelPPTP, hasTun: true},
		{name: "pptp_compressed", link: LinkEthernet, data: gre("3001 880b 0030 0001 00000002", join(hexes("21"), mailIPv4())), tunnel: TunnelPPTP, hasTun: true},
		{name: "pptp_encrypted", link: LinkEthernet, data: gre("3001 880b 0030 0001 00000002", hexes("00fd 9000 1122")), want: countNotTCP},
		{name: "erspan_1", link: LinkEthernet, data: gre("0000 88be", mailEther()), tunnel: TunnelERSPAN1, hasTun: true},
		{name: "erspan_2", link: LinkEthernet, data: gre("1000 88be 00000001"+"1064 0001 00000000", mailEther()), vlan: 100, tunnel: TunnelERSPAN2, hasTun: true},
		{name: "erspan_2_tag_inside", link: LinkEthernet, data: gre("1000 88be 00000001"+"1064 0001 00000000", frameEther(0x8100, hexes("00c8 0800"), mailIPv4())), vlan: 200, tunnel: TunnelERSPAN2, hasTun: true},
		{name: "erspan_3", link: LinkEthernet, data: gre("1000 22eb 00000001"+"2064 0001 00000000 0000 0000", mailEther()), vlan: 100, tunnel: TunnelERSPAN3, hasTun: true},
		{name: "erspan_3_platform_header", link: LinkEthernet, data: gre("1000 22eb 00000001"+"2000 0001 00000000 0000 0001 1122334455667788", mailEther()), tunnel: TunnelERSPAN3, hasTun: true},
		{name: "erspan_3_ip", link: LinkEthernet, data: gre("1000 22eb 00000001"+"2000 0001 00000000 0000 0800", mailIPv4()), tunnel: TunnelERSPAN3, hasTun: true},
		{name: "erspan_3_cut", link: LinkEthernet, data: gre("1000 22eb 00000001"+erspan, nil), want: countMalformed},
		{name: "etherip", link: LinkEthernet, data: e(frameIPv4(97, hexes("3000"), mailEther())), tunnel: TunnelEtherIP, hasTun: true},
		{name: "etherip_version", link: LinkEthernet, data: e(frameIPv4(97, hexes("4000"), mailEther())), want: countMalformed},
		{name: "mpls_in_ip", link: LinkEthernet, data: e(frameIPv4(137, hexes("00010140"), mailIPv4())), tunnel: TunnelMPLS, hasTun: true},
		{name: "ipsec_ah", link: LinkEthernet, data: e(frameIPv4(51, hexes("0604 0000 00000001 00000001 112233445566778899aabbcc"), frameTCP(testLine)))},
		{name: "ipsec_ah_tunnel", link: LinkEthernet, data: e(frameIPv4(51, hexes("0404 0000 00000001 00000001 112233445566778899aabbcc"), mailIPv4())), tunnel: TunnelIPIP, hasTun: true},
		{name: "ipsec_esp", link: LinkEthernet, data: e(frameIPv4(50, make([]byte, 40))), want: countNotTCP},
	}
}

func TestDecodeUDPTunnels(t *testing.T) { runCases(t, casesUDPTunnels()) }

func casesUDPTunnels() []decodeCase {
	u := func(dst int, p ...[]byte) []byte {
		return frameEther(0x0800, frameIPv4(17, frameUDP(50000, dst, p...)))
	}
	vxlan := hexes("08000000 00000100")
	return []decodeCase{
		{name: "vxlan_4789", link: LinkEthernet, data: u(4789, vxlan, mailEther()), tunnel: TunnelVXLAN, hasTun: true},
		{name: "vxlan_8472", link: LinkEthernet, data: u(8472, vxlan, mailEther()), tunnel: TunnelVXLAN, hasTun: true},
		{name: "vxlan_group_policy", link: LinkEthernet, data: u(4789, hexes("88000010 00000100"), mailEther()), tunnel: TunnelVXLAN, hasTun: true},
		{name: "vxlan_in_qinq", link: LinkEthernet, data: frameEther(0x88a8, hexes("0064 8100 00c8 0800"), frameIPv4(17, frameUDP(50000, 4789, vxlan, mailEther()))), vlan: 200, tunnel: TunnelVXLAN, hasTun: true},
		{name: "vxlan_inner_tag", link: LinkEthernet, data: frameEther(0x8100, hexes("0064 0800"), frameIPv4(17, frameUDP(50000, 4789, vxlan, frameEther(0x9100, hexes("0007 0800"), mailIPv4())))), vlan: 7, tunnel: TunnelVXLAN, hasTun: true},
		{name: "vxlan_over_ipv6", link: LinkEthernet, data: frameEther(0x86dd, frameIPv6(17, frameUDP(50000, 4789, vxlan, frameEther(0x86dd, mailIPv6())))), v6: true, tunnel: TunnelVXLAN, hasTun: true},
		{name: "vxlan_over_sll2", link: LinkCooked2, data: join(hexes("0800 0000 00000002 0001 00 06 021122334455 0000"), frameIPv4(17, frameUDP(50000, 4789, vxlan, mailEther()))), tunnel: TunnelVXLAN, hasTun: true},
		{name: "vxlan_without_identifier", link: LinkEthernet, data: u(4789, hexes("00000000 00000100"), mailEther()), want: countNotTCP},
		{name: "vxlan_cut", link: LinkEthernet, data: u(4789, hexes("0800")), want: countMalformed},
		{name: "vxlan_with_udp_inside", link: LinkEthernet, data: u(4789, vxlan, frameEther(0x0800, frameIPv4(17, frameUDP(53, 53, make([]byte, 30))))), want: countNotTCP},
		{name: "vxlan_gpe_ethernet", link: LinkEthernet, data: u(4790, vxlan, mailEther()), tunnel: TunnelVXLANGPE, hasTun: true},
		{name: "vxlan_gpe_ipv6", link: LinkEthernet, data: u(4790, hexes("0c000002 00000100"), mailIPv6()), v6: true, tunnel: TunnelVXLANGPE, hasTun: true},
		{name: "vxlan_gpe_nsh", link: LinkEthernet, data: u(4790, hexes("0c000004 00000100"), hexes("0006 0103 00000100 0000 0000 0000 0000 0000 0000 0000 0000"), mailEther()), tunnel: TunnelNSH, hasTun: true},
		{name: "vxlan_gpe_plain_ipv4", link: LinkEthernet, data: u(4790, hexes("0c000001 00000100"), mailIPv4()), tunnel: TunnelVXLANGPE, hasTun: true},
		{name: "vxlan_gpe_mpls", link: LinkEthernet, data: u(4790, hexes("0c000005 00000100 00010140"), mailIPv4()), tunnel: TunnelMPLS, hasTun: true},
		{name: "vxlan_gpe_unknown", link: LinkEthernet, data: u(4790, hexes("0c000077 00000100"), mailIPv4()), want: countNotTCP},
		{name: "vxlan_gpe_without_identifier", link: LinkEthernet, data: u(4790, hexes("00000000 00000100"), mailEther()), want: countNotTCP},
		{name: "geneve", link: LinkEthernet, data: u(6081, hexes("0000 6558 00000100"), mailEther()), tunnel: TunnelGeneve, hasTun: true},
		{name: "geneve_options", link: LinkEthernet, data: u(6081, hexes("0240 6558 00000100 0102 8001 11223344"), mailEther()), tunnel: TunnelGeneve, hasTun: true},
		{name: "geneve_ipv6", link: LinkEthernet, data: u(6081, hexes("0000 86dd 00000100"), mailIPv6()), v6: true, tunnel: TunnelGeneve, hasTun: true},
		{name: "geneve_version", link: LinkEthernet, data: u(6081, hexes("4000 6558 00000100"), mailEther()), want: countNotTCP},
		{name: "geneve_options_cut", link: LinkEthernet, data: u(6081, hexes("3f00 6558 00000100")), want: countMalformed},
		{name: "gtpu", link: LinkEthernet, data: u(2152, hexes("30ff 0034 00000001"), mailIPv4()), tunnel: TunnelGTPU, hasTun: true},
		{name: "gtpu_sequence", link: LinkEthernet, data: u(2152, hexes("32ff 0034 00000001 00010000"), mailIPv6()), v6: true, tunnel: TunnelGTPU, hasTun: true},
		{name: "gtpu_extension_headers", link: LinkEthernet, data: u(2152, hexes("34ff 0034 00000001 00000085 01100185 01100100"), mailIPv4()), tunnel: TunnelGTPU, hasTun: true},
		{name: "gtpu_echo", link: LinkEthernet, data: u(2152, hexes("3201 0004 00000000 00010000"), make([]byte, 20)), want: countNotTCP},
		{name: "gtpu_extension_of_no_length", link: LinkEthernet, data: u(2152, hexes("34ff 0034 00000001 00000085 00000000"), mailIPv4()), want: countMalformed},
		{name: "gtpu_extension_cut", link: LinkEthernet, data: u(2152, hexes("34ff 0034 00000001 00000085 ff")), want: countMalformed},
		{name: "teredo", link: LinkEthernet, data: u(3544, mailIPv6()), v6: true, tunnel: TunnelTeredo, hasTun: true},
		{name: "teredo_indications", link: LinkEthernet, data: u(3544, hexes("0001 0000 1122334455667788 00"), hexes("0000 1234 0a000001"), mailIPv6()), v6: true, tunnel: TunnelTeredo, hasTun: true},
		{name: "teredo_answer", link: LinkEthernet, data: frameEther(0x0800, frameIPv4(17, frameUDP(3544, 50000, mailIPv6()))), v6: true, tunnel: TunnelTeredo, hasTun: true},
		{name: "l2tp", link: LinkEthernet, data: u(1701, hexes("0002 0001 0002"), hexes("ff03 0021"), mailIPv4()), tunnel: TunnelL2TP, hasTun: true},
		{name: "l2tp_all_fields", link: LinkEthernet, data: u(1701, hexes("4a02 0044 0001 0002 0000 0001 0002 0000"), hexes("0021"), mailIPv4()), tunnel: TunnelL2TP, hasTun: true},
		{name: "l2tp_control", link: LinkEthernet, data: u(1701, hexes("c802 0014 0001 0000 0000 0000"), make([]byte, 20)), want: countNotTCP},
		{name: "mpls_in_udp", link: LinkEthernet, data: u(6635, hexes("00010140"), mailIPv4()), tunnel: TunnelMPLS, hasTun: true},
		{name: "tzsp_ethernet", link: LinkEthernet, data: u(37008, hexes("0100 0001 00 0a01b6 01"), mailEther()), tunnel: TunnelTZSP, hasTun: true},
		{name: "tzsp_wifi", link: LinkEthernet, data: u(37008, hexes("0100 0012 01"), wifiHead("0801"), snapIPv4()), tunnel: TunnelTZSP, hasTun: true},
		{name: "tzsp_without_end", link: LinkEthernet, data: u(37008, hexes("0100 0001 00000000")), want: countMalformed},
		{name: "udp_length_lies", link: LinkEthernet, data: frameEther(0x0800, frameIPv4(17, hexes("c350 12b5 0003 0000"), vxlan, mailEther())), want: countMalformed},
		{name: "udp_length_zero", link: LinkEthernet, data: frameEther(0x0800, frameIPv4(17, hexes("c350 12b5 0000 0000"), vxlan, mailEther())), tunnel: TunnelVXLAN, hasTun: true},
		{name: "dns", link: LinkEthernet, data: u(53, make([]byte, 30)), want: countNotTCP},
	}
}

func TestDecodeDepth(t *testing.T) {
	wrap := func(n int) []byte {
		b := mailIPv4()
		for range n {
			b = frameIPv4(4, b)
		}
		return frameEther(0x0800, b)
	}
	vxlan := func(n int) []byte {
		b := mailEther()
		for range n {
			b = frameEther(0x0800, frameIPv4(17, frameUDP(5, 4789, hexes("08000000 00000100"), b)))
		}
		return b
	}
	for name, c := range map[string]struct {
		data []byte
		ok   bool
	}{
		"eight_ip_headers_around": {wrap(8), true},
		"nine_ip_headers_around":  {wrap(9), false},
		"hundreds":                {wrap(500), false},
		"vxlan_in_vxlan":          {vxlan(8), true},
		"vxlan_too_deep":          {vxlan(9), false},
	} {
		t.Run(name, func(t *testing.T) {
			d := NewDecoder(DecoderConfig{})
			var s Segment
			if got := d.Decode(frameOf(LinkEthernet, c.data), &s); got != c.ok || (d.Stats().TooDeep == 1) == c.ok {
				t.Errorf("segment %v, want %v; %d too deep", got, c.ok, d.Stats().TooDeep)
			}
		})
	}
}

func TestDecodeNoTunnels(t *testing.T) {
	vxlan := hexes("08000000 00000100")
	for name, c := range map[string]struct {
		data []byte
		ok   bool
	}{
		"plain":                   {mailEther(), true},
		"ip_in_ip":                {frameEther(0x0800, frameIPv4(4, mailIPv4())), false},
		"gre":                     {frameEther(0x0800, frameIPv4(47, hexes("0000 0800"), mailIPv4())), false},
		"vxlan":                   {frameEther(0x0800, frameIPv4(17, frameUDP(5, 4789, vxlan, mailEther()))), false},
		"behind_extension_header": {frameEther(0x86dd, frameIPv6(0, hexes("29 00 000000000000"), mailIPv6())), false},
		"udp_behind_extension":    {frameEther(0x86dd, frameIPv6(0, hexes("11 00 000000000000"), frameUDP(5, 4789, vxlan, mailEther()))), false},
		"mpls":                    {frameEther(0x8847, hexes("00010140"), mailIPv4()), true},
		"pppoe":                   {frameEther(0x8864, hexes("1100 0042 0036 0021"), mailIPv4()), true},
	} {
		t.Run(name, func(t *testing.T) {
			d := NewDecoder(DecoderConfig{NoTunnels: true})
			var s Segment
			if got := d.Decode(frameOf(LinkEthernet, c.data), &s); got != c.ok {
				t.Errorf("segment %v, want %v", got, c.ok)
			}
		})
	}
}

func TestTunnelNames(t *testing.T) {
	seen := map[string]bool{}
	for k := range tunnelKinds {
		if n := k.String(); n == "" || n == "unknown" || seen[n] {
			t.Errorf("kind %d is named %q", k, n)
		} else {
			seen[n] = true
		}
	}
	if tunnelKinds.String() != "unknown" {
		t.Error("a kind that is none has a name")
	}
}
