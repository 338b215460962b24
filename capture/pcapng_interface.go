package capture

import (
	"encoding/binary"
	"fmt"
	"math"
	"math/bits"
	"slices"
)

// maxInterfaces bounds the interfaces of a section; each costs 32 bytes here.
const maxInterfaces = 1 << 16

// The options of an interface description that matter (draft-ietf-opsawg-pcapng,
// section 4.2).
const (
	optionEnd        = 0
	optionResolution = 9
	optionOffset     = 14
)

// second is one in nanoseconds.
const second Nanos = 1_000_000_000

// netInterface is what a section says of an interface.
type netInterface struct {
	link   LinkType
	snap   uint32 // 0: unlimited
	binary bool   // the unit is 2^-digits seconds, else 10^-digits
	digits uint8
	scale  uint64 // nanoseconds in a unit, if that is a whole number, else 0
	offset int64  // nanoseconds to add
}

// describe takes an interface description in.
func (p *pcapng) describe(b []byte) {
	if len(b) < 20 {
		p.bad(b, "an interface description without a link type")
		b = make([]byte, 20) // its number must be taken, or all others move up
	}
	if len(p.interfaces) == maxInterfaces {
		if !p.crowded {
			p.crowded = true
			p.bad(b, fmt.Sprintf("more than %d interfaces in a section", maxInterfaces))
		}
		return
	}
	in := netInterface{link: LinkType(p.u16(b[8:])), snap: p.u32(b[12:]), digits: 6}
	p.options(b[16:len(b)-4], &in)
	if !in.binary && in.digits <= 9 {
		in.scale = pow10(9 - in.digits)
	}
	p.interfaces = append(p.interfaces, in)
	if !in.link.Supported() && !slices.Contains(p.links, in.link) && len(p.links) < maxProblems {
		p.links = append(p.links, in.link)
		p.problem(UnknownLink, NoOffset, unknownLinkReason(in.link), "")
	}
}

// options reads what matters among the options o, and stops at the first that
// does not fit.
func (p *pcapng) options(o []byte, in *netInterface) {
	for len(o) >= 4 {
		code, size := p.u16(o), int(p.u16(o[2:]))
		if code == optionEnd || size > len(o)-4 {
			return
		}
		value := o[4 : 4+size]
		switch {
		case code == optionResolution && size == 1:
			in.binary, in.digits = value[0]&0x80 != 0, value[0]&0x7f
		case code == optionOffset && size == 8:
			in.offset = p.seconds(value)
		}
		o = o[min(len(o), 4+(size+3)&^3):]
	}
}

// seconds reads a 64-bit number of seconds and gives it in nanoseconds, 0 if
// that is more than the 292 years that fit.
func (p *pcapng) seconds(b []byte) int64 {
	u := binary.LittleEndian.Uint64(b)
	if p.swap {
		u = bits.ReverseBytes64(u)
	}
	s := int64(u)
	if s > math.MaxInt64/int64(second) || s < math.MinInt64/int64(second) {
		return 0
	}
	return s * int64(second)
}

// time turns a time stamp into packet time. One that does not fit gives the
// last nanosecond there is.
func (in *netInterface) time(stamp uint64) Nanos {
	hi, lo := uint64(0), uint64(0)
	switch {
	case in.scale != 0:
		hi, lo = bits.Mul64(stamp, in.scale)
	case !in.binary && in.digits <= 9+19:
		lo = stamp / pow10(in.digits-9)
	case in.binary:
		hi, lo = bits.Mul64(stamp, 1e9)
		if in.digits >= 64 {
			hi, lo = 0, hi>>(in.digits-64)
		} else {
			hi, lo = hi>>in.digits, lo>>in.digits|hi<<(64-in.digits)
		}
	}
	if hi != 0 || lo > math.MaxInt64 {
		return math.MaxInt64
	}
	t := int64(lo) + in.offset
	if in.offset > 0 && t < 0 {
		return math.MaxInt64
	}
	return Nanos(t)
}

// pow10 gives 10^n, n at most 19.
func pow10(n uint8) uint64 {
	v := uint64(1)
	for range n {
		v *= 10
	}
	return v
}
