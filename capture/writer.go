package capture

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"
)

// Writer writes a pcap file: little endian, nanoseconds, one link type. Each
// frame is one Write of the writer below. A Writer is for one goroutine.
type Writer struct {
	dst io.Writer
	buf []byte
}

// ErrFrameSize is the error of a frame that holds more than the 256 KiB that
// readers of pcap accept.
var ErrFrameSize = errors.New("frame holds more than 262144 bytes")

// NewWriter writes the file header for frames of the given link type to w.
func NewWriter(w io.Writer, link LinkType) (*Writer, error) {
	var h [pcapHeader]byte
	binary.LittleEndian.PutUint32(h[0:], pcapNano)
	binary.LittleEndian.PutUint16(h[4:], 2) // version 2.4
	binary.LittleEndian.PutUint16(h[6:], 4)
	binary.LittleEndian.PutUint32(h[16:], maxCaptured)
	binary.LittleEndian.PutUint32(h[20:], uint32(link))
	if _, err := w.Write(h[:]); err != nil {
		return nil, fmt.Errorf("write pcap header: %w", err)
	}
	return &Writer{dst: w}, nil
}

// Write appends a frame of length bytes on the wire, of which data was kept; a
// length below len(data) counts as that. The time is between 1970 and 2106.
func (w *Writer) Write(t Nanos, data []byte, length int) error {
	if len(data) > maxCaptured {
		return ErrFrameSize
	}
	w.buf = append(w.buf[:0], make([]byte, recordHeader)...)
	binary.LittleEndian.PutUint32(w.buf[0:], uint32(t/second))
	binary.LittleEndian.PutUint32(w.buf[4:], uint32(t%second))
	binary.LittleEndian.PutUint32(w.buf[8:], uint32(len(data)))
	binary.LittleEndian.PutUint32(w.buf[12:], uint32(max(length, len(data))))
	w.buf = append(w.buf, data...)
	if _, err := w.dst.Write(w.buf); err != nil {
		return fmt.Errorf("write pcap record: %w", err)
	}
	return nil
}
