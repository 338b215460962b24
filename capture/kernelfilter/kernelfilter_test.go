package kernelfilter

import (
	"encoding/binary"
	"testing"

	"golang.org/x/net/bpf"

	"cleartap/capture"
)

// machine makes a virtual machine of the program that the kernel would run.
func machine(t *testing.T, cfg Config) *bpf.VM {
	t.Helper()
	raw, err := Program(cfg)
	if err != nil {
		t.Fatal(err)
	}
	if len(raw) > 4096 {
		t.Fatalf("%d instructions: the kernel takes 4096", len(raw))
	}
	prog, ok := bpf.Disassemble(raw)
	if !ok {
		t.Fatal("the program does not disassemble")
	}
	vm, err := bpf.NewVM(prog)
	if err != nil {
		t.Fatal(err)
	}
	return vm
}

func ether(kind uint16, rest ...byte) []byte {
	return append(binary.BigEndian.AppendUint16(make([]byte, 12), kind), rest...)
}

func ipv4(proto byte, frag uint16, options int, rest ...byte) []byte {
	h := make([]byte, 20+options)
	h[0], h[9] = byte(0x45+options/4), proto
	binary.BigEndian.PutUint16(h[6:], frag)
	return append(h, rest...)
}

func ipv6(next byte, rest ...byte) []byte {
	h := make([]byte, 40)
	h[0], h[6] = 0x60, next
	return append(h, rest...)
}

func ports(a, b uint16) []byte {
	return append(binary.BigEndian.AppendUint16(binary.BigEndian.AppendUint16(nil, a), b), make([]byte, 16)...)
}

func tag(kind, inner uint16, rest []byte) []byte {
	return ether(kind, append(binary.BigEndian.AppendUint16([]byte{0, 7}, inner), rest...)...)
}

func TestWhatPasses(t *testing.T) {
	list, err := capture.ParsePorts("mail,3000-3010")
	if err != nil {
		t.Fatal(err)
	}
	pop, web := ports(40000, 110), ports(40000, 80)
	cases := []struct {
		name            string
		frame           []byte
		want, noTunnels bool // with and without tunnels
	}{
		{"ipv4_to_server", ether(0x800, ipv4(6, 0, 0, pop...)...), true, true},
		{"ipv4_to_client", ether(0x800, ipv4(6, 0, 0, ports(143, 40000)...)...), true, true},
		{"ipv4_web", ether(0x800, ipv4(6, 0, 0, web...)...), false, false},
		{"ipv4_range_low", ether(0x800, ipv4(6, 0, 0, ports(3000, 9)...)...), true, true},
		{"ipv4_range_high", ether(0x800, ipv4(6, 0, 0, ports(9, 3010)...)...), true, true},
		{"ipv4_range_past", ether(0x800, ipv4(6, 0, 0, ports(9, 3011)...)...), false, false},
		{"ipv4_options", ether(0x800, ipv4(6, 0, 24, pop...)...), true, true},
		{"ipv4_options_web", ether(0x800, ipv4(6, 0, 24, web...)...), false, false},
		{"ipv4_first_fragment", ether(0x800, ipv4(6, 0x2000, 0, web...)...), true, true},
		{"ipv4_last_fragment", ether(0x800, ipv4(6, 0x0005, 0, web...)...), true, true},
		{"ipv4_dont_fragment_web", ether(0x800, ipv4(6, 0x4000, 0, web...)...), false, false},
		{"ipv4_udp_dns", ether(0x800, ipv4(17, 0, 0, ports(53, 5353)...)...), false, false},
		{"ipv4_vxlan", ether(0x800, ipv4(17, 0, 0, ports(50000, 4789)...)...), true, false},
		{"ipv4_gtp", ether(0x800, ipv4(17, 0, 0, ports(2152, 2152)...)...), true, false},
		{"ipv4_gre", ether(0x800, ipv4(47, 0, 0, web...)...), true, false},
		{"ipv4_ipip", ether(0x800, ipv4(4, 0, 0, web...)...), true, false},
		{"ipv4_6in4", ether(0x800, ipv4(41, 0, 0, web...)...), true, false},
		{"ipv4_ah", ether(0x800, ipv4(51, 0, 0, web...)...), true, true},
		{"ipv4_icmp", ether(0x800, ipv4(1, 0, 0, web...)...), false, false},
		{"ipv6_to_server", ether(0x86dd, ipv6(6, pop...)...), true, true},
		{"ipv6_web", ether(0x86dd, ipv6(6, web...)...), false, false},
		{"ipv6_hop_by_hop", ether(0x86dd, ipv6(0, web...)...), true, true},
		{"ipv6_fragment", ether(0x86dd, ipv6(44, web...)...), true, true},
		{"ipv6_geneve", ether(0x86dd, ipv6(17, ports(1, 6081)...)...), true, false},
		{"vlan", tag(0x8100, 0x800, ipv4(6, 0, 0, pop...)), true, true},
		{"vlan_web", tag(0x8100, 0x800, ipv4(6, 0, 0, web...)), false, false},
		{"qinq", tag(0x88a8, 0x8100, append([]byte{0, 9, 0x86, 0xdd}, ipv6(6, pop...)...)), true, true},
		{"qinq_web", tag(0x9100, 0x8100, append([]byte{0, 9, 0x86, 0xdd}, ipv6(6, web...)...)), false, false},
		{"three_tags", tag(0x8100, 0x8100, append([]byte{0, 9, 0x81, 0x00, 0, 1, 8, 0}, ipv4(6, 0, 0, web...)...)), true, true},
		{"mpls", ether(0x8847, web...), true, true},
		{"pppoe", ether(0x8864, web...), true, true},
		{"arp", ether(0x0806, web...), true, false},
		{"short", make([]byte, 10), false, false},
	}
	with, without := machine(t, Config{Ports: list}), machine(t, Config{Ports: list, NoTunnels: true})
	for _, c := range cases {
		for vm, want := range map[*bpf.VM]bool{with: c.want, without: c.noTunnels} {
			n, err := vm.Run(c.frame)
			if err != nil {
				t.Fatalf("%s: %v", c.name, err)
			}
			if (n > 0) != want {
				t.Errorf("%s (tunnels %t): passes %t, want %t", c.name, vm == with, n > 0, want)
			}
		}
	}
}

func TestAllPortsPassAllOfTCP(t *testing.T) {
	for _, cfg := range []Config{{}, {Ports: capture.AnyPort()}} {
		vm := machine(t, cfg)
		if n, _ := vm.Run(ether(0x800, ipv4(6, 0, 0, ports(1, 2)...)...)); n == 0 {
			t.Error("a TCP frame is dropped though all ports are wanted")
		}
		if n, _ := vm.Run(ether(0x800, ipv4(17, 0, 0, ports(1, 2)...)...)); n != 0 {
			t.Error("a UDP frame passes")
		}
	}
}

func TestALongListPassesAllOfTCP(t *testing.T) {
	list := ""
	for p := 1000; p < 3000; p += 2 {
		list += "," + string(rune('0'+p/1000)) + string(rune('0'+p/100%10)) + string(rune('0'+p/10%10)) + string(rune('0'+p%10))
	}
	many, err := capture.ParsePorts(list[1:])
	if err != nil {
		t.Fatal(err)
	}
	vm := machine(t, Config{Ports: many})
	if n, _ := vm.Run(ether(0x800, ipv4(6, 0, 0, ports(9, 9)...)...)); n == 0 {
		t.Error("a list too long for the program drops TCP")
	}
}

func TestSnapLen(t *testing.T) {
	vm := machine(t, Config{SnapLen: 96})
	if n, _ := vm.Run(ether(0x800, ipv4(6, 0, 0, ports(1, 2)...)...)); n != 96 && n != 54 {
		t.Errorf("snap length %d", n)
	}
}
