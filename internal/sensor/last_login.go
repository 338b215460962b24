package sensor

import "cleartap/detectors"

// Most flows are over with the login that succeeds. Their end then travels in the login's
// place, as its summary: it has the login's flow, and of the rest nothing that the login
// does not tell.

// endsWith takes the end of a flow into the login that was handed on right before it, and
// reports whether it could.
func endsWith(login *detectors.Finding, o *detectors.Observation) bool {
	if o.Kind != detectors.Ended || login.Kind != detectors.Login || login.Summary != nil {
		return false
	}
	same := o.Mark == login.Decided && o.Decided == o.Mark && o.Flow == login.Flow && o.Protocol == login.Protocol && o.Proxy == login.Proxy &&
		o.Sides == login.Sides && o.Gap == login.Gap && o.Ambiguous == login.Ambiguous
	if same {
		login.Summary = o.Summary
	}
	return same
}

// takeSummary takes out of a login again what endsWith took into it.
func takeSummary(f *detectors.Finding) *detectors.Summary {
	if f.Kind != detectors.Login {
		return nil
	}
	s := f.Summary
	f.Summary = nil
	return s
}

// becomeEnd makes of a login the end of its flow.
func becomeEnd(f *detectors.Finding, s *detectors.Summary) {
	f.Kind, f.Mark, f.Summary = detectors.Ended, f.Decided, s
	f.Attempt, f.Number, f.Result, f.Reply = detectors.Attempt{}, 0, "", ""
	f.Rule, f.Severity = nil, 0
}
