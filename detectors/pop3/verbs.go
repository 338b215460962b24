package pop3

import "cleartap/detectors/syntax"

// verb is a command as far as this package tells commands apart.
type verb uint8

const (
	unknownVerb verb = iota
	user
	pass
	apop
	auth
	authList // AUTH without a mechanism
	capa
	stls
	quit
	xclient
	list
	uidl
	retr
	top
	dele
	lang
	plain // one reply of one line, and of no interest
)

// verbs are the commands of RFC 1939, RFC 2449, RFC 2595, RFC 5034 and RFC 6856;
// XCLIENT and XTND are of servers, LAST and RPOP of RFC 1460.
var verbs = [...]struct {
	name string
	verb verb
}{
	{"USER", user}, {"PASS", pass}, {"STAT", plain}, {"QUIT", quit}, {"CAPA", capa}, {"AUTH", auth},
	{"UIDL", uidl}, {"LIST", list}, {"RETR", retr}, {"TOP", top}, {"DELE", dele}, {"NOOP", plain}, {"RSET", plain},
	{"APOP", apop}, {"STLS", stls}, {"UTF8", plain}, {"LANG", lang}, {"XCLIENT", xclient}, {"LAST", plain},
	{"XTND", plain}, {"RPOP", plain},
}

// lookup finds a command by its word, in any case (RFC 1939 section 3).
func lookup(word []byte) verb {
	if len(word) < 3 || len(word) > 7 {
		return unknownVerb
	}
	for i := range verbs {
		if syntax.Fold(word, verbs[i].name) {
			return verbs[i].verb
		}
	}
	return unknownVerb
}

// cut splits a command line at its first blank. What follows that one blank is
// the argument, blanks included: they may be part of a password.
func cut(line []byte) (word, arg []byte) {
	for i, b := range line {
		if syntax.Blank(b) {
			return line[:i], line[i+1:]
		}
	}
	return line, nil
}

// elsewhere reports whether a verb is one of FTP (RFC 959, RFC 2389, RFC 2428) or IRC (RFC
// 2812), which have USER and PASS, too: without the server's side they tell the protocols apart.
func elsewhere(word []byte) bool {
	for _, name := range [...]string{"NICK", "SYST", "FEAT", "PASV", "EPSV", "PORT", "EPRT", "TYPE", "PWD", "CWD", "OPTS", "ACCT", "PBSZ"} {
		if syntax.Fold(word, name) {
			return true
		}
	}
	return false
}
