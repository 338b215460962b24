package signals

import (
	"encoding/binary"
	"net/netip"

	"cleartap/detectors"
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
	ofFlow
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
	e.source, e.net = s.address(ofSource, e.from, 128), s.address(ofNet, e.from, 64)
	e.name = s.name(o.Attempt.Identity)
	group := s.address(ofGroup, o.Flow.Server.Addr().Unmap(), 64)
	e.account = s.key.Words(e.name, group)
	e.pair = s.key.Words(e.source, e.account)
	e.client = s.key.Words(e.source, e.name)
	e.mark, e.marked = o.Attempt.Secret.Mark()
	return e
}

// address is the hash of the first bits of an IPv6 address; of an IPv4 address, of
// all of it or, for fewer than 128, of its first 24.
func (s *Signals) address(of uint64, a netip.Addr, bits int) uint64 {
	b := a.As16()
	if a.Is4() && bits < 128 {
		b[15] = 0
		bits = 128
	}
	if bits == 64 {
		clear(b[8:])
	}
	return s.key.Three(of, binary.LittleEndian.Uint64(b[:]), binary.LittleEndian.Uint64(b[8:]))
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
