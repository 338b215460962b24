// Package sensor wires the stages to a pipeline: frames from a source through
// decoder, assembler and engine to findings. Its one job is who runs what, with
// how much memory, and in which order results come out. Its invariant: the
// result of a scan does not depend on the number of workers.
package sensor

import (
	"net/netip"
	"time"

	"cleartap/capture"
	"cleartap/capture/kernelfilter"
	"cleartap/detectors"
	"cleartap/detectors/secret"
	"cleartap/detectors/signals"
	"cleartap/reassembly"
)

// DefaultMemory is Config.MaxMemory when it is 0, MinMemory the least that it
// may be, in bytes.
const (
	DefaultMemory = 256 << 20
	MinMemory     = 16 << 20
)

// Config says what a scan looks at and how much it may use. The zero value
// looks at every port with one worker and the default memory.
type Config struct {
	Jobs        int            // captures read at a time; 0: 1
	MaxMemory   int64          // bytes that flows, held segments, dialogues and signals may take together; 0: DefaultMemory
	Ports       *capture.Ports // nil: any
	Nets        []netip.Prefix // flows with an end in one of them; empty: all
	ExcludeNets []netip.Prefix // no flow with an end in one of them
	OutcomeWait time.Duration  // packet time to wait for a login's outcome; 0: 60 s
	Protocols   []*detectors.Protocol
	Signals     signals.Config
	Marks       *secret.Key // marks secrets for the signals; nil, the default, does not

	// Filter gives what decides about frames of a link type of captures; live, the kernel
	// does. Several workers call it at once. With an error such frames are left out. Nil: all pass.
	Filter func(capture.LinkType) (*kernelfilter.Matcher, error)
}

// SignalsMemory is what of a live sensor's memory is for what many logins tell together,
// in bytes. The rest is for the captures.
func SignalsMemory(memory int64) int64 {
	if memory <= 0 {
		memory = DefaultMemory
	}
	return memory / 5
}

// signalsOfScan is the same of a scan, which remembers for as long as its captures last:
// then it stays below 64 MB by default, however many logins are in them.
func signalsOfScan(memory int64) int64 { return memory / 8 }

// InventoryMemory is what of a live sensor's memory is for its inventory, in bytes.
func InventoryMemory(memory int64) int64 {
	if memory <= 0 {
		memory = DefaultMemory
	}
	return memory / 16
}

// A capture's memory is divided: five eighths for flows and the bytes held of
// them, one for lines that segments cut, one sixteenth for fragments. The rest
// is for conversations, buffers and what the collector leaves lying about.

// decoder gives the configuration of a decoder.
func (c *Config) decoder(memory int64) capture.DecoderConfig {
	return capture.DecoderConfig{Ports: c.Ports, Net: c.Nets, ExcludeNet: c.ExcludeNets, MaxFragmentBytes: int(min(memory/16, 8<<20))}
}

// engine gives the configuration of an engine.
func (c *Config) engine(memory int64, report func(*detectors.Observation)) detectors.Config {
	return detectors.Config{
		Protocols: c.Protocols, Report: report, OutcomeWait: capture.Nanos(c.OutcomeWait),
		Buffered: int(min(memory/8, detectors.DefaultBuffered)), Marks: c.Marks,
	}
}

// assembler gives the configuration of an assembler.
func (c *Config) assembler(memory int64, e *detectors.Engine) reassembly.Config {
	return reassembly.Config{Classify: e.Classify, Open: e.Open, MailPort: c.mailPort(), MaxMemory: memory * 5 / 8}
}

// mailPort knows the ports of all protocols.
func (c *Config) mailPort() func(uint16) bool {
	ports := make(map[uint16]bool)
	for _, p := range c.Protocols {
		for _, n := range p.Ports {
			ports[n] = true
		}
	}
	return func(port uint16) bool { return ports[port] }
}
