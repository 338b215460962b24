package secret

import "cleartap/detectors/siphash"

// Key makes marks: what tells that two secrets are the same, and nothing else. A nil
// Key makes none, which is the default.
type Key struct{ key siphash.Key }

// NewKey makes a key of 16 random bytes, which the caller then forgets. It is for
// one run: with it goes all that marks could tell.
func NewKey(random [16]byte) *Key {
	k := new(Key)
	for i, b := range random {
		if i < 8 {
			k.key.K0 = k.key.K0<<8 | uint64(b)
		} else {
			k.key.K1 = k.key.K1<<8 | uint64(b)
		}
	}
	return k
}

// Of notes that p was sent as a secret, marks it when there is a key, and forgets p.
func (k *Key) Of(p []byte) Secret {
	s := Secret{seen: true}
	if k != nil {
		m := mark(k.key.Strong(p))
		s.mark = &m
	}
	return s
}

// mark is a keyed hash of a secret. It is behind a pointer, and no struct, so that
// whatever prints or encodes a Secret prints an address at most: fmt looks behind a
// pointer to a struct when the verb does not fit.
type mark uint64

// Unmarked is the secret without its mark.
func (s Secret) Unmarked() Secret { return Secret{seen: s.seen} }

// Mark is the secret's mark: equal for equal secrets while the key lives. It is false
// when there is none. Only detectors/signals asks for it (a test sees to that), and
// what it keeps of it stays in memory.
func (s Secret) Mark() (hash uint64, ok bool) {
	if s.mark == nil {
		return 0, false
	}
	return uint64(*s.mark), true
}
