// Package eve writes an alert as Suricata's EVE JSON does, for what reads that
// already. Its one job is the mapping; its invariant: a record is one JSON object
// on one line whose signature id is the rule's for ever.
package eve

import (
	"encoding/json"
	"hash/fnv"
	"strconv"
	"strings"

	"cleartap/detectors"
	"cleartap/output"
)

// GID is the generator of all our signatures, that of Suricata's own rules.
const GID = 1

type record struct {
	Timestamp   string  `json:"timestamp"`
	FlowID      uint64  `json:"flow_id"`
	Interface   string  `json:"in_iface,omitempty"`
	Frame       uint64  `json:"pcap_cnt,omitempty"`
	EventType   string  `json:"event_type"`
	VLAN        []int   `json:"vlan,omitempty"`
	SrcIP       string  `json:"src_ip,omitempty"`
	SrcPort     int     `json:"src_port,omitempty"`
	DestIP      string  `json:"dest_ip,omitempty"`
	DestPort    int     `json:"dest_port,omitempty"`
	Proto       string  `json:"proto,omitempty"`
	Version     int     `json:"ip_v,omitempty"`
	CommunityID string  `json:"community_id,omitempty"`
	Alert       alert   `json:"alert"`
	AppProto    string  `json:"app_proto,omitempty"`
	Direction   string  `json:"direction,omitempty"`
	File        string  `json:"pcap_filename,omitempty"`
	Host        string  `json:"host,omitempty"`
	Cleartap    details `json:"cleartap"`
}

type alert struct {
	Action    string              `json:"action"`
	GID       int                 `json:"gid"`
	SID       int                 `json:"signature_id"`
	Rev       int                 `json:"rev"`
	Signature string              `json:"signature"`
	Category  string              `json:"category"`
	Severity  int                 `json:"severity"`
	Metadata  map[string][]string `json:"metadata,omitempty"`
}

// details are what EVE has no name for.
type details struct {
	ID        string                `json:"id"`
	Rule      string                `json:"rule"`
	Severity  string                `json:"severity,omitempty"`
	Message   string                `json:"message,omitempty"`
	User      string                `json:"user,omitempty"`
	Outcome   string                `json:"outcome,omitempty"`
	Result    string                `json:"result,omitempty"`
	Mechanism string                `json:"mechanism,omitempty"`
	Command   string                `json:"command,omitempty"`
	ReplyCode string                `json:"reply_code,omitempty"`
	Authzid   string                `json:"authzid,omitempty"`
	Realm     string                `json:"realm,omitempty"`
	Count     int                   `json:"count,omitempty"`
	Client    string                `json:"client,omitempty"` // where the client's address is a pseudonym
	Trimmed   bool                  `json:"trimmed,omitempty"`
	Tags      []string              `json:"tags,omitempty"`
	Attack    output.Attack         `json:"attack,omitzero"`
	TLS       *output.TLSFinding    `json:"tls,omitempty"`
	Server    *output.ServerFinding `json:"server,omitempty"`
}

// Append appends the alert as an EVE record of type alert, without a line end.
func Append(dst []byte, a *output.Alert) []byte {
	auth := &a.Cleartap.Auth
	r := record{
		Timestamp: strings.TrimSuffix(a.Timestamp, "Z") + "+0000", FlowID: flow(a), Interface: a.Observer.Ingress.Interface.Name,
		Frame: a.Cleartap.Capture.Frame, EventType: "alert", SrcIP: a.Source.IP, SrcPort: a.Source.Port, DestIP: a.Destination.IP, DestPort: a.Destination.Port,
		Proto: strings.ToUpper(a.Network.Transport), Version: map[string]int{"ipv4": 4, "ipv6": 6}[a.Network.Type], CommunityID: a.Network.CommunityID, AppProto: a.Network.Protocol, File: a.Log.File.Path, Host: a.Observer.Name,
		Alert: signature(a), Cleartap: details{ID: a.Event.ID, Rule: a.Rule.ID, Severity: a.Cleartap.Severity, Message: a.Message, User: a.User.Name, Outcome: a.Event.Outcome,
			Result: auth.Result, Mechanism: auth.Mechanism, Command: auth.Command, ReplyCode: auth.ReplyCode, Authzid: auth.Authzid, Realm: auth.Realm,
			Count: a.Cleartap.Count, Trimmed: a.Cleartap.Trimmed,
			Tags: a.Tags, Attack: a.Cleartap.Attack, TLS: a.Cleartap.TLS, Server: a.Cleartap.Server},
	}
	if a.Source.IP == "" {
		r.Cleartap.Client = a.Source.Address
	}
	if a.Destination.Port != 0 {
		r.Direction = "to_server"
	}
	if id, err := strconv.Atoi(a.Network.VLAN.ID); err == nil {
		r.VLAN = []int{id}
	}
	b, err := json.Marshal(&r)
	if err != nil { // no field can fail
		return dst
	}
	return append(dst, b...)
}

// signature is what Suricata says of the rule.
func signature(a *output.Alert) alert {
	s := alert{Action: "allowed", GID: GID, Rev: 1, Signature: strings.TrimSpace("CLEARTAP " + a.Rule.Name), Category: "Potentially Bad Traffic", Severity: severity(a.Event.Severity)}
	if rule, ok := detectors.RuleByID(a.Rule.ID); ok {
		s.SID, s.Signature = rule.SID, "CLEARTAP "+rule.Name
	}
	if v, err := strconv.Atoi(a.Rule.Version); err == nil {
		s.Rev = v
	}
	if strings.HasPrefix(a.Rule.ID, "CT-CRED-") {
		s.Category = "Potential Corporate Privacy Violation"
	}
	add := func(key, value string) {
		if value != "" {
			if s.Metadata == nil {
				s.Metadata = map[string][]string{}
			}
			s.Metadata[key] = append(s.Metadata[key], value)
		}
	}
	for _, t := range a.Threat.Technique {
		add("mitre_technique_id", t.ID)
		add("mitre_technique_name", t.Name)
	}
	return s
}

// severity is Suricata's: 1 is the worst, 3 the least.
func severity(n int) int {
	switch {
	case n >= int(detectors.High):
		return 1
	case n >= int(detectors.Medium):
		return 2
	}
	return 3
}

// flow is a number that alerts of the same connection share. Readers in JavaScript
// keep 53 bits of a number.
func flow(a *output.Alert) uint64 {
	h := fnv.New64a()
	for _, s := range []string{a.Source.Address, a.Source.IP, strconv.Itoa(a.Source.Port), a.Destination.IP, strconv.Itoa(a.Destination.Port), a.Event.Start} {
		h.Write([]byte(s))
		h.Write([]byte{0})
	}
	return h.Sum64() >> 11
}
