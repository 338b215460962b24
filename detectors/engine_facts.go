package detectors

import (
	"hash/maphash"

	"cleartap/detectors/syntax"
)

// factStore keeps facts that many flows have in common, so that each is in memory
// once: servers say the same to everybody. Nobody changes what is in it.
type factStore struct {
	servers   map[serverKey]*Server
	offers    map[Offer]*Offer
	summaries map[Summary]*Summary
	upgrades  map[Upgrade]*Upgrade
	certs     map[[32]byte]*Certificate
	key       []byte // scratch
	seed      maphash.Seed
	greetings memory[*Server]
	lists     memory[Listed]
}

type serverKey struct {
	source Source
	masked bool
	text   string // the line, printable, without what is different each time
}

// mostFacts is how many of a kind are kept. When there are more they are all
// forgotten; observations that hold them go on to do so.
const mostFacts = 1024

// keep gives the one copy of v.
func keep[T comparable](in *map[T]*T, v *T) *T {
	if p := (*in)[*v]; p != nil {
		return p
	}
	if *in == nil || len(*in) >= mostFacts {
		*in = make(map[T]*T)
	}
	p := new(T)
	*p = *v
	(*in)[*v] = p
	return p
}

// server gives what a text tells of the server that says it.
func (f *factStore) server(from Source, line []byte) *Server {
	f.key = greetingText(f.key[:0], line[:min(len(line), mostLine)])
	masked := from == FromGreeting && maskedGreeting(line)
	if s := f.servers[serverKey{from, masked, string(f.key)}]; s != nil {
		return s
	}
	if f.servers == nil || len(f.servers) >= mostFacts {
		f.servers = make(map[serverKey]*Server)
	}
	text := string(f.key)
	s := &Server{Source: from, Masked: masked}
	s.Product, s.Version = productOf(f.key)
	if from == FromGreeting {
		s.Text, s.Host = string(syntax.TrimRight(f.key[:min(len(f.key), mostGreeting)])), string(greetingHost(f.key))
	}
	f.servers[serverKey{from, masked, text}] = s
	return s
}

// Certificate gives what is known of a certificate by the SHA-256 of its bytes, nil
// if it was not seen yet.
func (c *Conversation) Certificate(sum *[32]byte) *Certificate { return c.engine.facts.certs[*sum] }

// KeepCertificate remembers a certificate for Certificate.
func (c *Conversation) KeepCertificate(sum *[32]byte, cert *Certificate) {
	f := &c.engine.facts
	if f.certs == nil || len(f.certs) >= mostFacts {
		f.certs = make(map[[32]byte]*Certificate)
	}
	f.certs[*sum] = cert
}
