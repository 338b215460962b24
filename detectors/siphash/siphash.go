// Package siphash is SipHash (Aumasson and Bernstein, 2012): a short keyed hash that
// nobody can make collide without the key. SipHash-1-3, the variant for hash tables, is
// what tables of things that strangers choose are keyed with; SipHash-2-4 is for what is
// shown to others. Its invariant: the same key and the same bytes
// give the same 64 bits, on every machine.
package siphash

import (
	"encoding/binary"
	"math/bits"
)

// Key is the key of a hash. The zero value is a key like any other, and known to all.
type Key struct{ K0, K1 uint64 }

// state is the hash under way.
type state struct{ v0, v1, v2, v3 uint64 }

func (k Key) begin() state {
	return state{k.K0 ^ 0x736f6d6570736575, k.K1 ^ 0x646f72616e646f6d, k.K0 ^ 0x6c7967656e657261, k.K1 ^ 0x7465646279746573}
}

func (s *state) round() {
	s.v0 += s.v1
	s.v1 = bits.RotateLeft64(s.v1, 13) ^ s.v0
	s.v0 = bits.RotateLeft64(s.v0, 32)
	s.v2 += s.v3
	s.v3 = bits.RotateLeft64(s.v3, 16) ^ s.v2
	s.v0 += s.v3
	s.v3 = bits.RotateLeft64(s.v3, 21) ^ s.v0
	s.v2 += s.v1
	s.v1 = bits.RotateLeft64(s.v1, 17) ^ s.v2
	s.v2 = bits.RotateLeft64(s.v2, 32)
}

func (s *state) word(m uint64) {
	s.v3 ^= m
	s.round()
	s.v0 ^= m
}

// word2 is word with the two rounds of SipHash-2-4.
func (s *state) word2(m uint64) {
	s.v3 ^= m
	s.round()
	s.round()
	s.v0 ^= m
}

func (s *state) end() uint64 {
	s.v2 ^= 0xff
	s.round()
	s.round()
	s.round()
	return s.v0 ^ s.v1 ^ s.v2 ^ s.v3
}

// Sum is SipHash-1-3 of p. p is not kept.
func (k Key) Sum(p []byte) uint64 {
	s := k.begin()
	length := uint64(len(p)) << 56
	for ; len(p) >= 8; p = p[8:] {
		s.word(binary.LittleEndian.Uint64(p))
	}
	s.word(tail(p) | length)
	return s.end()
}

// Strong is SipHash-2-4 of p. p is not kept.
func (k Key) Strong(p []byte) uint64 {
	s := k.begin()
	length := uint64(len(p)) << 56
	for ; len(p) >= 8; p = p[8:] {
		s.word2(binary.LittleEndian.Uint64(p))
	}
	s.word2(tail(p) | length)
	s.v2 ^= 0xff
	for range 4 {
		s.round()
	}
	return s.v0 ^ s.v1 ^ s.v2 ^ s.v3
}

// tail is the last bytes of a message, fewer than eight, as a word.
func tail(p []byte) uint64 {
	var last [8]byte
	copy(last[:], p)
	return binary.LittleEndian.Uint64(last[:])
}

// Words is SipHash-1-3 of two words, for keys that are made of others.
func (k Key) Words(a, b uint64) uint64 {
	s := k.begin()
	s.word(a)
	s.word(b)
	s.word(16 << 56)
	return s.end()
}

// Three is SipHash-1-3 of three words.
func (k Key) Three(a, b, c uint64) uint64 {
	s := k.begin()
	s.word(a)
	s.word(b)
	s.word(c)
	s.word(24 << 56)
	return s.end()
}
