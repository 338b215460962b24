package reassembly

import (
	"encoding/binary"

	"cleartap/capture"
)

// block is the piece in which bytes are held: of a segment, the first block has
// a head of headLen bytes with all that its Mark needs; the blocks that follow
// have a link and bytes. In the first block, the link stands at the end, and only if
// the bytes do not fit without it: most lines fit, and then it has room for four more. A
// block is cleared when it is released, as it may have held a secret.
//
//	 0 next segment of the list    20 frame (40 bits), kind (4), side (4), length (16)
//	 4 seq                         28 file
//	 8 ack                         32 bytes
//	12 time                        60 next block of the segment, or bytes
type block [64]byte

const (
	headLen  = 32
	linkLen  = 4
	linkAt   = len(block{}) - linkLen // of the first block
	soleRoom = len(block{}) - headLen // of the first block, if there is no other
	headRoom = linkAt - headLen       // of the first block, if there is another
	linkRoom = len(block{}) - linkLen
	maxPiece = 1<<16 - 1 // bytes of a held segment; longer ones are held in pieces
)

// kind tells what is held.
type kind uint8

const (
	isData    kind = iota
	isGap          // bytes that the capture does not have: the bytes held are their number, 4 of them
	isEnd          // the end of the direction, at seq
	isSYN          // a SYN that may begin another flow; seq is that of the first byte
	isSYNData      // data of a SYN that was not acknowledged yet
	isAnswer       // a SYN-ACK that may belong to another flow; seq as for isSYN
)

func (b *block) next() uint32     { return binary.LittleEndian.Uint32(b[0:]) }
func (b *block) setNext(i uint32) { binary.LittleEndian.PutUint32(b[0:], i) }
func (b *block) seq() uint32      { return binary.LittleEndian.Uint32(b[4:]) }
func (b *block) ack() uint32      { return binary.LittleEndian.Uint32(b[8:]) }
func (b *block) setAck(n uint32)  { binary.LittleEndian.PutUint32(b[8:], n) }
func (b *block) kind() kind       { return kind(b[25] & 15) }
func (b *block) setKind(k kind)   { b[25] = b[25]&0xf0 | byte(k) }
func (b *block) side() uint8      { return b[25] >> 4 }
func (b *block) size() int        { return int(binary.LittleEndian.Uint16(b[26:])) }

// more is the next block of the segment, 0 if there is none.
func (b *block) more() uint32 {
	if b.size() <= soleRoom {
		return 0
	}
	return binary.LittleEndian.Uint32(b[linkAt:])
}

// bytes is where the block, the first of a segment, holds bytes.
func (b *block) bytes() []byte {
	if b.size() <= soleRoom {
		return b[headLen:]
	}
	return b[headLen:linkAt]
}

// length is how many sequence numbers the segment covers.
func (b *block) length() uint32 {
	switch b.kind() {
	case isGap:
		return binary.LittleEndian.Uint32(b[headLen:])
	case isEnd:
		return 0
	}
	return uint32(b.size())
}

func (b *block) mark() capture.Mark {
	return capture.Mark{
		Time:  capture.Nanos(binary.LittleEndian.Uint64(b[12:])),
		Frame: binary.LittleEndian.Uint64(b[20:]) & (1<<40 - 1),
		File:  binary.LittleEndian.Uint32(b[28:]),
		Seq:   b.seq(),
		Ack:   b.ack(),
	}
}

func (b *block) head(m *capture.Mark, k kind, side uint8, size int) {
	binary.LittleEndian.PutUint32(b[4:], m.Seq)
	binary.LittleEndian.PutUint32(b[8:], m.Ack)
	binary.LittleEndian.PutUint64(b[12:], uint64(m.Time))
	binary.LittleEndian.PutUint64(b[20:], m.Frame&(1<<40-1)|uint64(k)<<40|uint64(side)<<44|uint64(size)<<48)
	binary.LittleEndian.PutUint32(b[28:], m.File)
}

// pool is the blocks of all flows, and how many there may be.
type pool struct {
	slab[block]
	max  int // blocks
	peak int
}

// need is how many blocks n bytes take.
func need(n int) int {
	if n <= soleRoom {
		return 1
	}
	return 1 + (n-headRoom+linkRoom-1)/linkRoom
}

// store copies a segment of at most maxPiece bytes into blocks.
func (p *pool) store(m *capture.Mark, k kind, side uint8, data []byte) uint32 {
	first := p.alloc()
	b := p.at(first)
	b.head(m, k, side, len(data))
	data = data[copy(b.bytes(), data):]
	link := b[linkAt:]
	for len(data) > 0 {
		i := p.alloc()
		binary.LittleEndian.PutUint32(link, i)
		b = p.at(i)
		data = data[copy(b[linkLen:], data):]
		link = b[:]
	}
	p.peak = max(p.peak, p.live)
	return first
}

// storeGap holds that n bytes are missing.
func (p *pool) storeGap(m *capture.Mark, side uint8, n int) uint32 {
	var size [4]byte
	binary.LittleEndian.PutUint32(size[:], uint32(n))
	return p.store(m, isGap, side, size[:])
}

// load copies bytes of a segment, from one of its bytes on, and tells how many.
func (p *pool) load(dst []byte, i uint32, from int) (n int) {
	b := p.at(i)
	rest := b.size()
	part := b.bytes()
	link := b.more()
	for {
		part = part[:min(len(part), rest)]
		rest -= len(part)
		if from < len(part) {
			n += copy(dst[n:], part[from:])
			from = 0
		} else {
			from -= len(part)
		}
		if rest == 0 || n == len(dst) {
			return n
		}
		b = p.at(link)
		part = b[linkLen:]
		link = binary.LittleEndian.Uint32(b[:])
	}
}

// differs compares the bytes of a segment from one of its bytes on with others,
// and gives the place of the first that differs, or -1.
func (p *pool) differs(i uint32, from int, with []byte) int {
	var part [256]byte
	defer clear(part[:])
	for done := 0; done < len(with); {
		n := p.load(part[:min(len(part), len(with)-done)], i, from+done)
		if n == 0 {
			break
		}
		for j := range n {
			if part[j] != with[done+j] {
				return done + j
			}
		}
		done += n
	}
	return -1
}

// release gives the blocks of a segment back, and the segment after it.
func (p *pool) release(i uint32) (next uint32) {
	b := p.at(i)
	next = b.next()
	link := b.more()
	p.free(i)
	for link != 0 {
		i, link = link, binary.LittleEndian.Uint32(p.at(link)[:])
		p.free(i)
	}
	return next
}

// releaseAll gives a whole list back.
func (p *pool) releaseAll(i uint32) {
	for i != 0 {
		i = p.release(i)
	}
}
