package capture

import (
	"errors"
	"net/netip"

	"github.com/google/gopacket"
)

// DecoderConfig says what a Decoder looks at and how much it may hold. The zero
// value looks at every TCP port of every network, inside tunnels too.
type DecoderConfig struct {
	Ports      *Ports         // TCP ports that are wanted, innermost ones; nil: all
	NoTunnels  bool           // leave IP-in-IP, GRE, EtherIP and tunnels over UDP alone (MPLS and PPPoE are read all the same)
	Net        []netip.Prefix // a segment needs an endpoint in one of these; empty: all
	ExcludeNet []netip.Prefix // a segment with an endpoint in one of these is left out

	MaxDatagrams     int   // incomplete fragmented datagrams held at a time; 0: 1000
	MaxFragmentBytes int   // bytes held for all of them; 0: 8 MiB
	FragmentTimeout  Nanos // packet time after which an incomplete datagram is given up; 0: 30 s
}

// Decoder strips frames down to TCP segments, through link layers, tunnels and
// fragments. The usual frames (Ethernet with up to two tags, IP, TCP) take a
// path of a few nanoseconds that throws away at once what is no TCP on a wanted
// port; all others go through a fixed parser of gopacket. A Decoder is no use to
// two goroutines at once.
type Decoder struct {
	outcomes  [outcomes]uint64
	ports     *Ports
	noTunnels bool
	filtered  bool // nets has something to say
	nets      netFilter
	stats     DecodeStats // what outcomes does not count

	parser  *gopacket.DecodingLayerParser
	decoded []gopacket.LayerType
	gp      borrowedLayers
	cur     current
	defrag  defragmenter
}

// outcome is what became of a frame.
type outcome uint8

const (
	unusual outcome = iota // of the fast path: the layers must look
	isTCP
	unwanted
	notTCP
	truncated
	malformed
	tooDeep
	waiting
	unknownLink
	panicked
	outcomes
)

// current is what the layers of one frame share.
type current struct {
	frame   *Frame
	seg     *Segment
	out     outcome
	link    LinkType
	vlan    uint16
	layers  int    // how many were entered
	ips     int    // how many of them were IP
	ip      []byte // innermost IP header
	missing int    // bytes of the innermost IP packet that are not there
	datapad bool   // the 802.11 header is padded to four bytes
	starved bool   // the last header announced another, of which no byte is there
}

// The depth of headers that the decoder follows.
const (
	maxLayers = 48
	maxIPs    = 8
)

var (
	errShort     = errors.New("header cut short")
	errMalformed = errors.New("header contradicts itself")
	errDeep      = errors.New("too many headers in each other")
)

// NewDecoder makes a decoder. Its memory is bounded by cfg, about 100 KB plus
// MaxFragmentBytes.
func NewDecoder(cfg DecoderConfig) *Decoder {
	d := &Decoder{ports: cfg.Ports, noTunnels: cfg.NoTunnels, nets: newNetFilter(cfg.Net, cfg.ExcludeNet)}
	if d.ports == nil {
		d.ports = AnyPort()
	}
	d.filtered = !d.nets.empty()
	d.defrag.init(cfg, &d.stats)
	d.parser = newParser(d)
	return d
}

// Decode fills s with the innermost TCP segment of f. False means that there is
// none that is wanted, or that f is a fragment of a datagram that is not complete
// yet; s is then undefined. The segment of a datagram that f completes carries
// f's mark. s.Payload is valid until the next call, and as long as f.Data is.
func (d *Decoder) Decode(f *Frame, s *Segment) bool {
	var o outcome
	if f.Link == LinkEthernet {
		o = d.fastEthernet(f, s, f.Data)
	} else {
		o = d.fast(f, s)
	}
	if o == unusual {
		o = d.slow(f, s)
	}
	d.outcomes[o]++
	return o == isTCP
}

// slow sends f through the parser's layers. Whatever a frame does to one of
// them costs that frame only.
func (d *Decoder) slow(f *Frame, s *Segment) (o outcome) {
	if !f.Link.Supported() {
		d.stats.unknownLink(f.Link, 1)
		return unknownLink
	}
	defer func() {
		if recover() != nil {
			o = panicked
		}
	}()
	if len(f.Data) == 0 && f.Length > 0 {
		return truncated
	}
	d.cur = current{frame: f, seg: s, out: notTCP, link: f.Link, vlan: f.VLAN & 0xfff}
	d.defrag.begin()
	err := d.parser.DecodeLayers(f.Data, &d.decoded)
	cut := f.Length > len(f.Data) || d.cur.missing > 0
	switch {
	case cut && (err != nil && !errors.Is(err, errDeep) || d.cur.starved):
		return truncated
	case errors.Is(err, errDeep):
		return tooDeep
	case err != nil:
		return malformed
	}
	return d.cur.out
}

// Stats gives the counters so far.
func (d *Decoder) Stats() DecodeStats {
	s := d.stats
	o := &d.outcomes
	s.TCP, s.Unwanted, s.NotTCP = o[isTCP], o[unwanted], o[notTCP]
	s.Truncated, s.Malformed, s.TooDeep = o[truncated], o[malformed], o[tooDeep]
	s.Waiting, s.UnknownLink, s.Panics = o[waiting], o[unknownLink], o[panicked]
	for _, n := range o {
		s.Frames += n
	}
	return s
}
