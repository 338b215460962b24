package imap

import (
	"bytes"

	"cleartap/detectors"
	"cleartap/detectors/syntax"
	"cleartap/reassembly"
)

var _ detectors.Resumer = (*session)(nil)

// Resume implements detectors.Resumer. After a hole, only what is a login or the reply to
// a command that waits beyond doubt is taken for one: as a rule whole segments are missing.
func (s *session) Resume(d reassembly.Dir, line []byte) bool {
	tag, rest := syntax.Word(line)
	word, args := syntax.Word(rest)
	if d == reassembly.ToClient {
		if len(tag) == 1 && tag[0] == '+' {
			return s.state == inSASL || s.literal.wanted
		}
		if _, _, ok := syntax.Announced(args); ok && string(tag) == "*" { // what the literal holds is no reply
			return true
		}
		return kind(word) != notStatus && (s.commands.waits(tag) || string(tag) == "*")
	}
	if !isTag(tag) {
		return false
	}
	first, second := syntax.Word(args)
	switch lookup(word) {
	case loginVerb:
		_, _, literal := syntax.Announced(first)
		return literal || len(second) > 0
	case authenticate:
		return detectors.MechanismNamed(bytes.Trim(first, `"`)) != detectors.MechUnknown
	}
	return false
}

// waits reports whether a command with this tag waits for its reply.
func (q *commands) waits(tag []byte) bool {
	h := hash(tag)
	for i := range q.n {
		if q.list[i].tag == h {
			return true
		}
	}
	return false
}
