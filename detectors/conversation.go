package detectors

import (
	"net/netip"

	"cleartap/capture"
	"cleartap/reassembly"
)

// Conversation is all that a Session sees of its flow, and all that it can do:
// say how the next bytes are to be cut, report, and stop.
type Conversation struct{}

// Lines cuts direction d into lines from here on. It is how a conversation begins.
func (c *Conversation) Lines(d reassembly.Dir) {}

// Literal makes the next n bytes of d one unit (of which the first 16 KiB are
// delivered, see Truncated); then lines again.
func (c *Conversation) Literal(d reassembly.Dir, n uint64) {}

// Skip drops the next n bytes of d; then lines again.
func (c *Conversation) Skip(d reassembly.Dir, n uint64) {}

// Body drops the bytes of d up to and with the line that is a lone dot
// (CRLF . CRLF, RFC 5321 section 4.1.1.4), which is delivered as a unit "."; then
// lines again. Lines(d) ends a body early.
func (c *Conversation) Body(d reassembly.Dir) {}

// Long raises the cap on the lines of d from 16 KiB to 64 KiB, for a SASL exchange, or takes it back.
func (c *Conversation) Long(d reassembly.Dir, on bool) {}

// Inflate says that both directions are raw DEFLATE (RFC 4978, RFC 8054) from the byte after
// the current unit; Deflated data is inflated with bounded memory and cut into lines again.
func (c *Conversation) Inflate() {}

// Plain ends Inflate from the byte after the current unit (UNAUTHENTICATE, RFC 8437 section 4).
func (c *Conversation) Plain() {}

// Truncated reports whether the unit being delivered is only the beginning of what was sent.
func (c *Conversation) Truncated() bool { return false }

// Mark is the place of the last byte of the unit being delivered.
func (c *Conversation) Mark() capture.Mark { return capture.Mark{} }

// Seen reports whether bytes of direction d were seen at all.
func (c *Conversation) Seen(d reassembly.Dir) bool { return false }

// Flow is the flow's identity.
func (c *Conversation) Flow() *reassembly.Flow { return nil }

// Ticket names an attempt that waits for its outcome. The zero Ticket names none.
type Ticket uint32

// Begin notes a login attempt whose secret ended with the unit being delivered.
// It is reported when Settle tells its outcome, or as Unknown when the flow
// ends or the outcome does not come in time.
func (c *Conversation) Begin(a *Attempt) Ticket { return 0 }

// Settle tells the outcome of an attempt, which the unit being delivered decided.
func (c *Conversation) Settle(t Ticket, r Result, reply Reply) {}

// Upgrade says that the server agreed to begin TLS: any TLS record ends the
// dialogue now. Text that comes instead is delivered as before (RFC 3207 section 4).
func (c *Conversation) Upgrade() {}

// Proxied notes the client that an XCLIENT command announced.
func (c *Conversation) Proxied(client netip.AddrPort) {}

// Done says that nothing is left to learn: the flow is bypassed.
func (c *Conversation) Done() {}
