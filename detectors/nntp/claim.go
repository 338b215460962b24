package nntp

import (
	"cleartap/detectors"
	"cleartap/detectors/syntax"
)

// claim tells whether a flow is NNTP. The greeting is 200 or 201 (RFC 3977 section
// 5.1), which says little by itself: the client's first command tells.
func claim(client, server []byte) detectors.Claim {
	c := claimCommand(client)
	if len(server) == 0 || c == detectors.No {
		return c
	}
	line, whole := syntax.FirstLine(server)
	if !whole && len(line) < 4 && syntax.Digits(line) {
		return detectors.NotYet
	}
	code, _, _, ok := syntax.Code(line)
	if !ok || code < 100 || code > 599 {
		return detectors.No
	}
	switch code {
	case 220, 250, 334, 354, 554, 421: // SMTP's and FTP's
		return detectors.No
	}
	return c // perhaps begun in the middle
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
	for i := range verbs {
		v := &verbs[i]
		switch {
		case !syntax.Fold(word, v.name):
		case v.verb == post && len(rest) > 0: // HTTP
			return detectors.No
		case v.verb == authinfo:
			return detectors.Yes
		case v.ours:
			return detectors.Weak
		case syntax.Fold(word, "MODE"):
			return claimMode(rest, whole)
		default:
			return detectors.AtHome
		}
	}
	return detectors.No
}

// claimMode judges the argument of MODE: FTP and IRC have that command, too.
func claimMode(rest []byte, whole bool) detectors.Claim {
	for _, m := range [...]string{"READER", "STREAM"} {
		switch {
		case whole && syntax.Fold(syntax.TrimRight(rest), m):
			return detectors.Yes
		case !whole && len(rest) <= len(m) && syntax.HasPrefix(rest, m[:len(rest)]):
			return detectors.NotYet
		}
	}
	return detectors.No
}
