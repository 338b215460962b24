package output

import (
	"cmp"
	"hash/maphash"
	"net/netip"
	"slices"

	"cleartap/detectors"
)

// Tally counts findings. It keeps no name and no address: of those it counts how
// many differ, by a hash under a random key that is never shown. Its memory is
// bounded: it tells up to MaxDistinct accounts, servers and clients apart.
type Tally struct {
	Logins int // findings that are logins
	Others int // the rest

	rules map[*detectors.Rule]int // of the rest

	severities map[detectors.Severity]int
	kinds      map[kind]*Outcomes
	accounts   Distinct
	servers    Distinct
	clients    Distinct
	seed       maphash.Seed
}

type kind struct {
	protocol  string
	mechanism detectors.Mechanism
}

// Outcomes are the logins of one protocol and mechanism by what the server said.
type Outcomes struct {
	Protocol, Mechanism        string
	Accepted, Refused, Unknown int
}

// MaxDistinct is how many different things a Tally tells apart.
const MaxDistinct = 1 << 14

// Distinct counts different things by their hashes. Its zero value has counted none.
type Distinct struct {
	slots []uint64 // open addressing, half full at most; 0 is an empty slot
	n     int
	more  bool
}

// Count is how many there were; exact is false when there were more.
func (d *Distinct) Count() (n int, exact bool) { return d.n, !d.more }

func (d *Distinct) add(h uint64) {
	h = max(h, 1)
	if 2*d.n >= len(d.slots) && d.n < MaxDistinct {
		d.grow()
	}
	i := d.find(h)
	switch {
	case d.slots[i] == h:
	case d.n >= MaxDistinct:
		d.more = true
	default:
		d.slots[i] = h
		d.n++
	}
}

// find gives the slot of h, or the empty one where it belongs.
func (d *Distinct) find(h uint64) int {
	mask := len(d.slots) - 1
	i := int(h) & mask
	for d.slots[i] != 0 && d.slots[i] != h {
		i = (i + 1) & mask
	}
	return i
}

func (d *Distinct) grow() {
	old := d.slots
	d.slots = make([]uint64, max(64, 2*len(old)))
	for _, h := range old {
		if h != 0 {
			d.slots[d.find(h)] = h
		}
	}
}

// Add counts a finding.
func (t *Tally) Add(f *detectors.Finding) {
	if t.kinds == nil {
		t.begin()
	}
	t.severities[f.Severity]++
	if f.Kind != detectors.Login {
		t.Others++
		t.rules[f.Rule]++
		return
	}
	t.Logins++
	k := kind{f.Protocol, f.Attempt.Mechanism}
	o := t.kinds[k]
	if o == nil {
		o = &Outcomes{Protocol: k.protocol, Mechanism: string(k.mechanism)}
		t.kinds[k] = o
	}
	switch outcome(f.Result) {
	case "success":
		o.Accepted++
	case "failure":
		o.Refused++
	default:
		o.Unknown++
	}
	if f.Attempt.Identity != "" {
		t.accounts.add(maphash.String(t.seed, f.Attempt.Identity))
	}
	t.servers.add(maphash.Comparable(t.seed, netip.AddrPortFrom(f.Flow.Server.Addr().Unmap(), f.Flow.Server.Port())))
	t.clients.add(maphash.Comparable(t.seed, f.Flow.Client.Addr().Unmap()))
}

func (t *Tally) begin() {
	t.severities, t.kinds, t.seed = make(map[detectors.Severity]int), make(map[kind]*Outcomes), maphash.MakeSeed()
	t.rules = make(map[*detectors.Rule]int)
}

// Rules tells of how many findings other than logins each rule has, in the order of the catalogue.
func (t *Tally) Rules(tell func(r *detectors.Rule, n int)) {
	for _, r := range detectors.Rules() {
		if n := t.rules[r]; n > 0 {
			tell(r, n)
		}
	}
}

// Accounts is how many user names, as they were sent, logins were for.
func (t *Tally) Accounts() *Distinct { return &t.accounts }

// Servers is how many servers, by address and port, logins went to.
func (t *Tally) Servers() *Distinct { return &t.servers }

// Clients is how many addresses logins came from.
func (t *Tally) Clients() *Distinct { return &t.clients }

// Severity is how many findings have the severity.
func (t *Tally) Severity(s detectors.Severity) int { return t.severities[s] }

// Outcomes lists the logins by protocol and mechanism, in alphabetical order.
func (t *Tally) Outcomes() []Outcomes {
	out := make([]Outcomes, 0, len(t.kinds))
	for _, o := range t.kinds {
		out = append(out, *o)
	}
	slices.SortFunc(out, func(x, y Outcomes) int {
		return cmp.Or(cmp.Compare(x.Protocol, y.Protocol), cmp.Compare(x.Mechanism, y.Mechanism))
	})
	return out
}
