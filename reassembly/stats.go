package reassembly

// Stats counts what an Assembler did. Counters only grow; levels say so.
type Stats struct {
	Segments  uint64 // pushed
	Unclaimed uint64 // that belonged to no flow and began none: bare ACK, FIN, RST
	Bypassed  uint64 // of flows that were ignored or left
	Late      uint64 // of flows that were over

	Flows     uint64 // that began
	Midstream uint64 // of these, without their handshake
	Reused    uint64 // of these, between the same ends as one before
	Dropped   uint64 // that Classify did not want, or that ended undecided with bytes held
	Opened    uint64 // that got a Stream
	Left      uint64 // whose Stream wanted no more
	OneSided  uint64 // with a Stream, of which one direction was seen

	OutOfOrder    uint64 // segments that came before their turn
	Retransmitted uint64 // segments that were, in part at least, delivered before
	Conflicts     uint64 // segments that came again with other content
	Gaps          uint64
	GapBytes      uint64
	OutOfWindow   uint64 // segments too far from where their direction stood
	RSTIgnored    uint64 // not at the expected number, RFC 5961 section 3
	FINIgnored    uint64
	SYNHeld       uint64 // in the middle of a flow, RFC 5961 section 4
	Shed          uint64 // segments far ahead of a hole that could not be held
	NoACK         uint64 // segments with payload or FIN but no ACK, RFC 9293 section 3.10.7.4
	FarACK        uint64 // segments with payload that acknowledge what was never sent, same section
	OddTTL        uint64 // segments whose TTL was not that of their direction

	Expired        uint64 // flows that were idle too long
	EvictedFlows   uint64 // flows that had to go for others
	EvictedStreams uint64 // of these, with a Stream
	EvictedHeld    uint64 // segments that were held of these
	Refused        uint64 // segments of undecided flows that could not be held
	ClockSteps     uint64

	Live      int   // flows in the table; a level
	PeakFlows int   // the most there were
	Open      int   // Streams; a level
	PeakOpen  int   // the most there were
	Held      int64 // bytes of blocks in use; a level
	PeakHeld  int64 // the most there were
	Memory    int64 // bytes allocated for table, blocks and records of streams; a level
	MostWork  int   // the most entries touched for one segment, beyond its own
}

// Stats gives the counters as they are now.
func (a *Assembler) Stats() Stats {
	s := a.stats
	s.ClockSteps = a.steps
	s.Live = a.entries.live
	s.Open = a.conns.open()
	s.Held = int64(a.pool.live * blockBytes)
	s.PeakHeld = int64(a.pool.peak * blockBytes)
	s.Memory = a.memory()
	return s
}

// memory is what the table, the blocks and the records take, in bytes.
func (a *Assembler) memory() int64 {
	chunks := a.entries.chunks + a.pool.chunks + a.index.chunks
	return int64(chunks*chunkBytes + a.addresses.chunks*chunkBytes/2 + len(a.conns.all)*connBytes)
}

// Add adds what another Assembler counted; of levels and peaks it keeps the higher.
func (s *Stats) Add(o *Stats) {
	for _, p := range [...]struct{ to, from *uint64 }{
		{&s.Segments, &o.Segments}, {&s.Unclaimed, &o.Unclaimed}, {&s.Bypassed, &o.Bypassed}, {&s.Late, &o.Late},
		{&s.Flows, &o.Flows}, {&s.Midstream, &o.Midstream}, {&s.Reused, &o.Reused}, {&s.Dropped, &o.Dropped},
		{&s.Opened, &o.Opened}, {&s.Left, &o.Left}, {&s.OneSided, &o.OneSided}, {&s.OutOfOrder, &o.OutOfOrder},
		{&s.Retransmitted, &o.Retransmitted}, {&s.Conflicts, &o.Conflicts}, {&s.Gaps, &o.Gaps},
		{&s.GapBytes, &o.GapBytes}, {&s.OutOfWindow, &o.OutOfWindow}, {&s.RSTIgnored, &o.RSTIgnored},
		{&s.FINIgnored, &o.FINIgnored}, {&s.SYNHeld, &o.SYNHeld}, {&s.OddTTL, &o.OddTTL}, {&s.Expired, &o.Expired},
		{&s.Shed, &o.Shed}, {&s.NoACK, &o.NoACK}, {&s.FarACK, &o.FarACK},
		{&s.EvictedFlows, &o.EvictedFlows}, {&s.EvictedStreams, &o.EvictedStreams},
		{&s.EvictedHeld, &o.EvictedHeld}, {&s.Refused, &o.Refused}, {&s.ClockSteps, &o.ClockSteps},
	} {
		*p.to += *p.from
	}
	s.Live, s.PeakFlows = max(s.Live, o.Live), max(s.PeakFlows, o.PeakFlows)
	s.Open, s.PeakOpen = max(s.Open, o.Open), max(s.PeakOpen, o.PeakOpen)
	s.Held, s.PeakHeld = max(s.Held, o.Held), max(s.PeakHeld, o.PeakHeld)
	s.Memory, s.MostWork = max(s.Memory, o.Memory), max(s.MostWork, o.MostWork)
}
