package capture

import (
	"encoding/binary"
	"fmt"
	"io"
	"math/bits"
)

// The magic numbers of pcap files, as read in the byte order of their writer.
const (
	pcapMicro    = 0xa1b2c3d4
	pcapNano     = 0xa1b23c4d
	pcapModified = 0xa1b2cd34 // Alexey Kuznetsov's: 24-byte record headers
)

const (
	pcapHeader         = 24 // bytes before the first record
	recordHeader       = 16
	recordHeaderLonger = 24 // adds interface index, protocol and packet type
	day                = 24 * 60 * 60
)

// frameReader gives the frames of one file. It sets all of a frame but File.
type frameReader interface {
	next(f *Frame) error // io.EOF after the last; problems go to the teller
	// last is the time of the frame that next gave last; false if there was none.
	last() (Nanos, bool)
}

// pcap walks the records of a pcap file. Between two calls of next, keep..r of
// its window is the record that was given last.
type pcap struct {
	window
	*teller
	swap     bool   // written in the other byte order
	swapped  bool   // version 2.3 or older, which may have the two lengths swapped
	head     int    // bytes of a record header
	scale    Nanos  // nanoseconds in a unit of the fraction
	fraction uint32 // what a fraction must be below
	link     LinkType
	sec      uint32 // of the last record
	time     Nanos  // of the last record
	number   uint64
}

var _ frameReader = (*pcap)(nil)

// record is a record's header.
type record struct{ sec, frac, captured, length uint32 }

// open reads the file header, of which the caller has seen the magic number. It
// reports false when nothing can follow, having told why.
func (p *pcap) open() bool {
	if !p.fill(pcapHeader) {
		if !p.failed(p.teller) {
			p.problem(Truncated, p.offset(), endsInside("inside its header"), "")
		}
		return false
	}
	p.header(p.buf[p.r:])
	p.r += pcapHeader
	p.keep = p.r
	return true
}

// header takes the file header h in. Of the network field, the upper bits tell
// about check sequences and are none of ours (draft-ietf-opsawg-pcap).
func (p *pcap) header(h []byte) {
	p.swap = bigEndian(h)
	p.head, p.scale, p.fraction = recordHeader, 1000, 1e6
	switch p.u32(h) {
	case pcapNano:
		p.scale, p.fraction = 1, 1e9
	case pcapModified:
		p.head = recordHeaderLonger
	}
	major, minor := pcapVersion(h)
	p.swapped = major < 2 || major == 2 && minor <= 3
	p.link = LinkType(p.u32(h[20:]) & 0xffff)
	if !p.link.Supported() {
		p.problem(UnknownLink, NoOffset, unknownLinkReason(p.link), "")
	}
}

// bigEndian reports whether the writer of the file header h put the high byte first.
func bigEndian(h []byte) bool {
	switch binary.LittleEndian.Uint32(h) {
	case pcapMicro, pcapNano, pcapModified:
		return false
	}
	return true
}

// pcapVersion reads the version of the file header h.
func pcapVersion(h []byte) (major, minor uint16) {
	if bigEndian(h) {
		return binary.BigEndian.Uint16(h[4:]), binary.BigEndian.Uint16(h[6:])
	}
	return binary.LittleEndian.Uint16(h[4:]), binary.LittleEndian.Uint16(h[6:])
}

func unknownLinkReason(l LinkType) string {
	return fmt.Sprintf("link type %d is not known here; its frames are counted and passed over", uint32(l))
}

// u32 reads a number in the byte order of the file.
func (p *pcap) u32(b []byte) uint32 {
	v := binary.LittleEndian.Uint32(b)
	if p.swap {
		v = bits.ReverseBytes32(v)
	}
	return v
}

// record reads the header at the start of b, of at least 16 bytes.
func (p *pcap) record(b []byte) record {
	_ = b[15]
	r := record{binary.LittleEndian.Uint32(b), binary.LittleEndian.Uint32(b[4:]),
		binary.LittleEndian.Uint32(b[8:]), binary.LittleEndian.Uint32(b[12:])}
	if p.swap {
		r.sec, r.frac = bits.ReverseBytes32(r.sec), bits.ReverseBytes32(r.frac)
		r.captured, r.length = bits.ReverseBytes32(r.captured), bits.ReverseBytes32(r.length)
	}
	return r
}

func (p *pcap) next(f *Frame) error {
	for {
		if p.w-p.r < p.head && !p.fill(p.head) {
			if p.cut(0) {
				continue
			}
			return io.EOF
		}
		r := p.record(p.buf[p.r:])
		if r.captured-1 >= maxCaptured || r.length < r.captured || r.frac >= p.fraction || r.sec-p.sec+day > 2*day {
			again, ok := p.judge(&r)
			if again {
				continue
			}
			if !ok {
				return io.EOF
			}
		}
		size := p.head + int(r.captured)
		if p.w-p.r < size && !p.fill(size) {
			if p.cut(size) {
				continue
			}
			return io.EOF
		}
		p.give(f, &r, size)
		return nil
	}
}

// give fills f with the record of size bytes that stands at r.
func (p *pcap) give(f *Frame, r *record, size int) {
	p.sec = r.sec
	p.time = Nanos(r.sec)*1e9 + Nanos(r.frac)*p.scale
	p.number++
	p.keep = p.r
	p.r += size
	// Field by field: a composite literal would be built elsewhere and copied.
	f.Time = p.time
	f.Data = p.buf[p.keep+p.head : p.r : p.r]
	f.Length = int(max(r.length, r.captured))
	f.Number = p.number
	f.Link = p.link
	f.VLAN = 0
}

func (p *pcap) last() (Nanos, bool) { return p.time, p.number > 0 }
