// Package all is the list of the protocols that cleartap understands. A new
// protocol is one line here. Its invariant: names are unique, and what one
// protocol calls its port is no other's.
package all

import (
	"cleartap/detectors"
	"cleartap/detectors/imap"
	"cleartap/detectors/managesieve"
	"cleartap/detectors/nntp"
	"cleartap/detectors/pop3"
	"cleartap/detectors/smtp"
	"cleartap/detectors/tls"
)

// Protocols gives all protocols, in the order in which they are asked about a flow.
func Protocols() []*detectors.Protocol {
	return []*detectors.Protocol{&smtp.Protocol, &imap.Protocol, &pop3.Protocol, &managesieve.Protocol, &nntp.Protocol, &tls.Protocol}
}
