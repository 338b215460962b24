package detectors

// Severity is how bad a finding is, on the scale of event.severity.
type Severity uint8

// The severities. The numbers are those of Elastic's detection rules.
const (
	Info     Severity = 0
	Low      Severity = 21
	Medium   Severity = 47
	High     Severity = 73
	Critical Severity = 99
)

func (s Severity) String() string {
	switch {
	case s >= Critical:
		return "critical"
	case s >= High:
		return "high"
	case s >= Medium:
		return "medium"
	case s >= Low:
		return "low"
	}
	return "info"
}

// severity is that of a login attempt: the highest of what all the rules that apply
// ask for, of which one names the finding, and what was gained from the secret.
func severity(r *Rule, o *Observation) Severity {
	s := max(r.floor, classSeverity(&o.Attempt, o))
	if isProxyLogin(&o.Attempt) {
		s = max(s, ruleProxyLogin.floor)
	}
	if o.Attempt.Sealed {
		s = max(s, ruleSealed.floor)
	}
	return s
}

// classSeverity is what an eavesdropper gained from the attempt.
func classSeverity(a *Attempt, o *Observation) Severity {
	switch a.Class {
	case Password:
		if o.Result == Success {
			return Critical
		}
		return High
	case Token:
		if a.Mechanism == MechSecurID { // good for one login, and that one has been made
			return Medium
		}
		return Critical
	case Hash:
		return hashSeverity(a, o)
	case Relay, Strong, Identity:
		return Low
	}
	return Medium
}

// hashSeverity is that of an answer that can be guessed offline.
func hashSeverity(a *Attempt, o *Observation) Severity {
	switch {
	case isSCRAM(a.Mechanism):
		if a.Weak {
			return Medium
		}
		return Low // each guess costs thousands of hashes
	case isNTLM(a.Mechanism):
		if a.Weak {
			return High
		}
		return Medium
	case o.Sides == 1: // without the challenge there is nothing to guess against
		return Low
	}
	return Medium
}
