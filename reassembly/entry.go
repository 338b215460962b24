package reassembly

import "cleartap/capture"

// entry is what the table knows of a flow: 64 bytes, one cache line, without a
// pointer. A flow that is followed has a conn besides. Sides are those of the
// key; which of them is the client is a flag.
type entry struct {
	addrs uint64        // see key; IPv6: the number of its address6, then 32 bits of the hash
	ports uint32        // see key
	hash  uint32        // upper half of the key's
	start capture.Nanos // Flow.Start
	last  uint32        // when the last segment came, in units
	base  [2]uint32     // by side: sequence number of the first byte, see base0
	held  uint32        // what is held, by arrival, until the flow is decided; later a SYN at most
	tail  uint32        // the last of it
	tnext uint32        // neighbours in the wheel, or among the flows that are over
	tprev uint32
	ref   uint32 // the number of the conn; undecided: bytes held
	flags flags
	vlan  uint16
	state state
	segs  uint8  // segments held
	slot  uint16 // of the wheel, plus 1; 0 when no timer runs
}

// state tells what is done with a flow's segments.
type state uint8

const (
	free    state = iota
	probing       // undecided: half open, or its first bytes are held
	open          // a Stream follows it
	closing       // the same, and one direction is over
	ignored       // Classify did not want it
	done          // its Stream wanted no more
	ended         // over; what comes late is absorbed
	_
	states // as many as fit; a power of two
)

// flags of an entry. Where there are two, the second is side 1's.
type flags uint16

const (
	v6      flags = 1 << iota
	client1       // side 1 is the client
	sure          // a SYN or SYN-ACK told which side is
	base0         // base[0] comes from a SYN, not from the first data seen
	base1
	seen0 // a segment of the side was seen
	seen1
	midstream // the handshake was not seen
	pending   // a SYN is held that may begin another flow
	synData   // data of a SYN are held, not acknowledged yet
	waited    // the wait for reordered first segments is over
	fin0      // the side's end was seen
	fin1
	followed // had a Stream: when over, base tells where it stood
	answered // a SYN-ACK was seen
	holey    // nothing of a side is in order: a timer runs for the hole
)

// client is the side of the client.
func (e *entry) client() uint8 {
	if e.flags&client1 != 0 {
		return 1
	}
	return 0
}

// setClient makes side the client.
func (e *entry) setClient(side uint8) {
	e.flags = e.flags&^client1 | flags(side)*client1
}

// has reports a flag of which each side has its own.
func (e *entry) has(f flags, side uint8) bool { return e.flags&(f<<side) != 0 }

// set sets a flag of which each side has its own.
func (e *entry) set(f flags, side uint8) { e.flags |= f << side }

// port is the port of a side.
func (e *entry) port(side uint8) uint16 { return uint16(e.ports >> (16 * (1 - side))) }
