package siphash

import (
	"encoding/binary"
	"testing"
)

// The first vectors of the reference implementation: the key is 00 01 ... 0f, the
// message 00 01 ... of the length of its index.
func TestVectors(t *testing.T) {
	key := Key{0x0706050403020100, 0x0f0e0d0c0b0a0908}
	var message []byte
	for i, want := range []uint64{
		0x726fdb47dd0e0e31, 0x74f839c593dc67fd, 0x0d6c8009d9a94f5a, 0x85676696d7fb7e2d, 0xcf2794e0277187b7, 0x18765564cd99a68d,
		0xcbc9466e58fee3ce, 0xab0200f58b01d137, 0x93f5f5799a932462, 0x9e0082df0ba9e4b0, 0x7a5dbbc594ddb9f3, 0xf4b32f46226bada7,
		0x751e8fbc860ee5fb, 0x14ea5627c0843d90, 0xf723ca908e7af2ee, 0xa129ca6149be45e5,
	} {
		if got := key.Sum(message); got != want {
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
		t.Errorf("%#x and %#x", a, b)
	}
}

func TestAllocatesNothing(t *testing.T) {
	key, p := Key{1, 2}, []byte("somebody@example.org")
	if n := testing.AllocsPerRun(100, func() { key.Words(key.Sum(p), 1) }); n != 0 {
		t.Errorf("%v allocations", n)
	}
}
