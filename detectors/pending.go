package detectors

import (
	"cleartap/capture"
	"cleartap/reassembly"
)

// Ticket names an attempt that waits for its outcome. The zero Ticket names none.
type Ticket uint32

// maxWaiting is how many attempts of a conversation may wait at a time.
const maxWaiting = 32

// pending is an attempt that waits for its outcome. It is in two lists: its
// conversation's, oldest first, and the engine's, by deadline.
type pending struct {
	conversation *Conversation
	next         *pending // of the conversation; of the free list
	sooner       *pending
	later        *pending
	deadline     capture.Nanos
	ticket       Ticket
	blind        bool // sent without waiting for what bytes that are missing got for a reply
	doubtful     bool // segments disagreed about what the server said meanwhile
	missed       bool // bytes of the server are missing since
	observation  Observation
}

// Begin notes a login attempt whose secret ended with the unit being delivered.
// It is reported when Settle tells its outcome, or as Unknown when the flow
// ends or the outcome does not come in time. At most 32 attempts wait: one more,
// and the oldest is reported as Unknown. a is copied.
func (c *Conversation) Begin(a *Attempt) Ticket {
	if c.held == maxWaiting || c.engine.waiting == c.engine.cfg.Waiting {
		c.engine.stats.Bounds++
		c.engine.expireOldest(c)
	}
	p := c.engine.newPending()
	c.tickets++
	c.number++
	p.conversation, p.ticket, p.deadline = c, c.tickets, c.mark.Time+c.engine.cfg.OutcomeWait
	if a.Secret.Seen() {
		c.facts.summary.Logins++
	}
	p.blind = !c.blind.waited(c.mark.Ack)
	o := &p.observation // was cleared
	o.Kind, o.Mark, o.Attempt, o.Number, o.Gap = Login, c.mark, *a, c.number, c.gap
	if a.Class != Password && a.Class != Token { // an answer to a challenge is another one each time
		o.Attempt.Secret = a.Secret.Unmarked()
	}
	if c.last == nil {
		c.waiting = p
	} else {
		c.last.next = p
	}
	c.last = p
	c.held++
	c.engine.enqueue(p)
	return p.ticket
}

// Settle tells the outcome of an attempt, which the unit being delivered
// decided. An attempt that was reported already is left alone.
func (c *Conversation) Settle(t Ticket, r Result, reply Reply) {
	p := c.take(t)
	if p == nil {
		return
	}
	if p.doubtful {
		c.engine.unknown(p)
		return
	}
	switch r {
	case Success:
		c.layer = true
		if p.observation.Attempt.Secret.Seen() {
			c.facts.summary.Accepted++
		}
	case RefusedInsecure:
		c.facts.summary.Required = true
	}
	p.observation.Result, p.observation.Reply, p.observation.Decided = r, reply, c.mark
	c.engine.settle(p)
}

// Withdraw says that what was begun is no attempt after all (a reply of 503 to
// AUTH, decisions of the protocol): it is not reported.
func (c *Conversation) Withdraw(t Ticket) {
	p := c.take(t)
	if p == nil {
		return
	}
	if p.observation.Number == c.number {
		c.number--
	}
	if p.observation.Attempt.Secret.Seen() {
		c.facts.summary.Logins--
	}
	c.engine.free(p)
}

// Answers reports whether the unit of the server being delivered can be the reply to an attempt.
// Where a capture lacks bytes, what came behind the hole is delivered late, and may look like
// a reply to what the client sent since; and what the client sent at once with bytes that are
// lost is answered behind what they were.
func (c *Conversation) Answers(t Ticket) bool {
	if !c.gap || c.dirs[reassembly.ToServer].deflate != nil {
		return true
	}
	for p := c.waiting; p != nil; p = p.next {
		if p.ticket == t {
			return !p.blind && c.answers(p)
		}
	}
	return true
}

// answers reports whether the server had all of an attempt when it sent the unit being delivered,
// and, if bytes of the server are missing since, nothing of the client behind the attempt: the
// reply may be what is missing, and the unit at hand one to what the client sent next.
func (c *Conversation) answers(p *pending) bool {
	had := int32(c.mark.Ack - p.observation.Mark.Seq) // 1 if no more than the attempt
	return had == 1 || had > 1 && !p.missed
}

// missReplies notes that bytes of the server are missing: replies to what waits may be among them.
func (c *Conversation) missReplies() {
	for p := c.waiting; p != nil; p = p.next {
		p.missed = true
	}
}

// Waiting says how many attempts wait for their outcome.
func (c *Conversation) Waiting() int { return c.held }

// take takes an attempt out of the conversation's list.
func (c *Conversation) take(t Ticket) *pending {
	var before *pending
	for p := c.waiting; p != nil; before, p = p, p.next {
		if p.ticket != t {
			continue
		}
		if before == nil {
			c.waiting = p.next
		} else {
			before.next = p.next
		}
		if c.last == p {
			c.last = before
		}
		c.held--
		return p
	}
	return nil
}

// settleAll reports what still waits as Unknown.
func (c *Conversation) settleAll() {
	for c.waiting != nil {
		c.engine.unknown(c.take(c.waiting.ticket))
	}
}

// expire reports as Unknown what waited too long. The engine's Tick may come later, as it
// does for many packets at once: what a reply decides must not depend on other flows.
func (c *Conversation) expire(now capture.Nanos) {
	for c.waiting != nil && c.waiting.deadline <= now {
		c.engine.unknown(c.take(c.waiting.ticket))
	}
}

// dropAll forgets what still waits.
func (c *Conversation) dropAll() {
	for c.waiting != nil {
		c.engine.free(c.take(c.waiting.ticket))
	}
}

// expireOldest makes room: c's oldest attempt, or the engine's when c has none.
func (e *Engine) expireOldest(c *Conversation) {
	p := c.waiting
	if p == nil {
		p = e.first
	}
	e.unknown(p.conversation.take(p.ticket))
}

// unknown reports an attempt whose outcome was not seen.
func (e *Engine) unknown(p *pending) {
	p.observation.Result, p.observation.Decided = Unknown, p.observation.Mark
	e.settle(p)
}

// settle reports an attempt that was taken out of its conversation.
func (e *Engine) settle(p *pending) {
	c := p.conversation
	o := &p.observation
	e.dequeue(p)
	c.complete(o)
	e.stats.Protocols[c.protocol].Logins++
	e.cfg.Report(o)
	e.recycle(p)
}

// complete fills in what the engine knows of the flow.
func (c *Conversation) complete(o *Observation) {
	o.Flow, o.Protocol, o.Proxy = c.flow, c.name, c.proxy
	o.Ambiguous = c.ambiguous
	o.Sides = 1
	if c.dirs[0].seen && c.dirs[1].seen {
		o.Sides = 2
	}
}

// enqueue appends to the engine's list: deadlines grow, or nearly so.
func (e *Engine) enqueue(p *pending) {
	e.waiting++
	p.sooner = e.newest
	if e.newest == nil {
		e.first = p
	} else {
		e.newest.later = p
	}
	e.newest = p
}

func (e *Engine) dequeue(p *pending) {
	e.waiting--
	if p.sooner == nil {
		e.first = p.later
	} else {
		p.sooner.later = p.later
	}
	if p.later == nil {
		e.newest = p.sooner
	} else {
		p.later.sooner = p.sooner
	}
	p.sooner, p.later = nil, nil
}

// free forgets an attempt that was taken out of its conversation.
func (e *Engine) free(p *pending) {
	e.dequeue(p)
	e.recycle(p)
}

func (e *Engine) newPending() *pending {
	p := e.spare
	if p == nil {
		return new(pending)
	}
	e.spare, p.next = p.next, nil
	return p
}

func (e *Engine) recycle(p *pending) {
	*p = pending{}
	p.next, e.spare = e.spare, p
}
