// Package secret marks that a secret was seen. A Secret holds no byte of it, no
// length and no digest that anybody could compute: what is not kept cannot leak
// through a log, a panic or a field that somebody adds later. The one exception, off
// unless somebody asks for it, is a mark under a random key that dies with the process.
package secret

// Secret says whether a secret was on the wire. The zero value means that none was.
type Secret struct {
	seen bool
	mark *mark // nil: it was not marked
}

// Of notes that p was sent as a secret, and forgets p. An empty p counts as well:
// an empty password is a password.
func Of(p []byte) Secret { return Secret{seen: true} }

// Seen reports whether a secret was sent.
func (s Secret) Seen() bool { return s.seen }

// String never tells anything about the secret.
func (s Secret) String() string {
	if s.seen {
		return "[secret]"
	}
	return "[none]"
}
