package detectors

import "cleartap/reassembly"

// claimBytes is how much of a side the protocols are shown when a preface came first.
const claimBytes = 256

// waitBytes is how much a client may say before its server did until the protocols
// are asked about it: to look at every client's first line would cost more than to
// keep it.
const waitBytes = 64

// Classify says whether a flow is worth following. It is asked about every TCP
// flow of the network: what is no mail must fall at its first bytes.
func (e *Engine) Classify(p *reassembly.Probe) reassembly.Verdict {
	v := e.verdict(p)
	switch {
	case v == reassembly.Wait && p.Final:
		v = reassembly.Drop
	case v == reassembly.Open || v == reassembly.Swap:
		return v
	}
	if v == reassembly.Drop {
		e.stats.Dropped++
	}
	return v
}

func (e *Engine) verdict(p *reassembly.Probe) reassembly.Verdict {
	if !mayBeMail(p.ToServer) {
		return e.notMail(p)
	}
	if v := prefaceVerdict(p); v != reassembly.Drop {
		return v
	}
	switch {
	case !mayBeMail(p.ToClient):
		return e.notMail(p)
	case !beginsAsText(p.ToServer) || !beginsAsText(p.ToClient):
		return reassembly.Drop
	case len(p.ToServer)+len(p.ToClient) == 0:
		return reassembly.Wait
	case saysOther(p.ToServer) || len(p.ToServer) == 0 && saysOther(p.ToClient):
		return reassembly.Drop
	case len(p.ToClient) == 0 && !p.Final && len(p.ToServer) < waitBytes:
		return reassembly.Wait // all mail servers speak first: theirs may still come
	}
	choice, strength, more := e.choose(p.ToServer, p.ToClient, p.ServerPort, p.Final)
	if !p.Sure && strength < Yes {
		_, other, later := e.choose(p.ToClient, p.ToServer, p.ClientPort, p.Final)
		if other > strength && !more && (len(p.ToServer) > 0 || p.Final) {
			return reassembly.Swap
		}
		more = more || later || other > strength
	}
	switch {
	case choice >= 0 && (len(p.ToClient) > 0 || p.Final):
		return reassembly.Open
	case choice >= 0 || more:
		return reassembly.Wait
	}
	return reassembly.Drop
}

// notMail judges a flow that began with bytes that are no text. Whoever wants to
// follow TLS sessions opens a stream here.
func (e *Engine) notMail(p *reassembly.Probe) reassembly.Verdict {
	for d, b := range [2][]byte{p.ToServer, p.ToClient} {
		if len(b) > 0 && (b[0] == 22 || b[0]&0x80 != 0) {
			switch guessHello(reassembly.Dir(d), b) {
			case isTLS:
				e.stats.TLS++
				return reassembly.Drop
			case isShort:
				return reassembly.Wait
			}
		}
	}
	return reassembly.Drop
}

// prefaceVerdict looks for a preface; Drop means that there is none. Without a
// handshake the side that spoke first may have been taken for the server.
func prefaceVerdict(p *reassembly.Probe) reassembly.Verdict {
	client, _, more := prefaceOf(p.ToServer)
	switch {
	case client != dialogue && !more:
		return reassembly.Open
	case client != dialogue && !p.Final:
		return reassembly.Wait
	}
	if p.Sure {
		return reassembly.Drop
	}
	if client, _, more = prefaceOf(p.ToClient); client != dialogue && !more {
		return reassembly.Swap
	}
	return reassembly.Drop
}

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
		return !(p[0] == 'D' && len(p) > 4 && p[4] == ' ') // POP3's DELE
	case "POST", "HEAD": // NNTP has these, without a path
		return len(p) > 5 && p[4] == ' ' && p[5] == '/'
	}
	return false
}

// judge is choose behind a preface, where nobody looked at the bytes before.
func (e *Engine) judge(client, server []byte, port uint16, final bool) (choice int, more bool) {
	client, server = client[:min(len(client), claimBytes)], server[:min(len(server), claimBytes)]
	if len(client) > 0 && guessHello(reassembly.ToServer, client) == isTLS {
		e.stats.TLS++
		return -1, false
	}
	if !beginsAsText(client) || !beginsAsText(server) || saysOther(client) || len(client) == 0 && saysOther(server) {
		return -1, false
	}
	choice, _, more = e.choose(client, server, port, final)
	return choice, more
}

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

// choose asks the protocols. It gives the index of the one that the bytes belong
// to, -1 if none, how sure that is, and whether more bytes would tell.
func (e *Engine) choose(client, server []byte, port uint16, final bool) (choice int, strength Claim, more bool) {
	if needsEditing(client) {
		defer e.wipe(len(client))
		client = e.edit(client, true)
	}
	home, weak, weaks := -1, -1, 0
	var homeClaim Claim
	for i, p := range e.cfg.Protocols {
		claim := p.Claim(client, server)
		switch claim {
		case No:
			continue
		case Yes:
			return i, Yes, false
		case Weak:
			weak, weaks = i, weaks+1
		case NotYet:
			more = true
		}
		if claim > homeClaim || home < 0 {
			if p.home(port) {
				home, homeClaim = i, claim
			}
		}
	}
	switch {
	case more && !final:
		return -1, No, true
	case home >= 0:
		return home, max(homeClaim, AtHome), false
	case weaks == 1:
		return weak, AtHome, false
	}
	return -1, No, false
}

// home says whether port is one of p's.
func (p *Protocol) home(port uint16) bool {
	for _, x := range p.Ports {
		if x == port {
			return true
		}
	}
	return false
}
