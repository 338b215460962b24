package detectors

import (
	"bytes"
	"hash/maphash"
)

// memory remembers what texts of servers told: servers say the same to everybody. It has no text
// but a hash of each, under a key that nobody knows, so that no two are to be expected to have the
// same; and of texts whose places are the same it has the last one.
type memory[T any] [512]struct {
	hash uint64 // not 0 where there is a text
	told T
}

// recall gives what a text with a hash tells, by read if it is not remembered. It is valid
// until the next call.
func (m *memory[T]) recall(hash uint64, text []byte, read func([]byte) T) *T {
	place := &m[hash%uint64(len(m))]
	if hash |= 1 << 63; place.hash != hash {
		told := read(text)
		place.hash, place.told = hash, told
	}
	return &place.told
}

// greeting gives what a greeting tells of the server.
func (f *factStore) greeting(line []byte) *Server {
	read := func(line []byte) *Server { return f.server(FromGreeting, line) }
	if bytes.IndexByte(line, '<') >= 0 { // perhaps APOP's timestamp, another one each time
		return read(line)
	}
	return *f.greetings.recall(maphash.Bytes(f.seed, line), line, read)
}

// Listed is what a list of a server's tells.
type Listed struct {
	Offer          Offer
	Plus           bool // a mechanism of SCRAM with channel binding is in it
	Unauthenticate bool // IMAP's UNAUTHENTICATE is in it (RFC 8437)
}

// Listed gives what a list tells, by read if the same one from the same source was not seen lately.
// All lists of a source are to be read by the same read. The result is valid until the next call.
func (c *Conversation) Listed(from Source, list []byte, read func(list []byte) Listed) *Listed {
	f := &c.engine.facts
	return f.lists.recall(maphash.Bytes(f.seed, list)+uint64(from), list, read)
}
