// Package siphash is SipHash (Aumasson and Bernstein, 2012): a short keyed hash that
// nobody can make collide without the key. SipHash-1-3, the variant for hash tables, is
// what tables of things that strangers choose are keyed with; SipHash-2-4 is for what is
// shown to others. Its invariant: the same key and the same bytes
// give the same 64 bits, on every machine.
package siphash

import (
	"encoding/binary"
	"math/bits"
	"net/netip"
)

// Key is the key of a hash. The zero value is a key like any other, and known to all.
type Key struct{ K0, K1 uint64 }

// The state of the hash under way are four words. They are variables and results here,
// for the compiler to have them in registers.
func (k Key) begin() (v0, v1, v2, v3 uint64) {
	return k.K0 ^ 0x736f6d6570736575, k.K1 ^ 0x646f72616e646f6d, k.K0 ^ 0x6c7967656e657261, k.K1 ^ 0x7465646279746573
}

func round(v0, v1, v2, v3 uint64) (_, _, _, _ uint64) {
	v0 += v1
	v1 = bits.RotateLeft64(v1, 13) ^ v0
	v2 += v3
	v3 = bits.RotateLeft64(v3, 16) ^ v2
	v0 = bits.RotateLeft64(v0, 32) + v3
	v2 += v1
	return v0, bits.RotateLeft64(v1, 17) ^ v2, bits.RotateLeft64(v2, 32), bits.RotateLeft64(v3, 21) ^ v0
}

// word takes eight bytes of the message.
func word(v0, v1, v2, v3, m uint64) (_, _, _, _ uint64) {
	v0, v1, v2, v3 = round(v0, v1, v2, v3^m)
	return v0 ^ m, v1, v2, v3
}

func end(v0, v1, v2, v3 uint64) uint64 {
	v0, v1, v2, v3 = round(v0, v1, v2^0xff, v3)
	v0, v1, v2, v3 = round(v0, v1, v2, v3)
	v0, v1, v2, v3 = round(v0, v1, v2, v3)
	return v0 ^ v1 ^ v2 ^ v3
}

// Sum is SipHash-1-3 of p. p is not kept.
func (k Key) Sum(p []byte) uint64 {
	v0, v1, v2, v3 := k.begin()
	last := tail(p) | uint64(len(p))<<56
	for ; len(p) >= 8; p = p[8:] {
		v0, v1, v2, v3 = word(v0, v1, v2, v3, binary.LittleEndian.Uint64(p))
	}
	v0, v1, v2, v3 = word(v0, v1, v2, v3, last)
	return end(v0, v1, v2, v3)
}

// Strong is SipHash-2-4 of p. p is not kept.
func (k Key) Strong(p []byte) uint64 {
	v0, v1, v2, v3 := k.begin()
	last := tail(p) | uint64(len(p))<<56
	for ; len(p) >= 8; p = p[8:] {
		m := binary.LittleEndian.Uint64(p)
		v0, v1, v2, v3 = round(v0, v1, v2, v3^m)
		v0, v1, v2, v3 = round(v0, v1, v2, v3)
		v0 ^= m
	}
	v0, v1, v2, v3 = round(v0, v1, v2, v3^last)
	v0, v1, v2, v3 = round(v0, v1, v2, v3)
	v0, v1, v2, v3 = round(v0^last, v1, v2^0xff, v3)
	return end(v0, v1, v2^0xff, v3) // which takes this one back
}

// tail is the last bytes of a message, those that are no whole word, as a word.
func tail(p []byte) uint64 {
	rest := len(p) % 8
	if len(p) >= 8 {
		return binary.LittleEndian.Uint64(p[len(p)-8:]) >> (64 - 8*rest)
	}
	var last [8]byte
	copy(last[:], p)
	return binary.LittleEndian.Uint64(last[:])
}

// Words is SipHash-1-3 of two words, for keys that are made of others.
func (k Key) Words(a, b uint64) uint64 {
	v0, v1, v2, v3 := k.begin()
	v0, v1, v2, v3 = word(v0, v1, v2, v3, a)
	v0, v1, v2, v3 = word(v0, v1, v2, v3, b)
	v0, v1, v2, v3 = word(v0, v1, v2, v3, 16<<56)
	v0, v1, v2, v3 = round(v0, v1, v2^0xff, v3) // as end, which the compiler does not put here
	v0, v1, v2, v3 = round(v0, v1, v2, v3)
	v0, v1, v2, v3 = round(v0, v1, v2, v3)
	return v0 ^ v1 ^ v2 ^ v3
}

// Address gives the bytes of an address, of which IPv4 has the mapped form, as words
// that are to be hashed.
func Address(a netip.Addr) (high, low uint64) {
	if a.Is4() { // most are, and four bytes are sooner there than sixteen
		b := a.As4()
		return 0, 0xffff<<16 | uint64(binary.LittleEndian.Uint32(b[:]))<<32
	}
	b := a.As16()
	return binary.LittleEndian.Uint64(b[:]), binary.LittleEndian.Uint64(b[8:])
}

// Place is a quick hash of an address and a port, under no key: whoever wants can make two
// the same. It is for caches, where that costs time and no more.
func Place(a netip.AddrPort) uint64 {
	high, low := Address(a.Addr())
	high, low = bits.Mul64(high^low+uint64(a.Port()), 0x9e3779b97f4a7c15)
	return high ^ low
}

// Three is SipHash-1-3 of three words.
func (k Key) Three(a, b, c uint64) uint64 {
	v0, v1, v2, v3 := k.begin()
	v0, v1, v2, v3 = word(v0, v1, v2, v3, a)
	v0, v1, v2, v3 = word(v0, v1, v2, v3, b)
	v0, v1, v2, v3 = word(v0, v1, v2, v3, c)
	v0, v1, v2, v3 = word(v0, v1, v2, v3, 24<<56)
	v0, v1, v2, v3 = round(v0, v1, v2^0xff, v3)
	v0, v1, v2, v3 = round(v0, v1, v2, v3)
	v0, v1, v2, v3 = round(v0, v1, v2, v3)
	return v0 ^ v1 ^ v2 ^ v3
}
