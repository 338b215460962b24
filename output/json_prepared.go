package output

import "cleartap/detectors"

// prepared is what all alerts of a rule share, made once, and the JSON of it.
type prepared struct {
	rule       Rule // without a reference
	threat     Threat
	ruleJSON   string // the members of rule
	threatJSON string // the member threat; empty if there is none
}

// preparedRules has what is prepared for each rule, by its ID.
var preparedRules = func() map[string]*prepared {
	all := map[string]*prepared{}
	for _, r := range detectors.Rules() {
		p := &prepared{rule: ruleOf(r), threat: threatOf(r)}
		p.ruleJSON = piece(func(e *encoder) { e.ruleMembers(&p.rule) })
		p.threatJSON = piece(func(e *encoder) { e.threatMember(&p.threat) })
		all[r.ID] = p
	}
	return all
}()

// piece gives JSON that is put between other members, behind a comma.
func piece(write func(*encoder)) string {
	e := encoder{b: make([]byte, 1024)}
	write(&e)
	return string(e.b[:e.n])
}

// The members that are the same in nearly all alerts, and their JSON.
var (
	ecsJSON      = piece(func(e *encoder) { e.ecsMember(&ECS{Version: ecsVersion}) })
	eventJSON    = piece(func(e *encoder) { e.eventHead(&Event{Kind: alertKind, Category: eventCategory, Type: eventType}) })
	datasetJSON  = piece(func(e *encoder) { e.eventSource(&Event{Module: module, Dataset: dataset}) })
	observerJSON = piece(func(e *encoder) { e.observerHead(&Observer{Vendor: vendor, Product: product, Type: sensorType}) })
)

// rule writes the rule: what it has of its own may be there already, as p.
func (e *encoder) rule(v *Rule, p *prepared) {
	if *v == (Rule{}) {
		return
	}
	e.open(`,"rule":{`)
	if p != nil && p.rule.Name == v.Name && p.rule.Category == v.Category && p.rule.Ruleset == v.Ruleset && p.rule.Version == v.Version {
		e.key(p.ruleJSON)
	} else {
		e.ruleMembers(v)
	}
	e.text(`,"reference":`, v.Reference)
	e.close()
}

// threat writes the threat, which may be the one that belongs to the rule of p.
func (e *encoder) threat(v *Threat, p *prepared) {
	if v.Framework == "" && v.Technique == nil {
		return
	}
	if p != nil && p.threat.is(v) {
		e.key(p.threatJSON)
	} else {
		e.threatMember(v)
	}
}

// is reports whether two threats share their techniques.
func (t *Threat) is(v *Threat) bool {
	n := len(t.Technique)
	return n > 0 && len(v.Technique) == n && &v.Technique[0] == &t.Technique[0] && v.Framework == t.Framework
}

func (e *encoder) ecs(v *ECS) {
	switch v.Version {
	case "":
	case ecsVersion:
		e.key(ecsJSON)
	default:
		e.ecsMember(v)
	}
}

// same reports whether two lists are one.
func same(a, b []string) bool { return len(a) == len(b) && len(a) > 0 && &a[0] == &b[0] }

func (e *encoder) event(v *Event) {
	if v.zero() {
		return
	}
	e.open(`,"event":{`)
	if v.Kind == alertKind && same(v.Category, eventCategory) && same(v.Type, eventType) {
		e.key(eventJSON)
	} else {
		e.eventHead(v)
	}
	e.action(v.Action)
	e.text(`,"outcome":`, v.Outcome)
	e.key(`,"severity":`)
	e.digits(v.Severity)
	e.text(`,"id":`, v.ID)
	e.text(`,"code":`, v.Code)
	if v.Module == module && v.Dataset == dataset {
		e.key(datasetJSON)
	} else {
		e.eventSource(v)
	}
	e.text(`,"start":`, v.Start)
	e.text(`,"end":`, v.End)
	e.text(`,"created":`, v.Created)
	e.close()
}

func (e *encoder) observer(v *Observer) {
	if *v == (Observer{}) {
		return
	}
	e.open(`,"observer":{`)
	if v.Vendor == vendor && v.Product == product && v.Type == sensorType {
		e.key(observerJSON)
	} else {
		e.observerHead(v)
	}
	e.text(`,"version":`, v.Version)
	e.text(`,"name":`, v.Name)
	if v.Ingress != (Ingress{}) {
		e.open(`,"ingress":{`)
		e.open(`,"interface":{`)
		e.text(`,"name":`, v.Ingress.Interface.Name)
		e.close()
		e.close()
	}
	e.close()
}
