package capture

import "testing"

// decodeBench decodes one frame over and over.
func decodeBench(b *testing.B, cfg DecoderConfig, f *Frame, want bool) {
	b.Helper()
	d := NewDecoder(cfg)
	var s Segment
	if d.Decode(f, &s) != want {
		b.Fatalf("segment %v; %+v", !want, d.Stats())
	}
	b.ReportAllocs()
	for b.Loop() {
		d.Decode(f, &s)
	}
}

func mailOnly() DecoderConfig { return DecoderConfig{Ports: MailPorts()} }

// BenchmarkDecodeOther is the usual frame: TCP on a port that nobody asked for.
func BenchmarkDecodeOther(b *testing.B) {
	decodeBench(b, mailOnly(), frameOf(LinkEthernet, frameEther(0x0800, frameIPv4(6, frameTCPPorts(40001, 443, testLine)))), false)
}

func BenchmarkDecodeOtherIPv6(b *testing.B) {
	decodeBench(b, mailOnly(), frameOf(LinkEthernet, frameEther(0x86dd, frameIPv6(6, frameTCPPorts(40001, 443, testLine)))), false)
}

func BenchmarkDecodeOtherUDP(b *testing.B) {
	decodeBench(b, mailOnly(), frameOf(LinkEthernet, frameEther(0x0800, frameIPv4(17, frameUDP(40001, 443, make([]byte, 1200))))), false)
}

func BenchmarkDecodeOtherARP(b *testing.B) {
	decodeBench(b, mailOnly(), frameOf(LinkEthernet, frameEther(0x0806, make([]byte, 46))), false)
}

// BenchmarkDecodeMail is a frame that is handed on.
func BenchmarkDecodeMail(b *testing.B) {
	decodeBench(b, mailOnly(), frameOf(LinkEthernet, mailEther()), true)
}

func BenchmarkDecodeMailIPv6(b *testing.B) {
	decodeBench(b, mailOnly(), frameOf(LinkEthernet, frameEther(0x86dd, mailIPv6())), true)
}

func BenchmarkDecodeVLAN(b *testing.B) {
	decodeBench(b, mailOnly(), frameOf(LinkEthernet, frameEther(0x8100, hexes("0064 0800"), mailIPv4())), true)
}

func BenchmarkDecodeQinQOther(b *testing.B) {
	decodeBench(b, mailOnly(), frameOf(LinkEthernet, frameEther(0x88a8, hexes("0064 8100 00c8 0800"), frameIPv4(6, frameTCPPorts(40001, 443, testLine)))), false)
}

func BenchmarkDecodeCooked(b *testing.B) {
	decodeBench(b, mailOnly(), frameOf(LinkCooked, join(hexes("0000 0001 0006 021122334455 0000 0800"), mailIPv4())), true)
}

// BenchmarkDecodeVXLAN and the following take the slow path.
func BenchmarkDecodeVXLAN(b *testing.B) {
	decodeBench(b, mailOnly(), frameOf(LinkEthernet, frameEther(0x0800, frameIPv4(17, frameUDP(5, 4789, hexes("08000000 00000100"), mailEther())))), true)
}

func BenchmarkDecodeERSPAN2(b *testing.B) {
	decodeBench(b, mailOnly(), frameOf(LinkEthernet, frameEther(0x0800, frameIPv4(47, hexes("1000 88be 00000001 1064 0001 00000000"), mailEther()))), true)
}

func BenchmarkDecodeRadiotap(b *testing.B) {
	decodeBench(b, mailOnly(), frameOf(LinkRadiotap, join(hexes("0000 0900 02000000 00"), wifiHead("0801"), snapIPv4())), true)
}

func BenchmarkDecodeFragments(b *testing.B) {
	d := NewDecoder(mailOnly())
	f := cut4(1, 400, frameTCP(giant(1400)))
	frames := make([]*Frame, len(f))
	for i := range f {
		frames[i] = frameOf(LinkEthernet, f[i])
	}
	var s Segment
	b.ReportAllocs()
	n := 0
	for b.Loop() {
		n++
		for i, f := range frames {
			f.Data[14+4], f.Data[14+5] = byte(n>>8), byte(n)
			if d.Decode(f, &s) != (i == len(frames)-1) {
				b.Fatalf("%+v", d.Stats())
			}
		}
	}
}

// BenchmarkNewDecoder is what each capture of a folder costs before its first frame.
func BenchmarkNewDecoder(b *testing.B) {
	b.ReportAllocs()
	for b.Loop() {
		NewDecoder(DecoderConfig{})
	}
}
