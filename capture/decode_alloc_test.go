package capture

import (
	"runtime"
	"testing"
)

// sflowFrame is shaped like the 210 bytes to UDP port 6343 whose forged count
// made gopacket's sFlow layer allocate half a gigabyte.
func sflowFrame() []byte {
	sflow := join(hexes("00000005 00000001 0a000001 00000000 00000001 00000001"), // version 5, one agent
		u32(1),                     // samples
		hexes("00000001 00000080"), // a flow sample
		hexes("00000001 00000001 00000400 00000400"),          // sequence, source, rate, pool
		hexes("00000000 00000001 00000002 00000001"),          // drops, in, out, records
		hexes("000003eb 00000058 00000001 0a000001 00000000"), // extended gateway
		hexes("00000000 00000000 00000000"),
		u32(1), hexes("00000002"), hexes("07ffffff"), // one path, of 128 Mi members
	)
	sflow = join(sflow, make([]byte, 210-14-20-8-len(sflow)))
	return frameEther(0x0800, frameIPv4(17, frameUDP(50000, 6343, sflow)))
}

// decodeAllocs is how many allocations and bytes one frame costs.
func decodeAllocs(t *testing.T, cfg DecoderConfig, f *Frame, want bool) (allocs, bytes float64) {
	t.Helper()
	d := NewDecoder(cfg)
	var s Segment
	if d.Decode(f, &s) != want {
		t.Fatalf("segment %v", !want)
	}
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	allocs = testing.AllocsPerRun(200, func() { d.Decode(f, &s) })
	runtime.ReadMemStats(&after)
	return allocs, float64(after.TotalAlloc-before.TotalAlloc) / 200
}

func TestDecodeAllocatesNothing(t *testing.T) {
	other := frameIPv4(6, frameTCPPorts(40001, 443, testLine))
	vxlan := hexes("08000000 00000100")
	for name, c := range map[string]struct {
		link LinkType
		data []byte
		want bool
	}{
		"match_ipv4":       {LinkEthernet, mailEther(), true},
		"match_ipv6":       {LinkEthernet, frameEther(0x86dd, mailIPv6()), true},
		"match_qinq":       {LinkEthernet, frameEther(0x88a8, hexes("0064 8100 00c8 0800"), mailIPv4()), true},
		"match_raw":        {LinkRaw, mailIPv4(), true},
		"match_cooked":     {LinkCooked, join(hexes("0000 0001 0006 021122334455 0000 0800"), mailIPv4()), true},
		"match_loopback":   {LinkNull, join(hexes("02000000"), mailIPv4()), true},
		"other_port":       {LinkEthernet, frameEther(0x0800, other), false},
		"other_qinq":       {LinkEthernet, frameEther(0x88a8, hexes("0064 8100 00c8 0800"), other), false},
		"udp":              {LinkEthernet, frameEther(0x0800, frameIPv4(17, frameUDP(53, 53, make([]byte, 40)))), false},
		"arp":              {LinkEthernet, frameEther(0x0806, make([]byte, 46)), false},
		"slow_vxlan":       {LinkEthernet, frameEther(0x0800, frameIPv4(17, frameUDP(5, 4789, vxlan, mailEther()))), true},
		"slow_gre":         {LinkEthernet, frameEther(0x0800, frameIPv4(47, hexes("0000 0800"), mailIPv4())), true},
		"slow_pppoe":       {LinkEthernet, frameEther(0x8864, hexes("1100 0042 0036 0021"), mailIPv4()), true},
		"slow_mpls":        {LinkEthernet, frameEther(0x8847, hexes("00010140"), mailIPv4()), true},
		"slow_hop_by_hop":  {LinkEthernet, frameEther(0x86dd, frameIPv6(0, hexes("0600 050200000000"), frameTCP(testLine))), true},
		"slow_other_vxlan": {LinkEthernet, frameEther(0x0800, frameIPv4(17, frameUDP(5, 4789, vxlan, frameEther(0x0800, other)))), false},
		"sflow":            {LinkEthernet, sflowFrame(), false},
		"sflow_in_vxlan":   {LinkEthernet, frameEther(0x0800, frameIPv4(17, frameUDP(5, 4789, vxlan, sflowFrame()))), false},
		"sflow_in_tags":    {LinkEthernet, frameEther(0x8100, hexes("0001 8100 0002 8100 0003 0800"), sflowFrame()[14:]), false},
	} {
		t.Run(name, func(t *testing.T) {
			if allocs, bytes := decodeAllocs(t, mailOnly(), frameOf(c.link, c.data), c.want); allocs != 0 || bytes > 64 {
				t.Errorf("%v allocations, %v bytes a frame", allocs, bytes)
			}
		})
	}
	if n := len(sflowFrame()); n != 210 {
		t.Errorf("the frame has %d bytes", n)
	}
}

// TestDecodeMalformedCostsLittle bounds what frames made to break a layer cost.
func TestDecodeMalformedCostsLittle(t *testing.T) {
	for _, c := range allCases() {
		if len(c.data) > 2000 {
			continue
		}
		f := frameOf(c.link, c.data)
		f.Data = f.Data[:len(f.Data)-c.cut]
		if allocs, bytes := decodeAllocs(t, DecoderConfig{}, f, c.want == nil); allocs > 8 || bytes > 1024 {
			t.Errorf("%s: %v allocations, %v bytes a frame", c.name, allocs, bytes)
		}
	}
}
