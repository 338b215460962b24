package afpacket

import (
	"io"
	"time"

	"cleartap/capture"
)

// The kernel hands over a block when it is full, or at the second look at it after
// BlockTimeout. Until then a frame of another output may come that is older than
// one at hand.
const tapMargin = 10 * time.Millisecond

// A stamp that lies further ahead of the clock than this is due to somebody who
// set the clock: it is not waited for.
const tapFuture = time.Second

// nextOfTap gives the oldest frame of all ports.
func (s *Source) nextOfTap(f *capture.Frame) error {
	for end := time.Now().Add(2 * idle); ; {
		p, all := s.oldest()
		if p != nil {
			wait := time.Duration(0)
			if !all {
				wait = s.hold(&p.head)
			}
			if wait <= 0 {
				*f, p.ready = p.head, false
				p.number++
				f.Number, f.File = p.number, p.index
				return nil
			}
			s.wait(wait)
			continue
		}
		if s.closed {
			return io.EOF
		}
		if time.Now().After(end) {
			return ErrIdle
		}
		s.wait(idle)
	}
}

// oldest gives the port with the oldest frame, nil if none has one; all is whether
// every port that is there has one.
func (s *Source) oldest() (best *port, all bool) {
	all = true
	for _, p := range s.ports {
		if !p.ready {
			p.ready = p.ring != nil && p.ring.next(&p.head)
		}
		switch {
		case !p.ready:
			all = all && p.ring == nil
		case best == nil || p.head.Time < best.head.Time:
			best = p
		}
	}
	return best, all
}

// hold says how long to wait for older frames of other ports.
func (s *Source) hold(f *capture.Frame) time.Duration {
	age := time.Since(f.Time.Time())
	if age < -tapFuture {
		return 0
	}
	return 2*s.cfg.BlockTimeout + tapMargin - age
}
