package siphash

import (
	"encoding/binary"
	"testing"
)

// The first vectors of SipHash-1-3: the key is 00 01 ... 0f, the
// message 00 01 ... of the length of its index.
func TestVectors(t *testing.T) {
	key := Key{0x0706050403020100, 0x0f0e0d0c0b0a0908}
	var message []byte
	for i, want := range []uint64{
		0xabac0158050fc4dc, 0xc9f49bf37d57ca93, 0x82cb9b024dc7d44d, 0x8bf80ab8e7ddf7fb, 0xcf75576088d38328, 0xdef9d52f49533b67,
		0xc50d2b50c59f22a7, 0xd3927d989bb11140, 0x369095118d299a8e, 0x25a48eb36c063de4, 0x79de85ee92ff097f, 0x70c118c1f94dc352,
		0x78a384b157b4d9a2, 0x306f760c1229ffa7, 0x605aa111c0f95d34, 0xd320d86d2a519956,
	} {
		if got := key.Sum(message); got != want {
			t.Errorf("%d bytes: %#x, want %#x", i, got, want)
		}
		message = append(message, byte(i))
	}
}

// The first vectors of the reference implementation of SipHash-2-4: the key is 00 01 ... 0f, the
// message 00 01 ... of the length of its index.
func TestStrongVectors(t *testing.T) {
	key := Key{0x0706050403020100, 0x0f0e0d0c0b0a0908}
	var message []byte
	for i, want := range []uint64{
		0x726fdb47dd0e0e31, 0x74f839c593dc67fd, 0x0d6c8009d9a94f5a, 0x85676696d7fb7e2d, 0xcf2794e0277187b7, 0x18765564cd99a68d,
		0xcbc9466e58fee3ce, 0xab0200f58b01d137, 0x93f5f5799a932462, 0x9e0082df0ba9e4b0, 0x7a5dbbc594ddb9f3, 0xf4b32f46226bada7,
		0x751e8fbc860ee5fb, 0x14ea5627c0843d90, 0xf723ca908e7af2ee, 0xa129ca6149be45e5,
	} {
		if got := key.Strong(message); got != want {
			t.Errorf("%d bytes: %#x, want %#x", i, got, want)
		}
		message = append(message, byte(i))
	}
}

func TestWordsAreTheirBytes(t *testing.T) {
	key := Key{1, 2}
	var p [16]byte
	binary.LittleEndian.PutUint64(p[:], 0x1122334455667788)
	binary.LittleEndian.PutUint64(p[8:], 0x99aabbccddeeff00)
	if a, b := key.Words(0x1122334455667788, 0x99aabbccddeeff00), key.Sum(p[:]); a != b {
		t.Errorf("two: %#x and %#x", a, b)
	}
	q := binary.LittleEndian.AppendUint64(p[:], 3)
	if a, b := key.Three(0x1122334455667788, 0x99aabbccddeeff00, 3), key.Sum(q); a != b {
		t.Errorf("three: %#x and %#x", a, b)
	}
}

func TestAllocatesNothing(t *testing.T) {
	key, p := Key{1, 2}, []byte("somebody@example.org")
	if n := testing.AllocsPerRun(100, func() { p[0] = byte(key.Words(key.Sum(p), 1)) }); n != 0 {
		t.Errorf("%v allocations", n)
	}
}

func BenchmarkWords(b *testing.B) {
	key, h := Key{1, 2}, uint64(0)
	for b.Loop() {
		h = key.Words(h, 1)
	}
}

func BenchmarkThree(b *testing.B) {
	key, h := Key{1, 2}, uint64(0)
	for b.Loop() {
		h = key.Three(h, 1, 2)
	}
}

func BenchmarkSum(b *testing.B) {
	key, p := Key{1, 2}, []byte("somebody@example.org")
	for b.Loop() {
		p[0] = byte(key.Sum(p))
	}
}
