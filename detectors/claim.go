package detectors

import "cleartap/reassembly"

// Classify says whether a flow is worth following.
func (e *Engine) Classify(p *reassembly.Probe) reassembly.Verdict {
	choice, waiting := e.choose(p.ToServer, p.ToClient, p.ServerPort, p.Final)
	switch {
	case choice >= 0:
		return reassembly.Open
	case waiting && !p.Final:
		return reassembly.Wait
	}
	return reassembly.Drop
}

// choose asks the protocols. It gives the index of the one that the bytes
// belong to, -1 if none, and whether more bytes may tell.
func (e *Engine) choose(client, server []byte, port uint16, final bool) (choice int, waiting bool) {
	client = skipTelnet(client)
	weakHome, weak, weaks := -1, -1, 0
	for i, p := range e.cfg.Protocols {
		home := p.home(port)
		switch p.Claim(client, server) {
		case Yes:
			return i, false
		case Weak:
			weak, weaks = i, weaks+1
			if home && weakHome < 0 {
				weakHome = i
			}
		case AtHome:
			if home && weakHome < 0 {
				weakHome = i
			}
		case NotYet:
			waiting = true
			if home && final && weakHome < 0 {
				weakHome = i
			}
		}
	}
	switch {
	case waiting && !final:
		return -1, true
	case weakHome >= 0:
		return weakHome, false
	case weaks == 1:
		return weak, false
	}
	return -1, waiting
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
