package kernelfilter

import (
	"fmt"

	"golang.org/x/net/bpf"
)

// maxInside is how many tunnels in each other are looked into.
const maxInside = 2

// Fanout gives the program by which the kernel chooses the socket of a fan-out group
// for a frame of an Ethernet interface (PACKET_FANOUT_CBPF): by the innermost pair of
// IP addresses, the same for both directions. Ports play no part, so that fragments stay
// with their flow. What the program does not understand goes to the first socket, whole.
// With noTunnels the outer addresses count.
func Fanout(noTunnels bool) ([]bpf.RawInstruction, error) {
	f := newFanout(noTunnels)
	// The kernel runs it on frames that came in from the network header on, on others from
	// the link header on, and knows the type of what follows the outer tag.
	outgoing, types := f.label(), f.label()
	f.emit(bpf.LoadExtension{Num: bpf.ExtType})
	f.jumpIf(4, outgoing) // PACKET_OUTGOING
	f.emit(bpf.LoadConstant{Dst: bpf.RegX})
	f.jump(types)
	f.place(outgoing)
	f.emit(bpf.LoadConstant{Dst: bpf.RegX, Val: 14})
	f.place(types)
	f.emit(bpf.LoadExtension{Num: bpf.ExtProto})
	f.level(0)
	raw, err := bpf.Assemble(f.link())
	if err != nil {
		return nil, fmt.Errorf("fan-out program: %w", err)
	}
	return raw, nil
}

// fanout writes the program. X is where the header at hand begins; scratch holds what
// has to outlive it.
type fanout struct {
	assembler
	inside int   // tunnels that are looked into
	hash   label // choose by the IP header at atIP
	none   label // choose the first socket
}

// The scratch memory of the program.
const (
	atIP     = iota // where the innermost IP header begins
	kept            // a value while X moves
	flags           // of GRE and ERSPAN
	transfer        // of sums
)

func newFanout(noTunnels bool) *fanout {
	f := &fanout{inside: maxInside}
	if noTunnels {
		f.inside = 0
	}
	f.hash, f.none = f.label(), f.label()
	return f
}

// level writes what is done with a header whose ethertype is in A. The innermost level is
// followed by the end of the program.
func (f *fanout) level(n int) {
	v4, v6, payload, inner, deeper := f.label(), f.label(), f.label(), f.label(), f.label()
	unknown := f.none
	if n > 0 {
		unknown = f.hash // by the tunnel's addresses
	}
	f.types(v4, v6, unknown)
	f.place(v4)
	f.emit(bpf.StoreScratch{Src: bpf.RegX, N: atIP})
	if n < f.inside {
		f.ipv4(payload)
		f.place(v6)
		f.emit(bpf.StoreScratch{Src: bpf.RegX, N: atIP})
		f.ipv6()
		f.place(payload)
		f.tunnels(inner, deeper)
		f.place(inner)
		f.frame()
		f.place(deeper)
		f.level(n + 1)
		return
	}
	f.jump(f.hash)
	f.place(v6)
	f.emit(bpf.StoreScratch{Src: bpf.RegX, N: atIP})
	f.end()
}

// types goes to IPv4 or IPv6, behind up to two tags.
func (f *fanout) types(v4, v6, unknown label) {
	for tags := 0; ; tags++ {
		tag := f.label()
		f.jumpIf(0x0800, v4)
		f.jumpIf(0x86dd, v6)
		if tags == 2 {
			f.jump(unknown)
			return
		}
		for _, t := range []uint32{0x8100, 0x88a8, 0x9100} {
			f.jumpIf(t, tag)
		}
		f.jump(unknown)
		f.place(tag)
		f.loadIndexed(2, 2)
		f.keepAndMove(4)
	}
}

// ipv4 moves to what follows an IPv4 header, with its protocol in A. Fragments, of which
// all but the first have no more, are judged by it.
func (f *fanout) ipv4(payload label) {
	f.loadIndexed(6, 2)
	f.jumpIfSet(0x3fff, f.hash)
	f.loadIndexed(9, 1)
	f.emit(bpf.StoreScratch{Src: bpf.RegA, N: kept})
	f.loadIndexed(0, 1)
	f.emit(bpf.ALUOpConstant{Op: bpf.ALUOpAnd, Val: 15})
	f.emit(bpf.ALUOpConstant{Op: bpf.ALUOpShiftLeft, Val: 2})
	f.moveByA()
	f.emit(bpf.LoadScratch{Dst: bpf.RegA, N: kept})
	f.jump(payload)
}

// ipv6 does the same for an IPv6 header; behind extension headers there is nothing for us.
func (f *fanout) ipv6() {
	f.loadIndexed(6, 1)
	f.keepAndMove(40)
}

// frame moves behind the Ethernet header at X, with its type in A.
func (f *fanout) frame() {
	f.loadIndexed(12, 2)
	f.keepAndMove(14)
}

// end writes the choice: the sum of both addresses, mixed. The kernel takes it modulo the
// number of sockets.
func (f *fanout) end() {
	v6, mix := f.label(), f.label()
	f.place(f.hash)
	f.emit(bpf.LoadScratch{Dst: bpf.RegX, N: atIP})
	f.loadIndexed(0, 1)
	f.emit(bpf.ALUOpConstant{Op: bpf.ALUOpShiftRight, Val: 4})
	f.jumpIf(6, v6)
	f.sum(12, 2)
	f.jump(mix)
	f.place(v6)
	f.sum(8, 8)
	f.place(mix)
	f.emit(bpf.ALUOpConstant{Op: bpf.ALUOpMul, Val: 0x9e3779b1}) // 2^32 by the golden ratio
	f.emit(bpf.ALUOpConstant{Op: bpf.ALUOpShiftRight, Val: 16})
	f.emit(bpf.RetA{})
	f.place(f.none)
	f.emit(bpf.RetConstant{})
}

// sum adds up words of the IP header in A.
func (f *fanout) sum(off uint32, words int) {
	f.loadIndexed(off, 4)
	for i := 1; i < words; i++ {
		f.emit(bpf.StoreScratch{Src: bpf.RegA, N: kept})
		f.emit(bpf.LoadScratch{Dst: bpf.RegX, N: atIP})
		f.loadIndexed(off+uint32(4*i), 4)
		f.emit(bpf.StoreScratch{Src: bpf.RegA, N: transfer})
		f.emit(bpf.LoadScratch{Dst: bpf.RegX, N: transfer})
		f.emit(bpf.LoadScratch{Dst: bpf.RegA, N: kept})
		f.emit(bpf.ALUOpX{Op: bpf.ALUOpAdd})
	}
}

// move moves X on.
func (f *fanout) move(by uint32) {
	f.emit(bpf.TXA{})
	f.emit(bpf.ALUOpConstant{Op: bpf.ALUOpAdd, Val: by})
	f.emit(bpf.TAX{})
}

// moveByA moves X on by what is in A.
func (f *fanout) moveByA() {
	f.emit(bpf.ALUOpX{Op: bpf.ALUOpAdd})
	f.emit(bpf.TAX{})
}

// keepAndMove moves X on and leaves A as it is.
func (f *fanout) keepAndMove(by uint32) {
	f.emit(bpf.StoreScratch{Src: bpf.RegA, N: kept})
	f.move(by)
	f.emit(bpf.LoadScratch{Dst: bpf.RegA, N: kept})
}
