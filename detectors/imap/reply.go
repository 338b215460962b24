package imap

import (
	"cleartap/detectors"
	"cleartap/detectors/syntax"
)

// status is the first word of a status response (RFC 9051 section 7.1).
type status uint8

const (
	notStatus status = iota
	ok
	no
	bad
	bye
	preauth
)

func kind(word []byte) status {
	switch {
	case syntax.Fold(word, "OK"):
		return ok
	case syntax.Fold(word, "NO"):
		return no
	case syntax.Fold(word, "BAD"):
		return bad
	case syntax.Fold(word, "BYE"):
		return bye
	case syntax.Fold(word, "PREAUTH"):
		return preauth
	}
	return notStatus
}

// outcome tells what a tagged reply to a login means, and gives its Reply. BAD
// refuses it as well: clients that forget to quote get it for right passwords.
// insecure tells that the server said before that logins are refused here.
func outcome(r status, text []byte, insecure bool) (detectors.Result, detectors.Reply) {
	if r == ok {
		return detectors.Success, "OK"
	}
	reply := detectors.Reply("NO")
	if r == bad {
		reply = "BAD"
	}
	if c := codeOf(text); c != nil {
		reply = c.no
		if r == bad {
			reply = c.bad
		}
		if c.result != "" && (c.result != detectors.Failure || !detectors.NeedsTLS(text)) {
			return c.result, reply
		}
	}
	if insecure || detectors.NeedsTLS(text) {
		return detectors.RefusedInsecure, reply
	}
	return detectors.Failure, reply
}

// code is a response code that servers give when they refuse a login.
type code struct {
	name    string
	result  detectors.Result // empty: the code alone does not tell
	no, bad detectors.Reply
}

// codes is the closed list (RFC 5530 section 3, RFC 9051 section 7.1, RFC 2221).
var codes = [...]code{
	{"AUTHENTICATIONFAILED", detectors.Failure, "NO [AUTHENTICATIONFAILED]", "BAD [AUTHENTICATIONFAILED]"},
	{"AUTHORIZATIONFAILED", detectors.Success, "NO [AUTHORIZATIONFAILED]", "BAD [AUTHORIZATIONFAILED]"},
	{"EXPIRED", detectors.Expired, "NO [EXPIRED]", "BAD [EXPIRED]"},
	{"PRIVACYREQUIRED", detectors.RefusedInsecure, "NO [PRIVACYREQUIRED]", "BAD [PRIVACYREQUIRED]"},
	{"UNAVAILABLE", detectors.TempFail, "NO [UNAVAILABLE]", "BAD [UNAVAILABLE]"},
	{"SERVERBUG", detectors.TempFail, "NO [SERVERBUG]", "BAD [SERVERBUG]"},
	{"INUSE", detectors.TempFail, "NO [INUSE]", "BAD [INUSE]"},
	{"LIMIT", detectors.TempFail, "NO [LIMIT]", "BAD [LIMIT]"},
	{"CONTACTADMIN", detectors.Failure, "NO [CONTACTADMIN]", "BAD [CONTACTADMIN]"},
	{"NOPERM", detectors.Failure, "NO [NOPERM]", "BAD [NOPERM]"},
	{"REFERRAL", detectors.Failure, "NO [REFERRAL]", "BAD [REFERRAL]"},
	{"ALERT", "", "NO [ALERT]", "BAD [ALERT]"},
	{"CANNOT", "", "NO [CANNOT]", "BAD [CANNOT]"},
	{"CLIENTBUG", "", "NO [CLIENTBUG]", "BAD [CLIENTBUG]"},
	{"CORRUPTION", detectors.TempFail, "NO [CORRUPTION]", "BAD [CORRUPTION]"},
	{"OVERQUOTA", detectors.TempFail, "NO [OVERQUOTA]", "BAD [OVERQUOTA]"},
	{"WEBALERT", detectors.Failure, "NO [WEBALERT]", "BAD [WEBALERT]"},
}

// codeOf finds the response code at the beginning of text, nil if there is none
// that is known.
func codeOf(text []byte) *code {
	if len(text) == 0 || text[0] != '[' {
		return nil
	}
	text = text[1:]
	n := 0
	for n < len(text) && text[n] != ']' && !syntax.Blank(text[n]) {
		n++
	}
	for i := range codes {
		if syntax.Fold(text[:n], codes[i].name) {
			return &codes[i]
		}
	}
	return nil
}
