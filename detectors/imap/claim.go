package imap

import (
	"bytes"

	"cleartap/detectors"
	"cleartap/detectors/syntax"
)

// enough is how many bytes of a line are looked at when its end does not come.
const enough = 64

// longestWord is longer than any word or number that may follow the asterisk.
const longestWord = 16

// claim tells whether a flow is IMAP. The greeting is untagged OK, PREAUTH or BYE
// (RFC 9051 section 7.1); "* ACAP" is another protocol's (RFC 2244 section 3.1.2).
func claim(client, server []byte) detectors.Claim {
	if line, whole := syntax.FirstLine(server); len(line) > 0 {
		if line[0] == '*' {
			return claimGreeting(server)
		}
		switch c := claimTagged(line, whole || len(server) >= enough); c {
		case detectors.No:
		case detectors.NotYet:
			return c
		default: // what its reply is seen of is no less a command
			return max(c, claimCommand(client))
		}
	}
	return claimCommand(client)
}

// claimGreeting judges what begins with an asterisk.
func claimGreeting(server []byte) detectors.Claim {
	line, whole := syntax.FirstLine(server)
	star, rest := syntax.Word(line)
	word, more := syntax.Word(rest)
	if len(star) != 1 || len(word) > longestWord {
		return detectors.No
	}
	if !whole && len(more) == 0 { // the word may go on
		return detectors.NotYet
	}
	if kind(word) != notStatus {
		return detectors.Yes
	}
	if syntax.Fold(word, "CAPABILITY") || syntax.Fold(word, "ID") {
		return detectors.Yes
	}
	if _, ok := syntax.Number(word); ok || lookup(word) == plain || syntax.Fold(word, "FLAGS") {
		return detectors.Weak // begun in the middle
	}
	return detectors.No
}

// claimTagged judges a first line of the server that is a tagged reply: a flow
// begun in the middle.
func claimTagged(line []byte, whole bool) detectors.Claim {
	if !whole {
		return detectors.NotYet
	}
	tag, rest := syntax.Word(line)
	word, _ := syntax.Word(rest)
	if !isTag(tag) {
		return detectors.No
	}
	if k := kind(word); (k == ok || k == no || k == bad) && word[0] < 'a' {
		return detectors.AtHome
	}
	return detectors.No
}

// claimCommand judges the client's first line: a tag and a verb.
func claimCommand(client []byte) detectors.Claim {
	if len(client) == 0 {
		return detectors.NotYet
	}
	line, whole := syntax.FirstLine(client)
	tag, rest := syntax.Word(line)
	word, more := syntax.Word(rest)
	if len(tag) > 0 && !isTag(tag) {
		return detectors.No
	}
	if !whole && len(more) == 0 {
		return detectors.NotYet
	}
	switch lookup(word) {
	case loginVerb, authenticate:
		if len(more) > 0 {
			return detectors.Weak
		}
	case startTLS, plain, logout, idle, compress, unauthenticate:
		return detectors.Weak
	case unknownVerb:
		if bytes.IndexByte(word, '\b') >= 0 || bytes.IndexByte(word, 0x7f) >= 0 {
			return detectors.AtHome // somebody who mistyped
		}
	}
	return detectors.No
}
