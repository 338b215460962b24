package reassembly

import "testing"

// TestIndexGrowsAndShrinks compares the index with a map while it moves.
func TestIndexGrowsAndShrinks(t *testing.T) {
	var entries slab[entry]
	x := index{cur: newBuckets(minLog), entries: &entries}
	type flow struct{ hash uint64 }
	flows := map[uint32]flow{}
	seed := uint64(12345)
	find := func(hash uint64, want uint32) (ok bool, buckets int) {
		b := x.table(uint32(hash >> 32))
		for at, n := b.home(uint32(hash>>32)), uint32(1); ; at, n = (at+n)&b.mask, n+1 {
			bk := b.at(at)
			if bk == nil {
				return false, buckets
			}
			buckets++
			for s := range bk.idx {
				if bk.tag(s) == uint16(hash)|1 && bk.idx[s] == want {
					return true, buckets
				}
			}
			if bk.passed() == 0 {
				return false, buckets
			}
		}
	}
	work, most := 0, 0
	for len(flows) < 60_000 {
		seed = mix(seed^0x9e3779b97f4a7c15, 0xd6e8feb86659fd93)
		i := entries.alloc()
		entries.at(i).hash = uint32(seed >> 32)
		n := x.insert(&key{hash: seed}, i)
		work, most = work+n, max(most, n)
		flows[i] = flow{seed}
		if len(flows)%977 == 0 {
			for i, f := range flows {
				if ok, _ := find(f.hash, i); !ok {
					t.Fatalf("flow %d of %d is lost", i, len(flows))
				}
			}
		}
	}
	looked := 0
	for i, f := range flows {
		_, n := find(f.hash, i)
		looked += n
	}
	t.Logf("%.2f entries moved a flow, %d at most, %.2f buckets to find one", float64(work)/60_000, most, float64(looked)/60_000)
	if most > 400 || looked > 90_000 {
		t.Errorf("%d entries moved at once; %d buckets for 60000 flows", most, looked)
	}
	for i, f := range flows {
		x.remove(entries.at(i).hash, i)
		entries.free(i)
		delete(flows, i)
		x.move()
		if ok, _ := find(f.hash, i); ok {
			t.Fatalf("flow %d is still there", i)
		}
		if len(flows)%977 == 0 {
			for i, f := range flows {
				if ok, _ := find(f.hash, i); !ok {
					t.Fatalf("flow %d of %d is lost", i, len(flows))
				}
			}
		}
	}
	if x.live != 0 || x.chunks > 2 || entries.live != 0 {
		t.Errorf("%d flows, %d chunks", x.live, x.chunks)
	}
}

// TestMatch sees each slot found by its tag, alone and among others, and none where there is none.
func TestMatch(t *testing.T) {
	for slot := range slots {
		for _, rest := range []uint16{0, 1, 0xffff, 0x1235, 0x8001} {
			var b bucket
			for i := range slots {
				tag := rest
				if i == slot {
					tag = 0x1233
				}
				b.tags[i/4] |= uint64(tag) << (i % 4 * 16)
			}
			b.tags[2] += 3 * passedOne
			found := false
			for m := b.match(0x1233 * lanes); m != 0; m &= m - 1 {
				if s := slotOf(m); s == slot {
					found = true
				} else if s < 0 || s >= slots {
					t.Fatalf("slot %d", s)
				}
			}
			if !found {
				t.Errorf("slot %d is not found among %#x", slot, rest)
			}
			if m := b.match(0x4321 * lanes); m != 0 {
				t.Errorf("%#x matches a tag that is not there", m)
			}
		}
	}
}
