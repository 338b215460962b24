package detectors

import (
	"hash/maphash"

	"cleartap/capture"
	"cleartap/detectors/secret"
	"cleartap/reassembly"
)

// Config says what an Engine looks for and what it may use. Zero fields mean
// the default; nothing is unlimited.
type Config struct {
	Protocols   []*Protocol        // in the order in which they are asked
	Report      func(*Observation) // receives what was observed; the observation is valid during the call
	OutcomeWait capture.Nanos      // how long an attempt waits for its outcome, in packet time; 60 s
	Line        int                // longest unit that is delivered whole, in bytes; 16 KiB
	LongLine    int                // the same inside a SASL exchange; 64 KiB
	Buffered    int                // bytes of cut units of all conversations together; 32 MiB
	Waiting     int                // attempts of all conversations that wait at a time; 16384
	Inflated    int                // bytes that a compressed conversation may inflate to; 1 MiB
	Inflaters   int                // directions that are inflated at a time; 512 (35 KiB each)
	Marks       *secret.Key        // marks secrets for detectors/signals; nil, the default, does not
	TLSPorts    []uint16           // where a dialogue in clear is odd; 465, 563, 993, 995
}

// Defaults of Config.
const (
	DefaultOutcomeWait = capture.Nanos(60e9)
	DefaultLine        = 16 << 10
	DefaultLongLine    = 64 << 10
	DefaultBuffered    = 32 << 20
	DefaultWaiting     = 16 << 10
	DefaultInflated    = 1 << 20
	DefaultInflaters   = 512
)

// Engine runs the conversations of one worker. It must be used by one goroutine.
type Engine struct {
	cfg            Config
	stats          Stats
	idle           []*Conversation // for use again
	sessions       [][]Session     // by protocol, for use again
	buffers        [len(bufferSizes)][][]byte
	buffered       int
	scratch        []byte
	first          *pending // by deadline, soonest first
	newest         *pending
	spare          *pending
	waiting        int
	spareInflaters []*inflater
	inflaters      int
	homes          [256]*[256]uint8 // by the halves of a port: index of the protocol at home there and one, 0 if none
	answer         answer
	greeted        memory[chosen]
	layer          int         // index of the protocol that is TLS, -1 if there is none
	fact           Observation // the one that is being reported
	facts          factStore
}

// keptIdle is how many conversations, and sessions of a protocol, are kept for use again.
const keptIdle = 256

// NewEngine makes an engine. Values of cfg that are out of range are brought into it.
func NewEngine(cfg Config) *Engine {
	positive := func(v *int, def, most int) {
		if *v <= 0 {
			*v = def
		}
		*v = min(*v, most)
	}
	positive(&cfg.Line, DefaultLine, DefaultLine)
	positive(&cfg.LongLine, DefaultLongLine, DefaultLongLine)
	cfg.LongLine = max(cfg.LongLine, cfg.Line)
	positive(&cfg.Buffered, DefaultBuffered, 1<<40)
	positive(&cfg.Waiting, DefaultWaiting, 1<<30)
	positive(&cfg.Inflated, DefaultInflated, 1<<30)
	positive(&cfg.Inflaters, DefaultInflaters, 1<<20)
	if cfg.OutcomeWait <= 0 {
		cfg.OutcomeWait = DefaultOutcomeWait
	}
	if cfg.Report == nil {
		cfg.Report = func(*Observation) {}
	}
	if cfg.TLSPorts == nil {
		cfg.TLSPorts = []uint16{465, 563, 993, 995}
	}
	e := &Engine{cfg: cfg, sessions: make([][]Session, len(cfg.Protocols))}
	e.stats.Protocols = make([]ProtocolStats, len(cfg.Protocols))
	e.answer.choice = -1
	e.facts.seed = maphash.MakeSeed()
	e.layer = -1
	for i, p := range cfg.Protocols {
		e.stats.Protocols[i].Name = p.Name
		if p.Layer {
			e.layer = i
		}
		for _, port := range p.Ports {
			page := &e.homes[port>>8]
			if *page == nil {
				*page = new([256]uint8)
			}
			(*page)[port&0xff] = uint8(i + 1)
		}
	}
	return e
}

// Open begins to follow a flow that Classify took. f is copied. It gives nil
// when the flow turns out to be of no interest.
func (e *Engine) Open(f *reassembly.Flow, p *reassembly.Probe) reassembly.Stream {
	if choice := e.remembered(p); choice >= 0 {
		return e.open(f, p, choice)
	}
	if client, server, more := prefaceOf(p.ToServer); client != dialogue && !more {
		c := e.newConversation(f)
		c.preface, c.tunnelled = &preface{port: p.ServerPort}, true
		c.preface.sides[reassembly.ToServer].stage = client
		c.preface.sides[reassembly.ToClient].stage = server
		e.stats.Prefaces++
		return c
	}
	if e.opensWithTLS(p) {
		c := e.newConversation(f)
		c.beginLayer(p.ServerPort)
		return c
	}
	choice, _, _ := e.choose(p.ToServer, p.ToClient, p.ServerPort, true)
	if choice < 0 {
		return nil
	}
	return e.open(f, p, choice)
}

// open begins to follow a flow as protocol i.
func (e *Engine) open(f *reassembly.Flow, p *reassembly.Probe, i int) *Conversation {
	c := e.newConversation(f)
	c.greeted = len(p.ToClient) > 0
	c.begin(i)
	return c
}

// begin hands the conversation to a session of protocol i.
func (c *Conversation) begin(i int) {
	c.name = c.engine.cfg.Protocols[i].Name
	c.start(i)
}

// start gives the conversation a session of protocol i.
func (c *Conversation) start(i int) {
	e := c.engine
	c.protocol = i
	e.stats.Protocols[i].Conversations++
	if free := e.sessions[i]; len(free) > 0 {
		c.session = free[len(free)-1]
		e.sessions[i] = free[:len(free)-1]
	} else {
		c.session = e.cfg.Protocols[i].New()
	}
	c.session.Start(c)
}

func (e *Engine) newConversation(f *reassembly.Flow) *Conversation {
	e.stats.Conversations++
	var c *Conversation
	if n := len(e.idle); n > 0 {
		c = e.idle[n-1]
		e.idle = e.idle[:n-1]
	} else {
		c = new(Conversation)
	}
	*c = Conversation{}
	c.engine, c.protocol = e, -1
	c.flow.Client, c.flow.Server = f.Client, f.Server // one by one, as with marks: f was just written
	c.flow.VLAN, c.flow.Start, c.flow.Midstream = f.VLAN, f.Start, f.Midstream
	return c
}

// retire gives back all that a conversation held.
func (e *Engine) retire(c *Conversation) {
	for i := range c.dirs {
		e.release(c.dirs[i].buf)
		c.dirs[i].buf = nil
		e.putInflater(c.dirs[i].deflate)
		c.dirs[i].deflate = nil
	}
	c.Forget()
	if c.preface != nil {
		c.preface.forget(e)
		c.preface = nil
	}
	c.leaveSession()
	if c.over == going {
		c.over = ended
	}
	if len(e.idle) < keptIdle {
		e.idle = append(e.idle, c)
	}
}

// leaveSession keeps the session for use again.
func (c *Conversation) leaveSession() {
	e := c.engine
	if c.session != nil && len(e.sessions[c.protocol]) < keptIdle {
		e.sessions[c.protocol] = append(e.sessions[c.protocol], c.session)
	}
	c.session, c.reader = nil, nil
}

// Tick tells the time: attempts whose outcome did not come in OutcomeWait are
// reported as Unknown.
func (e *Engine) Tick(now capture.Nanos) {
	for e.first != nil && e.first.deadline <= now {
		p := e.first
		e.unknown(p.conversation.take(p.ticket))
	}
}

// Close ends the engine's work: what still waits is reported as Unknown.
func (e *Engine) Close() {
	for e.first != nil {
		p := e.first
		e.unknown(p.conversation.take(p.ticket))
	}
}
