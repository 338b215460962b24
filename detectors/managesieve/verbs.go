package managesieve

import "cleartap/detectors/syntax"

// verb is what a command means to the session.
type verb uint8

const (
	unknownVerb verb = iota
	authenticate
	startTLS
	unauthenticate
	plain // any other command of ManageSieve's
)

// verbs are the commands of RFC 5804 section 2, and one of GNU Mailutils.
var verbs = [...]struct {
	name string
	verb verb
}{
	{"AUTHENTICATE", authenticate}, {"STARTTLS", startTLS}, {"UNAUTHENTICATE", unauthenticate},
	{"CAPABILITY", plain}, {"LOGOUT", plain}, {"HAVESPACE", plain}, {"PUTSCRIPT", plain}, {"LISTSCRIPTS", plain},
	{"SETACTIVE", plain}, {"GETSCRIPT", plain}, {"DELETESCRIPT", plain}, {"RENAMESCRIPT", plain},
	{"CHECKSCRIPT", plain}, {"NOOP", plain},
}

func lookup(word []byte) verb {
	for i := range verbs {
		if syntax.Fold(word, verbs[i].name) {
			return verbs[i].verb
		}
	}
	return unknownVerb
}

// interrupts reports whether a line in the place of a response is a command.
func interrupts(line []byte) bool {
	word, _ := syntax.Word(line)
	return lookup(word) != unknownVerb
}

// cutString cuts a quoted string, without its quotes, or an atom off b. Escapes
// stay: neither mechanism names nor base64 have any.
func cutString(b []byte) (text, rest []byte) {
	if len(b) > 0 && b[0] == '"' {
		for i := 1; i < len(b); i++ {
			switch b[i] {
			case '\\':
				i++
			case '"':
				return b[1:i], b[i+1:]
			}
		}
		return b[1:], nil
	}
	n := 0
	for n < len(b) && !syntax.Blank(b[n]) {
		n++
	}
	return b[:n], b[n:]
}
