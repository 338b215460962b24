package signals

// chunk is how many entries of a table are allocated at a time.
const chunk = 1024

// table is a map from 64-bit keys to values without pointers that holds a bounded
// number of them: for one more, the one that was not touched for longest goes. A
// pointer to a value is good until the table is touched again. Keys must be hashes:
// their low bits are the place.
type table[T any] struct {
	max     int          // entries at most; one is always held
	chunks  [][]entry[T] // entry i is chunks[i/chunk][i%chunk]; entry 0 is not used
	index   []place      // open addressing by linear probing
	used    uint32       // entries that were ever in use
	free    uint32       // list of those that are not now
	count   int          // in use
	newest  uint32       // touched last
	oldest  uint32       // not touched for longest
	evicted uint64       // that had to go, those that were past left out
	drop    func(v *T)   // told of a value that goes; may be nil

	past func(v *T) bool // reports that nobody would have asked for a value again; may be nil
}

// place is a place of the index: the lower half of a key, and the entry of that key; no
// entry if it is empty. With that half a search need not look at the entries that it passes.
type place struct{ key, entry uint32 }

type entry[T any] struct {
	key          uint64
	older, newer uint32 // by touch; newer is also the free list's link
	value        T
}

func (t *table[T]) at(i uint32) *entry[T] { return &t.chunks[i/chunk][i%chunk] }

// few is how many entries a table may have had that keeps its memory when it is emptied.
const few = 64

// reset forgets all entries without telling drop.
func (t *table[T]) reset() {
	if t.used > few {
		t.chunks, t.index = nil, nil
	} else if t.used > 0 {
		clear(t.chunks[0][:t.used+1])
		clear(t.index)
	}
	t.used, t.free, t.count, t.newest, t.oldest = 0, 0, 0, 0, 0
}

// get finds a value without touching it; nil if there is none.
func (t *table[T]) get(key uint64) *T {
	if i := t.find(key); i != 0 {
		return &t.at(i).value
	}
	return nil
}

// touch finds a value, or makes a zero one. fresh reports which.
func (t *table[T]) touch(key uint64) (v *T, fresh bool) {
	if i := t.find(key); i != 0 {
		if i != t.newest {
			t.unlink(i)
			t.link(i)
		}
		return &t.at(i).value, false
	}
	var i uint32
	if t.count >= t.max && t.count > 0 {
		i = t.evict()
	} else {
		i = t.take()
	}
	e := t.at(i)
	e.key = key
	t.link(i)
	t.place(i, key)
	t.count++
	return &e.value, true
}

// evict makes the entry that was not touched for longest one that is not in use, and gives it.
func (t *table[T]) evict() uint32 {
	i := t.oldest
	e := t.at(i)
	if t.past == nil || !t.past(&e.value) {
		t.evicted++
	}
	t.detach(i, t.slot(e.key))
	*e = entry[T]{}
	return i
}

// near looks where a key will be looked for. What that gives has no meaning: when several
// tables are asked before any is used, the memory that they wait for comes at once.
func (t *table[T]) near(key uint64) uint32 {
	if len(t.index) == 0 {
		return 0
	}
	return t.index[uint32(key)&uint32(len(t.index)-1)].entry //nolint:gosec // as in slot
}

// nearOldest is near for the keys that go when two more come.
func (t *table[T]) nearOldest() uint32 {
	if t.count < max(2, t.max) {
		return 0
	}
	e := t.at(t.oldest)
	return t.near(e.key) ^ t.near(t.at(e.newer).key)
}

// remove forgets a key.
func (t *table[T]) remove(key uint64) {
	slot := t.slot(key)
	if len(t.index) == 0 || t.index[slot].entry == 0 {
		return
	}
	i := t.index[slot].entry
	t.detach(i, slot)
	*t.at(i) = entry[T]{newer: t.free}
	t.free = i
}

// detach takes an entry, which stands in a place of the index, out of the table.
func (t *table[T]) detach(i uint32, slot int) {
	if t.drop != nil {
		t.drop(&t.at(i).value)
	}
	t.unlink(i)
	t.clearSlot(slot)
	t.count--
}

// find gives the entry of a key, 0 if there is none.
func (t *table[T]) find(key uint64) uint32 {
	if t.count == 0 {
		return 0
	}
	return t.index[t.slot(key)].entry
}

// slot is the place of a key in the index, or the empty one where it would stand.
func (t *table[T]) slot(key uint64) int {
	if len(t.index) == 0 {
		return 0
	}
	mask, short := uint32(len(t.index)-1), uint32(key) //nolint:gosec // a power of two; half of a key
	for at := short & mask; ; at = (at + 1) & mask {
		if p := t.index[at]; p.entry == 0 || p.key == short && t.at(p.entry).key == key {
			return int(at)
		}
	}
}

// place puts an entry into the index, which is never more than three quarters full.
func (t *table[T]) place(i uint32, key uint64) {
	if (t.count+1)*4 > len(t.index)*3 {
		old := t.index
		t.index = written(make([]place, max(64, 2*len(old))))
		mask := uint32(len(t.index) - 1) //nolint:gosec // a power of two
		for _, p := range old {
			if p.entry == 0 {
				continue
			}
			at := p.key & mask
			for t.index[at].entry != 0 {
				at = (at + 1) & mask
			}
			t.index[at] = p
		}
	}
	t.index[t.slot(key)] = place{uint32(key), i} //nolint:gosec // half of it
}

// clearSlot empties a place, and moves up those behind it that had to give way.
func (t *table[T]) clearSlot(hole int) {
	mask := len(t.index) - 1
	t.index[hole] = place{}
	for at := (hole + 1) & mask; t.index[at].entry != 0; at = (at + 1) & mask {
		home := int(t.index[at].key) & mask
		if (at-home)&mask >= (at-hole)&mask {
			t.index[hole], t.index[at] = t.index[at], place{}
			hole = at
		}
	}
}

// written writes to memory before it is read: the system then gives it at the first
// touch. For what is read first it has a page of zeros that must be replaced later, which
// stops the other processors too.
func written[T any](s []T) []T {
	clear(s)
	return s
}

// take gives an entry that is not in use.
func (t *table[T]) take() uint32 {
	if i := t.free; i != 0 {
		t.free = t.at(i).newer
		t.at(i).newer = 0
		return i
	}
	t.used++
	if int(t.used/chunk) >= len(t.chunks) {
		t.chunks = append(t.chunks, written(make([]entry[T], chunk)))
	}
	return t.used
}

// link makes an entry the one touched last.
func (t *table[T]) link(i uint32) {
	e := t.at(i)
	e.older, e.newer = t.newest, 0
	if t.newest != 0 {
		t.at(t.newest).newer = i
	} else {
		t.oldest = i
	}
	t.newest = i
}

func (t *table[T]) unlink(i uint32) {
	e := t.at(i)
	if e.newer != 0 {
		t.at(e.newer).older = e.older
	} else {
		t.newest = e.older
	}
	if e.older != 0 {
		t.at(e.older).newer = e.newer
	} else {
		t.oldest = e.newer
	}
}
