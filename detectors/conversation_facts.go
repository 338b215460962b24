package detectors

import (
	"cleartap/capture"
	"cleartap/reassembly"
)

// facts is what a conversation has learnt beyond its logins.
type facts struct {
	answers   *Server // what it said in its greeting
	greeting  *Server // the same, not reported yet: the client's first words may show that this is no mail
	greeted   capture.Mark
	offer     *Offer // the last one reported
	summary   Summary
	plainPort bool // text on a port of TLS was reported
}

// Greet takes the first line of a server, which answers no command. It is reported,
// when the capture has the flow's beginning and the client did not speak before.
func (c *Conversation) Greet(line []byte) {
	if c.answered || c.gap || c.flow.Midstream || c.facts.summary.Greeted {
		return
	}
	c.facts.answers = c.engine.facts.greeting(line)
	c.facts.greeting, c.facts.greeted = c.facts.answers, c.mark
	c.facts.summary.Greeted = true
}

// Says takes what a server says of its product later on: CAPA's IMPLEMENTATION, ID.
// Of the text nothing is kept but what the list of products has.
func (c *Conversation) Says(from Source, text []byte) {
	s := c.engine.facts.server(from, text)
	if s.Product == "" {
		return
	}
	c.flushGreeting()
	o := c.fact(Greeting, &c.mark)
	o.Server = s
	c.engine.cfg.Report(o)
}

// flushGreeting reports a greeting that was held back.
func (c *Conversation) flushGreeting() {
	s := c.facts.greeting
	if s == nil {
		return
	}
	c.facts.greeting = nil
	o := c.fact(Greeting, &c.facts.greeted)
	o.Server = s
	c.engine.cfg.Report(o)
	c.plainPort(&c.facts.greeted)
}

// Doubt holds the greeting back, or no longer: what the client says may show yet that this
// is another protocol.
func (c *Conversation) Doubt(on bool) { c.doubt = on }

// spoke notes that the client said something that its protocol has.
func (c *Conversation) spoke() {
	if c.answered || c.doubt || c.over != going {
		return
	}
	c.answered = true
	c.flushGreeting()
}

// plainPort reports a dialogue in clear where TLS should begin with the first byte.
// A PROXY header tells that TLS may have been taken off on the way.
func (c *Conversation) plainPort(m *capture.Mark) {
	if c.facts.plainPort || !c.engine.cfg.isTLSPort(c.flow.Server.Port()) || c.proxy.IsValid() || c.tunnelled {
		return
	}
	c.facts.plainPort = true
	c.engine.cfg.Report(c.fact(PlainPort, m))
}

// Offers takes what a server offers before TLS and before any login. What comes behind
// a login that succeeded need have no word of TLS any more (RFC 9051 section 6.2.1, RFC
// 2595 section 4): it is no offer.
func (c *Conversation) Offers(o *Offer) {
	if c.layer {
		return
	}
	f := &c.facts
	f.summary.Asked = f.summary.Asked || !o.Refused && o.Source != FromAuthList
	f.summary.StartTLS = f.summary.StartTLS || o.StartTLS
	offer := keep(&c.engine.facts.offers, o)
	if offer == f.offer {
		return
	}
	f.offer = offer
	c.flushGreeting()
	r := c.fact(Offered, &c.mark)
	r.Offer, r.Server = offer, c.facts.answers
	c.engine.cfg.Report(r)
}

// Waits reports whether a login waits for its outcome.
func (c *Conversation) Waits() bool { return c.waiting != nil }

// NeedsTLS notes that the server refused something because TLS is missing.
func (c *Conversation) NeedsTLS() { c.facts.summary.Required = true }

// Probed notes that the server refused a name outside of a login.
func (c *Conversation) Probed() { c.facts.summary.Probes++ }

// MailSent notes that a message crossed in clear.
func (c *Conversation) MailSent() { c.facts.summary.Mail = true }

// Preauth reports that the server greeted with PREAUTH.
func (c *Conversation) Preauth() {
	c.flushGreeting()
	c.engine.cfg.Report(c.fact(Preauth, &c.mark))
}

// Refers reports that the server sends the client elsewhere. Of the URL, or what
// stands in its place, the host is kept.
func (c *Conversation) Refers(url []byte) {
	c.flushGreeting()
	o := c.fact(Referral, &c.mark)
	o.Oddity = &Oddity{By: reassembly.ToClient, Host: hostOfURL(url)}
	c.engine.cfg.Report(o)
}

// Alerts reports that the server has the client show a text.
func (c *Conversation) Alerts(text []byte) {
	c.flushGreeting()
	o := c.fact(ServerAlert, &c.mark)
	o.Oddity = &Oddity{By: reassembly.ToClient, URL: holdsURL(text)}
	c.engine.cfg.Report(o)
}

// fact makes an observation other than a login. It is used again for the next one.
func (c *Conversation) fact(k Kind, m *capture.Mark) *Observation {
	o := &c.engine.fact // of the rest nothing is ever set: to clear all of it takes longer than all else here
	o.Kind, o.Mark, o.Decided, o.Gap = k, *m, *m, c.gap
	o.Server, o.Offer, o.Upgrade, o.TLS, o.Oddity, o.Summary = nil, nil, nil, nil, nil, nil
	c.complete(o)
	return o
}

// sumUp reports what the flow was, at its end.
func (c *Conversation) sumUp() {
	c.flushGreeting()
	o := c.fact(Ended, &c.mark)
	o.Summary = keep(&c.engine.facts.summaries, &c.facts.summary)
	c.engine.cfg.Report(o)
}
