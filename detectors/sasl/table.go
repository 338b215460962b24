package sasl

import "cleartap/detectors"

// mechanism is one row of the table. It is data, and a function for each side.
type mechanism struct {
	name  detectors.Mechanism
	class detectors.Class
	// respond takes a response of the client. It is not called again once it disclosed a secret.
	respond func(*Exchange, response)
	// challenge takes a challenge, decoded where that was possible; nil where challenges tell nothing.
	challenge func(*Exchange, []byte)
}

// nameLimit is the longest mechanism name looked up; RFC 4422 section 3.1 has 20,
// "ECDSA-NIST256P-CHALLENGE" has 24.
const nameLimit = 32

// lookup finds the row of a mechanism name, in any case.
func lookup(name []byte) *mechanism {
	if len(name) <= nameLimit {
		for i := range table {
			if equalFold(name, string(table[i].name)) {
				return &table[i]
			}
		}
	}
	return &unknown
}

// equalFold compares a name on the wire with one in upper case, ASCII only.
func equalFold(name []byte, upper string) bool {
	if len(name) != len(upper) {
		return false
	}
	for i, c := range name {
		if c >= 'a' && c <= 'z' {
			c -= 'a' - 'A'
		}
		if c != upper[i] {
			return false
		}
	}
	return true
}

var unknown = mechanism{name: detectors.MechUnknown, respond: shapeResponse}

// table is all the mechanisms, the frequent ones first. A new one is one row here.
var table = [...]mechanism{
	{name: detectors.MechPlain, class: detectors.Password, respond: plainResponse},
	{name: detectors.MechLogin, class: detectors.Password, respond: loginResponse},
	{name: detectors.MechCRAMMD5, class: detectors.Hash, respond: cramResponse},
}
