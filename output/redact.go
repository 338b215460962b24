package output

import (
	"net/netip"
	"strconv"
	"strings"

	"cleartap/capture"
	"cleartap/detectors"
)

// Where tells where a finding was made.
type Where struct {
	Path      string        // offline: the capture, as the user gave it
	Interface string        // live: the interface
	Created   capture.Nanos // live: the wall clock when the finding was made; 0 offline
}

// Redact makes the alert of a finding. What the policy does not let out is not
// in the alert.
func Redact(f *detectors.Finding, where Where, p *Policy) Alert {
	var a Alert
	m := Redactor{Policy: p}
	m.To(&a, f, where)
	return a
}

// Redactor makes alerts one after the other: it and Redact are the only ways to one.
type Redactor struct {
	Policy *Policy

	f       *detectors.Finding // at hand
	text    text
	names   [5]string     // what an alert is related to
	seconds [4]secondText // written last, by their last bits: the times of an alert are near one another
}

// secondText is what all times of a second have in common.
type secondText struct {
	second int64
	text   [len("2006-01-02T15:04:05.")]byte
}

// To is Redact into an alert that is there already. Its texts are valid until the next
// call: who keeps one has to copy it.
func (r *Redactor) To(a *Alert, f *detectors.Finding, where Where) {
	r.f = f
	r.text.Reset()
	*a = Alert{}
	a.Timestamp = r.time(f.Mark.Time)
	a.ECS.Version = ecsVersion
	r.rule(a)
	a.Observer.Vendor, a.Observer.Product, a.Observer.Type = vendor, product, sensorType
	a.Observer.Version, a.Observer.Name = r.Policy.Version, r.Policy.SensorName
	r.who(a)
	r.login(a)
	r.attack(a)
	r.flowFacts(a)
	r.event(a, where)
	a.Message = r.message(a)
	r.related(a)
	a.Log.File.Path = where.Path
	a.Observer.Ingress.Interface.Name = where.Interface
	if where.Path != "" {
		a.Cleartap.Capture.Frame = f.Mark.Frame
	}
	r.f = nil
}

// from gives the text that was written since it was n bytes long.
func (r *Redactor) from(n int) string { return r.text.from(n) }

func (r *Redactor) time(t capture.Nanos) string {
	if t == 0 {
		return ""
	}
	second, micros := split(t)
	known := &r.seconds[second&3]
	if known.second != second || known.text[0] == 0 {
		appendSecond(known.text[:0], second)
		known.second = second
	}
	n := r.text.Len()
	var buf [len(known.text) + len("000000Z")]byte
	copy(buf[:], known.text[:])
	appendFraction(buf[:len(known.text)], micros)
	r.text.Write(buf[:])
	return r.from(n)
}

func (r *Redactor) addr(a netip.Addr) string {
	n := r.text.Len()
	var buf [64]byte
	r.text.Write(a.AppendTo(buf[:0]))
	return r.from(n)
}

func (r *Redactor) number(v int) string {
	n := r.text.Len()
	r.digits(v)
	return r.from(n)
}

func (r *Redactor) digits(v int) {
	var buf [20]byte
	r.text.Write(strconv.AppendInt(buf[:0], int64(v), 10))
}

// rule fills in the rule and what it is about.
func (r *Redactor) rule(a *Alert) {
	if p := preparedRules[r.f.Rule.ID]; p != nil {
		a.Rule, a.Threat = p.rule, p.threat
	} else {
		a.Rule = ruleOf(r.f.Rule)
	}
	if r.Policy.RuleBase != "" {
		n := r.text.Len()
		r.text.WriteString(r.Policy.RuleBase)
		if !strings.HasSuffix(r.Policy.RuleBase, "/") {
			r.text.put('/')
		}
		r.text.WriteString("docs/rules/")
		r.text.WriteString(r.f.Rule.ID)
		r.text.WriteString(".md")
		a.Rule.Reference = r.from(n)
	}
}

// who fills in the network and its two ends.
func (r *Redactor) who(a *Alert) {
	flow := &r.f.Flow
	client, server := flow.Client.Addr().Unmap(), flow.Server.Addr().Unmap()
	a.Network = Network{Transport: "tcp", Type: "ipv6", Protocol: r.f.Protocol}
	switch {
	case client.Is4() || server.Is4():
		a.Network.Type = "ipv4"
	case !client.IsValid() && !server.IsValid():
		a.Network.Type = ""
	}
	if flow.VLAN != 0 {
		a.Network.VLAN.ID = r.number(int(flow.VLAN))
	}
	if client.IsValid() { // else there are several, as below
		a.Source = r.client(client)
		a.Source.Port = int(flow.Client.Port())
	}
	if server.IsValid() {
		a.Destination = Endpoint{IP: r.addr(server), Port: int(flow.Server.Port())}
		a.Destination.Address = a.Destination.IP
	}
	if client.IsValid() && server.IsValid() {
		a.Network.Direction = r.Policy.direction(client, server)
	}
	if r.clientShown() && client.IsValid() && server.IsValid() && r.f.Attack == nil {
		n := r.text.Len()
		var buf [64]byte
		r.text.Write(appendCommunityID(buf[:0], flow.Client, flow.Server))
		a.Network.CommunityID = r.from(n)
	}
	if proxy := r.f.Proxy; proxy.IsValid() {
		shown := r.client(proxy.Addr().Unmap())
		a.Cleartap.Proxy.Client = ProxyClient{IP: shown.IP, Port: int(proxy.Port())}
	}
}

func (r *Redactor) clientShown() bool {
	return r.Policy.Clients == "" || r.Policy.Clients == ClientsFull
}

// client gives a client's address as the policy shows it.
func (r *Redactor) client(a netip.Addr) Endpoint {
	switch r.Policy.Clients {
	case "", ClientsFull:
		s := r.addr(a.WithZone(""))
		return Endpoint{IP: s, Address: s}
	case ClientsPrefix:
		bits := 48
		if a.Is4() {
			bits = 24
		}
		net, err := a.WithZone("").Prefix(bits)
		if err != nil {
			return Endpoint{}
		}
		n := r.text.Len()
		var buf [64]byte
		r.text.Write(net.AppendTo(buf[:0]))
		shown := r.from(n)
		return Endpoint{IP: r.addr(net.Addr()), Address: shown}
	case ClientsPseudonym:
		return Endpoint{Address: pseudonym(r.Policy.PseudonymKey, clientLabel, a.WithZone("").String())}
	}
	return Endpoint{}
}

// login fills in what a login has and other findings have not.
func (r *Redactor) login(a *Alert) {
	f := r.f
	a.Cleartap.Severity = f.Severity.String()
	if f.Exposure == nil {
		a.Cleartap.Capture = Capture{Sides: f.Sides, Midstream: f.Flow.Midstream, Gap: f.Gap}
	}
	a.Cleartap.Count = 1
	if f.Kind != detectors.Login {
		return
	}
	failed := outcome(f.Result) == "failure"
	a.User.Name = r.Policy.name(f.Attempt.Identity, failed)
	a.Cleartap.Auth = Auth{
		Command:         string(f.Attempt.Command),
		Mechanism:       string(f.Attempt.Mechanism),
		Class:           string(f.Attempt.Class),
		Result:          string(f.Result),
		Attempt:         f.Number,
		ReplyCode:       string(f.Reply),
		Authzid:         r.Policy.name(f.Attempt.Authzid, failed),
		Realm:           r.Policy.realm(f.Attempt.Realm, failed),
		RefusedInsecure: f.Result == detectors.RefusedInsecure,
	}
}

func (r *Redactor) event(a *Alert, where Where) {
	f := r.f
	id := eventID{sensor: r.Policy.SensorName, client: a.Source.Address, server: a.Destination.Address, micros: int64(f.Mark.Time) / 1000, seq: f.Mark.Seq, what: f.Rule.ID}
	a.Event = Event{Kind: alertKind, Category: eventCategory, Type: eventType, Action: action(f), Severity: int(f.Severity), Code: f.Rule.ID,
		Module: module, Dataset: dataset, Start: r.time(f.Flow.Start), End: r.time(f.Decided.Time), Created: r.time(where.Created)}
	if f.Kind == detectors.Login {
		a.Event.Outcome = outcome(f.Result)
		id.what = string(f.Attempt.Mechanism)
	}
	if f.Attack != nil {
		r.attackEvent(a, &id)
	}
	id.clientPort, id.serverPort = f.Flow.Client.Port(), f.Flow.Server.Port()
	n := r.text.Len()
	var buf [32]byte
	r.text.Write(id.appendTo(buf[:0]))
	a.Event.ID = r.from(n)
}

// related fills in the names and addresses to search for.
func (r *Redactor) related(a *Alert) {
	all := r.names[:0]
	for _, ip := range [...]string{a.Source.IP, a.Destination.IP, a.Cleartap.Proxy.Client.IP} {
		all = appendNew(all, 0, ip)
	}
	n := len(all)
	for _, name := range [...]string{a.User.Name, a.Cleartap.Auth.Authzid} {
		all = appendNew(all, n, name)
	}
	a.Related.IP = all[:n:n]
	if len(all) > n {
		a.Related.User = all[n:len(all):len(all)]
	}
}

// appendNew appends s, unless it is empty or in list[from:] already.
func appendNew(list []string, from int, s string) []string {
	if s == "" {
		return list
	}
	for _, have := range list[from:] {
		if have == s {
			return list
		}
	}
	return append(list, s)
}

// The categories and types of ECS that hold for every alert: a passive sensor
// let it pass, so "allowed", whatever the server thought of it.
var (
	eventCategory = []string{"network", "intrusion_detection"}
	eventType     = []string{"info", "allowed"}
)
