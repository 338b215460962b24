package reassembly

import "math/bits"

// slots is how many flows a bucket of the index holds.
const slots = 10

// bucket is a cache line of the index: of each flow 16 bits of its hash and its
// number. tags has a lane of 16 bits for each slot, 0 when the slot is empty;
// lane 10 counts the flows that belong here and had to go to a bucket further on.
type bucket struct {
	tags [3]uint64
	idx  [slots]uint32
}

const (
	lanes     = 0x0001000100010001
	laneTops  = 0x8000800080008000
	noSlots   = 0xffffffff_00000000 // of tags[2]
	passedOne = 1 << 32             // in tags[2]
)

// match finds the slots whose tag is that of a pattern, which has the tag in each lane:
// a bit for each, see slotOf. A slot above one that matches may be found by mistake. The
// three words are looked at without a branch, since nobody can foresee which it will be.
func (b *bucket) match(pattern uint64) uint64 {
	x, y, z := b.tags[0]^pattern, b.tags[1]^pattern, b.tags[2]^pattern|noSlots
	return ((x-lanes)&^x&laneTops)>>2 | ((y-lanes)&^y&laneTops)>>1 | (z-lanes)&^z&laneTops
}

// slotOf is the slot of the lowest bit of a match.
func slotOf(m uint64) int {
	bit := bits.TrailingZeros64(m)
	return (bit%16-13)*4 + bit/16
}

func (b *bucket) passed() uint64 { return b.tags[2] >> 32 }

// put takes a flow if there is room.
func (b *bucket) put(tag uint16, i uint32) bool {
	for w := range b.tags {
		x := b.tags[w]
		if w == 2 {
			x |= noSlots
		}
		if m := (x - lanes) &^ x & laneTops; m != 0 {
			lane := bits.TrailingZeros64(m) / 16
			b.tags[w] |= uint64(tag) << (16 * lane)
			b.idx[w*4+lane] = i
			return true
		}
	}
	return false
}

func (b *bucket) tag(slot int) uint16 { return uint16(b.tags[slot/4] >> (slot % 4 * 16)) }

func (b *bucket) clear(slot int) {
	b.tags[slot/4] &^= 0xffff << (slot % 4 * 16)
	b.idx[slot] = 0
}

// buckets is a hash table of buckets: a flow is in the bucket that the upper
// bits of its hash name, or, when that was full, in one 1, 3, 6, 10, ... further on.
type buckets struct {
	chunks []*[chunkLen]bucket // a power of two of them; those not in use yet are nil
	mask   uint32
	shift  uint8
}

func newBuckets(log uint8) buckets {
	return buckets{make([]*[chunkLen]bucket, 1<<log/chunkLen), 1<<log - 1, 32 - log}
}

func (t *buckets) home(hash uint32) uint32 { return hash >> t.shift }

// at gives a bucket, nil if nothing was ever put near it.
func (t *buckets) at(b uint32) *bucket {
	c := t.chunks[b/chunkLen]
	if c == nil {
		return nil
	}
	return &c[b%chunkLen]
}

func (t *buckets) insert(hash uint32, tag uint16, i uint32) (added int) {
	for b, n := t.home(hash), uint32(1); ; b, n = (b+n)&t.mask, n+1 {
		c := &t.chunks[b/chunkLen]
		if *c == nil {
			*c = new([chunkLen]bucket)
			added++
		}
		bk := &(*c)[b%chunkLen]
		if bk.put(tag, i) {
			return added
		}
		bk.tags[2] += passedOne
	}
}

// unpass takes back that a flow of bucket home passed those before bucket end.
func (t *buckets) unpass(home, end uint32) {
	for b, n := home, uint32(1); b != end; b, n = (b+n)&t.mask, n+1 {
		t.at(b).tags[2] -= passedOne
	}
}

// index finds flows by key. It grows and shrinks by moving a few buckets each
// time a flow comes or goes; a flow is either in the old or in the new buckets,
// and its hash tells in which, so that finding it always costs one line.
type index struct {
	cur, old buckets
	moved    uint32 // buckets of old that were moved to cur
	moving   bool
	live     int
	chunks   int // 64 KiB each
	entries  *slab[entry]
}

// minLog is the size of the smallest index, one chunk.
const minLog = 10

// moveStep is how many buckets are moved at a time.
const moveStep = 4

// The index grows when 25 of 32 slots are taken. With more, flows go past too
// many full buckets.
const fullParts, fullOf = 32, 25

func (x *index) table(hash uint32) *buckets {
	if x.moving && x.old.home(hash) >= x.moved {
		return &x.old
	}
	return &x.cur
}

// insert puts flow i into the index.
func (x *index) insert(k *key, i uint32) (work int) {
	if x.live*fullParts >= int(x.cur.mask+1)*slots*fullOf && !x.moving {
		x.resize(33 - x.cur.shift)
	}
	hash := uint32(k.hash >> 32)
	x.chunks += x.table(hash).insert(hash, uint16(k.hash)|1, i)
	x.live++
	return x.move()
}

// remove takes flow i out.
func (x *index) remove(hash, i uint32) {
	t := x.table(hash)
	home := t.home(hash)
	for b, n := home, uint32(1); ; b, n = (b+n)&t.mask, n+1 {
		bk := t.at(b)
		for s := range bk.idx {
			if bk.idx[s] == i && bk.tag(s) != 0 {
				bk.clear(s)
				t.unpass(home, b)
				x.live--
				x.shrink()
				return
			}
		}
	}
}

func (x *index) shrink() {
	if log := 32 - x.cur.shift; !x.moving && log > minLog && x.live*16 < int(x.cur.mask+1)*slots {
		x.resize(max(log-2, minLog))
	}
}

func (x *index) resize(log uint8) {
	x.old, x.cur = x.cur, newBuckets(log)
	x.moved, x.moving = 0, true
}

// move moves the next few buckets, and tells how many entries it looked at.
func (x *index) move() (work int) {
	for n := 0; n < moveStep && x.moving; n++ {
		work += x.moveHome(x.moved)
		if x.moved++; x.moved > x.old.mask {
			for _, c := range x.old.chunks {
				if c != nil {
					x.chunks--
				}
			}
			x.old, x.moving = buckets{}, false
		}
	}
	return work
}

// moveHome moves the flows that belong to bucket home of old.
func (x *index) moveHome(home uint32) (work int) {
	for b, n := home, uint32(1); ; b, n = (b+n)&x.old.mask, n+1 {
		bk := x.old.at(b)
		if bk == nil {
			return work
		}
		more := bk.passed() != 0
		for s := range bk.idx {
			tag := bk.tag(s)
			if tag == 0 {
				continue
			}
			work++
			i := bk.idx[s]
			hash := x.entries.at(i).hash
			if x.old.home(hash) == home {
				bk.clear(s)
				x.old.unpass(home, b)
				x.chunks += x.cur.insert(hash, tag, i)
			}
		}
		if !more {
			return work
		}
	}
}
