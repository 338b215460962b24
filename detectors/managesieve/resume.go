package managesieve

import (
	"cleartap/detectors"
	"cleartap/detectors/syntax"
	"cleartap/reassembly"
)

var _ detectors.Resumer = (*session)(nil)

// Resume implements detectors.Resumer. After a hole, only what is a login or a reply
// beyond doubt is taken for one: as a rule whole segments are missing.
func (s *session) Resume(d reassembly.Dir, line []byte) bool {
	word, rest := syntax.Word(line)
	if d == reassembly.ToClient {
		rest = syntax.TrimLeft(rest)
		return kindOf(word) != none && (len(rest) == 0 || rest[0] == '(' || rest[0] == '"' || rest[0] == '{') ||
			s.state == inSASL && len(line) > 1 && line[0] == '"' && line[len(line)-1] == '"'
	}
	mech, _ := cutString(syntax.TrimLeft(rest))
	return lookup(word) == authenticate && detectors.MechanismNamed(mech) != detectors.MechUnknown
}
