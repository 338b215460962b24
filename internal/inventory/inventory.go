// Package inventory knows every mail server that was seen at work: what it is, what it
// offers before TLS, how its TLS is, who uses it, and since when. Its one job is to
// make one entry of a server out of what its connections told. Its invariants: of
// clients and accounts it has counts, no address and no name; memory is bounded; and
// nothing is concluded about a server that was not asked.
package inventory

import (
	"cmp"
	"net/netip"
	"slices"

	"cleartap/capture"
	"cleartap/detectors"
	"cleartap/detectors/siphash"
)

// Config says what an inventory may use, and what it tells.
type Config struct {
	MaxServers int            // servers that are remembered, 1 to 5 KiB each; those seen longest ago are forgotten; 0: 16384
	HomeNets   []netip.Prefix // networks whose servers are ours; empty: RFC 1918, RFC 4193, loopback and link-local
	// Report receives CT-INV findings as soon as there is reason for them: of a server that
	// is seen first, and once a day of one that takes logins without TLS. A finding is
	// valid during the call. Without it there are those of Tell.
	Report func(*detectors.Finding)
}

// DefaultServers is Config.MaxServers when it is 0.
const DefaultServers = 16384

// Inventory gathers entries. It is for one goroutine.
type Inventory struct {
	cfg     Config
	key     siphash.Key
	servers map[Key]*Server
	recent  [recentServers]*Server // some of them, by a hash that is no secret
	ages    ages
	stats   Stats
	evicted func(*Server) // told of what is forgotten, may be nil
}

// Stats are an inventory's counters.
type Stats struct {
	Servers int    // that are remembered
	Evicted uint64 // that were forgotten for want of memory
}

// Key names a server: one program at one place.
type Key struct {
	Addr     netip.AddrPort
	Protocol string // as in network.protocol
}

// KeyOf names the server of an observation.
func KeyOf(o *detectors.Observation) Key {
	addr := o.Flow.Server
	return Key{netip.AddrPortFrom(addr.Addr().Unmap().WithZone(""), addr.Port()), o.Protocol}
}

// New makes an empty inventory.
func New(cfg Config) *Inventory {
	if cfg.MaxServers <= 0 {
		cfg.MaxServers = DefaultServers
	}
	return &Inventory{cfg: cfg, servers: map[Key]*Server{}}
}

// Stats gives the counters.
func (v *Inventory) Stats() Stats {
	s := v.stats
	s.Servers = len(v.servers)
	return s
}

// Observe takes an observation, which is not kept, and gives the entry that it is
// about, nil if it is about none.
func (v *Inventory) Observe(o *detectors.Observation) *Server {
	if o.Protocol == "" || !o.Flow.Server.IsValid() {
		return nil
	}
	s := v.server(o)
	s.note(v, o)
	v.judge(s, o)
	return s
}

// recentServers is a power of two.
const recentServers = 4096

// server finds the entry of an observation's server, or makes it. Most are recent; who
// makes several servers share a place there makes the others cost a look into the map.
func (v *Inventory) server(o *detectors.Observation) *Server {
	recent := v.recentOf(o.Flow.Server)
	s := *recent
	if s == nil || s.Addr != o.Flow.Server || s.Protocol != o.Protocol {
		s = v.look(KeyOf(o))
		*recent = s
	}
	v.ages.touch(s)
	return s
}

// recentOf is the place of a server in recent, however its address is written.
func (v *Inventory) recentOf(a netip.AddrPort) **Server {
	return &v.recent[siphash.Place(a)%recentServers]
}

// look finds or makes an entry.
func (v *Inventory) look(k Key) *Server {
	s := v.servers[k]
	if s == nil {
		if len(v.servers) >= v.cfg.MaxServers {
			v.forget(v.ages.oldest())
		}
		s = &Server{Key: k, External: !v.home(k.Addr.Addr())}
		v.keep(s)
	}
	return s
}

// keep takes a server in, as the one that was touched last.
func (v *Inventory) keep(s *Server) {
	s.kept = true
	v.servers[s.Key] = s
	v.ages.add(s)
}

// forget takes a server out that ages has given.
func (v *Inventory) forget(s *Server) {
	s.kept = false
	delete(v.servers, s.Key)
	if recent := v.recentOf(s.Addr); *recent == s {
		*recent = nil
	}
	v.stats.Evicted++
	if v.evicted != nil {
		v.evicted(s)
	}
}

// home reports whether an address is in the home networks.
func (v *Inventory) home(a netip.Addr) bool {
	if len(v.cfg.HomeNets) == 0 {
		return a.IsPrivate() || a.IsLoopback() || a.IsLinkLocalUnicast()
	}
	for _, n := range v.cfg.HomeNets {
		if n.Contains(a) {
			return true
		}
	}
	return false
}

// Servers gives all entries, ordered by address, port and protocol. They are the
// inventory's own: read them before it observes more.
func (v *Inventory) Servers() []*Server {
	out := make([]*Server, 0, len(v.servers))
	for _, s := range v.servers {
		out = append(out, s)
	}
	slices.SortFunc(out, func(a, b *Server) int {
		return cmp.Or(a.Addr.Compare(b.Addr), cmp.Compare(a.Protocol, b.Protocol))
	})
	return out
}

// day is the number of a moment's day.
func day(t capture.Nanos) int64 { return int64(t) / (24 * 3600 * 1e9) }

// byLast sorts servers by when they were seen last.
func byLast(all []*Server) {
	slices.SortStableFunc(all, func(a, b *Server) int { return cmp.Compare(a.Last, b.Last) })
}
