package nntp

import "cleartap/detectors"

// outcome tells what a final reply to AUTHINFO means, and whether there was an attempt.
// RFC 4643 section 2.3 gave 482 and 502 new meanings; servers that follow RFC 2980
// reject a password with them.
func (s *session) outcome(code int, text []byte, v verb) (result detectors.Result, attempt bool) {
	switch code {
	case 281, 283:
		return detectors.Success, true
	case 250:
		if v == simple {
			return detectors.Success, true
		}
	case 483:
		return detectors.RefusedInsecure, true
	case 400, 403:
		return detectors.TempFail, true
	case 503: // for SASL, a mechanism that the server does not know
		if v == pass {
			return detectors.TempFail, true
		}
		return detectors.Failure, true
	}
	if code >= 400 && detectors.NeedsTLS(text) {
		return detectors.RefusedInsecure, true
	}
	switch {
	case code >= 410 && code < 450: // of groups, articles and posting (RFC 3977 section 3.2): not to this
		return detectors.Unknown, true
	case code == 482 && v == pass && !s.named: // nobody asked for it
		return "", false
	case code == 500, code == 501:
		return detectors.Aborted, true
	case code >= 400:
		return detectors.Failure, true
	}
	return detectors.Unknown, true
}

// status gives the Reply for a code: the code, if it is a known one.
func status(code int) detectors.Reply {
	for i := range statuses {
		if statuses[i].code == code {
			return statuses[i].reply
		}
	}
	return ""
}

// statuses is the closed list: RFC 4643 section 3.2, RFC 3977 section 3.2.1, RFC 2980.
var statuses = [...]struct {
	code  int
	reply detectors.Reply
}{
	{250, "250"}, {281, "281"}, {283, "283"}, {400, "400"}, {403, "403"}, {450, "450"}, {452, "452"},
	{480, "480"}, {481, "481"}, {482, "482"}, {483, "483"},
	{500, "500"}, {501, "501"}, {502, "502"}, {503, "503"}, {504, "504"},
}
