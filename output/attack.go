package output

import (
	"net/netip"
	"strconv"

	"cleartap/detectors"
)

// guessingAction is event.action of most attacks.
const guessingAction = "password-guessing"

// attack fills in what the finding of many logins has.
func (r *Redactor) attack(a *Alert) {
	k := r.f.Attack
	if k == nil {
		return
	}
	a.User.Name = r.Policy.name(r.f.Attempt.Identity, !k.Shown)
	a.Cleartap.Attack = Attack{
		ID: r.attackID(k), State: k.State.String(), Sources: k.Sources, Accounts: k.Accounts, Attempts: k.Attempts, Failures: k.Failures,
		Window: int(k.Window / 1e9),
	}
	if k.Network.IsValid() && a.Source.Address == "" {
		a.Source = r.network(k.Network)
	}
}

// attackID is what the reports of one attack have in common: the login that made it
// one. Nothing that a policy may hide goes in.
func (r *Redactor) attackID(k *detectors.Attack) string {
	id := eventID{sensor: r.Policy.SensorName, what: "attack", micros: int64(k.Origin.Time) / 1000, seq: k.Origin.Seq}
	n := r.text.Len()
	var buf [32]byte
	r.text.Write(id.appendTo(buf[:0]))
	return r.from(n)
}

// attackEvent fills in the event of an attack. Each report of it has an id of its own.
func (r *Redactor) attackEvent(a *Alert, id *eventID) {
	k := r.f.Attack
	a.Event.Outcome = outcome(r.f.Result)
	a.Event.Action = attackAction(r.f.Rule)
	id.what = r.f.Rule.ID + " " + k.State.String() + " " + a.Cleartap.Attack.ID + " " + strconv.Itoa(k.Attempts)
}

func attackAction(rule *detectors.Rule) string {
	switch rule {
	case detectors.StaleClient:
		return "stale-client"
	case detectors.Enumeration:
		return "account-enumeration"
	case detectors.ManyPlaces:
		return "unusual-places"
	case detectors.SamePassword:
		return "credential-reuse"
	}
	return guessingAction
}

// network gives a network of clients as the policy shows it. It has no source.ip.
func (r *Redactor) network(net netip.Prefix) Endpoint {
	switch r.Policy.Clients {
	case "", ClientsFull:
	case ClientsPrefix:
		if bits := 48; net.Addr().Is6() && net.Bits() > bits {
			net = netip.PrefixFrom(net.Addr(), bits).Masked()
		}
	case ClientsPseudonym:
		return Endpoint{Address: pseudonym(r.Policy.PseudonymKey, clientLabel, net.String())}
	default:
		return Endpoint{}
	}
	n := r.text.Len()
	var buf [64]byte
	r.text.Write(net.AppendTo(buf[:0]))
	return Endpoint{Address: r.from(n)}
}

// attackMessage says an attack in one line.
func (r *Redactor) attackMessage(a *Alert) string {
	n := r.text.Len()
	b, k := &r.text, &a.Cleartap.Attack
	if p := protocolName(a.Network.Protocol); p != "" {
		b.WriteString(p)
		b.WriteString(": ")
	}
	b.WriteString(attackWords(r.f.Rule))
	switch {
	case a.User.Name != "":
		b.WriteString(" of ")
		b.WriteString(a.User.Name)
	case k.Accounts > 0:
		b.WriteString(" of ")
		r.count(k.Accounts, "account")
	}
	b.WriteString(" from ")
	if a.Source.Address != "" {
		b.WriteString(a.Source.Address)
	} else {
		r.count(k.Sources, "address")
	}
	b.WriteString(" to ")
	if a.Destination.Address != "" {
		r.hostPort(&a.Destination)
	} else {
		b.WriteString("several servers")
	}
	r.attackOutcome(k)
	return r.from(n)
}

// attackOutcome says what became of the logins of an attack.
func (r *Redactor) attackOutcome(k *Attack) {
	b := &r.text
	b.WriteString(": ")
	r.digits(k.Failures)
	b.WriteString(" of ")
	r.digits(k.Attempts)
	b.WriteString(" refused")
	if ok := k.Attempts - k.Failures; ok > 0 && k.Failures > 0 {
		b.WriteString(", ")
		r.digits(ok)
		b.WriteString(" accepted")
	}
}

// count writes a number of things.
func (r *Redactor) count(n int, thing string) {
	r.digits(n)
	r.text.put(' ')
	r.text.WriteString(thing)
	switch {
	case n == 1:
	case thing[len(thing)-1] == 's':
		r.text.WriteString("es")
	default:
		r.text.put('s')
	}
}

// attackWords says what kind of attack a rule is about, to be followed by "of" and an account.
func attackWords(rule *detectors.Rule) string {
	switch rule {
	case detectors.StaleClient:
		return "repeated logins"
	case detectors.Enumeration:
		return "search for names"
	case detectors.ManyPlaces:
		return "logins from many places"
	case detectors.SamePassword:
		return "credential reuse"
	case detectors.Spraying:
		return "spraying"
	case detectors.Stuffing:
		return "logins from a list"
	case detectors.LowAndSlow:
		return "slow guessing"
	case detectors.GuessedRight:
		return "guessing that succeeded"
	}
	return "guessing"
}
