package detectors

import "cleartap/detectors/syntax"

// verbsIn names a command by its first word, or the one behind a tag.
func verbsIn(line []byte) verbSet {
	word, rest := syntax.Word(line)
	if v := strayVerb(word); v != otherVerb {
		return v
	}
	word, _ = syntax.Word(rest)
	return strayVerb(word)
}

// repliesIn names a reply: a code by its class, a status, or what an untagged
// response of IMAP is about, which may stand behind a number.
func repliesIn(line []byte) verbSet {
	if code, _, _, ok := syntax.Code(line); ok && code >= 200 && code < 600 {
		return strayVerb([]byte{byte('0' + code/100), 'X', 'X'})
	}
	word, rest := syntax.Word(line)
	if v := strayVerb(word); v != otherVerb {
		return v
	}
	word, rest = syntax.Word(rest)
	if syntax.Digits(word) {
		word, _ = syntax.Word(rest)
	}
	return strayVerb(word)
}

func strayVerb(word []byte) verbSet {
	for i := range strayVerbs {
		if syntax.Fold(word, strayVerbs[i]) {
			return 1 << i
		}
	}
	return otherVerb
}
