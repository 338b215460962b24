package detectors

import (
	"bytes"
	"hash/maphash"

	"cleartap/reassembly"
)

// judge is choose behind a preface, where nobody looked at the bytes before.
func (e *Engine) judge(client, server []byte, port uint16, final bool) (choice int, more bool) {
	client, server = client[:min(len(client), claimBytes)], server[:min(len(server), claimBytes)]
	if len(client) > 0 {
		switch guessHello(reassembly.ToServer, client) {
		case isTLS:
			e.stats.TLS++
			if e.home(port) < 0 {
				return -1, false
			}
			return e.layer, false
		case isShort:
			if !final { // a hello in small pieces
				return -1, true
			}
		}
	}
	if !mayBeMail(client) || !mayBeMail(server) || saysOther(client) || len(client) == 0 && saysOther(server) {
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
	home := e.home(port)
	if home < 0 || len(client) > 0 || final || bytes.IndexByte(server, '<') >= 0 {
		c := e.askHome(client, server, home, final)
		return c.choice, c.strength, c.more
	}
	c := e.greeted.recall(maphash.Bytes(e.facts.seed, server)+uint64(home), server, func(server []byte) chosen {
		return e.askHome(nil, server, home, false)
	})
	return c.choice, c.strength, c.more
}

// chosen is what choose gives.
type chosen struct {
	choice   int
	strength Claim
	more     bool
}

// askHome asks the protocol at home, if there is one, and the others if it is not certain.
func (e *Engine) askHome(client, server []byte, home int, final bool) chosen {
	claim := No
	if home >= 0 { // mostly it is what it is at its port
		if claim = e.cfg.Protocols[home].Claim(client, server); claim == Yes {
			return chosen{home, Yes, false}
		}
	}
	return e.ask(client, server, home, claim, final)
}

// ask asks all but the protocol at home, which made homeClaim.
func (e *Engine) ask(client, server []byte, home int, homeClaim Claim, final bool) chosen {
	weak, weaks, more := -1, 0, false
	for i, p := range e.cfg.Protocols {
		if p.Layer {
			continue
		}
		claim := homeClaim
		if i != home {
			claim = p.Claim(client, server)
		}
		switch claim {
		case Yes:
			return chosen{i, Yes, false}
		case Weak:
			weak, weaks = i, weaks+1
		case NotYet:
			more = true
		}
	}
	switch {
	case more && !final:
		return chosen{-1, No, true}
	case home >= 0 && homeClaim != No:
		return chosen{home, max(homeClaim, AtHome), false}
	case weaks == 1:
		return chosen{weak, AtHome, false}
	}
	return chosen{-1, No, false}
}

// home gives the index of the protocol whose port it is, -1 if none.
func (e *Engine) home(port uint16) int {
	if page := e.homes[port>>8]; page != nil {
		return int(page[port&0xff]) - 1
	}
	return -1
}

// answer is what Classify chose for the flow that is to be opened next.
type answer struct {
	choice         int
	client, server int // how much was seen
	ports          [2]uint16
}

// remember keeps a choice for Open, which is called with the same bytes.
func (e *Engine) remember(choice int, client, server []byte, clientPort, serverPort uint16) {
	e.answer.choice, e.answer.client, e.answer.server = choice, len(client), len(server)
	e.answer.ports = [2]uint16{clientPort, serverPort}
}

// remembered gives the choice for a flow to be opened, if it is the flow that Classify
// was asked about last; else -1.
func (e *Engine) remembered(p *reassembly.Probe) int {
	last, choice := &e.answer, e.answer.choice
	last.choice = -1
	if last.client == len(p.ToServer) && last.server == len(p.ToClient) && last.ports == [2]uint16{p.ClientPort, p.ServerPort} {
		return choice
	}
	return -1
}
