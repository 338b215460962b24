package kernelfilter

import "golang.org/x/net/bpf"

// tunnels goes on inside what follows an IP header, whose protocol is in A: to inner
// where an Ethernet frame begins, to deeper with an ethertype in A where an IP header does.
// All else is judged by the IP header. The formats are those of the decoder.
func (f *fanout) tunnels(inner, deeper label) {
	v4, v6, gre, udp, etherip := f.label(), f.label(), f.label(), f.label(), f.label()
	f.jumpIf(17, udp)
	f.jumpIf(47, gre)
	f.jumpIf(4, v4)
	f.jumpIf(41, v6)
	f.jumpIf(97, etherip)
	f.jump(f.hash)
	f.place(udp)
	f.overUDP(inner, deeper)
	f.place(gre)
	f.gre(inner, deeper)
	f.place(etherip) // RFC 3378
	f.move(2)
	f.jump(inner)
	f.place(v4)
	f.emit(bpf.LoadConstant{Dst: bpf.RegA, Val: 0x0800})
	f.jump(deeper)
	f.place(v6)
	f.emit(bpf.LoadConstant{Dst: bpf.RegA, Val: 0x86dd})
	f.jump(deeper)
}

// overUDP reads VXLAN (RFC 7348), Geneve (RFC 8926) and GTP-U (3GPP TS 29.281).
func (f *fanout) overUDP(inner, deeper label) {
	vxlan, geneve, gtpu := f.label(), f.label(), f.label()
	f.loadIndexed(2, 2)
	f.jumpIf(4789, vxlan)
	f.jumpIf(8472, vxlan)
	f.jumpIf(6081, geneve)
	f.jumpIf(2152, gtpu)
	f.jump(f.hash)
	f.place(vxlan)
	f.move(16)
	f.jump(inner)
	f.place(geneve)
	f.loadIndexed(8, 1)
	f.emit(bpf.ALUOpConstant{Op: bpf.ALUOpAnd, Val: 0x3f})
	f.emit(bpf.ALUOpConstant{Op: bpf.ALUOpShiftLeft, Val: 2})
	f.emit(bpf.StoreScratch{Src: bpf.RegA, N: flags})
	f.loadIndexed(10, 2)
	f.emit(bpf.StoreScratch{Src: bpf.RegA, N: kept})
	f.emit(bpf.LoadScratch{Dst: bpf.RegA, N: flags})
	f.moveByA()
	f.emit(bpf.LoadScratch{Dst: bpf.RegA, N: kept})
	f.keepAndMove(16)
	f.jumpIf(0x6558, inner)
	f.jump(deeper)
	f.place(gtpu)
	f.gtpu(deeper)
}

// gtpu reads a packet of user data behind up to two extension headers.
func (f *fanout) gtpu(deeper label) {
	long, user := f.label(), f.label()
	f.loadIndexed(9, 1)
	f.jumpIf(255, user)
	f.jump(f.hash)
	f.place(user)
	f.loadIndexed(8, 1)
	f.jumpIfSet(7, long)
	f.move(16)
	f.version(deeper)
	f.place(long)
	f.emit(bpf.ALUOpConstant{Op: bpf.ALUOpAnd, Val: 4})
	begin, extended := f.label(), f.label()
	f.jumpIf(4, extended)
	f.jump(begin)
	f.place(extended)
	for range 2 {
		f.loadIndexed(19, 1) // the type of the next one
		f.jumpIf(0, begin)
		f.loadIndexed(20, 1)
		f.jumpIf(0, f.hash)
		f.emit(bpf.ALUOpConstant{Op: bpf.ALUOpShiftLeft, Val: 2})
		f.moveByA()
	}
	f.loadIndexed(19, 1)
	f.jumpIf(0, begin)
	f.jump(f.hash)
	f.place(begin)
	f.move(20)
	f.version(deeper)
}

// version goes on with the ethertype of the IP header at X.
func (f *fanout) version(deeper label) {
	v6 := f.label()
	f.loadIndexed(0, 1)
	f.emit(bpf.ALUOpConstant{Op: bpf.ALUOpShiftRight, Val: 4})
	f.jumpIf(6, v6)
	f.emit(bpf.LoadConstant{Dst: bpf.RegA, Val: 0x0800})
	f.jump(deeper)
	f.place(v6)
	f.emit(bpf.LoadConstant{Dst: bpf.RegA, Val: 0x86dd})
	f.jump(deeper)
}

// gre reads GRE (RFC 2784, RFC 2890), ERSPAN and WCCP.
func (f *fanout) gre(inner, deeper label) {
	two, three, wccp := f.label(), f.label(), f.label()
	f.loadIndexed(0, 2)
	f.jumpIfSet(0x4007, f.hash) // routes, or another version
	f.loadIndexed(0, 1)
	f.emit(bpf.StoreScratch{Src: bpf.RegA, N: flags})
	f.loadIndexed(2, 2)
	f.keepAndMove(4)
	for _, field := range []uint32{0x80, 0x20, 0x10} { // checksum, key, sequence number
		f.whereSet(field, 4)
	}
	f.emit(bpf.LoadScratch{Dst: bpf.RegA, N: kept})
	f.jumpIf(0x6558, inner)
	f.jumpIf(0x88be, two)
	f.jumpIf(0x22eb, three)
	f.jumpIf(0x883e, wccp)
	f.jump(deeper)
	f.place(two) // without a sequence number it is type I, which has no header
	f.whereSet(0x10, 8)
	f.jump(inner)
	f.place(three)
	f.erspan3(inner, deeper)
	f.place(wccp) // version 2 has a header
	first := f.label()
	f.loadIndexed(0, 1)
	f.emit(bpf.ALUOpConstant{Op: bpf.ALUOpShiftRight, Val: 4})
	f.jumpIf(4, first)
	f.move(4)
	f.place(first)
	f.emit(bpf.LoadConstant{Dst: bpf.RegA, Val: 0x0800})
	f.jump(deeper)
}

// erspan3 reads an ERSPAN III header, which may hold a packet instead of a frame.
func (f *fanout) erspan3(inner, deeper label) {
	packet := f.label()
	f.loadIndexed(11, 1)
	f.emit(bpf.StoreScratch{Src: bpf.RegA, N: flags})
	f.loadIndexed(10, 1)
	f.emit(bpf.ALUOpConstant{Op: bpf.ALUOpAnd, Val: 0x7c})
	f.keepAndMove(12)
	f.whereSet(1, 8) // the platform's part
	f.emit(bpf.LoadScratch{Dst: bpf.RegA, N: kept})
	f.jumpIf(2<<2, packet)
	f.jump(inner)
	f.place(packet)
	f.version(deeper)
}

// whereSet moves X on where one of the bits of flags is set.
func (f *fanout) whereSet(bits, by uint32) {
	no, yes := f.label(), f.label()
	f.emit(bpf.LoadScratch{Dst: bpf.RegA, N: flags})
	f.jumpIfSet(bits, yes)
	f.jump(no)
	f.place(yes)
	f.move(by)
	f.place(no)
}
