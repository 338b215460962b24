package detectors

import (
	"cleartap/capture"
	"cleartap/reassembly"
)

// wish follows one wish of the client for TLS, from STARTTLS to TLS, or to text that
// has no place between the two (Poddebniak et al., USENIX Security 2021).
type wish struct {
	masked  bool
	blind   bool   // bytes were missing: what stands where cannot be told
	goAhead uint32 // the server's sequence number behind its consent
	early   strays // text of the client that it sent before it could know of the consent
	late    strays // text of the server behind its consent
}

type wishState uint8

const (
	noWish wishState = iota
	asked
	agreed
)

// strays is text that has no place where it is.
type strays struct {
	verbs verbSet
	mark  capture.Mark // of the first line
	ack   uint32       // the highest that a segment of it had
	any   bool
}

func (s *strays) add(m *capture.Mark, v verbSet) {
	if !s.any {
		s.any, s.mark, s.ack = true, *m, m.Ack
	}
	if int32(m.Ack-s.ack) > 0 {
		s.ack = m.Ack
	}
	s.verbs |= v
}

// AskTLS notes that the unit being delivered is the client's wish for TLS: STARTTLS,
// STLS. masked says that it was made illegible on its way, so that the server will
// not understand it.
func (c *Conversation) AskTLS(masked bool) {
	if c.wishing == noWish {
		c.wishing, c.wish = asked, wish{masked: masked}
	}
}

// RefuseTLS says that the server refused the client's wish for TLS.
func (c *Conversation) RefuseTLS() {
	if c.wishing == asked {
		c.upgraded(Rejected)
	}
}

// Upgrade says that the server agreed to begin TLS: any TLS record begins it
// now. Text that comes instead is delivered as before (RFC 3207 section 4).
func (c *Conversation) Upgrade() {
	c.upgrade = true
	w := &c.wish
	c.wishing, w.goAhead = agreed, c.mark.Seq+1
	switch {
	case !w.early.any:
	case int32(w.early.ack-w.goAhead) >= 0: // it only came earlier in the capture
		c.upgraded(NotFollowed)
	case !w.blind:
		c.injected(reassembly.ToServer, &w.early)
	}
}

// stray looks at a unit that came between STARTTLS and TLS, before the session does.
func (c *Conversation) stray(d reassembly.Dir, unit []byte) {
	w := &c.wish
	switch {
	case d == reassembly.ToClient && c.wishing == agreed:
		w.late.add(&c.mark, repliesIn(unit))
	case d == reassembly.ToClient:
	case c.wishing == asked:
		w.early.add(&c.mark, verbsIn(unit))
	case int32(c.mark.Ack-w.goAhead) >= 0:
		c.upgraded(NotFollowed)
	case !w.early.any && !w.blind: // on its way when the server agreed
		w.early.add(&c.mark, verbsIn(unit))
		c.injected(reassembly.ToServer, &w.early)
	}
}

// injected reports text between STARTTLS and TLS.
func (c *Conversation) injected(by reassembly.Dir, s *strays) {
	o := c.fact(Injection, &s.mark)
	o.Decided = c.mark
	o.Oddity = &Oddity{By: by, Verbs: s.verbs.names()}
	c.engine.cfg.Report(o)
}

// upgraded reports how the wish for TLS ended.
func (c *Conversation) upgraded(r UpgradeResult) {
	c.flushGreeting()
	u := Upgrade{Result: r, Masked: c.wish.masked}
	if f := c.facts.offer; f != nil {
		u.Known, u.Offered = true, f.StartTLS
	}
	c.wishing, c.wish = noWish, wish{}
	o := c.fact(Upgraded, &c.mark)
	o.Upgrade = keep(&c.engine.facts.upgrades, &u)
	c.engine.cfg.Report(o)
}

// wishGranted says that TLS begins: what the server said behind its consent was not
// an answer to anybody.
func (c *Conversation) wishGranted(implicit bool) {
	w := &c.wish
	c.facts.summary.TLS = true
	if held := &c.dirs[reassembly.ToClient]; c.wishing == agreed && len(held.buf) > 0 && !held.tls {
		w.late.add(&c.mark, 0)
	}
	if c.wishing == agreed && w.late.any && !w.early.any && !w.blind {
		c.injected(reassembly.ToClient, &w.late)
	}
	if implicit {
		c.upgraded(Implicit)
	} else {
		c.upgraded(Followed)
	}
}

// wishOver is called when the flow is over.
func (c *Conversation) wishOver() {
	w := &c.wish
	switch c.wishing {
	case asked:
		c.upgraded(Unanswered)
	case agreed:
		if w.late.any && !w.early.any && !w.blind {
			c.injected(reassembly.ToClient, &w.late)
		}
		c.upgraded(Interrupted)
	}
}

// verbSet is a set of words of strayVerbs.
type verbSet uint64

// strayVerbs are the words that are named when they stand where only TLS may be.
// The last one is all the others.
var strayVerbs = [...]string{
	"EHLO", "HELO", "LHLO", "MAIL", "RCPT", "DATA", "BDAT", "RSET", "NOOP", "QUIT", "VRFY", "EXPN", "HELP", "AUTH", "STARTTLS",
	"USER", "PASS", "APOP", "CAPA", "STLS", "STAT", "LIST", "UIDL", "RETR", "TOP", "DELE",
	"CAPABILITY", "LOGIN", "AUTHENTICATE", "LOGOUT", "SELECT", "EXAMINE", "APPEND", "FETCH", "UID", "ID", "ENABLE", "NAMESPACE", "STATUS", "LSUB",
	"AUTHINFO", "MODE", "GROUP", "ARTICLE", "POST", "PUTSCRIPT", "SETACTIVE", "LISTSCRIPTS",
	"OK", "NO", "BAD", "BYE", "PREAUTH", "+OK", "-ERR", "2XX", "3XX", "4XX", "5XX", "EXISTS", "RECENT", "FLAGS", "OTHER",
}

const otherVerb = verbSet(1) << (len(strayVerbs) - 1)

func (s verbSet) names() []string {
	var out []string
	for i, name := range strayVerbs {
		if s&(1<<i) != 0 {
			out = append(out, name)
		}
	}
	return out
}
