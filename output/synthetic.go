package output

import (
	"net/netip"
	"time"

	"cleartap/capture"
	"cleartap/detectors"
	"cleartap/detectors/secret"
	"cleartap/reassembly"
)

// Synthetic makes an alert of no traffic, to try the way of alerts with: an IMAP
// login between addresses that are kept for examples, of severity info, with the
// tag "test". Each has an id of its own.
func Synthetic(now time.Time, p *Policy) Alert {
	at := capture.Nanos(now.UnixNano())
	rule, _ := detectors.RuleByID("CT-CRED-002") // it is in the catalogue
	f := detectors.Finding{Rule: rule, Severity: detectors.Info, Observation: detectors.Observation{
		Kind: detectors.Login, Protocol: "imap", Sides: 2, Number: 1, Result: detectors.Success, Reply: "OK",
		Flow: reassembly.Flow{
			Client: netip.MustParseAddrPort("198.51.100.7:40001"), Server: netip.MustParseAddrPort("192.0.2.25:143"), Start: at,
		},
		Mark: capture.Mark{Time: at}, Decided: capture.Mark{Time: at},
		Attempt: detectors.Attempt{
			Command: detectors.LoginCommand, Mechanism: detectors.MechLogin, Class: detectors.Password,
			Identity: "test@example.org", Secret: secret.Of(nil),
		},
	}}
	a := Redact(&f, Where{Created: at}, p)
	a.Tags = []string{"test"}
	a.Message = "TEST by cleartap test output, of no traffic: " + a.Message
	return a
}
