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

	severities []severityCount // of those that there were, of five
	kinds      map[kind]*Outcomes
	recent     [64]*Outcomes // of kinds, some
	accounts   Distinct
	servers    Distinct
	clients    Distinct
	seed       maphash.Seed
}

type severityCount struct {
	severity detectors.Severity
	n        int
}

type kind struct{ protocol, mechanism string }

// Outcomes are the logins of one protocol and mechanism by what the server said.
type Outcomes struct {
	Protocol, Mechanism        string
	Accepted, Refused, Unknown int
}

// MaxDistinct is how many different things a Tally tells apart.
const MaxDistinct = 1 << 14

// Distinct counts different things by their hashes. Its zero value has counted none.
type Distinct struct {
	slots []uint64 // open addressing, half full at most; 0 is an empty slot; none when there were more
	n     int
	more  bool
}

// Count is how many there were; exact is false when there were more.
func (d *Distinct) Count() (n int, exact bool) { return d.n, !d.more }

func (d *Distinct) add(h uint64) {
	if d.more { // nothing changes any more
		return
	}
	h = max(h, 1)
	if 2*d.n >= len(d.slots) && d.n < MaxDistinct {
		d.grow()
	}
	i := d.find(h)
	switch {
	case d.slots[i] == h:
	case d.n >= MaxDistinct:
		d.slots, d.more = nil, true
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
	if t.rules == nil {
		t.rules, t.kinds, t.seed = make(map[*detectors.Rule]int), make(map[kind]*Outcomes), maphash.MakeSeed()
	}
	t.severity(f.Severity).n++
	if f.Kind != detectors.Login {
		t.Others++
		t.rules[f.Rule]++
		return
	}
	t.Logins++
	o := t.outcomes(f.Protocol, string(f.Attempt.Mechanism))
	switch outcome(f.Result) {
	case "success":
		o.Accepted++
	case "failure":
		o.Refused++
	default:
		o.Unknown++
	}
	// Of what there are too many of nothing changes any more.
	if f.Attempt.Identity != "" && !t.accounts.more {
		t.accounts.add(maphash.String(t.seed, f.Attempt.Identity))
	}
	if !t.servers.more {
		t.servers.add(maphash.Comparable(t.seed, netip.AddrPortFrom(f.Flow.Server.Addr().Unmap(), f.Flow.Server.Port())))
	}
	if !t.clients.more {
		t.clients.add(maphash.Comparable(t.seed, f.Flow.Client.Addr().Unmap()))
	}
}

// severity gives the count of a severity.
func (t *Tally) severity(s detectors.Severity) *severityCount {
	for i := range t.severities {
		if t.severities[i].severity == s {
			return &t.severities[i]
		}
	}
	t.severities = append(t.severities, severityCount{severity: s})
	return &t.severities[len(t.severities)-1]
}

// outcomes gives the counts of a kind of login.
func (t *Tally) outcomes(protocol, mechanism string) *Outcomes {
	at := len(mechanism)
	if protocol != "" && mechanism != "" {
		at += 5*int(protocol[0]) + 3*int(mechanism[0])
	}
	recent := &t.recent[at%len(t.recent)]
	if o := *recent; o != nil && o.Protocol == protocol && o.Mechanism == mechanism {
		return o
	}
	k := kind{protocol, mechanism}
	if t.kinds[k] == nil {
		t.kinds[k] = &Outcomes{Protocol: protocol, Mechanism: mechanism}
	}
	*recent = t.kinds[k]
	return *recent
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
func (t *Tally) Severity(s detectors.Severity) int {
	for _, c := range t.severities {
		if c.severity == s {
			return c.n
		}
	}
	return 0
}

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
