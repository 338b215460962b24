package signals

import (
	"encoding/binary"
	"net/netip"

	"cleartap/capture"
)

// coder writes values behind one another, or reads them back: what describes a value
// once serves both. Bytes that are not there are read as zeros, and noted.
type coder struct {
	b     []byte // written, or still to be read
	reads bool
	short bool
}

// next gives room for n bytes to be written, or the next n to be read.
func (c *coder) next(n int) []byte {
	if !c.reads {
		at := len(c.b)
		c.b = append(c.b, make([]byte, n)...)
		return c.b[at:]
	}
	if c.short || len(c.b) < n {
		c.short = true
		return make([]byte, n)
	}
	p := c.b[:n]
	c.b = c.b[n:]
	return p
}

func (c *coder) u8(v *uint8) {
	if p := c.next(1); c.reads {
		*v = p[0]
	} else {
		p[0] = *v
	}
}

func (c *coder) u16(v *uint16) {
	if p := c.next(2); c.reads {
		*v = binary.LittleEndian.Uint16(p)
	} else {
		binary.LittleEndian.PutUint16(p, *v)
	}
}

func (c *coder) u32(v *uint32) {
	if p := c.next(4); c.reads {
		*v = binary.LittleEndian.Uint32(p)
	} else {
		binary.LittleEndian.PutUint32(p, *v)
	}
}

func (c *coder) u64(v *uint64) {
	if p := c.next(8); c.reads {
		*v = binary.LittleEndian.Uint64(p)
	} else {
		binary.LittleEndian.PutUint64(p, *v)
	}
}

// count is a number that is not negative.
func (c *coder) count(v *int) {
	n := uint32(min(max(0, *v), 1<<31-1)) //nolint:gosec // in bounds
	c.u32(&n)
	*v = int(n & (1<<31 - 1))
}

func (c *coder) nanos(v *capture.Nanos) {
	n := uint64(*v) //nolint:gosec // there and back
	c.u64(&n)
	*v = capture.Nanos(n) //nolint:gosec // as above
}

func (c *coder) yes(v *bool) {
	n := uint8(0)
	if *v {
		n = 1
	}
	c.u8(&n)
	*v = n == 1
}

func (c *coder) steps8(v []uint8) {
	for i := range v {
		c.u8(&v[i])
	}
}

func (c *coder) steps16(v []uint16) {
	for i := range v {
		c.u16(&v[i])
	}
}

// text is a text of at most 255 bytes; what is longer is cut.
func (c *coder) text(v *string) {
	n := uint8(min(len(*v), 255))
	c.u8(&n)
	p := c.next(int(n))
	if c.reads {
		*v = string(p)
	} else {
		copy(p, *v)
	}
}

// addr is an address, without its zone; one that is not valid stays so.
func (c *coder) addr(v *netip.Addr) {
	kind := uint8(v.BitLen() / 32)
	c.u8(&kind)
	if kind == 0 {
		*v = netip.Addr{}
		return
	}
	b := v.As16()
	if p := c.next(16); !c.reads {
		copy(p, b[:])
		return
	} else if *v = netip.AddrFrom16([16]byte(p)); kind == 1 {
		*v = v.Unmap()
	}
}

func (c *coder) addrPort(v *netip.AddrPort) {
	a, port := v.Addr(), v.Port()
	c.addr(&a)
	c.u16(&port)
	*v = netip.AddrPortFrom(a, port)
}

func (c *coder) prefix(v *netip.Prefix) {
	a, bits := v.Addr(), uint8(max(0, v.Bits())) //nolint:gosec // 128 at most
	c.addr(&a)
	c.u8(&bits)
	if *v = netip.PrefixFrom(a, int(bits)); !v.IsValid() {
		*v = netip.Prefix{}
	}
}

func (c *coder) mark(v *capture.Mark) {
	c.nanos(&v.Time)
	c.u64(&v.Frame)
	c.u32(&v.File)
	c.u32(&v.Seq)
	c.u32(&v.Ack)
}
