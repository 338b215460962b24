package detectors

// Stats are an engine's counters since it was made.
type Stats struct {
	Conversations uint64 // flows that were followed
	Units         uint64 // lines and literals delivered
	Overflows     uint64 // units longer than the cap
	TLS           uint64 // conversations that went on in TLS, and flows that began with it
	Layers        uint64 // conversations that went on under a SASL security layer
	Foreign       uint64 // conversations that were not the protocol they looked like
	Prefaces      uint64 // conversations that began with PROXY, SOCKS or CONNECT
	Inflated      uint64 // bytes that compressed conversations gave
	Conflicts     uint64 // segments with other bytes for the same place
	Bounds        uint64 // times a bound ended or shortened something
	Gaps          uint64 // holes in conversations
	Dropped       uint64 // flows that are no mail
	Protocols     []ProtocolStats
}

// ProtocolStats are the counters of one protocol, in the order of Config.Protocols.
type ProtocolStats struct {
	Name          string
	Conversations uint64
	Logins        uint64 // attempts reported
	Panics        uint64 // sessions that failed; their flows were dropped
}

// Stats gives the counters.
func (e *Engine) Stats() Stats {
	s := e.stats
	s.Protocols = append([]ProtocolStats(nil), s.Protocols...)
	return s
}

// Held is what an engine holds at the moment.
type Held struct {
	Buffered  int // bytes of units that segment boundaries cut
	Waiting   int // attempts without an outcome
	Inflaters int // directions that are inflated
}

// Held gives what the engine holds; all of it is zero when no conversation is open.
func (e *Engine) Held() Held {
	return Held{Buffered: e.buffered, Waiting: e.waiting, Inflaters: e.inflaters}
}
