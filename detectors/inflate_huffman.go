package detectors

// huffman is a canonical Huffman code (RFC 1951 section 3.2.2): how many codes
// there are of each length, and the symbols in the order of their codes.
type huffman struct {
	count  [16]uint16
	symbol [288]uint16
}

// Lengths and distances: the least value of each code, and how many bits follow
// it (RFC 1951 section 3.2.5).
var (
	lengthBase = [...]uint16{3, 4, 5, 6, 7, 8, 9, 10, 11, 13, 15, 17, 19, 23, 27, 31,
		35, 43, 51, 59, 67, 83, 99, 115, 131, 163, 195, 227, 258}
	lengthExtra = [...]uint8{0, 0, 0, 0, 0, 0, 0, 0, 1, 1, 1, 1, 2, 2, 2, 2,
		3, 3, 3, 3, 4, 4, 4, 4, 5, 5, 5, 5, 0}
	offsetBase = [...]uint16{1, 2, 3, 4, 5, 7, 9, 13, 17, 25, 33, 49, 65, 97, 129, 193,
		257, 385, 513, 769, 1025, 1537, 2049, 3073, 4097, 6145, 8193, 12289, 16385, 24577}
	offsetExtra = [...]uint8{0, 0, 0, 0, 1, 1, 2, 2, 3, 3, 4, 4, 5, 5, 6, 6,
		7, 7, 8, 8, 9, 9, 10, 10, 11, 11, 12, 12, 13, 13}
	// lengthOrder is the order in which the code length code's lengths come (section 3.2.7).
	lengthOrder = [...]uint8{16, 17, 18, 0, 8, 7, 9, 6, 10, 5, 11, 4, 12, 3, 13, 2, 14, 1, 15}
)

// set makes the code of its lengths. It fails when there are more codes than
// fit, or fewer: but for none at all, or a single one of one bit.
func (h *huffman) set(lengths []uint8) bool {
	h.count = [16]uint16{}
	for _, n := range lengths {
		h.count[n]++
	}
	used := len(lengths) - int(h.count[0])
	h.count[0] = 0
	left := 1
	for n := 1; n < len(h.count); n++ {
		if left = left<<1 - int(h.count[n]); left < 0 {
			return false
		}
	}
	if left > 0 && used != 0 && (used != 1 || h.count[1] != 1) {
		return false
	}
	var at [17]uint16
	for n := 1; n < len(h.count); n++ {
		at[n+1] = at[n] + h.count[n]
	}
	for symbol, n := range lengths {
		if n > 0 {
			h.symbol[at[n]] = uint16(symbol)
			at[n]++
		}
	}
	return true
}

// fixedLiterals makes the fixed code of section 3.2.6.
func (h *huffman) fixedLiterals() {
	var lengths [288]uint8
	for i := range lengths {
		switch {
		case i < 144 || i >= 280:
			lengths[i] = 8
		case i < 256:
			lengths[i] = 9
		default:
			lengths[i] = 7
		}
	}
	h.set(lengths[:])
}

func (h *huffman) fixedOffsets() {
	var lengths [32]uint8
	for i := range lengths {
		lengths[i] = 5
	}
	h.set(lengths[:])
}

// decode reads a symbol behind the first used bits, which it leaves in place. It
// gives how many bits are used then. A code that does not exist is a fault.
func (z *inflater) decode(in *input, h *huffman, used uint) (symbol int, after uint, ok bool) {
	code, first, index := 0, 0, 0
	for n := 1; n < len(h.count); n++ {
		if !z.need(in, used+1) {
			return 0, used, false
		}
		code |= z.peek(used, 1)
		used++
		count := int(h.count[n])
		if code-first < count {
			return int(h.symbol[index+code-first]), used, true
		}
		index += count
		first = (first + count) << 1
		code <<= 1
	}
	z.fail()
	return 0, used, false
}

// tablesHeader reads how many lengths of each kind follow.
func (z *inflater) tablesHeader(in *input) bool {
	if !z.need(in, 14) {
		return false
	}
	z.nlit, z.ndist, z.ncode = z.peek(0, 5)+257, z.peek(5, 5)+1, z.peek(10, 4)+4
	z.drop(14)
	z.effort += tableEffort
	z.bomb = z.bomb || z.exceeds(in.taken)
	if z.nlit > maxLiterals || z.ndist > maxOffsets {
		return z.fail()
	}
	z.lengths = [maxLiterals + maxOffsets]uint8{}
	z.index, z.state = 0, inCodeLengths
	return true
}

// codeLengths reads one length of the code length code, and makes the code after the last.
func (z *inflater) codeLengths(in *input) bool {
	if !z.need(in, 3) {
		return false
	}
	z.lengths[lengthOrder[z.index]] = uint8(z.peek(0, 3))
	z.drop(3)
	if z.index++; z.index < z.ncode {
		return true
	}
	if !z.literals.set(z.lengths[:len(lengthOrder)]) {
		return z.fail()
	}
	z.lengths = [maxLiterals + maxOffsets]uint8{}
	z.index, z.state = 0, inLengths
	return true
}

// readLength reads one code length, or several that are the same.
func (z *inflater) readLength(in *input) bool {
	symbol, used, ok := z.decode(in, &z.literals, 0)
	if !ok {
		return false
	}
	extra, repeat, value := uint(0), 1, uint8(symbol)
	switch symbol {
	case 16:
		if z.index == 0 {
			return z.fail()
		}
		extra, repeat, value = 2, 3, z.lengths[z.index-1]
	case 17:
		extra, repeat, value = 3, 3, 0
	case 18:
		extra, repeat, value = 7, 11, 0
	}
	if !z.need(in, used+extra) {
		return false
	}
	repeat += z.peek(used, extra)
	z.drop(used + extra)
	if z.index+repeat > z.nlit+z.ndist {
		return z.fail()
	}
	for range repeat {
		z.lengths[z.index] = value
		z.index++
	}
	if z.index < z.nlit+z.ndist {
		return true
	}
	if !z.literals.set(z.lengths[:z.nlit]) || !z.offsets.set(z.lengths[z.nlit:z.index]) {
		return z.fail()
	}
	z.state = inCodes
	return true
}
