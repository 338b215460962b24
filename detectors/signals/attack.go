package signals

import (
	"net/netip"

	"cleartap/capture"
	"cleartap/detectors"
)

// attack is an attack that is not over.
type attack struct {
	key      uint64
	rule     *detectors.Rule
	account  uint64        // the one, if there is one
	window   capture.Nanos // of its rule
	crowd    bool          // from several sources
	gateway  bool          // its source was a gateway when it began
	long     bool          // it lingers for a day
	sources  int
	accounts int
	refused  int
	accepted int

	accountSet, sourceSet uint32 // of a network's attack

	start   capture.Nanos // as reported, like all that follows
	origin  capture.Mark  // of the login that made it an attack
	flow    flow
	name    string       // of the account, or of the one that was broken into
	network netip.Prefix // of a network's attack
	winner  netip.Addr   // from where it was broken into; not valid for an attack that has one source
	mark    capture.Mark
	decided capture.Mark

	at      capture.Nanos // packet time of its last login
	told    int           // refusals when it was told last
	toldAt  capture.Nanos
	list    int
	earlier *attack // in the list, by at
	later   *attack
}

// attackSize is what an attack takes, in bytes, names included.
const attackSize = 1024

// flow is what the logins of an attack have in common.
type flow struct {
	client   netip.Addr // the TCP peer; not valid for several
	server   netip.AddrPort
	proxy    netip.Addr
	protocol string
	vlan     uint16
	sides    int
}

// join narrows what is common down to what a login has too.
func (f *flow) join(o *detectors.Observation) {
	if f.client.IsValid() && f.client != o.Flow.Client.Addr() {
		f.client, f.proxy = netip.Addr{}, netip.Addr{}
	}
	switch server := o.Flow.Server; {
	case !f.server.IsValid():
	case f.server.Addr() != server.Addr():
		f.server = netip.AddrPort{}
	case f.server.Port() != server.Port():
		f.server = netip.AddrPortFrom(server.Addr(), 0)
	}
	if f.protocol != o.Protocol {
		f.protocol = ""
	}
	if f.vlan != o.Flow.VLAN {
		f.vlan = 0
	}
	f.sides = max(f.sides, o.Sides)
}

// begin makes an attack of what was counted since a second, the login at hand
// included.
func (s *Signals) begin(a attack, first uint32, e *event) {
	if len(s.attacks) >= s.most {
		s.stats.Cut++
		s.end(s.oldest())
	}
	s.stats.Attacks++
	o := e.o
	a.start = s.base + capture.Nanos(first)*second + o.Decided.Time - s.now
	a.origin = o.Mark
	a.flow = flow{client: o.Flow.Client.Addr(), server: o.Flow.Server, protocol: o.Protocol, vlan: o.Flow.VLAN, sides: o.Sides}
	if o.Proxy.IsValid() {
		a.flow.proxy = o.Proxy.Addr()
	}
	if a.crowd {
		a.flow.client, a.flow.proxy = netip.Addr{}, netip.Addr{}
	}
	if a.accounts == 1 {
		a.name = o.Attempt.Identity
	}
	if a.long {
		a.list = longList
	}
	kept := &a
	s.attacks[a.key] = kept
	s.touch(kept, o)
	s.tell(kept, detectors.AttackStart)
}

// touch notes that a login was part of the attack.
func (s *Signals) touch(a *attack, o *detectors.Observation) {
	a.mark, a.decided, a.at = o.Mark, o.Decided, s.now
	s.lists[a.list].moveToEnd(a)
}

// partOf finds the attack that a refusal is part of, if there is one.
func (s *Signals) partOf(e *event, strange bool) *attack {
	if len(s.attacks) == 0 {
		return nil
	}
	if a := s.attacks[s.key.Words(ofAttackBrute, e.pair)]; a != nil {
		return a
	}
	if a := s.attacks[s.key.Words(ofAttackSource, e.source)]; a != nil && (strange || a.account == e.account) {
		return a
	}
	if !strange {
		return nil
	}
	if a := s.attacks[s.key.Words(ofAttackAccount, e.account)]; a != nil {
		return a
	}
	return s.attacks[s.key.Words(ofAttackNet, e.net)]
}

// more adds a refusal to an attack.
func (s *Signals) more(a *attack, p *pair, e *event) {
	a.refused++
	a.flow.join(e.o)
	fresh := p.tries == 1
	switch {
	case a.accountSet != 0:
		a.accounts = max(a.accounts, s.sets.add(&a.accountSet, e.account, e.sec, 1))
		a.sources = max(a.sources, s.sets.add(&a.sourceSet, e.source, e.sec, 1))
	case a.crowd && fresh:
		a.sources++
	case !a.crowd && fresh && a.account != e.account:
		a.accounts++
		a.account, a.name = 0, ""
	}
	if !a.crowd {
		s.worsen(a, e)
	}
	s.touch(a, e.o)
	s.grow(a)
}

// worsen calls the attack of a source by another name when it turns out to be worse.
func (s *Signals) worsen(a *attack, e *event) {
	if a.accepted > 0 || a.accounts < s.cfg.SprayAccounts {
		return
	}
	rule := s.manyAccounts(s.suspect(e), e)
	if rule != nil && rule.Floor() > a.rule.Floor() {
		a.rule, a.window = rule, s.cfg.SprayWindow
	}
}

// raise notes that a login of the attack was accepted.
func (s *Signals) raise(a *attack, e *event) {
	a.accepted++
	a.flow.join(e.o)
	s.touch(a, e.o)
	if a.accepted > 1 {
		s.grow(a)
		return
	}
	a.rule, a.name = detectors.GuessedRight, e.o.Attempt.Identity
	if a.crowd {
		a.winner = e.o.Flow.Client.Addr()
	}
	s.tell(a, detectors.AttackSucceeded)
}
