package detectors

import (
	"net/netip"

	"cleartap/capture"
	"cleartap/detectors/secret"
	"cleartap/reassembly"
)

// Conversation is all that a Session sees of its flow, and all that it can do:
// say how the next bytes are to be cut, report, and stop. It is also the Stream
// that reassembly feeds. The engine owns it: it is used again for another flow
// after the dialogue is over.
type Conversation struct {
	// What each unit needs stands first and together: with many flows at a time each
	// cache line of one has to come from memory. A unit takes three of the first four:
	// these, its direction's, and the one with the mark.
	engine    *Engine
	session   Session
	reader    Reader   // not nil once TLS began: it takes the bytes as they come
	preface   *preface // not nil before the first byte of the dialogue proper
	over      ending
	wishing   wishState // of wish
	keeping   bool      // of kept: what the client sends is kept
	answered  bool      // the client spoke, in units
	hellos    bool      // what looks like a ClientHello was held at some time
	truncated bool
	gap       bool
	ambiguous bool
	upgrade   bool // the server agreed to begin TLS
	layer     bool // a login succeeded: a SASL security layer may follow
	empty     bool // a literal of no bytes is to be delivered
	refeed    bool // the other direction's buffered bytes are to be cut again
	implicit  bool // TLS from the first byte
	doubt     bool // see Doubt
	greeted   bool // the server had spoken when the flow was opened
	tunnelled bool // a preface came before: the server's port is not the flow's
	dirs      [2]framer
	mark      capture.Mark // of the unit being delivered
	waiting   *pending     // attempts without an outcome, oldest first
	fed       int          // bytes that came, of both sides
	blind     blind

	tickets  Ticket
	last     *pending // of waiting
	held     int      // how many wait
	number   int      // attempts of this flow
	protocol int      // index into Config.Protocols, -1 while unknown
	name     string   // as reported: the protocol's, until Rename
	flow     reassembly.Flow
	proxy    netip.AddrPort
	facts    facts
	kept     kept
	wish     wish
	inflated int // bytes that Inflate gave so far
	reread   int // bytes that were read again
	conflict int // conflicts reported

	helloMark capture.Mark // where a hello that is held begins
}

// ending says why a conversation is over.
type ending uint8

const (
	going     ending = iota
	ended            // nothing left to learn
	encrypted        // TLS or a SASL security layer
	foreign          // not this protocol
	exceeded         // a bound was hit
)

// Lines cuts direction d into lines from here on. It is how a conversation
// begins. A line ends at LF; one CR before it is dropped (bare LF is common,
// RFC 5321 section 4.1.1.4 notwithstanding), nothing else is trimmed.
func (c *Conversation) Lines(d reassembly.Dir) { c.setMode(d, modeLines, 0) }

// Literal makes the next n bytes of d one unit (of which the first 16 KiB are
// delivered, see Truncated); then lines again. A literal of no bytes is
// delivered as an empty unit as soon as the unit at hand is done.
func (c *Conversation) Literal(d reassembly.Dir, n uint64) { c.setMode(d, modeLiteral, n) }

// Skip drops the next n bytes of d; then lines again. Nothing is delivered.
func (c *Conversation) Skip(d reassembly.Dir, n uint64) { c.setMode(d, modeSkip, n) }

// Body drops the bytes of d up to and with the line that is a lone dot
// (CRLF . CRLF, RFC 5321 section 4.1.1.4), which is delivered as a unit "."; then
// lines again. Lines(d) ends a body early. The byte after the current unit
// begins a line, so that a dot at once is an empty body. Behind a line of the server
// that ended with LF alone, its body may end in the same way.
func (c *Conversation) Body(d reassembly.Dir) { c.setMode(d, modeBody, 0) }

// Long raises the cap on the lines of d from 16 KiB to 64 KiB, for a SASL exchange, or takes it back.
func (c *Conversation) Long(d reassembly.Dir, on bool) { c.dirs[d].long = on }

// Inflate says that both directions are raw DEFLATE (RFC 4978, RFC 8054) from the byte after
// the current unit: it is inflated with bounded memory and cut into lines again.
// Too much output, or input that is no DEFLATE, ends the conversation.
func (c *Conversation) Inflate() { c.startInflate() }

// Plain ends Inflate from the byte after the current unit (UNAUTHENTICATE, RFC 8437 section 4).
func (c *Conversation) Plain() { c.stopInflate() }

// Marks is what marks secrets, nil unless somebody asked for marks.
func (c *Conversation) Marks() *secret.Key { return c.engine.cfg.Marks }

// Truncated reports whether the unit being delivered is only the beginning of
// what was sent: it was longer than the cap, or a part of a literal was lost.
func (c *Conversation) Truncated() bool { return c.truncated }

// Mark is the place of the last byte of the unit being delivered, the LF of a line included.
func (c *Conversation) Mark() capture.Mark { return c.mark }

// Next is the sequence number of the byte of d that follows what was seen of it, holes included.
func (c *Conversation) Next(d reassembly.Dir) uint32 { return c.dirs[d].next }

// Seen reports whether bytes of direction d were seen at all.
func (c *Conversation) Seen(d reassembly.Dir) bool { return c.dirs[d].seen }

// Flow is the flow's identity. It is valid until the conversation is over.
func (c *Conversation) Flow() *reassembly.Flow { return &c.flow }

// Protocol is the name under which the conversation reports.
func (c *Conversation) Protocol() string { return c.name }

// Rename makes the conversation report under another protocol's name: LMTP is
// found out by its LHLO (RFC 2033 section 4.1).
func (c *Conversation) Rename(name string) { c.name = name }

// Proxied notes the client that an XCLIENT command announced.
func (c *Conversation) Proxied(client netip.AddrPort) { c.proxy = client }

// Done says that nothing is left to learn: the flow is bypassed. Attempts that
// still wait are reported as Unknown, so settle first.
func (c *Conversation) Done() { c.end(ended) }

// NotMine says that the dialogue turned out not to be the session's protocol:
// the flow is bypassed, and nothing that waits is reported.
func (c *Conversation) NotMine() { c.end(foreign) }

func (c *Conversation) end(why ending) {
	if c.over == going {
		c.over = why
	}
}
