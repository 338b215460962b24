package kernelfilter

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"net/netip"
	"path/filepath"
	"strings"
	"testing"

	"golang.org/x/net/bpf"

	"cleartap/capture"
)

// chooser is the fan-out program as it would be for whole Ethernet frames: what begins it
// in the kernel, only the kernel can run.
func chooser(t *testing.T, noTunnels bool) *bpf.VM {
	t.Helper()
	f := newFanout(noTunnels)
	f.emit(bpf.LoadConstant{Dst: bpf.RegX})
	f.frame()
	f.level(0)
	vm, err := bpf.NewVM(f.link())
	if err != nil {
		t.Fatal(err)
	}
	return vm
}

func choose(t *testing.T, vm *bpf.VM, frame []byte) int {
	t.Helper()
	n, err := vm.Run(frame)
	if err != nil {
		t.Fatal(err)
	}
	return n
}

func join(parts ...[]byte) []byte { return bytes.Join(parts, nil) }

func hexes(s string) []byte {
	var out []byte
	for _, w := range strings.Fields(s) {
		var b []byte
		if _, err := fmt.Sscanf(w, "%x", &b); err != nil {
			panic(err)
		}
		out = append(out, b...)
	}
	return out
}

// framed is a frame of a type, behind tags.
func framed(tags string, kind uint16, payload []byte) []byte {
	return join(make([]byte, 12), hexes(tags), binary.BigEndian.AppendUint16(nil, kind), payload)
}

// packet is an IPv4 packet with options, or an IPv6 packet, when src is one.
func packet(src, dst netip.Addr, proto byte, payload []byte) []byte {
	if src.Is6() {
		h := make([]byte, 8)
		h[0], h[6] = 0x60, proto
		return join(h, src.AsSlice(), dst.AsSlice(), payload)
	}
	h := make([]byte, 12)
	h[0], h[9] = 0x46, proto
	binary.BigEndian.PutUint16(h[2:], uint16(24+len(payload)))
	return join(h, src.AsSlice(), dst.AsSlice(), make([]byte, 4), payload)
}

func udp(port uint16, payload []byte) []byte {
	return join(hexes("c123"), binary.BigEndian.AppendUint16(nil, port), make([]byte, 4), payload)
}

// Whatever lies around it, a packet goes where its innermost addresses say, in both
// directions, and other addresses are spread.
func TestFanoutByTheInnermostAddresses(t *testing.T) {
	type wrap func(out, in netip.Addr, p, e []byte) []byte // p is the inner packet, e the same in a frame
	const v4, greProto, udpProto = 0x0800, 47, 17
	over := func(proto byte, head string, inFrame bool) wrap {
		return func(a, b netip.Addr, p, e []byte) []byte {
			if inFrame {
				p = e
			}
			return packet(a, b, proto, join(hexes(head), p))
		}
	}
	overUDP := func(port uint16, head string, inFrame bool) wrap {
		return func(a, b netip.Addr, p, e []byte) []byte {
			if inFrame {
				p = e
			}
			return packet(a, b, udpProto, udp(port, join(hexes(head), p)))
		}
	}
	vm := chooser(t, false)
	for name, w := range map[string]wrap{
		"IP in IP": over(4, "", false), "GRE": over(greProto, "0000 0800", false), "GRE with all fields": over(greProto, "b000 0800 00000000 00000001 00000002", false),
		"Ethernet in GRE": over(greProto, "2000 6558 00000001", true), "ERSPAN I": over(greProto, "0000 88be", true), "ERSPAN II": over(greProto, "1000 88be 00000001 1000 0000 00000000", true),
		"ERSPAN III": over(greProto, "1000 22eb 00000001 2000 0000 00000000 0000 0000", true), "ERSPAN III with the platform's part": over(greProto, "1000 22eb 00000001 2000 0000 00000000 0000 0001 0000000000000000", true),
		"ERSPAN III of a packet": over(greProto, "1000 22eb 00000001 2000 0000 00000000 0000 0800", false), "WCCP 1": over(greProto, "0000 883e", false), "WCCP 2": over(greProto, "0000 883e 00000000", false),
		"EtherIP": over(97, "3000", true), "VXLAN": overUDP(4789, "0800 0000 00000100", true), "old VXLAN": overUDP(8472, "0800 0000 00000100", true),
		"Geneve": overUDP(6081, "0000 6558 00000100", true), "Geneve with options, of a packet": overUDP(6081, "0200 0800 00000100 0000000000000000", false),
		"GTP-U": overUDP(2152, "30ff 0000 00000001", false), "GTP-U with a sequence number": overUDP(2152, "32ff 0000 00000001 0001 00 00", false),
		"GTP-U with an extension": overUDP(2152, "34ff 0000 00000001 0001 00 85 01 1000 00", false), "GTP-U with two": overUDP(2152, "34ff 0000 00000001 0001 00 85 01 1000 c0 02 0000 0000 0000 00", false),
	} {
		seen := map[int]bool{}
		for i := range 32 {
			a, b := netip.AddrFrom4([4]byte{10, 0, 0, byte(i)}), netip.AddrFrom4([4]byte{192, 0, 2, 1})
			plain := choose(t, vm, framed("", v4, packet(a, b, 6, make([]byte, 20))))
			seen[plain%2] = true
			for d, outer := range []string{"10.9.9.1", "10.9.9.200", "2001:db8::1", "2001:db8::ffff"} {
				src, dst, far := a, b, netip.MustParseAddr("10.9.9.9")
				if d%2 == 1 {
					src, dst = b, a
				}
				kind := uint16(v4)
				if d > 1 {
					far, kind = netip.MustParseAddr("2001:db8::9"), 0x86dd
				}
				in := packet(src, dst, 6, make([]byte, 20))
				once := w(netip.MustParseAddr(outer), far, in, framed("81000005", v4, in))
				if got := choose(t, vm, framed("88a80007 81000008", kind, once)); got != plain {
					t.Errorf("%s from %s: %d, want %d", name, outer, got, plain)
				}
			}
		}
		if len(seen) != 2 {
			t.Errorf("%s: all of 32 clients go to one socket of two", name)
		}
	}
}

// Without looking into tunnels it is the outer addresses that count; what is no IP goes to
// the first socket, and so does what is cut short.
func TestFanoutOutside(t *testing.T) {
	a, b, c, d := netip.MustParseAddr("10.0.0.1"), netip.MustParseAddr("10.0.0.2"), netip.MustParseAddr("10.0.0.3"), netip.MustParseAddr("2001:db8::4")
	in, out := packet(a, b, 6, make([]byte, 20)), chooser(t, true)
	if choose(t, out, framed("", 0x0800, packet(c, b, 4, in))) != choose(t, out, framed("", 0x0800, packet(b, c, 6, nil))) {
		t.Error("the inner addresses count")
	}
	vm := chooser(t, false)
	if choose(t, vm, framed("", 0x86dd, packet(d, d.Next(), 44, make([]byte, 60)))) != choose(t, vm, framed("", 0x86dd, packet(d.Next(), d, 6, make([]byte, 20)))) {
		t.Error("a fragment leaves its flow")
	}
	for _, f := range [][]byte{{}, make([]byte, 14), framed("", 0x0806, make([]byte, 40)), framed("", 0x0800, in[:10]), framed("81000001 81000001 81000001", 0x0800, in)} {
		if n := choose(t, vm, f); n != 0 {
			t.Errorf("%x: socket of %d", f, n)
		}
	}
}

// In all captures of the project, whatever the decoder takes for one pair of addresses
// goes to one socket.
func TestFanoutAgreesWithTheDecoder(t *testing.T) {
	files, err := filepath.Glob("../../pcaps/*.pcap*")
	if err != nil || len(files) < 20 {
		t.Fatalf("%d captures, %v", len(files), err)
	}
	vm := chooser(t, false)
	segments := 0
	for _, file := range files {
		if strings.HasSuffix(file, ".jsonl") {
			continue
		}
		src := capture.Find([]string{file}, capture.FindOptions{}).Captures[0].Open(nil, nil)
		d, of := capture.NewDecoder(capture.DecoderConfig{}), map[[32]byte]int{}
		var f capture.Frame
		var s capture.Segment
		for {
			if err := src.Next(&f); errors.Is(err, io.EOF) {
				break
			} else if err != nil {
				t.Fatal(err)
			}
			if f.Link != capture.LinkEthernet || !d.Decode(&f, &s) {
				continue
			}
			segments++
			var pair [32]byte
			if lo, hi := s.Src.IP, s.Dst.IP; bytes.Compare(lo[:], hi[:]) < 0 {
				pair = [32]byte(join(lo[:], hi[:]))
			} else {
				pair = [32]byte(join(hi[:], lo[:]))
			}
			n := choose(t, vm, f.Data)
			if was, ok := of[pair]; ok && was != n {
				t.Fatalf("%s: frame %d goes elsewhere than those before it", filepath.Base(file), f.Number)
			}
			of[pair] = n
		}
		_ = src.Close()
	}
	if segments < 1000 {
		t.Errorf("only %d segments", segments)
	}
}
