//go:build linux

package main

import (
	"bytes"
	"compress/gzip"
	"encoding/binary"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"time"

	"cleartap/internal/lab"

	"github.com/klauspost/compress/zstd"
)

// form is how frames are laid into a file. The zero form is pcap, little
// endian, microseconds, Ethernet.
type form struct {
	big   bool // byte order
	nano  bool // resolution
	ng    bool // pcapng instead of pcap
	two   bool // pcapng with an interface for each direction
	link  uint32
	strip func(lab.Frame) []byte // turns an Ethernet frame into one of the link type; nil result: left out
}

const linkEthernet = 1

// encode gives the capture's bytes.
func (f form) encode(frames []lab.Frame) []byte {
	var out bytes.Buffer
	var order binary.AppendByteOrder = binary.LittleEndian
	if f.big {
		order = binary.BigEndian
	}
	if f.link == 0 {
		f.link = linkEthernet
	}
	if f.ng {
		f.sectionHeader(&out, order)
	} else {
		magic := uint32(0xa1b2c3d4)
		if f.nano {
			magic = 0xa1b23c4d
		}
		h := order.AppendUint32(nil, magic)
		h = order.AppendUint16(order.AppendUint16(h, 2), 4)
		for _, v := range []uint32{0, 0, 262144, f.link} {
			h = order.AppendUint32(h, v)
		}
		out.Write(h)
	}
	for _, fr := range frames {
		data := fr.Data
		if f.strip != nil {
			if data = f.strip(fr); data == nil {
				continue
			}
		}
		from := uint32(0)
		if f.two && fr.Dir == lab.ToClient {
			from = 1
		}
		f.record(&out, order, fr.Time, from, data)
	}
	return out.Bytes()
}

// record writes a frame; from is the interface that saw it.
func (f form) record(out *bytes.Buffer, order binary.AppendByteOrder, at time.Time, from uint32, data []byte) {
	n := uint32(len(data))
	if !f.ng {
		fine := uint32(at.Nanosecond())
		if !f.nano {
			fine /= 1000
		}
		var h []byte
		for _, v := range []uint32{uint32(at.Unix()), fine, n, n} {
			h = order.AppendUint32(h, v)
		}
		out.Write(h)
		out.Write(data)
		return
	}
	stamp := uint64(at.UnixMicro())
	if f.nano {
		stamp = uint64(at.UnixNano())
	}
	var b []byte
	for _, v := range []uint32{from, uint32(stamp >> 32), uint32(stamp), n, n} {
		b = order.AppendUint32(b, v)
	}
	block(out, order, 6, append(b, data...))
}

// sectionHeader writes a pcapng section header and its interfaces.
func (f form) sectionHeader(out *bytes.Buffer, order binary.AppendByteOrder) {
	b := order.AppendUint32(nil, 0x1a2b3c4d)
	b = order.AppendUint16(order.AppendUint16(b, 1), 0)
	block(out, order, 0x0a0d0d0a, order.AppendUint64(b, ^uint64(0)))
	b = order.AppendUint16(order.AppendUint16(nil, uint16(f.link)), 0)
	b = order.AppendUint32(b, 262144)
	if f.nano { // option 9, if_tsresol: 10^-9
		b = order.AppendUint16(order.AppendUint16(b, 9), 1)
		b = append(b, 9, 0, 0, 0)
		b = append(b, 0, 0, 0, 0)
	}
	block(out, order, 1, b)
	if f.two {
		block(out, order, 1, b)
	}
}

// block writes a pcapng block.
func block(out *bytes.Buffer, order binary.AppendByteOrder, kind uint32, body []byte) {
	for len(body)%4 != 0 {
		body = append(body, 0)
	}
	total := order.AppendUint32(nil, uint32(12+len(body)))
	out.Write(order.AppendUint32(nil, kind))
	out.Write(total)
	out.Write(body)
	out.Write(total)
}

// save writes the file, compressed as its name says.
func save(path string, data []byte) error {
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return err
	}
	var out bytes.Buffer
	var w io.WriteCloser
	switch {
	case strings.HasSuffix(path, ".gz"):
		w = gzip.NewWriter(&out)
	case strings.HasSuffix(path, ".zst"):
		z, err := zstd.NewWriter(&out)
		if err != nil {
			return err
		}
		w = z
	default:
		return os.WriteFile(path, data, 0o644)
	}
	if _, err := w.Write(data); err != nil {
		return fmt.Errorf("compress %s: %w", path, err)
	}
	if err := w.Close(); err != nil {
		return fmt.Errorf("compress %s: %w", path, err)
	}
	return os.WriteFile(path, out.Bytes(), 0o644)
}

// bareIP leaves the IP packet of a frame (link type 101).
func bareIP(f lab.Frame) []byte { return network(f.Data) }

// cooked is a Linux cooked header, version 2 (link type 276), as "tcpdump -i any" writes it.
func cooked(f lab.Frame) []byte {
	h := append([]byte(nil), f.Data[12:14]...)
	h = append(h, 0, 0)                     // reserved
	h = binary.BigEndian.AppendUint32(h, 2) // interface index
	h = binary.BigEndian.AppendUint16(h, 1) // ARPHRD_ETHER
	kind := byte(0)                         // to us
	if f.Dir == lab.ToClient {
		kind = 4 // from us
	}
	h = append(h, kind, 6)
	h = append(h, f.Data[6:12]...)
	h = append(h, 0, 0)
	return append(h, f.Data[14:]...)
}
