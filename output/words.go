package output

import (
	"strconv"
	"strings"

	"cleartap/detectors"
)

// The words that alerts have in common.
const (
	ecsVersion = "8.11.0"
	alertKind  = "alert"
	module     = "cleartap"
	dataset    = "cleartap.alert"
	ruleset    = "cleartap"
	vendor     = "cleartap"
	product    = "cleartap"
	sensorType = "sensor"
	framework  = "MITRE ATT&CK"
)

// outcome is event.outcome of a login's result: what the server thought of the
// credential.
func outcome(r detectors.Result) string {
	switch r {
	case detectors.Success:
		return "success"
	case detectors.Failure, detectors.RefusedInsecure:
		return "failure"
	}
	return "unknown"
}

// ending says a result in the words of a message.
func ending(r detectors.Result) string {
	switch r {
	case detectors.Success:
		return "accepted"
	case detectors.Failure:
		return "refused"
	case detectors.TempFail:
		return "refused for now"
	case detectors.RefusedInsecure:
		return "refused because the connection is not secure"
	case detectors.Expired:
		return "expired"
	case detectors.Aborted:
		return "broken off"
	}
	return "outcome unknown"
}

// message says the alert in one line, in what the alert shows anyway.
func (r *Redactor) message(a *Alert) string {
	switch {
	case r.f.Attack != nil:
		return r.attackMessage(a)
	case r.f.Exposure != nil:
		return r.serverMessage(a)
	}
	n := r.text.Len()
	b := &r.text
	b.WriteString(protocolName(a.Network.Protocol))
	if r.f.Kind != detectors.Login {
		r.flowMessage(a)
	} else {
		b.put(' ')
		b.WriteString(a.Cleartap.Auth.Command)
		if a.Cleartap.Auth.Mechanism != a.Cleartap.Auth.Command {
			b.put(' ')
			b.WriteString(a.Cleartap.Auth.Mechanism)
		}
		if a.User.Name != "" {
			b.WriteString(" of ")
			b.WriteString(a.User.Name)
		}
	}
	b.WriteString(" from ")
	b.WriteString(a.Source.Address)
	b.WriteString(" to ")
	r.hostPort(&a.Destination)
	if r.f.Kind == detectors.Login {
		b.WriteString(" without TLS: ")
		b.WriteString(ending(r.f.Result))
	}
	return r.from(n)
}

func (r *Redactor) hostPort(e *Endpoint) {
	v6 := strings.IndexByte(e.Address, ':') >= 0
	if v6 {
		r.text.put('[')
	}
	r.text.WriteString(e.Address)
	if v6 {
		r.text.put(']')
	}
	if e.Port != 0 {
		r.text.put(':')
		r.digits(e.Port)
	}
}

// protocolName is a protocol's name for people.
func protocolName(p string) string {
	switch p {
	case "smtp":
		return "SMTP"
	case "lmtp":
		return "LMTP"
	case "pop3":
		return "POP3"
	case "imap":
		return "IMAP"
	case "nntp":
		return "NNTP"
	case "managesieve":
		return "ManageSieve"
	}
	return p
}

// ruleOf gives the rule object of a rule, without a reference.
func ruleOf(r *detectors.Rule) Rule {
	return Rule{ID: r.ID, Name: r.Name, Category: r.Category, Ruleset: ruleset, Version: strconv.Itoa(r.Version)}
}

// threatOf gives the threat object of a rule; of one without techniques it is empty.
func threatOf(r *detectors.Rule) Threat {
	if len(r.Techniques) == 0 {
		return Threat{}
	}
	t := Threat{Framework: framework}
	for _, have := range r.Techniques {
		add := Technique{ID: have.ID, Name: have.Name}
		if have.SubID != "" {
			add.Subtechnique = []Subtechnique{{ID: have.SubID, Name: have.SubName}}
		}
		t.Technique = append(t.Technique, add)
	}
	return t
}
