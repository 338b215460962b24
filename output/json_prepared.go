package output

import "cleartap/detectors"

// prepared is what all alerts of a rule share, made once, and the JSON of it.
type prepared struct {
	rule       Rule // without a reference
	threat     Threat
	ruleJSON   string // the members of rule
	threatJSON string // the member threat; empty if there is none
}

// preparedSlots is a power of two well above the number of rules.
const preparedSlots = 256

// preparedRules finds what is prepared for a rule by slotOf its ID, or behind it.
var preparedRules = func() (all [preparedSlots]*prepared) {
	for _, r := range detectors.Rules() {
		p := &prepared{rule: ruleOf(r), threat: threatOf(r)}
		p.ruleJSON = piece(func(e *encoder) { e.ruleMembers(&p.rule) })
		p.threatJSON = piece(func(e *encoder) { e.threatMember(&p.threat) })
		at := slotOf(r.ID)
		for all[at] != nil {
			at = (at + 1) % preparedSlots
		}
		all[at] = p
	}
	return all
}()

// slotOf is where a rule's ID stands in preparedRules, if no other one does.
func slotOf(id string) int {
	if len(id) != len("CT-AUTH-001") {
		return 0
	}
	return (int(id[3]) + 3*int(id[4]) + 5*int(id[9]) + 7*int(id[10])) % preparedSlots
}

// preparedFor finds what is prepared for a rule; nil if there is nothing.
func preparedFor(id string) *prepared {
	for at := slotOf(id); ; at = (at + 1) % preparedSlots {
		if p := preparedRules[at]; p == nil || p.rule.ID == id {
			return p
		}
	}
}

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

// rule writes the rule: what it has of its own may be there already.
func (e *encoder) rule(v *Rule) {
	if *v == (Rule{}) {
		return
	}
	p := preparedFor(v.ID)
	e.open(`,"rule":{`)
	if p != nil && p.rule.Name == v.Name && p.rule.Category == v.Category && p.rule.Ruleset == v.Ruleset && p.rule.Version == v.Version {
		e.key(p.ruleJSON)
	} else {
		e.ruleMembers(v)
	}
	e.text(`,"reference":`, v.Reference)
	e.close()
}

// threat writes the threat, which may be the one that belongs to the rule.
func (e *encoder) threat(v *Threat, rule string) {
	if v.Framework == "" && v.Technique == nil {
		return
	}
	if p := preparedFor(rule); p != nil && p.threat.is(v) {
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
