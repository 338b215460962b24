package imap

import (
	"bytes"

	"cleartap/detectors"
	"cleartap/detectors/secret"
	"cleartap/detectors/syntax"
)

// login is a LOGIN command so far (RFC 9051 section 6.2.3): two strings, each an atom,
// quoted, or a literal, in any mix.
type login struct {
	args     int // arguments seen; the second was the password
	identity string
}

// loginArgs takes the arguments of LOGIN, or the rest of them behind a literal.
func (s *session) loginArgs(line []byte) {
	if s.login.args >= 2 { // the end of the line that held the password
		s.toCommand()
		return
	}
	head, l, ok := syntax.Announced(line)
	if !ok {
		head = line
	}
	if s.login.args == 0 && !ok {
		s.loginLine(line)
		s.toCommand()
		return
	}
	for head = syntax.TrimLeft(head); len(head) > 0; head = syntax.TrimLeft(head) {
		var arg []byte
		if arg, head, _ = cutString(head); arg == nil {
			break
		}
		s.loginArg(arg)
	}
	switch {
	case !ok:
		s.toCommand()
	default:
		s.announce(l)
	}
}

// loginLiteral takes an argument that was a literal.
func (s *session) loginLiteral(p []byte) { s.loginArg(p) }

// loginArg takes one argument, as sent: perhaps still quoted.
func (s *session) loginArg(arg []byte) {
	s.login.args++
	switch s.login.args {
	case 1:
		s.login.identity = name(arg)
	case 2:
		s.loginAttempt(s.login.identity, arg)
	}
}

// loginLine takes arguments that are all on one line, which is the usual case,
// and the one in which clients forget to quote.
func (s *session) loginLine(line []byte) {
	line = syntax.TrimLeft(line)
	user, rest, ok := cutString(line)
	if len(rest) > 0 && !syntax.Blank(rest[0]) { // a quote without its escape: where the name ends is a guess
		s.loginAttempt(guessName(line, nil, false), nil)
		return
	}
	if len(rest) == 0 {
		if ok && s.c.Truncated() { // a name longer than any line
			s.loginAttempt(name(user), nil)
		}
		return
	}
	rest = syntax.TrimLeft(rest)
	if len(rest) == 0 {
		return
	}
	if ok {
		if word, more, ok := cutString(rest); ok && len(syntax.TrimLeft(more)) == 0 {
			s.loginAttempt(name(user), word)
			return
		}
	}
	s.loginAttempt(guessName(line, user, ok), nil)
}

// guessName finds the user name in arguments that are not two strings. Python's
// imaplib quotes the password and not the name: then the name is all that stands
// before a string that ends with the line. A name in quotes ends with its quote. Else it
// is the first word, unless a quote is open in it, in which case the password may be part
// of it.
func guessName(line, first []byte, ok bool) string {
	line = syntax.TrimRight(line)
	quoted := line[0] == '"'
	for i := 1; i < len(line)-1 && !(quoted && ok); i++ {
		if line[i] != '"' || !syntax.Blank(line[i-1]) {
			continue
		}
		before := syntax.TrimRight(line[:i])
		_, rest, closed := cutString(line[i:])
		switch {
		case quoted && before[len(before)-1] != '"':
			return ""
		case closed && len(rest) == 0:
			return name(before)
		case quoted: // more than one string may be the password
			return ""
		}
	}
	if !ok {
		return ""
	}
	return name(first)
}

// loginAttempt notes that LOGIN brought a password: word, or nil if it is not known
// which part of the line it was.
func (s *session) loginAttempt(identity string, word []byte) {
	s.begin(&detectors.Attempt{
		Command:   detectors.LoginCommand,
		Mechanism: detectors.MechLogin,
		Class:     detectors.Password,
		Identity:  identity,
		Secret:    s.passwordOf(word),
	})
}

// passwordOf notes a password, as sent. Where passwords are marked, it is the same one
// whether quoted, an atom or a literal.
func (s *session) passwordOf(word []byte) secret.Secret {
	marks := s.c.Marks()
	if marks == nil || word == nil || s.c.Truncated() {
		return secret.Of(nil)
	}
	var buf [1024]byte
	defer clear(buf[:])
	return marks.Of(unquote(buf[:0], word))
}

// cutString cuts an atom or a quoted string off b; s keeps its quotes. ok is false
// when a quote is never closed; s is then what stands behind it up to the first blank.
func cutString(b []byte) (s, rest []byte, ok bool) {
	if len(b) == 0 || b[0] != '"' {
		n := 0
		for n < len(b) && !syntax.Blank(b[n]) {
			n++
		}
		return b[:n], b[n:], true
	}
	for i := 1; i < len(b); i++ {
		switch b[i] {
		case '\\':
			i++
		case '"':
			return b[:i+1], b[i+1:], true
		}
	}
	n := bytes.IndexAny(b, " \t")
	if n < 0 {
		n = len(b)
	}
	return b[:n], b[n:], false
}

// name makes the string of a user name, without the quotes and escapes of a quoted
// string.
func name(b []byte) string {
	var buf [1024]byte
	return detectors.Text(unquote(buf[:0], b))
}

// unquote gives what a quoted string means, as far as dst has room if there are
// escapes in it; anything else is itself.
func unquote(dst, b []byte) []byte {
	n := len(b)
	if n < 2 || b[0] != '"' || b[n-1] != '"' {
		return b
	}
	b = b[1 : n-1]
	if bytes.IndexByte(b, '\\') < 0 {
		return b
	}
	for i := 0; i < len(b) && len(dst) < cap(dst); i++ {
		if b[i] == '\\' && i+1 < len(b) {
			i++
		}
		dst = append(dst, b[i])
	}
	return dst
}
