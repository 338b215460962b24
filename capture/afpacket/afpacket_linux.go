package afpacket

import (
	"errors"
	"fmt"
	"io"
	"net"
	"time"

	"golang.org/x/sys/unix"

	"cleartap/capture"
)

// port is one interface of a source: open, or away.
type port struct {
	name   string
	index  uint32
	ring   *ring // nil while the interface is away
	since  time.Time
	retry  time.Time
	number uint64        // frames delivered
	head   capture.Frame // of a tap: the next frame, when ready
	ready  bool
	stats  Stats
}

// Open begins to capture. All interfaces must be there and permitted; later they
// may come and go.
func Open(cfg Config) (*Source, error) {
	if err := cfg.Validate(); err != nil {
		return nil, err
	}
	if cfg.Ring == 0 {
		cfg.Ring = DefaultRing
	}
	if cfg.BlockTimeout == 0 {
		cfg.BlockTimeout = DefaultBlockTimeout
	}
	s := &Source{cfg: cfg}
	for i, name := range cfg.Interfaces {
		r, err := openRing(&cfg, name)
		if err != nil {
			return nil, errors.Join(err, s.Close())
		}
		s.ports = append(s.ports, &port{name: name, index: uint32(i), ring: r})
	}
	return s, nil
}

// Next fills f with the next frame; f.Data lies in the kernel's ring and is valid
// until the next call. It returns ErrIdle when nothing came for a while, and
// io.EOF after Close. The frames of several interfaces come in the order of their stamps.
func (s *Source) Next(f *capture.Frame) error {
	if len(s.ports) > 1 {
		return s.nextOfTap(f)
	}
	p := s.ports[0]
	for range 2 {
		if p.ring != nil && p.ring.next(f) {
			p.number++
			f.Number, f.File = p.number, p.index
			return nil
		}
		if s.closed {
			return io.EOF
		}
		s.wait(idle)
	}
	return ErrIdle
}

// wait sleeps until a block is ready of a port that has no frame at hand, or the
// time has passed, and looks after interfaces that went away.
func (s *Source) wait(most time.Duration) {
	fds := make([]unix.PollFd, 0, 2)
	for _, p := range s.ports {
		if p.ring == nil {
			s.comeBack(p)
		}
		if p.ring != nil && !p.ready {
			fds = append(fds, unix.PollFd{Fd: int32(p.ring.fd), Events: unix.POLLIN | unix.POLLERR})
		}
	}
	n, err := unix.Poll(fds, int((most+time.Millisecond-1)/time.Millisecond))
	if err != nil || n == 0 {
		return // EINTR is as good as idle
	}
	for _, fd := range fds {
		if fd.Revents&(unix.POLLERR|unix.POLLHUP|unix.POLLNVAL) != 0 {
			s.lost(int(fd.Fd))
		}
	}
}

// lost closes the ring of an interface that went down or vanished.
func (s *Source) lost(fd int) {
	for _, p := range s.ports {
		if p.ring == nil || p.ring.fd != fd {
			continue
		}
		err := p.ring.failure()
		if err == nil {
			return // somebody else's poll has already read the error
		}
		p.count()
		p.ring.close()
		p.ring, p.ready, p.since, p.retry = nil, false, time.Now(), time.Now().Add(reopenEvery)
		p.stats.Gaps++
		s.tell(Event{Interface: p.name, Err: err})
	}
}

// comeBack tries to open an interface again that is away.
func (s *Source) comeBack(p *port) {
	now := time.Now()
	if now.Before(p.retry) {
		return
	}
	p.retry = now.Add(reopenEvery)
	if iface, err := net.InterfaceByName(p.name); err != nil || iface.Flags&net.FlagUp == 0 {
		return // a ring costs too much to try
	}
	r, err := openRing(&s.cfg, p.name)
	if err != nil {
		return
	}
	p.ring = r
	s.tell(Event{Interface: p.name, Up: true, Away: now.Sub(p.since)})
}

func (s *Source) tell(e Event) {
	if s.cfg.Event != nil {
		s.cfg.Event(e)
	}
}

// count adds the kernel's counters, which reading sets to zero, to the port's.
func (p *port) count() {
	if p.ring != nil {
		p.stats.Add(p.ring.stats())
	}
}

// Stats reads the kernel's counters. It may be called by the reading goroutine only.
func (s *Source) Stats() Stats {
	var sum Stats
	for _, p := range s.ports {
		p.count()
		sum.Add(p.stats)
	}
	return sum
}

// Close ends the capture and frees the rings: no frame's Data may be used after it.
func (s *Source) Close() error {
	if s.closed {
		return nil
	}
	s.closed = true
	for _, p := range s.ports {
		p.count()
		if p.ring != nil {
			p.ring.close()
			p.ring, p.ready = nil, false
		}
	}
	return nil
}

// Denied reports whether err means that the process may not capture.
func Denied(err error) bool { return errors.Is(err, unix.EPERM) || errors.Is(err, unix.EACCES) }

func opError(op, name string, err error) error { return fmt.Errorf("%s %s: %w", op, name, err) }
