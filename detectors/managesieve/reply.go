package managesieve

import (
	"cleartap/detectors"
	"cleartap/detectors/syntax"
)

// kind is the first word of a reply.
type kind uint8

const (
	none kind = iota
	okay
	no
	bye
)

func kindOf(word []byte) kind {
	switch {
	case syntax.Fold(word, "OK"):
		return okay
	case syntax.Fold(word, "NO"):
		return no
	case syntax.Fold(word, "BYE"):
		return bye
	}
	return none
}

// code is a response code (RFC 5804 section 1.3).
type code struct {
	name    string
	result  detectors.Result // of NO with it; empty: the code alone does not tell
	no, bye detectors.Reply
}

var codes = [...]code{
	{"ENCRYPT-NEEDED", detectors.RefusedInsecure, "NO (ENCRYPT-NEEDED)", "BYE (ENCRYPT-NEEDED)"},
	{"AUTH-TOO-WEAK", detectors.Failure, "NO (AUTH-TOO-WEAK)", "BYE (AUTH-TOO-WEAK)"},
	// The password was right, but must be sent another way once.
	{"TRANSITION-NEEDED", detectors.Success, "NO (TRANSITION-NEEDED)", "BYE (TRANSITION-NEEDED)"},
	{"TRYLATER", detectors.TempFail, "NO (TRYLATER)", "BYE (TRYLATER)"},
	{"REFERRAL", "", "NO (REFERRAL)", "BYE (REFERRAL)"},
	{"SASL", "", "NO (SASL)", "BYE (SASL)"},
}

// codeOf finds the response code at the beginning of text, nil if there is none
// that is known, and what stands behind it.
func codeOf(text []byte) (c *code, rest []byte) {
	if len(text) == 0 || text[0] != '(' {
		return nil, text
	}
	n := 1
	for n < len(text) && text[n] != ')' && !syntax.Blank(text[n]) {
		n++
	}
	for i := range codes {
		if syntax.Fold(text[1:n], codes[i].name) {
			c = &codes[i]
			break
		}
	}
	return c, syntax.TrimLeft(text[n:])
}

// outcome tells what a reply to AUTHENTICATE means, and gives its Reply.
func outcome(v verdict) (detectors.Result, detectors.Reply) {
	if v.kind == okay {
		return detectors.Success, "OK"
	}
	reply := detectors.Reply("NO")
	if v.kind == bye {
		reply = "BYE"
	}
	if v.code != nil {
		reply = v.code.no
		if v.kind == bye {
			reply = v.code.bye
		}
		if v.code.result != "" {
			return v.code.result, reply
		}
	}
	switch {
	case v.insecure:
		return detectors.RefusedInsecure, reply
	case v.kind == bye:
		return detectors.Aborted, reply
	}
	return detectors.Failure, reply
}
