package capture

import (
	"encoding/binary"
	"fmt"
	"math/bits"
)

// bad tells of a block that was passed over although its lengths agree.
func (p *pcapng) bad(b []byte, reason string) {
	p.problem(Corrupt, p.offset()-int64(len(b)), fmt.Sprintf("block %d: %s", p.blocks, reason), "")
}

// stray tells once a section that packets name an interface that is not there.
func (p *pcapng) stray(b []byte, id uint32) {
	if !p.strayed {
		p.strayed = true
		p.bad(b, fmt.Sprintf("a packet of interface %d, which the section does not describe", id))
	}
}

// big handles a block whose size is odd or more than may be looked at whole. It
// reports whether reading can go on.
func (p *pcapng) big(kind, size uint32) bool {
	packet := kind == blockEnhanced || kind == blockSimple || kind == blockObsolete
	if size < blockLeast || size%4 != 0 || size > maxOther || packet {
		return p.resync(fmt.Sprintf("a block claims %d bytes", size))
	}
	at := p.offset()
	if !p.skip(int64(size)-4) || !p.fill(4) {
		if !p.failed(p.teller) {
			p.problem(Truncated, at, endsInside(fmt.Sprintf("inside block %d", p.blocks+1)), "")
		}
		return false
	}
	if p.u32(p.buf[p.r:]) != size {
		return p.resync("the two lengths of a block differ")
	}
	p.blocks++
	return p.skip(4)
}

// resync looks for the next block after one that makes no sense: first where it
// says that it ends, then byte by byte. It tells the problem and reports
// whether reading can go on.
func (p *pcapng) resync(reason string) bool {
	at := p.offset()
	reason = fmt.Sprintf("block %d: %s", p.blocks+1, reason)
	cure := cureJoined(p.buf[p.r:p.w], formatPcap)
	if !p.search() {
		if !p.failed(p.teller) {
			p.problem(Corrupt, at, reason+"; no block was found after it", cure)
		}
		return false
	}
	p.problem(Corrupt, at, fmt.Sprintf("%s; reading went on at offset %d", reason, p.offset()), cure)
	return true
}

func (p *pcapng) search() bool {
	if p.hop() {
		return true
	}
	for p.skip(1) {
		whole := !p.fill(lookahead)
		b := p.buf[p.r:p.w]
		n := len(b) - blockLeast + 1
		if !whole {
			p.widen(readSize)
			b = p.buf[p.r:p.w]
			n = len(b) - lookahead + 1
		}
		for i := range n {
			if p.plausible(b[i:min(len(b), i+lookahead)]) {
				p.r += i
				p.keep = p.r
				return true
			}
		}
		if whole {
			p.skip(int64(len(b)))
			return false
		}
		p.skip(int64(n - 1))
	}
	return false
}

// hop goes to the end that a block claims, when a good block follows there.
func (p *pcapng) hop() bool {
	if !p.fill(blockLeast) {
		return false
	}
	size := int(p.u32(p.buf[p.r+4:]))
	if size < blockLeast || size > lookahead || size%4 != 0 {
		return false
	}
	p.fill(size + lookahead)
	b := p.buf[p.r:min(p.w, p.r+size+lookahead)]
	if len(b) < size+blockLeast || !p.plausible(b[size:]) {
		return false
	}
	p.r += size
	p.keep = p.r
	return true
}

// plausible reports whether b begins with a block of a common kind, whole, with
// lengths that agree.
func (p *pcapng) plausible(b []byte) bool {
	kind := p.u32(b)
	switch {
	case kind == blockSection:
		return p.plausibleSection(b)
	case kind-1 < blockLastPlain:
	case kind == blockCustom || kind == blockCustomLocal:
	default:
		return false
	}
	size := p.u32(b[4:])
	if size < blockLeast || size%4 != 0 || uint64(size) > uint64(len(b)) {
		return false
	}
	if kind == blockEnhanced && (size < packetHeader+4 || p.u32(b[20:]) > size-packetHeader-4) {
		return false
	}
	return p.u32(b[size-4:]) == size
}

func (p *pcapng) plausibleSection(b []byte) bool {
	size := binary.LittleEndian.Uint32(b[4:])
	tail := binary.LittleEndian.Uint32
	switch tail(b[8:]) {
	case byteOrder:
	case bits.ReverseBytes32(byteOrder):
		size = bits.ReverseBytes32(size)
		tail = func(b []byte) uint32 { return bits.ReverseBytes32(binary.LittleEndian.Uint32(b)) }
	default:
		return false
	}
	return size >= 28 && size%4 == 0 && uint64(size) <= uint64(len(b)) && tail(b[size-4:]) == size
}

// cut handles a block of size bytes that the end of the file cuts short. It
// reports true when the block was none and reading can go on.
func (p *pcapng) cut(size int) bool {
	have := p.w - p.r
	if p.failed(p.teller) || have == 0 {
		return false
	}
	at := p.offset()
	if have >= blockLeast && p.search() {
		p.problem(Corrupt, at, fmt.Sprintf("block %d reaches beyond the end; reading went on at offset %d",
			p.blocks+1, p.offset()), "")
		return true
	}
	where := fmt.Sprintf("inside block %d: %d of its %d bytes are there", p.blocks+1, have, size)
	if size == blockLeast {
		where = fmt.Sprintf("inside the header of block %d", p.blocks+1)
	}
	p.problem(Truncated, at, endsInside(where), "")
	return false
}
