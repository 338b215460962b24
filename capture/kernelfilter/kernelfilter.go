// Package kernelfilter writes the classic BPF program that the kernel runs on
// every frame of a live capture. Its one job is to keep most frames from being
// copied; its invariant is that whatever the decoder could find a wanted segment
// in passes: wanted ports, fragments, IPv6 extension headers, tunnels, and
// everything that is neither IP nor an 802.1Q tag in front of it.
package kernelfilter

import (
	"fmt"

	"golang.org/x/net/bpf"

	"cleartap/capture"
)

// Config says what passes.
type Config struct {
	Ports     *capture.Ports // nil: all of TCP
	NoTunnels bool           // leave tunnels out
	SnapLen   int            // bytes of a frame that are kept; 0: 262144
}

// maxRanges is how many port ranges are compared one by one. A longer list passes
// all of TCP and is left to the decoder: a program has at most 4096 instructions.
const maxRanges = 200

// The UDP ports of tunnels: VXLAN (RFC 7348, and the Linux default), Geneve (RFC
// 8926), GTP-U (3GPP TS 29.281).
var tunnelPorts = [...]uint16{4789, 8472, 6081, 2152}

// Program gives the program for Ethernet frames. The kernel takes the outer tag
// off before it runs, so that up to two tags more are walked over.
func Program(cfg Config) ([]bpf.RawInstruction, error) {
	a := &assembler{cfg: cfg}
	if cfg.Ports != nil && !cfg.Ports.Any() {
		a.ranges = cfg.Ports.Ranges()
	}
	if a.cfg.SnapLen <= 0 {
		a.cfg.SnapLen = 262144
	}
	a.etherType(12, 2)
	raw, err := bpf.Assemble(a.link())
	if err != nil {
		return nil, fmt.Errorf("kernel filter: %w", err)
	}
	return raw, nil
}

// etherType writes the program for a frame whose type field is at off; tags says
// how many VLAN tags may follow.
func (a *assembler) etherType(off uint32, tags int) {
	v4, v6, tag := a.label(), a.label(), a.label()
	a.load(off, 2)
	a.jumpIf(0x0800, v4)
	a.jumpIf(0x86dd, v6)
	for _, t := range []uint32{0x8100, 0x88a8, 0x9100} {
		a.jumpIf(t, tag)
	}
	if a.cfg.NoTunnels {
		a.other()
	} else {
		a.accept() // MPLS, PPPoE, and what the decoder may know
	}
	a.place(v4)
	a.ipv4(off + 2)
	a.place(v6)
	a.ipv6(off + 2)
	a.place(tag)
	if tags == 0 {
		a.accept()
		return
	}
	a.etherType(off+4, tags-1)
}

// other passes MPLS and PPPoE, which are encapsulations of the path rather than
// tunnels, and 802.3 frames; the rest (ARP and its like) holds no TCP.
func (a *assembler) other() {
	yes := a.label()
	for _, t := range []uint32{0x8847, 0x8848, 0x8864} {
		a.jumpIf(t, yes)
	}
	a.reject()
	a.place(yes)
	a.accept()
}

func (a *assembler) ipv4(off uint32) {
	tcp, udp, yes := a.label(), a.label(), a.label()
	a.load(off+6, 2)
	a.jumpIfSet(0x3fff, yes) // a fragment: more to come, or an offset
	a.load(off+9, 1)
	a.jumpIf(6, tcp)
	a.jumpIf(51, yes) // AH
	if !a.cfg.NoTunnels {
		a.jumpIf(17, udp)
		for _, proto := range []uint32{4, 41, 47, 97} { // IPv4, IPv6, GRE, EtherIP
			a.jumpIf(proto, yes)
		}
	}
	a.reject()
	a.place(tcp)
	a.headerLength(off)
	a.ports(a.ranges, off, true)
	if !a.cfg.NoTunnels {
		a.place(udp)
		a.headerLength(off)
		a.ports(tunnelRanges(), off, true)
	}
	a.place(yes)
	a.accept()
}

func (a *assembler) ipv6(off uint32) {
	tcp, udp, yes := a.label(), a.label(), a.label()
	a.load(off+6, 1)
	a.jumpIf(6, tcp)
	for _, next := range []uint32{0, 43, 44, 51, 60, 135, 139, 140} { // extension headers, RFC 8200 section 4
		a.jumpIf(next, yes)
	}
	if !a.cfg.NoTunnels {
		a.jumpIf(17, udp)
		for _, proto := range []uint32{4, 41, 47, 97} {
			a.jumpIf(proto, yes)
		}
	}
	a.reject()
	a.place(tcp)
	a.ports(a.ranges, off+40, false)
	if !a.cfg.NoTunnels {
		a.place(udp)
		a.ports(tunnelRanges(), off+40, false)
	}
	a.place(yes)
	a.accept()
}

func tunnelRanges() [][2]uint16 {
	var r [][2]uint16
	for _, p := range tunnelPorts {
		r = append(r, [2]uint16{p, p})
	}
	return r
}

// ports passes a frame of which one of the two ports at off is in the ranges;
// indexed adds the IPv4 header length in X.
func (a *assembler) ports(ranges [][2]uint16, off uint32, indexed bool) {
	if len(ranges) == 0 || len(ranges) > maxRanges {
		a.accept()
		return
	}
	yes := a.label()
	for _, at := range []uint32{off, off + 2} {
		if indexed {
			a.loadIndexed(at, 2)
		} else {
			a.load(at, 2)
		}
		for _, r := range ranges {
			a.jumpIfRange(uint32(r[0]), uint32(r[1]), yes)
		}
	}
	a.reject()
	a.place(yes)
	a.accept()
}
