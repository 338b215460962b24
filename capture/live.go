package capture

import (
	"errors"
	"time"
)

// ErrIdle is what Next of a Live source returns when no frame came for a tenth
// of a second or two: time to look at timers and signals.
var ErrIdle = errors.New("no frame came")

// Live is a source without an end: interfaces. Its Files are their names, and
// Next gives ErrIdle when nothing comes. All its methods are for the goroutine
// that reads.
type Live interface {
	Source
	Stats() LiveStats
}

// LiveStats counts what the kernel saw since the source was opened.
type LiveStats struct {
	Packets uint64 // frames that passed the filter, lost ones included
	Drops   uint64 // frames lost because there was no room for them
	Freezes uint64 // how often there was no room
	Gaps    uint64 // how often an interface went away
}

// Add adds the counters of another source.
func (s *LiveStats) Add(o LiveStats) {
	s.Packets += o.Packets
	s.Drops += o.Drops
	s.Freezes += o.Freezes
	s.Gaps += o.Gaps
}

// LinkEvent is a change of an interface.
type LinkEvent struct {
	Interface string
	Up        bool
	Err       error         // why it went down
	Away      time.Duration // how long it was away, when it came up again
}
