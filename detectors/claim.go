package detectors

import (
	"bytes"

	"cleartap/reassembly"
)

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
	e.answer.choice = -1
	if !mayBeMail(p.ToServer) {
		return e.notMail(p)
	}
	greeted := greets(p.ToClient)
	if !greeted || len(p.ToServer) > 0 && (p.ToServer[0] == 'P' || p.ToServer[0] == '\r') { // a PROXY header comes before, whatever the order of the capture
		if v := prefaceVerdict(p); v != reassembly.Drop {
			return v
		}
	}
	switch {
	case !mayBeMail(p.ToClient):
		return e.notMail(p)
	case len(p.ToClient) == 0 && !beginsAsText(p.ToServer) || len(p.ToServer) == 0 && !beginsAsText(p.ToClient):
		return reassembly.Drop
	case len(p.ToServer)+len(p.ToClient) == 0:
		return reassembly.Wait
	case saysOther(p.ToServer) && !greeted || len(p.ToServer) == 0 && saysOther(p.ToClient):
		return reassembly.Drop
	case len(p.ToClient) == 0 && !p.Final && len(p.ToServer) < waitBytes:
		return reassembly.Wait // all mail servers speak first: theirs may still come
	}
	choice, strength, more := e.choose(p.ToServer, p.ToClient, p.ServerPort, p.Final)
	if !p.Sure && strength < Yes {
		swapped, other, later := e.choose(p.ToClient, p.ToServer, p.ClientPort, p.Final)
		if other > strength && !more && (len(p.ToServer) > 0 || p.Final) {
			e.remember(swapped, p.ToClient, p.ToServer, p.ServerPort, p.ClientPort)
			return reassembly.Swap
		}
		more = more || later || other > strength
	}
	switch {
	case choice >= 0 && (len(p.ToClient) > 0 || p.Final):
		e.remember(choice, p.ToServer, p.ToClient, p.ClientPort, p.ServerPort)
		return reassembly.Open
	case choice >= 0 || more:
		return reassembly.Wait
	}
	return reassembly.Drop
}

// notMail judges a flow that began with bytes that are no text: it is worth following
// if it is TLS at a port of mail.
func (e *Engine) notMail(p *reassembly.Probe) reassembly.Verdict {
	for d, b := range [2][]byte{p.ToServer, p.ToClient} {
		if len(b) > 0 && (b[0] == 22 || b[0]&0x80 != 0) {
			switch guessHello(reassembly.Dir(d), b) {
			case isTLS:
				if !p.Final && e.home(p.ServerPort) >= 0 && mayGreet(p.ToClient) {
					return reassembly.Wait // the server's answer tells
				}
				if greets(p.ToClient) && e.home(p.ServerPort) >= 0 {
					if v := e.greetedTLS(p); v != reassembly.Drop {
						return v
					}
				}
				e.stats.TLS++
				if e.layer >= 0 && e.home(p.ServerPort) >= 0 {
					return reassembly.Open
				}
				return reassembly.Drop
			case isShort:
				return reassembly.Wait
			}
		}
	}
	if !p.Sure && e.layer >= 0 && e.home(p.ClientPort) >= 0 && e.swappedTLS(p) {
		e.stats.TLS++
		return reassembly.Swap
	}
	return reassembly.Drop
}

// greetedTLS judges a client that begins with what looks like a hello where the server
// begins with text: it is a dialogue if the server goes on so. Drop leaves it to be TLS.
func (e *Engine) greetedTLS(p *reassembly.Probe) reassembly.Verdict {
	if at := bytes.IndexByte(p.ToClient, '\n'); at >= 0 && at+1 < len(p.ToClient) && !textual[p.ToClient[at+1]] {
		return reassembly.Drop // a reply that agreed to TLS, whose command was missed
	}
	choice, strength, _ := e.choose(p.ToServer, p.ToClient, p.ServerPort, p.Final)
	switch {
	case choice >= 0 && (strength == Yes || !p.Final):
		e.remember(choice, p.ToServer, p.ToClient, p.ClientPort, p.ServerPort)
		return reassembly.Open
	case !p.Final:
		return reassembly.Wait
	}
	return reassembly.Drop
}

// swappedTLS reports whether a flow at a mail port begins with TLS when its sides are
// taken the other way round.
func (e *Engine) swappedTLS(p *reassembly.Probe) bool {
	for d, b := range [2][]byte{p.ToClient, p.ToServer} {
		if len(b) > 0 && guessHello(reassembly.Dir(d), b) == isTLS {
			return true
		}
	}
	return false
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
