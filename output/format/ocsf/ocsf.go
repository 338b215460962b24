// Package ocsf writes an alert as a Detection Finding of the Open Cybersecurity
// Schema Framework. Its one job is the mapping; its invariant: a record is one JSON
// object on one line with all attributes that the class requires.
package ocsf

import (
	"bytes"
	"encoding/json"
	"time"

	"cleartap/output"
)

// Version is the version of the schema.
const Version = "1.5.0"

// Append appends the alert as one Detection Finding, without a line end.
func Append(dst []byte, a *output.Alert) []byte {
	r := record{
		ClassUID: 2004, ClassName: "Detection Finding", CategoryUID: 2, CategoryName: "Findings", ActivityID: 1, ActivityName: "Create",
		TypeUID: 200401, TypeName: "Detection Finding: Create", Time: millis(a.Timestamp), StartTime: millis(a.Event.Start), EndTime: millis(a.Event.End),
		StatusID: 1, Status: "New", Message: a.Message, ActionID: 1, Action: "Allowed", DispositionID: 17, Disposition: "Logged", IsAlert: true,
		Count: a.Cleartap.Count, Evidences: evidences(a), Observables: observables(a), Unmapped: rest(a),
	}
	r.SeverityID, r.Severity = severity(a.Event.Severity)
	r.Metadata = metadata{Version: Version, UID: a.Event.ID, EventCode: a.Rule.ID, LoggedTime: millis(a.Event.Created), Profiles: []string{"security_control"},
		Product: product{Name: "cleartap", VendorName: "cleartap", Version: a.Observer.Version, UID: a.Observer.Name}}
	r.FindingInfo = finding(a)
	b, err := json.Marshal(&r)
	if err != nil { // no field can fail
		return dst
	}
	return append(dst, bytes.ReplaceAll(b, []byte(`"password-`), []byte(`"\u0070assword-`))...) // as in our own JSON: the word is a secret to some
}

func finding(a *output.Alert) findingInfo {
	f := findingInfo{UID: a.Event.ID, Title: a.Rule.Name, SrcURL: a.Rule.Reference, CreatedTime: millis(a.Timestamp), FirstSeen: millis(a.Event.Start), LastSeen: millis(a.Event.End),
		Analytic: analytic{UID: a.Rule.ID, Name: a.Rule.Name, Category: a.Rule.Category, Version: a.Rule.Version, Type: "Rule", TypeID: 1}}
	if a.Rule.Name == "" { // it was trimmed
		f.Title, f.Analytic.Name = a.Rule.ID, a.Rule.ID
	}
	if a.Event.Action != "" {
		f.Types = []string{a.Event.Action}
	}
	for _, t := range a.Threat.Technique {
		at := attack{Technique: named{t.ID, t.Name}}
		if len(t.Subtechnique) > 0 {
			at.SubTechnique = &named{t.Subtechnique[0].ID, t.Subtechnique[0].Name}
		}
		f.Attacks = append(f.Attacks, at)
	}
	return f
}

// evidences are the two ends, what connects them, and who logged in.
func evidences(a *output.Alert) []evidence {
	if a.Source == (output.Endpoint{}) && a.Destination == (output.Endpoint{}) && a.User.Name == "" {
		return nil
	}
	e := evidence{Src: end(&a.Source, a.Network.VLAN.ID), Dst: end(&a.Destination, "")}
	if a.Network != (output.Network{}) {
		e.Connection = &connection{ProtocolName: a.Network.Transport, CommunityUID: a.Network.CommunityID, DirectionID: 99, Direction: a.Network.Direction}
		switch a.Network.Direction {
		case "":
			e.Connection.DirectionID = 0
		case "inbound":
			e.Connection.DirectionID = 1
		case "outbound":
			e.Connection.DirectionID = 2
		case "internal":
			e.Connection.DirectionID = 3 // lateral
		}
		e.Connection.ProtocolNum = map[string]int{"tcp": 6}[a.Network.Transport]
		e.Connection.VersionID = map[string]int{"ipv4": 4, "ipv6": 6}[a.Network.Type]
	}
	if a.User.Name != "" {
		e.Actor = &actor{user{a.User.Name}}
	}
	return []evidence{e}
}

func end(e *output.Endpoint, vlan string) *endpoint {
	if *e == (output.Endpoint{}) {
		return nil
	}
	out := &endpoint{IP: e.IP, Port: e.Port, VLAN: vlan}
	if e.Address != e.IP {
		out.Name = e.Address
	}
	return out
}

// observables repeat what analysts search for.
func observables(a *output.Alert) []observable {
	var all []observable
	add := func(name string, id int, kind, value string) {
		if value != "" {
			all = append(all, observable{name, id, kind, value})
		}
	}
	add("evidences[0].src_endpoint.ip", 2, "IP Address", a.Source.IP)
	add("evidences[0].dst_endpoint.ip", 2, "IP Address", a.Destination.IP)
	add("evidences[0].actor.user.name", 4, "User Name", a.User.Name)
	return all
}

func rest(a *output.Alert) *unmapped {
	auth := &a.Cleartap.Auth
	return &unmapped{Outcome: a.Event.Outcome, Result: auth.Result, Protocol: a.Network.Protocol, Mechanism: auth.Mechanism, Command: auth.Command,
		ReplyCode: auth.ReplyCode, Authzid: auth.Authzid, Realm: auth.Realm, Attempt: auth.Attempt, Interface: a.Observer.Ingress.Interface.Name,
		File: a.Log.File.Path, Frame: a.Cleartap.Capture.Frame, Trimmed: a.Cleartap.Trimmed,
		Tags: a.Tags, Attack: a.Cleartap.Attack, TLS: a.Cleartap.TLS, Server: a.Cleartap.Server}
}

// severity is event.severity in OCSF's steps.
func severity(n int) (id int, word string) {
	switch {
	case n >= 99:
		return 5, "Critical"
	case n >= 73:
		return 4, "High"
	case n >= 47:
		return 3, "Medium"
	case n >= 21:
		return 2, "Low"
	}
	return 1, "Informational"
}

func millis(t string) int64 {
	at, err := time.Parse(time.RFC3339Nano, t)
	if err != nil {
		return 0
	}
	return at.UnixMilli()
}
