package managesieve

import (
	"cleartap/detectors"
	"cleartap/detectors/syntax"
)

// greetings are the capabilities that a greeting may begin with (RFC 5804 section 1.7).
var greetings = [...]string{`"IMPLEMENTATION"`, `"SIEVE"`, `"SASL"`, `"STARTTLS"`, `"VERSION"`, `"NOTIFY"`, `"MAXREDIRECTS"`, `"LANGUAGE"`, `"OWNER"`, `"UNAUTHENTICATE"`, `"RENAME"`, `"NOOP"`}

// claim tells whether a flow is ManageSieve.
func claim(client, server []byte) detectors.Claim {
	if len(server) == 0 {
		return claimCommand(client)
	}
	line, whole := syntax.FirstLine(server)
	if len(line) == 0 {
		return detectors.NotYet
	}
	if line[0] == '"' {
		return claimCapability(line)
	}
	word, rest := syntax.Word(line)
	if kindOf(word) != none && (whole || len(rest) > 0) || line[0] == '{' { // begun in the middle
		return max(detectors.AtHome, claimCommand(client))
	}
	if !whole && len(rest) == 0 && beginsReply(word) {
		return detectors.NotYet
	}
	return detectors.No
}

// claimCapability judges a first line that begins with a string. The capabilities come in
// any order, those of a vendor among them.
func claimCapability(line []byte) detectors.Claim {
	for _, g := range greetings {
		if syntax.HasPrefix(line, g) {
			return detectors.Yes
		}
		if len(line) < len(g) && syntax.HasPrefix(line, g[:len(line)]) {
			return detectors.NotYet
		}
	}
	return detectors.AtHome
}

// beginsReply reports whether word may go on to be OK, NO or BYE.
func beginsReply(word []byte) bool {
	for _, r := range [...]string{"OK", "NO", "BYE"} {
		if len(word) <= len(r) && syntax.HasPrefix(word, r[:len(word)]) {
			return true
		}
	}
	return false
}

// claimCommand judges the client's first line.
func claimCommand(client []byte) detectors.Claim {
	if len(client) == 0 {
		return detectors.NotYet
	}
	line, whole := syntax.FirstLine(client)
	word, rest := syntax.Word(line)
	if !whole && len(rest) == 0 {
		for i := range verbs {
			if n := verbs[i].name; len(word) <= len(n) && syntax.HasPrefix(word, n[:len(word)]) {
				return detectors.NotYet
			}
		}
		return detectors.No
	}
	switch v := lookup(word); {
	case v == authenticate && len(rest) > 0:
		return detectors.Weak
	case v == plain && len(rest) > 0 && (rest[0] == '"' || rest[0] == '{'):
		return detectors.Weak
	case v != unknownVerb:
		return detectors.AtHome
	}
	return detectors.No
}
