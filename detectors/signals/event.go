package signals

import (
	"encoding/binary"
	"net/netip"

	"cleartap/detectors"
	"cleartap/detectors/siphash"
)

// event is a login as signals see it: hashes of who and where, and when.
type event struct {
	o       *detectors.Observation
	from    netip.Addr // the client, or the one that a proxy announced
	sec     uint32
	source  uint64 // address
	net     uint64 // its /24, or /64
	name    uint64 // of the account, whatever the server; 0 if it is not known
	account uint64 // name and group of servers
	pair    uint64 // source and account
	client  uint64 // source and name
	mark    uint64 // of the secret
	marked  bool
}

// What a hash is of, so that none is taken for one of another kind.
const (
	ofSource uint64 = iota + 1
	ofNet
	ofName
	ofGroup
	ofAttackSource
	ofAttackAccount
	ofAttackNet
	ofAttackPair
	ofAttackBrute
	ofAttackProber
	ofAttackUse
	ofAttackPlaces
	_ // was of flows: what stands behind it is in states that were saved
	ofServer
	ofPlace
)

// maxName is how many bytes of a name count.
const maxName = 256

// event describes a login.
func (s *Signals) event(o *detectors.Observation) event {
	e := event{o: o, from: o.Flow.Client.Addr().Unmap(), sec: uint32((s.now - s.base) / second)}
	if o.Proxy.IsValid() {
		e.from = o.Proxy.Addr().Unmap()
	}
	high, low := siphash.Address(e.from)
	e.source, e.net = s.key.Three(ofSource, high, low), s.key.Three(ofNet, high, inNet(e.from, low))
	e.name = s.name(o.Attempt.Identity)
	e.account = s.key.Words(e.name, s.address(ofGroup, o.Flow.Server.Addr().Unmap(), 64))
	e.pair = s.key.Words(e.source, e.account)
	e.client = s.key.Words(e.source, e.name)
	e.mark, e.marked = o.Attempt.Secret.Mark()
	s.waited = s.near(&e)
	return e
}

// near asks the tables for what a login will be looked for in them.
func (s *Signals) near(e *event) uint32 {
	n := s.known.near(e.client) ^ s.suspects.near(e.source) ^ s.networks.near(e.net) ^ s.pairs.near(e.pair)
	if e.o.Result == detectors.Success {
		return n ^ s.profiles.near(e.source) ^ s.profiles.near(e.net) ^ s.known.nearOldest() ^ s.profiles.nearOldest()
	}
	return n ^ s.targets.near(e.account) ^ s.pairs.nearOldest()
}

// inNet is what is the same in all addresses of a network, of the second word: its
// beginning for IPv4, nothing for IPv6.
func inNet(a netip.Addr, low uint64) uint64 {
	if a.Is4() {
		return low << 8 >> 8
	}
	return 0
}

// address is the hash of the first bits of an IPv6 address; of an IPv4 address, of
// all of it or, for fewer than 128, of its first 24.
func (s *Signals) address(of uint64, a netip.Addr, bits int) uint64 {
	high, low := siphash.Address(a)
	if bits < 128 {
		low = inNet(a, low)
	}
	return s.key.Three(of, high, low)
}

// name is the hash of an account's name, in which ASCII letters are the same in
// both cases; 0 if there is none.
func (s *Signals) name(name string) uint64 {
	if name == "" {
		return 0
	}
	var buf [maxName + 8]byte
	binary.LittleEndian.PutUint64(buf[:], ofName)
	n := copy(buf[8:], name)
	for i := range buf[8 : 8+n] {
		if c := buf[8+i]; c >= 'A' && c <= 'Z' {
			buf[8+i] = c | 0x20
		}
	}
	return s.key.Sum(buf[:8+n]) | 1
}

// networkOf is the network that an address is counted in.
func networkOf(a netip.Addr) netip.Prefix {
	bits := 64
	if a.Is4() {
		bits = 24
	}
	p, err := a.WithZone("").Prefix(bits)
	if err != nil {
		return netip.Prefix{}
	}
	return p
}
