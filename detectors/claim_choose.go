package detectors

import "cleartap/reassembly"

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
