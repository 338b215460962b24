package detectors

import "bytes"

// blockHeader reads the three bits that a block begins with.
func (z *inflater) blockHeader(in *input) bool {
	if !z.need(in, 3) {
		return false
	}
	z.last = z.peek(0, 1) == 1
	kind := z.peek(1, 2)
	z.drop(3)
	z.stored = kind == 0
	switch kind {
	case 0:
		z.drop(z.nbits % 8)
		z.state = atStored
	case 1:
		if !z.fixed { // a stream of empty blocks must not cost a table each
			z.literals.fixedLiterals()
			z.offsets.fixedOffsets()
		}
		z.fixed, z.state = true, inCodes
	case 2:
		z.fixed, z.state = false, atTables
	default:
		return z.fail()
	}
	return true
}

// endBlock goes on to the next block.
func (z *inflater) endBlock() bool {
	z.state = atBlock
	if z.last {
		z.drop(z.nbits % 8)
		z.state = atEnd
	}
	return true
}

// storedHeader reads a stored block's length and its complement.
func (z *inflater) storedHeader(in *input) bool {
	if !z.need(in, 32) {
		return false
	}
	n, check := z.peek(0, 16), z.peek(16, 16)
	z.drop(32)
	if n != check^0xffff {
		return z.fail()
	}
	z.left, z.state = n, inStored
	if n == 0 {
		return z.endBlock()
	}
	return true
}

// storedBytes copies bytes of a stored block. No bits are at hand here.
func (z *inflater) storedBytes(in *input) bool {
	at := in.p[in.taken:min(len(in.p), in.taken+z.left)]
	if i := bytes.IndexByte(at, '\n'); i >= 0 {
		at = at[:i+1]
	}
	if in.most > 0 {
		at = at[:min(uint64(len(at)), in.most-uint64(z.pos-z.flushed))]
	}
	n := copy(z.window[z.pos:], at)
	in.taken += n
	z.pos += n
	z.left -= n
	if z.left == 0 {
		return z.endBlock()
	}
	return n > 0
}

// code reads a literal, or a length and a distance, or the end of the block.
func (z *inflater) code(in *input) bool {
	symbol, used, ok := z.decode(in, &z.literals, 0)
	switch {
	case !ok:
		return false
	case symbol < 256:
		z.drop(used)
		z.window[z.pos] = byte(symbol)
		z.pos++
		return true
	case symbol == 256:
		z.drop(used)
		return z.endBlock()
	case symbol > 285:
		return z.fail()
	}
	return z.pair(in, symbol-257, used)
}

// pair reads what belongs to a length code: its extra bits, a distance code, and its extra bits.
func (z *inflater) pair(in *input, length int, used uint) bool {
	extra := uint(lengthExtra[length])
	if !z.need(in, used+extra) {
		return false
	}
	n := int(lengthBase[length]) + z.peek(used, extra)
	symbol, used, ok := z.decode(in, &z.offsets, used+extra)
	if !ok {
		return false
	}
	if symbol >= maxOffsets {
		return z.fail()
	}
	extra = uint(offsetExtra[symbol])
	if !z.need(in, used+extra) {
		return false
	}
	z.distance = int(offsetBase[symbol]) + z.peek(used, extra)
	z.drop(used + extra)
	if z.distance > max(z.history, z.pos) {
		return z.fail()
	}
	z.left, z.state = n, inMatch
	return true
}

// match copies bytes of a match, as many as the window has room for.
func (z *inflater) match() bool {
	for z.left > 0 && z.pos < len(z.window) {
		z.window[z.pos] = z.window[(z.pos-z.distance)&(len(z.window)-1)]
		z.pos++
		z.left--
	}
	if z.left == 0 {
		z.state = inCodes
	}
	return true
}
