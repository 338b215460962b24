package detectors

import "cleartap/reassembly"

// textual holds the bytes that a dialogue, or a preface, may begin with.
var textual = func() (t [256]bool) {
	for b := 0x20; b < 0x7f; b++ {
		t[b] = true
	}
	for _, b := range []byte{'\r', '\n', '\t', backspace, del, 4, 5, telnetIAC} {
		t[b] = true
	}
	return t
}()

// mayBeMail judges the first byte of a side.
func mayBeMail(p []byte) bool { return len(p) == 0 || textual[p[0]] }

// beginsAsText judges the first four bytes of a side, which no preface takes up.
// Telnet commands may be anything.
func beginsAsText(p []byte) bool {
	for i, b := range p[:min(len(p), 4)] {
		switch {
		case b == telnetIAC:
			return true
		case b == 4 || b == 5 || i == 0 && !textual[b] || i > 0 && b < 0x20 && !textual[b]:
			return false
		}
	}
	return true
}

// saysOther recognises, by a few bytes, the protocols that most flows of a
// network speak.
func saysOther(p []byte) bool {
	if len(p) < 4 {
		return false
	}
	switch string(p[:4]) {
	case "GET ", "PUT ", "HTTP", "SSH-", "OPTI", "DELE", "PRI ", "PATC", "RFB ":
		return p[0] != 'D' || len(p) == 4 || p[4] != ' ' // POP3 has DELE
	case "POST", "HEAD": // NNTP has these, without a path
		return len(p) > 5 && p[4] == ' ' && p[5] == '/'
	}
	return false
}

// greets reports whether a server's first bytes greet as mail servers do, and as nothing
// does that a client greets as saysOther and prefaces have it.
func greets(server []byte) bool {
	switch {
	case len(server) < 5:
		return false
	case string(server[:4]) == "220 ", string(server[:4]) == "220-", string(server[:4]) == "+OK ":
		return true
	}
	return string(server[:5]) == "* OK "
}

// mayGreet reports whether too little of a server was seen for greets.
func mayGreet(server []byte) bool { return len(server) < 5 && mayBeMail(server) }

// guessHello judges whether a side begins with the hello of TLS or SSLv2.
func guessHello(d reassembly.Dir, b []byte) guess {
	switch {
	case b[0] == 22:
		return guessRecord(d, b, false)
	case b[0]&0x80 != 0 && d == reassembly.ToServer:
		return guessSSL2(b)
	}
	return isText
}
