package capture

import (
	"encoding/binary"
	"fmt"
	"io"
	"math/bits"
)

// The block types of pcapng (draft-ietf-opsawg-pcapng, section 11.1) that are
// read here, or that damage may be followed by.
const (
	blockInterface   = 1
	blockObsolete    = 2 // the first form of a packet, with a 16-bit interface
	blockSimple      = 3
	blockEnhanced    = 6
	blockLastPlain   = 0x0000000b // types 1 to 11 are assigned to common blocks
	blockCustom      = 0x00000bad
	blockCustomLocal = 0x40000bad // not to be copied by others
	blockSection     = 0x0a0d0d0a
)

const (
	byteOrder    = 0x1a2b3c4d
	blockLeast   = 12                   // type, length, length again
	packetHeader = 28                   // of an enhanced packet: what stands before the bytes
	maxBlock     = maxCaptured + 64<<10 // a packet with its options
	maxOther     = 16 << 20             // a block of another kind, as Wireshark has it
)

// pcapng walks the blocks of a pcapng file. A block's two lengths must agree
// before anything in it is believed.
type pcapng struct {
	window
	*teller
	swap       bool
	strayed    bool // told that a packet names an interface that is not there
	crowded    bool // told that the section has too many interfaces
	interfaces []netInterface
	links      []LinkType // unknown ones that were told
	time       Nanos
	number     uint64
	blocks     uint64 // seen so far, to name them in problems
}

var _ frameReader = (*pcapng)(nil)

func (p *pcapng) u16(b []byte) uint16 {
	v := binary.LittleEndian.Uint16(b)
	if p.swap {
		v = bits.ReverseBytes16(v)
	}
	return v
}

func (p *pcapng) u32(b []byte) uint32 {
	v := binary.LittleEndian.Uint32(b)
	if p.swap {
		v = bits.ReverseBytes32(v)
	}
	return v
}

func (p *pcapng) next(f *Frame) error {
	for {
		b := p.block()
		if b == nil {
			return io.EOF
		}
		var ok bool
		switch p.u32(b) {
		case blockEnhanced:
			ok = p.packet(f, b, p.u32(b[8:]))
		case blockObsolete:
			ok = p.packet(f, b, uint32(p.u16(b[8:])))
		case blockSimple:
			ok = p.simple(f, b)
		case blockInterface:
			p.describe(b)
			continue
		case blockSection:
			p.interfaces, p.strayed, p.crowded = p.interfaces[:0], false, false
			continue
		default:
			continue
		}
		if ok {
			return nil
		}
	}
}

// block gives the next block whole, its lengths checked, or nil at the end. Big
// blocks that hold no packet are passed over.
func (p *pcapng) block() []byte {
	for {
		if p.w-p.r < blockLeast && !p.fill(blockLeast) {
			p.cut(blockLeast)
			return nil
		}
		h := p.buf[p.r:]
		kind := binary.LittleEndian.Uint32(h)
		if kind == blockSection && !p.section(h[8:]) {
			if p.resync("a section header without a byte order") {
				continue
			}
			return nil
		}
		size := p.u32(h[4:])
		if size > maxBlock || size < blockLeast || size%4 != 0 {
			if p.big(p.u32(h), size) {
				continue
			}
			return nil
		}
		if n := int(size); p.w-p.r < n && !p.fill(n) {
			if p.cut(n) {
				continue
			}
			return nil
		}
		b := p.buf[p.r : p.r+int(size)]
		if p.u32(b[len(b)-4:]) != size {
			if p.resync("the two lengths of a block differ") {
				continue
			}
			return nil
		}
		p.blocks++
		p.r += len(b)
		p.keep = p.r
		return b
	}
}

// section takes the byte order mark in.
func (p *pcapng) section(mark []byte) bool {
	switch binary.LittleEndian.Uint32(mark) {
	case byteOrder:
		p.swap = false
	case bits.ReverseBytes32(byteOrder):
		p.swap = true
	default:
		return false
	}
	return true
}

// packet fills f from an enhanced or obsolete packet block.
func (p *pcapng) packet(f *Frame, b []byte, id uint32) bool {
	if len(b) < packetHeader+4 {
		p.bad(b, "a packet without its lengths")
		return false
	}
	captured := p.u32(b[20:])
	if captured > uint32(len(b)-packetHeader-4) {
		p.bad(b, fmt.Sprintf("a packet claims %d bytes, more than its block has", captured))
		return false
	}
	if id >= uint32(len(p.interfaces)) {
		p.stray(b, id)
		return false
	}
	in := &p.interfaces[id]
	p.time = in.time(uint64(p.u32(b[12:]))<<32 | uint64(p.u32(b[16:])))
	p.number++
	f.Time = p.time
	f.Data = b[packetHeader : packetHeader+captured : packetHeader+captured]
	f.Length = int(max(captured, p.u32(b[24:])))
	f.Number = p.number
	f.Link = in.link
	f.VLAN = 0
	return true
}

// simple fills f from a simple packet block, which has no time and belongs to
// the first interface. It is taken to be as old as the packet before it.
func (p *pcapng) simple(f *Frame, b []byte) bool {
	if len(b) < 16 {
		p.bad(b, "a simple packet without a length")
		return false
	}
	if len(p.interfaces) == 0 {
		p.stray(b, 0)
		return false
	}
	in, length := &p.interfaces[0], p.u32(b[8:])
	captured := min(length, uint32(len(b)-16))
	if in.snap > 0 {
		captured = min(captured, in.snap)
	}
	p.number++
	*f = Frame{Time: p.time, Data: b[12 : 12+captured : 12+captured], Length: int(length), Number: p.number, Link: in.link}
	return true
}

func (p *pcapng) last() (Nanos, bool) { return p.time, p.number > 0 }
