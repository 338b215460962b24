package nntp

import (
	"cleartap/detectors"
	"cleartap/detectors/syntax"
	"cleartap/reassembly"
)

var _ detectors.Resumer = (*session)(nil)

// Resume implements detectors.Resumer. After a hole, only what is a reply or a login
// beyond doubt is taken for one: as a rule whole segments are missing.
func (s *session) Resume(d reassembly.Dir, line []byte) bool {
	if d == reassembly.ToClient {
		_, _, _, ok := syntax.Code(line)
		return ok
	}
	word, rest := syntax.Word(line)
	kind, args := syntax.Word(rest)
	if lookup(word) != authinfo || len(args) == 0 {
		return false
	}
	return syntax.Fold(kind, "USER") || syntax.Fold(kind, "PASS") || syntax.Fold(kind, "SASL")
}

// unasked takes the consent to an article that nothing announced: the command was missed,
// and what the client sends from here on is the article.
func (s *session) unasked() {
	if s.body == 0 {
		s.article(s.queue.Push(article).Seq)
	}
}

// textMissed forgets the logins that were sent at once with a command whose reply may have a text: where the
// beginning of that is missing, its lines look like replies.
func (s *session) textMissed() {
	h := s.queue.Head()
	if h == nil || h.Verb != plain && h.Verb != listGroup {
		return
	}
	for _, v := range [...]verb{pass, simple, saslAuth} {
		if c := s.queue.Latest(v); c != nil && int32(c.Ack-s.c.Mark().Seq) <= 0 {
			s.queue.Reset()
			s.queue.Lose()
			return
		}
	}
}
