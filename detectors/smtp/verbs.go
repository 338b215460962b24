package smtp

import "cleartap/detectors/syntax"

// verb is what a command means to the session.
type verb uint8

const (
	unknownVerb verb = iota
	helo             // HELO
	ehlo             // EHLO, LHLO
	auth             // AUTH, and Exchange's X-EXPS
	mail
	rcpt
	rset
	data
	message // a DATA that the server agreed to: its message waits for the reply
	bdat
	bdatLast
	startTLS // STARTTLS, and Exchange's X-ANONYMOUSTLS
	xclient
	xexch50
	noop
	vrfy  // VRFY, EXPN
	plain // any other command of SMTP's
	alien // a command that is another protocol's
)

// verbs are the commands known. Exchange servers speak X-EXPS and X-ANONYMOUSTLS
// among themselves; XCLIENT and XFORWARD are Postfix's.
var verbs = [...]struct {
	name string
	verb verb
}{
	{"EHLO", ehlo}, {"AUTH", auth}, {"MAIL", mail}, {"RCPT", rcpt}, {"DATA", data}, {"BDAT", bdat}, {"RSET", rset},
	{"HELO", helo}, {"LHLO", ehlo}, {"STARTTLS", startTLS},
	{"QUIT", plain}, {"NOOP", noop}, {"VRFY", vrfy}, {"EXPN", vrfy}, {"HELP", plain},
	{"XCLIENT", xclient}, {"XFORWARD", plain}, {"X-EXPS", auth}, {"X-ANONYMOUSTLS", startTLS},
	{"ETRN", plain}, {"TURN", plain}, {"ATRN", plain}, {"SEND", plain}, {"SOML", plain}, {"SAML", plain},
	{"BURL", bdatLast}, {"XEXCH50", xexch50}, {"X-LINK2STATE", plain}, {"XRDST", plain}, {"XSHADOW", plain},
}

func lookup(word []byte) verb {
	for i := range verbs {
		if syntax.Fold(word, verbs[i].name) {
			return verbs[i].verb
		}
	}
	return unknownVerb
}

// interrupts reports whether a line in the place of a SASL response is a command:
// a client that gave up, or one whose exchange ended unseen. Base64 has no blank in
// it. Of the verbs without arguments, those count whose letters, as base64, are
// no text in anybody's name or password; TURN, for one, would be "MDM".
func interrupts(line []byte) bool {
	word, rest := syntax.Word(line)
	switch lookup(word) {
	case ehlo, helo, auth, bdat, bdatLast, xclient:
		return len(rest) > 0
	case mail:
		return syntax.HasPrefix(rest, "FROM:")
	case rcpt:
		return syntax.HasPrefix(rest, "TO:")
	case data, startTLS, noop:
		return len(rest) == 0
	}
	return len(rest) == 0 && (syntax.Fold(word, "QUIT") || syntax.Fold(word, "RSET"))
}

// isCommand reports whether a line is a command with arguments. In the place of a password it
// may be one that was not encoded; behind it, it is what it looks like.
func isCommand(line []byte) bool {
	word, rest := syntax.Word(line)
	return len(rest) > 0 && lookup(word) != unknownVerb
}

func isAuth(line []byte) bool { return lookup(firstWord(line)) == auth }

// foreign are first commands of other protocols: FTP (RFC 959), which greets like
// SMTP, IRC and HTTP.
var foreign = [...]string{"USER", "PASS", "ACCT", "NICK", "GET", "POST", "PUT", "HEAD", "OPTIONS", "CONNECT", "SYST", "FEAT", "PASV", "EPSV"}

func isForeign(word []byte) bool {
	for _, f := range foreign {
		if syntax.Fold(word, f) {
			return true
		}
	}
	return false
}

// ftpAuth reports whether the argument of AUTH is FTP's (RFC 2228, RFC 4217).
func ftpAuth(mech []byte) bool {
	return syntax.Fold(mech, "TLS") || syntax.Fold(mech, "SSL") || syntax.Fold(mech, "TLS-C") || syntax.Fold(mech, "TLS-P")
}
