package smtp

import (
	"bytes"

	"cleartap/detectors"
	"cleartap/detectors/sasl"
	"cleartap/detectors/syntax"
)

// claim tells whether a flow is SMTP or LMTP. A greeting of 220 is FTP's as well:
// the first command decides.
func claim(client, server []byte) detectors.Claim {
	c := claimClient(client)
	switch {
	case c == detectors.Yes || len(server) == 0:
		return c
	case c == detectors.No:
		return claimGreeted(client, server)
	}
	return claimServer(server, c)
}

// claimGreeted judges a flow whose client began with what is no SMTP: a server whose
// greeting names SMTP stands by it, and so does one that does not know the command (5xx)
// when EHLO or HELO follows.
func claimGreeted(client, server []byte) detectors.Claim {
	for greeted := false; ; {
		line, whole := syntax.FirstLine(server)
		code, more, text, ok := syntax.Code(line)
		switch {
		case len(line) == 0:
			return detectors.NotYet
		case !greeted && (!ok || code != 220), greeted && !ok && whole:
			return detectors.No
		case !whole:
			return detectors.NotYet
		case !greeted && saysFTP(text):
			return detectors.No
		case !greeted && syntax.Contains(text, "SMTP"):
			return detectors.Yes
		}
		server = behind(server)
		if more {
			continue
		}
		if greeted {
			if code/100 != 5 {
				return detectors.No
			}
			client = behind(client)
			if c := claimClient(client); c != detectors.No {
				return c
			}
		}
		greeted = true
	}
}

// behind gives what follows the first line of b that is not empty.
func behind(b []byte) []byte {
	b = bytes.TrimLeft(b, "\r\n")
	if i := bytes.IndexByte(b, '\n'); i >= 0 {
		return b[i+1:]
	}
	return nil
}

// saysFTP reports whether a greeting is FTP's, by the name of the protocol or a product such
// as ProFTPD. The letters alone tell nothing: they are in host names, and in "softpro".
func saysFTP(greeting []byte) bool {
	ftp := false
	for len(greeting) > 0 {
		var word []byte
		word, greeting = syntax.Word(greeting)
		switch {
		case isHost(word):
		case syntax.Contains(word, "SMTP"):
			return false
		default:
			ftp = ftp || endsFTP(word)
		}
	}
	return ftp
}

// endsFTP reports whether a part of word ends with FTP or FTPD.
func endsFTP(word []byte) bool {
	for i := 0; i+3 <= len(word); i++ {
		if !syntax.HasPrefix(word[i:], "FTP") {
			continue
		}
		rest := word[i+3:]
		if syntax.HasPrefix(rest, "D") {
			rest = rest[1:]
		}
		if len(rest) == 0 || !syntax.Letter(rest[0]) {
			return true
		}
	}
	return false
}

// isHost reports whether word has a dot before a letter.
func isHost(word []byte) bool {
	i := bytes.IndexByte(word, '.')
	return i > 0 && i+1 < len(word) && syntax.Letter(word[i+1])
}

// claimServer weighs the server's first bytes with what the client's told.
func claimServer(server []byte, c detectors.Claim) detectors.Claim {
	line, whole := syntax.FirstLine(server)
	if !whole && len(line) < 4 && syntax.Digits(line) {
		return detectors.NotYet
	}
	code, _, text, ok := syntax.Code(line)
	switch {
	case !ok:
		return detectors.No
	case code == 220 && !whole:
		return detectors.NotYet
	case code == 220 && saysFTP(text):
		return detectors.No
	case code == 220 && c != detectors.NotYet && syntax.Contains(text, "SMTP"):
		return detectors.Yes // whatever the port
	case code == 334, code == 354:
		if c == detectors.NotYet {
			return c
		}
		return detectors.Weak
	case code == 220, code == 250, code == 235, code == 221, code/100 == 5, code/100 == 4:
		return c // the client will tell
	}
	return detectors.No
}

// claimClient judges the client's first line.
func claimClient(client []byte) detectors.Claim {
	if len(client) == 0 {
		return detectors.NotYet
	}
	line, whole := syntax.FirstLine(client)
	word, rest := syntax.Word(line)
	if !whole && len(rest) == 0 { // the word may go on
		if startsVerb(word) || syntax.Typed(word) {
			return detectors.NotYet
		}
		return detectors.No
	}
	switch v := lookup(word); v {
	case unknownVerb:
		return claimOther(word)
	case ehlo, helo:
		return detectors.Yes
	case mail:
		return needs(rest, "FROM:", whole)
	case rcpt:
		return needs(rest, "TO:", whole)
	case auth:
		return claimAuth(rest, whole)
	case startTLS, bdat, xclient:
		return detectors.Weak
	}
	return detectors.AtHome // FTP, POP3 and NNTP have them too
}

// claimAuth judges the argument of AUTH.
func claimAuth(args []byte, whole bool) detectors.Claim {
	mech, response := syntax.Word(args)
	switch {
	case !whole && len(response) == 0: // the name may go on
		return detectors.NotYet
	case ftpAuth(mech):
		return detectors.No
	case !knownMechanism(mech): // Redis has it too, with a password
		return detectors.AtHome
	}
	return detectors.Weak // POP3 has it too
}

// claimOther judges the first word of a line that is no command of SMTP's.
func claimOther(word []byte) detectors.Claim {
	if isForeign(word) || !syntax.Typed(word) {
		return detectors.No
	}
	return detectors.AtHome // a person who types, or a flow begun in the middle
}

// needs judges the argument of a command.
func needs(rest []byte, want string, whole bool) detectors.Claim {
	if syntax.HasPrefix(rest, want) {
		return detectors.Yes
	}
	if !whole && len(rest) < len(want) {
		return detectors.NotYet
	}
	return detectors.AtHome
}

// startsVerb reports whether word is the beginning of a command, or a whole one.
func startsVerb(word []byte) bool {
	for i := range verbs {
		if n := verbs[i].name; len(word) <= len(n) && syntax.HasPrefix(word, n[:len(word)]) {
			return true
		}
	}
	return false
}

// knownMechanism reports whether a word names a SASL mechanism.
func knownMechanism(word []byte) bool {
	var x sasl.Exchange
	x.Start(word)
	return x.Mechanism() != detectors.MechUnknown
}
