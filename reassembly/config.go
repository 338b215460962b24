package reassembly

import (
	"time"

	"cleartap/capture"
)

// Config says what the flows are for, and what they may cost. The zero value of
// a bound is its default; there is no "unlimited".
type Config struct {
	// Classify says whether a flow matters. It is asked when new bytes of a flow
	// came that nobody decided about yet. The Probe is valid during the call.
	// Without it every flow with a payload is of interest.
	Classify func(p *Probe) Verdict
	// Open gives the Stream that follows a flow, nil for none. f and p are used
	// again after the call: what is needed of them must be copied.
	Open func(f *Flow, p *Probe) Stream
	// MailPort reports that servers of interest are often at a port. It is a hint
	// for flows whose handshake was not seen, never a decision. It may be nil.
	MailPort func(port uint16) bool

	// MaxMemory bounds, in bytes, the flow table, the bytes held and the records
	// of streams (not what a Stream holds itself). Default 128 MiB, at least 1 MiB.
	// The table takes 72 to 90 bytes a flow, IPv6 32 more, and at most five eighths
	// of the memory; bytes held at most one half, and streams one eighth.
	MaxMemory int64
	// MaxStreams bounds how many Streams are open at a time. Default one for 4 KiB of MaxMemory.
	MaxStreams int
	// ProbeBytes is how much of either side a Probe shows. Default 128, at most 1024.
	ProbeBytes int
	// ProbeHold is how many bytes of an undecided flow are held before it must be
	// decided. Default 4096, at most 32768. The segment that goes beyond is not held.
	ProbeHold int
	// HoldSegments and HoldBytes bound, for each direction, what is held of a
	// followed flow because bytes before it did not come yet. Default 64 segments
	// and 64 KiB, at most 1024 segments and 1 MiB.
	HoldSegments, HoldBytes int

	// MaxWait is how long, in packet time, missing bytes are waited for. Default
	// 2 s. Eight times as long when the receiver's acknowledgements show that it
	// waits for them as well.
	MaxWait time.Duration
	// ReorderWait is how long, in packet time, bytes are waited for that surely
	// arrived where they were sent, so that only the capture can have them out of order:
	// acknowledged ones, and those in front of a flow picked up midway. Default 200 ms.
	ReorderWait time.Duration
	// Linger is how long after an accepted RST, or the end of the only direction
	// seen, bytes in flight are accepted. Default 2 s.
	Linger time.Duration

	// IdleProbe, IdleOpen, IdleClosing, IdleIgnored, IdleDone and IdleEnded are how long
	// a flow is kept without a segment, in packet time: undecided (default 60 s), with
	// a Stream (30 min), with a Stream and one direction over (2 min), refused by
	// Classify (5 min), left by its Stream (35 min: IMAP IDLE is renewed every 29,
	// RFC 2177 section 3), and over (20 s, but
	// no more than the last 4096 flows).
	IdleProbe, IdleOpen, IdleClosing, IdleIgnored, IdleDone, IdleEnded time.Duration
}

// Defaults and limits of Config.
const (
	defaultMemory = 128 << 20
	leastMemory   = 1 << 20
	entryBytes    = 64
	addressBytes  = 32
	blockBytes    = len(block{})
	chunkBytes    = 64 << 10
	connBytes     = 768 // with what the allocator adds
	reserve       = 16  // one part of so many is for flows that are followed
)

// limits are Config's bounds in the units in which they are used.
type limits struct {
	memory     int // bytes
	table      int // bytes of the flow table
	streams    int
	probeBytes int
	probeHold  int
	segments   int
	bytes      int
	wait       capture.Nanos
	reorder    capture.Nanos
	linger     capture.Nanos
	idle       [states]uint32 // in units
}

func or[T int | int64 | time.Duration](v, fallback, most T) T {
	if v <= 0 {
		return fallback
	}
	return min(v, most)
}

const longest = 365 * 24 * time.Hour

func (c *Config) limits() (l limits, blocks int) {
	memory := max(or(c.MaxMemory, defaultMemory, 1<<40), leastMemory)
	l.memory, l.table = int(memory), int(memory*5/8)
	l.streams = max(1, or(c.MaxStreams, int(memory/8/512), int(memory/8/512)))
	l.probeBytes = or(c.ProbeBytes, 128, 1024)
	l.probeHold = or(c.ProbeHold, 4096, 32768)
	l.segments = or(c.HoldSegments, 64, 1024)
	l.bytes = or(c.HoldBytes, 64<<10, 1<<20)
	l.wait = capture.Nanos(or(c.MaxWait, 2*time.Second, longest))
	l.reorder = capture.Nanos(or(c.ReorderWait, 200*time.Millisecond, longest))
	l.linger = capture.Nanos(or(c.Linger, 2*time.Second, longest))
	for s, d := range [states]time.Duration{
		probing: or(c.IdleProbe, time.Minute, longest),
		open:    or(c.IdleOpen, 30*time.Minute, longest),
		closing: or(c.IdleClosing, 2*time.Minute, longest),
		ignored: or(c.IdleIgnored, 5*time.Minute, longest),
		done:    or(c.IdleDone, 35*time.Minute, longest),
		ended:   or(c.IdleEnded, 20*time.Second, longest),
	} {
		l.idle[s] = uint32(d>>unitShift) + 1
	}
	return l, l.memory / 2 / blockBytes
}
