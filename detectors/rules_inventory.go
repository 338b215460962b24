package detectors

import "cleartap/capture"

// inventoried makes a rule about a server as a whole.
func inventoried(id, name string, number int, floor Severity) *Rule {
	return &Rule{
		ID: id, Name: name, Category: "inventory", Version: 1, SID: sidBase + 300 + number, floor: floor,
		Techniques: []Technique{sniffing}, CWE: inClear.cwe, CAPEC: inClear.capec,
	}
}

// The rules of the inventory, which reports under them. No single observation leads to one.
var (
	ExposedServer    = inventoried("CT-INV-001", "Mail server that takes logins without TLS", 1, Medium)
	AccessibleServer = inventoried("CT-INV-002", "Mail server in use", 2, Low)
)

// Grade says how a server treats logins without TLS.
type Grade string

// The grades. None is given before there is reason for it: nothing is concluded from a
// single session, from HELO, or from a server that was asked nothing.
const (
	GradeUnknown Grade = ""
	TLSRequired  Grade = "tls_required"      // TLS is offered, and without it no login is
	PlainAllowed Grade = "plaintext_allowed" // TLS is offered, and logins without it are as well
	PlainOnly    Grade = "plaintext_only"    // TLS was not offered in at least three sessions that would have shown it
)

// Exposure is what the inventory knows of a server. It goes with a Finding of kind
// Exposed, whose Flow names the server alone.
type Exposure struct {
	Product, Version string
	Grade            Grade
	StartTLS         bool         // offered in clear
	Implicit         bool         // TLS from the first byte was seen
	Mechanisms       MechanismSet // offered in clear
	Sessions         int
	Clients          int // addresses that logged in or tried to
	Accounts         int // names that were shown without TLS
	First, Last      capture.Nanos
	External         bool // outside of the home networks
}
