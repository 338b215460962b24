//go:build libpcap

package libpcap

import (
	"errors"
	"fmt"
	"io"
	"net"
	"time"

	"github.com/google/gopacket/layers"
	"github.com/google/gopacket/pcap"
	"golang.org/x/net/bpf"

	"cleartap/capture"
)

// Config of a live capture.
type Config struct {
	Interface   string
	Buffer      int                     // bytes that the kernel holds for us
	SnapLen     int                     // bytes of a frame that are kept; 0: 262144
	Promiscuous bool                    // receive frames for other hosts too
	Filter      []bpf.RawInstruction    // what passes; used on Ethernet interfaces only
	MustFilter  bool                    // fail where Filter cannot be used
	Event       func(capture.LinkEvent) // told of the interface that comes and goes, may be nil
}

const (
	timeout     = 100 * time.Millisecond
	reopenEvery = time.Second
)

// Source reads one interface.
type Source struct {
	cfg    Config
	h      *pcap.Handle // nil while the interface is away
	link   capture.LinkType
	number uint64
	since  time.Time
	retry  time.Time
	stats  capture.LiveStats // of handles that were closed
	closed bool
}

var _ capture.Live = (*Source)(nil)

// Open begins to capture.
func Open(cfg Config) (*Source, error) {
	if cfg.SnapLen <= 0 {
		cfg.SnapLen = 262144
	}
	s := &Source{cfg: cfg}
	err := s.open()
	return s, err
}

func (s *Source) open() error {
	in, err := pcap.NewInactiveHandle(s.cfg.Interface)
	if err != nil {
		return fmt.Errorf("open %s: %w", s.cfg.Interface, err)
	}
	defer in.CleanUp()
	if err := errors.Join(in.SetSnapLen(s.cfg.SnapLen), in.SetPromisc(s.cfg.Promiscuous), in.SetTimeout(timeout), in.SetBufferSize(s.cfg.Buffer)); err != nil {
		return fmt.Errorf("set up %s: %w", s.cfg.Interface, err)
	}
	h, err := in.Activate()
	if err != nil {
		return fmt.Errorf("capture from %s: %w", s.cfg.Interface, err)
	}
	s.link = capture.LinkType(h.LinkType())
	if err := s.filter(h); err != nil {
		h.Close()
		return fmt.Errorf("set the filter on %s: %w", s.cfg.Interface, err)
	}
	s.h = h
	return nil
}

func (s *Source) filter(h *pcap.Handle) error {
	if len(s.cfg.Filter) == 0 {
		return nil
	}
	if s.link != capture.LinkEthernet {
		if s.cfg.MustFilter {
			return errors.New("a filter works on Ethernet interfaces only")
		}
		return nil
	}
	list := make([]pcap.BPFInstruction, len(s.cfg.Filter))
	for i, f := range s.cfg.Filter {
		list[i] = pcap.BPFInstruction{Code: f.Op, Jt: f.Jt, Jf: f.Jf, K: f.K}
	}
	return h.SetBPFInstructionFilter(list)
}

// Next fills f with the next frame, valid until the next call. It returns
// capture.ErrIdle when nothing came for a while, and io.EOF after Close.
func (s *Source) Next(f *capture.Frame) error {
	switch {
	case s.closed:
		return io.EOF
	case s.h == nil:
		s.comeBack()
		return capture.ErrIdle
	}
	data, info, err := s.h.ZeroCopyReadPacketData()
	switch {
	case err == nil:
	case errors.Is(err, pcap.NextErrorTimeoutExpired), errors.Is(err, pcap.NextErrorNoMorePackets):
		s.look()
		return capture.ErrIdle
	default:
		s.lost(err)
		return capture.ErrIdle
	}
	s.number++
	*f = capture.Frame{Time: capture.Nanos(info.Timestamp.UnixNano()), Data: data, Length: info.Length, Number: s.number, Link: s.link}
	return nil
}

// look notices that the interface went down, which libpcap does not tell on every system.
func (s *Source) look() {
	now := time.Now()
	if now.Before(s.retry) {
		return
	}
	s.retry = now.Add(reopenEvery)
	if isDown(s.cfg.Interface) {
		s.lost(errDown)
	}
}

var errDown = errors.New("network is down")

// isDown reports whether the system knows the interface and says that it is down. Devices
// of libpcap's own, such as any, are never down.
func isDown(name string) bool {
	i, err := net.InterfaceByName(name)
	return err == nil && i.Flags&net.FlagUp == 0
}

// lost closes the handle of an interface that went away.
func (s *Source) lost(err error) {
	s.stats = s.Stats()
	s.stats.Gaps++
	s.h.Close()
	s.h, s.since, s.retry = nil, time.Now(), time.Now().Add(reopenEvery)
	s.tell(capture.LinkEvent{Interface: s.cfg.Interface, Err: err})
}

// comeBack tries to open the interface again.
func (s *Source) comeBack() {
	time.Sleep(timeout)
	if time.Now().Before(s.retry) {
		return
	}
	s.retry = time.Now().Add(reopenEvery)
	if !isDown(s.cfg.Interface) && s.open() == nil {
		s.tell(capture.LinkEvent{Interface: s.cfg.Interface, Up: true, Away: time.Since(s.since)})
	}
}

func (s *Source) tell(e capture.LinkEvent) {
	if s.cfg.Event != nil {
		s.cfg.Event(e)
	}
}

// Files names the interface.
func (s *Source) Files() []string { return []string{s.cfg.Interface} }

// Stats reads libpcap's counters. It may be called by the reading goroutine only.
func (s *Source) Stats() capture.LiveStats {
	sum := s.stats
	if s.h == nil {
		return sum
	}
	if st, err := s.h.Stats(); err == nil {
		sum.Packets += uint64(st.PacketsReceived)
		sum.Drops += uint64(st.PacketsDropped) + uint64(st.PacketsIfDropped)
	}
	return sum
}

// Close ends the capture.
func (s *Source) Close() error {
	if s.closed {
		return nil
	}
	s.closed, s.stats = true, s.Stats()
	if s.h != nil {
		s.h.Close()
		s.h = nil
	}
	return nil
}

// rawIP is libpcap's own number of packets without a link layer; in files they have another.
const rawIP = 12

// Compile translates an expression in the language of tcpdump, for frames of a link type.
func Compile(expr string, link capture.LinkType) ([]bpf.RawInstruction, error) {
	if link == capture.LinkRaw {
		link = rawIP
	}
	list, err := pcap.CompileBPFFilter(layers.LinkType(link), 262144, expr)
	if err != nil {
		return nil, err
	}
	out := make([]bpf.RawInstruction, len(list))
	for i, b := range list {
		out[i] = bpf.RawInstruction{Op: b.Code, Jt: b.Jt, Jf: b.Jf, K: b.K}
	}
	return out, nil
}
