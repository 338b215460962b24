// Package capture gets frames out of captures and strips them down to TCP
// segments. It is the first stage of the line: it knows link types, tunnels and
// fragments, and nothing of flows or of mail. Its invariant: no length that a
// capture claims is believed before it was checked, and nothing that a frame
// holds can stop the next one from being read.
package capture

import "time"

// Nanos is a point in packet time: nanoseconds since 1970-01-01 UTC. All timers
// of the sensor run on it, so that a capture read twice gives the same result.
type Nanos int64

// Time gives the point as a time.Time in UTC.
func (n Nanos) Time() time.Time { return time.Unix(0, int64(n)).UTC() }

// LinkType is a value of the LINKTYPE registry of tcpdump.org (1 is Ethernet).
type LinkType uint32

// Frame is one record of a capture. Data is valid until the next call of Next.
type Frame struct {
	Time   Nanos    // when the frame was captured
	Data   []byte   // the bytes that were kept
	Length int      // the frame's length on the wire, in bytes; more than len(Data) when the snap length cut it
	Number uint64   // 1-based, within its file (live: within its interface)
	File   uint32   // which file of the source holds it, an index into Source.Files
	Link   LinkType // how Data begins
	VLAN   uint16   // tag that the kernel took off the frame (live only), 0 if none
}

// Source yields the frames of a capture in order.
type Source interface {
	// Next fills f with the next frame. It returns io.EOF after the last one.
	// Damage of the input is no error of Next: it is told to the Problem
	// function that the source was opened with, and reading goes on where it can.
	Next(f *Frame) error
	// Files names the files behind the source, as given by the user; a frame's
	// File is an index into it.
	Files() []string
	Close() error
}

// Flags are the flags of a TCP segment as they stand in its header (RFC 9293, section 3.1).
type Flags uint8

// The flags that reassembly looks at.
const (
	FIN Flags = 0x01
	SYN Flags = 0x02
	RST Flags = 0x04
	ACK Flags = 0x10
)

// Has reports whether all the flags of x are set.
func (f Flags) Has(x Flags) bool { return f&x == x }

// Mark tells where in the capture a byte came from.
type Mark struct {
	Time  Nanos
	Frame uint64 // Frame.Number
	File  uint32 // Frame.File
	Seq   uint32 // sequence number of the byte
	Ack   uint32 // what the byte's segment acknowledged
}

// Endpoint is one end of a TCP connection. IPv4 addresses are in mapped form
// (::ffff:a.b.c.d); Segment.IPv4 tells them from IPv6 ones without a look.
type Endpoint struct {
	IP   [16]byte
	Port uint16
}

// Segment is a TCP segment as the decoder found it, inside however many
// tunnels. Payload is valid until the next call of Decode.
type Segment struct {
	Mark              // Seq is the sequence number in the header: on a SYN, of the SYN itself
	Src, Dst Endpoint // innermost addresses
	IPv4     bool     // Src and Dst hold mapped IPv4 addresses
	Flags    Flags
	TTL      uint8  // time to live or hop limit of the innermost IP header
	VLAN     uint16 // innermost VLAN tag, 0 if none
	Payload  []byte
	Missing  int // payload bytes after Payload that the snap length cut off
}
