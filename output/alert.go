// Package output turns findings into what leaves the sensor. Its one job is
// the Alert: a document in the shape of ECS 8.11, made by Redact and nowhere
// else, under a Policy that says how much of a person it may show. Its
// invariant: an alert has no field that can hold a secret, an encoding of one, a
// measure of one, or a line of the wire.
package output

// Alert is one document that leaves the sensor. The order of its fields is the
// order in which they are written; a field that is not known is absent.
type Alert struct {
	Timestamp   string   `json:"@timestamp"`
	ECS         ECS      `json:"ecs,omitzero"`
	Message     string   `json:"message,omitempty"`
	Tags        []string `json:"tags,omitempty"` // "test": made by cleartap test output, of no traffic
	Event       Event    `json:"event,omitzero"`
	Rule        Rule     `json:"rule,omitzero"`
	Network     Network  `json:"network,omitzero"`
	Source      Endpoint `json:"source,omitzero"`
	Destination Endpoint `json:"destination,omitzero"`
	User        User     `json:"user,omitzero"`
	Related     Related  `json:"related,omitzero"`
	Threat      Threat   `json:"threat,omitzero"`
	TLS         *TLS     `json:"tls,omitempty"`
	Observer    Observer `json:"observer,omitzero"`
	Log         Log      `json:"log,omitzero"`
	Cleartap    Cleartap `json:"cleartap,omitzero"`
}

// ECS is the ecs object of ECS.
type ECS struct {
	Version string `json:"version,omitempty"`
}

// Event is the event object of ECS. Severity is 0 info, 21 low, 47 medium, 73
// high, 99 critical, the scale of the detection rules of Elastic Security.
type Event struct {
	Kind     string   `json:"kind,omitempty"`
	Category []string `json:"category,omitempty"`
	Type     []string `json:"type,omitempty"`
	Action   string   `json:"action,omitempty"`
	Outcome  string   `json:"outcome,omitempty"`
	Severity int      `json:"severity"`
	ID       string   `json:"id,omitempty"`
	Code     string   `json:"code,omitempty"`
	Module   string   `json:"module,omitempty"`
	Dataset  string   `json:"dataset,omitempty"`
	Start    string   `json:"start,omitempty"`   // first segment of the flow that was seen
	End      string   `json:"end,omitempty"`     // what decided: for a login, the server's reply
	Created  string   `json:"created,omitempty"` // live only: when the record was made
}

// Rule is the rule object of ECS.
type Rule struct {
	ID        string `json:"id,omitempty"`
	Name      string `json:"name,omitempty"`
	Category  string `json:"category,omitempty"`
	Ruleset   string `json:"ruleset,omitempty"`
	Version   string `json:"version,omitempty"`
	Reference string `json:"reference,omitempty"`
}

// Network is the network object of ECS.
type Network struct {
	Transport   string `json:"transport,omitempty"`
	Type        string `json:"type,omitempty"`
	Protocol    string `json:"protocol,omitempty"`
	CommunityID string `json:"community_id,omitempty"`
	Direction   string `json:"direction,omitempty"`
	VLAN        VLAN   `json:"vlan,omitzero"`
}

// VLAN is the network.vlan object of ECS.
type VLAN struct {
	ID string `json:"id,omitempty"`
}

// Endpoint is the source or destination object of ECS: client and server of
// the login, whoever spoke first in the capture.
type Endpoint struct {
	IP      string `json:"ip,omitempty"`
	Port    int    `json:"port,omitempty"`
	Address string `json:"address,omitempty"`
}

// User is the user object of ECS.
type User struct {
	Name string `json:"name,omitempty"`
}

// Related is the related object of ECS.
type Related struct {
	IP   []string `json:"ip,omitempty"`
	User []string `json:"user,omitempty"`
}

// Threat is the threat object of ECS.
type Threat struct {
	Framework string      `json:"framework,omitempty"`
	Technique []Technique `json:"technique,omitempty"`
}

// Technique is one entry of threat.technique of ECS.
type Technique struct {
	ID           string         `json:"id,omitempty"`
	Name         string         `json:"name,omitempty"`
	Subtechnique []Subtechnique `json:"subtechnique,omitempty"`
}

// Subtechnique is one entry of threat.technique.subtechnique of ECS.
type Subtechnique struct {
	ID   string `json:"id,omitempty"`
	Name string `json:"name,omitempty"`
}

// Observer is the observer object of ECS. Name and Ingress are live only.
type Observer struct {
	Vendor  string  `json:"vendor,omitempty"`
	Product string  `json:"product,omitempty"`
	Type    string  `json:"type,omitempty"`
	Version string  `json:"version,omitempty"`
	Name    string  `json:"name,omitempty"`
	Ingress Ingress `json:"ingress,omitzero"`
}

// Ingress is the observer.ingress object of ECS.
type Ingress struct {
	Interface Interface `json:"interface,omitzero"`
}

// Interface is the observer.ingress.interface object of ECS.
type Interface struct {
	Name string `json:"name,omitempty"`
}

// Log is the log object of ECS, offline only.
type Log struct {
	File File `json:"file,omitzero"`
}

// File is the log.file object of ECS: the capture as it was given by the user.
type File struct {
	Path string `json:"path,omitempty"`
}

// Cleartap holds the fields that ECS has no name for.
type Cleartap struct {
	Severity string         `json:"severity,omitempty"`
	Auth     Auth           `json:"auth,omitzero"`
	Attack   Attack         `json:"attack,omitzero"`
	TLS      *TLSFinding    `json:"tls,omitempty"`
	Server   *ServerFinding `json:"server,omitempty"`
	Proxy    Proxy          `json:"proxy,omitzero"`
	Capture  Capture        `json:"capture,omitzero"`
	Count    int            `json:"count,omitempty"`   // attempts that the alert stands for
	Trimmed  bool           `json:"trimmed,omitempty"` // fields were left out, as it was too long for a transport
}

// Auth tells how a login was tried. All but Authzid and Realm are words of
// closed lists.
type Auth struct {
	Command         string `json:"command,omitempty"`
	Mechanism       string `json:"mechanism,omitempty"`
	Class           string `json:"class,omitempty"`
	Result          string `json:"result,omitempty"`
	Attempt         int    `json:"attempt,omitempty"` // 1-based, of its flow
	ReplyCode       string `json:"reply_code,omitempty"`
	Authzid         string `json:"authzid,omitempty"`
	Realm           string `json:"realm,omitempty"`
	RefusedInsecure bool   `json:"refused_insecure"`
}

// Attack tells what many logins have in common. The reports of one attack share ID.
type Attack struct {
	ID       string `json:"id,omitempty"`
	State    string `json:"state,omitempty"`    // start, growing, succeeded or ended
	Sources  int    `json:"sources,omitempty"`  // addresses that logins came from
	Accounts int    `json:"accounts,omitempty"` // names that were tried
	Attempts int    `json:"attempts,omitempty"` // logins that were refused or accepted
	Failures int    `json:"failures,omitempty"` // of these, how many were refused
	Window   int    `json:"window,omitempty"`   // seconds in which so many are an attack
}

// Proxy is the client that a PROXY preface or XCLIENT announced.
type Proxy struct {
	Client ProxyClient `json:"client,omitzero"`
}

// ProxyClient is the address of an announced client.
type ProxyClient struct {
	IP   string `json:"ip,omitempty"`
	Port int    `json:"port,omitempty"`
}

// Capture tells what the sensor saw of the flow.
type Capture struct {
	Frame     uint64 `json:"frame,omitempty"` // 1-based packet that ends the line with the secret; offline only
	Sides     int    `json:"sides,omitempty"` // directions seen, 1 or 2
	Midstream bool   `json:"midstream"`       // the handshake was not seen
	Gap       bool   `json:"gap"`             // bytes were missing before it
}
