// Package afpacket captures frames live on Linux, from AF_PACKET sockets with a
// TPACKET_V3 ring, without cgo. Its one job is to hand frames from the kernel's
// memory to the decoder without copying them; its invariant is that an interface
// which goes down, vanishes and comes back costs a gap that is told, and never the
// sensor.
package afpacket

import (
	"errors"
	"fmt"
	"time"

	"golang.org/x/net/bpf"

	"cleartap/capture"
)

// ErrIdle is what Next returns when no frame came for a while.
var ErrIdle = capture.ErrIdle

// The limits of Config.
const (
	DefaultRing         = 64 << 20
	MinRing             = 4 << 20
	MaxRing             = 4 << 30
	DefaultBlockTimeout = 10 * time.Millisecond
	blockSize           = 256 << 10 // longer frames are cut
	frameSize           = 2048
	idle                = 100 * time.Millisecond
	reopenEvery         = time.Second
)

// Config of a live capture. The zero value of a field is its default.
type Config struct {
	Interfaces   []string             // more than one: the outputs of a tap, read as one
	Ring         int                  // bytes of each interface's ring; 0: 64 MiB
	BlockTimeout time.Duration        // after which the kernel hands over a block that is not full; 0: 10 ms
	Promiscuous  bool                 // receive frames for other hosts too: what a mirror port needs
	Filter       []bpf.RawInstruction // what the kernel lets through; nil: everything
	MustFilter   bool                 // fail where Filter cannot be used, rather than let everything through
	Fanout       uint16               // group of sockets that share the frames by flow; 0: alone
	Share        []bpf.RawInstruction // chooses the socket of the group on Ethernet interfaces; nil: the kernel's hash of outer addresses and ports
	Event        func(Event)          // told of interfaces that come and go, may be nil
}

// Validate returns what is wrong with cfg, all of it.
func (cfg *Config) Validate() error {
	var errs []error
	if len(cfg.Interfaces) == 0 {
		errs = append(errs, errors.New("no interface named"))
	}
	for _, name := range cfg.Interfaces {
		if name == "" || len(name) > 15 {
			errs = append(errs, fmt.Errorf("interface %q: a name has 1 to 15 characters", name))
		}
	}
	if cfg.Ring != 0 && (cfg.Ring < MinRing || cfg.Ring > MaxRing) {
		errs = append(errs, fmt.Errorf("ring of %d bytes: it has %d to %d bytes", cfg.Ring, MinRing, MaxRing))
	}
	if cfg.BlockTimeout < 0 || cfg.BlockTimeout > time.Second {
		errs = append(errs, fmt.Errorf("block timeout %v: it is at most 1s", cfg.BlockTimeout))
	}
	return errors.Join(errs...)
}

// Event is a change of an interface.
type Event = capture.LinkEvent

// Stats counts what the kernel saw since the source was opened.
type Stats = capture.LiveStats

// Source reads one interface, or the two outputs of a tap as one.
type Source struct {
	cfg    Config
	ports  []*port
	closed bool
}

var _ capture.Live = (*Source)(nil)

// Files names the interfaces: a frame's File is an index into it.
func (s *Source) Files() []string { return s.cfg.Interfaces }
