// Package reassembly puts the bytes of TCP connections in order. It is the
// second stage of the line: segments in, ordered bytes, gaps and ends out. It
// knows nothing of mail; what it must know to spend memory only on flows that
// matter, it asks through Config.Classify. Its invariant: memory stays within
// Config's bounds whatever arrives.
package reassembly

import (
	"net/netip"

	"cleartap/capture"
)

// Dir is the direction of bytes in a flow.
type Dir uint8

// The two directions.
const (
	ToServer Dir = iota
	ToClient
)

// Other is the opposite direction.
func (d Dir) Other() Dir { return d ^ 1 }

func (d Dir) String() string {
	if d == ToServer {
		return "to server"
	}
	return "to client"
}

// Flow names one TCP connection. A 4-tuple that is used again is another Flow.
type Flow struct {
	Client, Server netip.AddrPort
	VLAN           uint16        // of the first segment, 0 if none; not part of the flow's identity
	Start          capture.Nanos // time of the first segment seen
	Midstream      bool          // the handshake was not seen
}

// Stream receives one flow, in order.
type Stream interface {
	// Data hands over bytes of direction d. m is the place of p's first byte;
	// p is valid during the call only. False ends the stream: it gets no further
	// call, not even Close, and the flow costs one look-up a packet from then on.
	Data(d Dir, m capture.Mark, p []byte) (more bool)
	// Gap says that n bytes of direction d will never come; n is 0 when unknown.
	Gap(d Dir, m capture.Mark, n int) (more bool)
	// Conflict says that bytes of direction d arrived again with other content
	// (the first copy delivered counts). m is the place of the first byte that differs.
	Conflict(d Dir, m capture.Mark)
	// Close says that the flow is over: FIN both ways, RST, idle, reused, or evicted.
	Close()
}

// Verdict is an answer to "does this flow matter?".
type Verdict uint8

// The answers of Config.Classify.
const (
	Wait Verdict = iota // too little was seen to tell
	Drop                // of no interest: forget its bytes, know it by one look-up
	Open                // of interest: open a Stream
	Swap                // of interest, and the two sides are the other way round
)

// Probe is what was seen of a flow before anyone took interest in it: the first
// bytes of either side, in order, at most Config.ProbeBytes each.
type Probe struct {
	ToServer, ToClient []byte
	ServerPort         uint16
	ClientPort         uint16
	Sure               bool // a SYN or SYN-ACK told who the client is
	Final              bool // nothing more will come (closed, idle, evicted, or the probe is full): Wait means Drop
}
