package pop3

import (
	"cleartap/detectors"
	"cleartap/detectors/sasl"
	"cleartap/detectors/syntax"
)

// talk is what one side's first line sounds like.
type talk uint8

const (
	silent  talk = iota
	partly       // the beginning of something of POP3's
	pop          // POP3 and nothing else
	login        // USER or PASS, which FTP has too
	shared       // POP3, but other protocols have it too
	loose        // may belong to a dialogue whose beginning was missed
	foreign      // not POP3
)

// claim tells whether a flow is POP3. Redis answers +OK and -ERR as well, but
// there the client speaks first and in other words; FTP has USER and PASS, but
// its server speaks in numbers.
func claim(client, server []byte) detectors.Claim {
	s, c := serverTalk(server), clientTalk(client)
	switch {
	case s == foreign || c == foreign && s != pop: // a greeting stands, whatever comes before USER
		return detectors.No
	case s == partly || c == partly:
		return detectors.NotYet
	case s == silent && c == silent:
		return detectors.NotYet
	case s == silent:
		return clientAlone(c)
	case s == pop && c <= shared, s == shared && c == pop:
		return detectors.Yes
	case s == shared && c == login && saysOK(server): // FTP answers in numbers, Redis knows neither command
		return detectors.Yes
	case s == loose && c == shared && challenges(firstLine(server)): // to AUTH; SMTP challenges by 334
		return detectors.Yes
	case s == shared && c == silent:
		return detectors.NotYet
	case s == loose && c == silent:
		return detectors.AtHome
	}
	return detectors.AtHome
}

// clientAlone judges a client without a server: USER and PASS may be FTP.
func clientAlone(c talk) detectors.Claim {
	if c == pop {
		return detectors.Weak
	}
	return detectors.AtHome
}

// serverTalk judges the server's first line. A bare +OK and an -ERR may be Redis.
func serverTalk(p []byte) talk {
	if len(p) == 0 {
		return silent
	}
	line, whole := firstLine(p)
	for _, status := range [2]string{"+OK", "-ERR"} {
		n := min(len(line), len(status))
		switch {
		case !syntax.HasPrefix(line, status[:n]):
			continue
		case n < len(status) && !whole:
			return partly
		case n < len(status):
			continue
		case len(line) == n && whole:
			return shared
		case len(line) == n:
			return partly
		case !ends(line[n:]):
			return foreign
		case status == "+OK" && len(line) > n+1:
			return pop
		case whole:
			return shared
		}
		return partly
	}
	if challenges(line, whole) {
		return loose
	}
	if len(line) > 0 && (line[0] == '*' || line[0] == '+' || line[0] == '-' || line[0] == ':' || line[0] == '$') {
		return foreign // IMAP, Redis
	}
	if _, _, _, code := syntax.Code(line); code {
		return foreign
	}
	return loose // within a list or a mail
}

// challenges reports whether a server's line is a challenge of SASL.
func challenges(line []byte, whole bool) bool {
	return whole && string(line) == "+" || len(line) > 1 && line[0] == '+' && line[1] == ' '
}

// saysOK reports whether a server's first line is a +OK.
func saysOK(p []byte) bool {
	line, _ := firstLine(p)
	return syntax.HasPrefix(line, "+OK")
}

// firstLine is syntax.FirstLine, without the CR whose LF is still to come.
func firstLine(p []byte) (line []byte, whole bool) {
	line, whole = syntax.FirstLine(p)
	if n := len(line); !whole && n > 0 && line[n-1] == '\r' {
		line = line[:n-1]
	}
	return line, whole
}

// clientTalk judges the client's first line.
func clientTalk(p []byte) talk {
	if len(p) == 0 {
		return silent
	}
	line, whole := firstLine(p)
	word, rest := syntax.Word(line)
	if !whole && len(rest) == 0 {
		if startsVerb(word) || syntax.Typed(word) {
			return partly
		}
		return foreign
	}
	switch v := lookup(word); v {
	case unknownVerb:
		if len(rest) == 0 && syntax.Typed(word) {
			return loose
		}
		return foreign
	case capa, apop, stls, uidl, retr, top, dele:
		return pop
	case user, pass:
		return login
	case auth:
		mech, behind := syntax.Word(rest)
		if !whole && len(behind) == 0 && len(mech) < 32 { // the name may go on
			return partly
		}
		if len(mech) > 0 && !known(mech) { // Redis has AUTH, with a password
			return loose
		}
		return shared
	}
	return loose
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

// known reports whether a word names a SASL mechanism.
func known(mech []byte) bool {
	var x sasl.Exchange
	x.Start(mech)
	return x.Mechanism() != detectors.MechUnknown
}
