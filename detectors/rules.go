package detectors

import "strings"

// Rule is one entry of the catalogue: what is reported under one id.
type Rule struct {
	ID         string      // as in rule.id, for example "CT-CRED-002"
	Name       string      // as in rule.name
	Category   string      // as in rule.category: "credential", "network"
	Version    int         // raised when the rule's meaning changes
	SID        int         // signature id of EVE records, fixed for ever
	Techniques []Technique // ATT&CK, for threat.technique
	CWE        []string    // for example "CWE-319"
	CAPEC      []string    // for example "CAPEC-158"

	floor Severity // no finding of this rule is below it
}

// Technique is one technique of MITRE ATT&CK, with the sub-technique when one fits.
type Technique struct {
	ID, Name       string
	SubID, SubName string // empty when the technique as a whole is meant
}

// Finding is an observation that a rule is about.
type Finding struct {
	Observation
	Rule     *Rule
	Severity Severity
	Attack   *Attack   // kind Guessing; not changed once it was reported
	Exposure *Exposure // kind Exposed; not changed once it was reported

	Downgrade *Downgrade // kinds Regression and Fallback; not changed once it was reported
}

// Judge finds the rule for an observation, and how severe it is. It reports false
// when there is nothing to raise an alarm about: no secret was sent.
func Judge(o *Observation) (Finding, bool) {
	r, s := RuleOf(o)
	if r == nil {
		return Finding{}, false
	}
	return Finding{Observation: *o, Rule: r, Severity: s}, true
}

// RuleOf is Judge without a copy of the observation; nil is no rule.
func RuleOf(o *Observation) (*Rule, Severity) {
	switch o.Kind {
	case Conflict:
		return ruleConflict, ruleConflict.floor
	case Login:
		if o.Attempt.Secret.Seen() {
			r := loginRule(o)
			return r, severity(r, o)
		}
	}
	return nil, 0
}

// loginRule chooses one rule for an attempt: what happened to it goes before how it was made.
func loginRule(o *Observation) *Rule {
	a := &o.Attempt
	switch {
	case o.Result == RefusedInsecure:
		return ruleRefused
	case isProxyLogin(a):
		return ruleProxyLogin
	case a.Sealed:
		return ruleSealed
	}
	return mechanismRule(o)
}

// isProxyLogin reports whether somebody asked to act as somebody else (RFC 4422 section 2).
func isProxyLogin(a *Attempt) bool { return a.Authzid != "" && a.Authzid != a.Identity }

// mechanismRule chooses by what was sent, which may be another mechanism's, by mechanism, and
// by protocol where it was a plain password.
func mechanismRule(o *Observation) *Rule {
	a := &o.Attempt
	switch {
	case a.Mechanism == MechUnknown, a.Mechanism == MechSecurID:
		return ruleOdd
	case a.Class == Password:
		return passwordRule(o)
	case a.Class == Token:
		return ruleToken
	case isNTLM(a.Mechanism):
		return ruleNTLM
	case isSCRAM(a.Mechanism):
		return ruleSCRAM
	case a.Class == Hash, a.Class == Relay:
		return ruleChallenge
	}
	return ruleOdd
}

func passwordRule(o *Observation) *Rule {
	switch {
	case o.Protocol == "nntp" || o.Protocol == "managesieve" || o.Protocol == "acap":
		return ruleOtherLogin
	case o.Attempt.Command == LoginCommand:
		return ruleIMAPLogin
	case o.Attempt.Mechanism == MechUserPass:
		return rulePOP3
	}
	return ruleSASLPassword
}

// isNTLM reports whether m carries NTLM. SPNEGO and GSSAPI may carry Kerberos as well,
// but then no secret is seen.
func isNTLM(m Mechanism) bool {
	switch m {
	case MechNTLM, MechNegotiate, MechGSSSPNEGO, MechSPNEGO, MechSPNEGOPlus, MechGSSAPI:
		return true
	}
	return false
}

func isSCRAM(m Mechanism) bool { return strings.HasPrefix(string(m), "SCRAM-") }
