package detectors

import "bytes"

// inflater inflates raw DEFLATE (RFC 1951) as bytes arrive. Readers of other
// packages pull their input and would need a goroutine for each direction. It
// takes no bit before it needs it, so that what follows a flush can be something
// else. Its memory is its own size, about 35 KiB, whatever it is fed.
type inflater struct {
	window  [32 << 10]byte
	pos     int // where the next byte of output goes
	flushed int // window[flushed:pos] was not handed out yet
	history int // how many bytes of output the window holds, at most all of it

	bits  uint64 // bits read and not used, the next one lowest
	nbits uint

	state    inflateState
	last     bool   // the block at hand is the final one
	fixed    bool   // the codes are the fixed ones
	stored   bool   // the block that ended last was a stored one: input is at a byte boundary
	seq      uint32 // of the last byte that was taken
	packed   int    // bytes that were taken
	effort   int    // what they cost so far, in bytes of output
	bomb     bool   // that is too much for so few
	ending   bool   // Plain was asked for
	left     int    // bytes of a stored block or of a match
	distance int    // of the match
	literals huffman
	offsets  huffman
	lengths  [maxLiterals + maxOffsets]uint8
	nlit     int
	ndist    int
	ncode    int
	index    int // lengths that were read
}

// inflateState is what an inflater expects next.
type inflateState uint8

const (
	atBlock inflateState = iota
	atStored
	inStored
	atTables
	inCodeLengths
	inLengths
	inCodes
	inMatch
	atEnd
	atFault
)

// Limits of RFC 1951 section 3.2.7.
const (
	maxLiterals = 286
	maxOffsets  = 30
)

// inflate takes input until it is used up, a line or a block ends, at least most bytes
// came out (if most is not 0), or the window is full. out is what it gave, valid until
// the next call. It is to be called again until all of p is taken and out is empty, or
// state is atEnd or atFault. That it stops behind a line end or a literal, and takes no
// more than it needs, makes the place of a unit independent of how the input was cut.
func (z *inflater) inflate(p []byte, most uint64) (taken int, out []byte) {
	if z.pos == len(z.window) {
		z.pos, z.flushed = 0, 0
	}
	in := input{p: p, most: most}
	was := z.bomb
	for z.pos < len(z.window) {
		before := z.pos
		if !z.step(&in) || z.bomb != was || z.state >= atEnd || z.state == atBlock && (z.aligned() || z.pos > z.flushed) ||
			most > 0 && uint64(z.pos-z.flushed) >= most || bytes.IndexByte(z.window[before:z.pos], '\n') >= 0 {
			break
		}
	}
	z.charge(in.taken)
	z.history = min(len(z.window), max(z.history, z.pos))
	out = z.window[z.flushed:z.pos]
	z.flushed = z.pos
	return in.taken, out
}

// What inflating costs, and may cost. A bomb gives a thousand bytes for one, or an end of
// line for each bit or a table for each ten bytes, which costs as much. What servers answer
// gives fifty where thousands of lines differ in a number: FLAGS of all messages, LIST. More
// gives only what is the same all the time, EXPUNGE of 1, or zeros in base64.
const (
	lineEffort  = 64
	tableEffort = 1 << 10
	freeEffort  = 128 << 10
	mostEffort  = 64 // for each byte of input
)

// charge counts what came of taken bytes. Whether it is too much is judged where a line
// ends, or the window, so that it does not depend on how the input was cut.
func (z *inflater) charge(taken int) {
	z.packed += taken
	out := z.window[z.flushed:z.pos]
	lines := bytes.Count(out, []byte{'\n'}) // the last step may have given many
	z.effort += len(out) + lines*lineEffort
	z.bomb = z.bomb || (lines > 0 || z.pos == len(z.window)) && z.exceeds(0)
}

// exceeds reports whether the effort is too much, when so many more bytes are taken.
func (z *inflater) exceeds(more int) bool { return z.effort > freeEffort+mostEffort*(z.packed+more) }

// input is what is at hand.
type input struct {
	p     []byte
	taken int
	most  uint64 // bytes that are wanted of it, 0: as many as there are
}

// step does one thing; false means that it needs more input or that there is no next thing.
func (z *inflater) step(in *input) bool {
	switch z.state {
	case atBlock:
		return z.blockHeader(in)
	case atStored:
		return z.storedHeader(in)
	case inStored:
		return z.storedBytes(in)
	case atTables:
		return z.tablesHeader(in)
	case inCodeLengths:
		return z.codeLengths(in)
	case inLengths:
		return z.readLength(in)
	case inCodes:
		return z.code(in)
	case inMatch:
		return z.match()
	}
	return false
}

// need makes sure that n bits (at most 56) are at hand.
func (z *inflater) need(in *input, n uint) bool {
	for z.nbits < n {
		if in.taken == len(in.p) {
			return false
		}
		z.bits |= uint64(in.p[in.taken]) << z.nbits
		in.taken++
		z.nbits += 8
	}
	return true
}

// peek gives n bits behind the first skip ones.
func (z *inflater) peek(skip, n uint) int { return int(z.bits >> skip & (1<<n - 1)) }

func (z *inflater) drop(n uint) {
	z.bits >>= n
	z.nbits -= n
}

func (z *inflater) fail() bool {
	z.state = atFault
	return false
}

// aligned says whether the input stands where something else may begin: before
// the first block, or behind a flush.
func (z *inflater) aligned() bool {
	return z.state == atEnd || z.state == atBlock && z.stored && z.nbits == 0
}
