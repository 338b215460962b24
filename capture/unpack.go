package capture

import (
	"bufio"
	"errors"
	"io"
	"io/fs"

	"github.com/klauspost/compress/gzip"
	"github.com/klauspost/compress/zstd"
)

const (
	// maxZstdWindow is how far back zstd data may refer, and so what its
	// decompression costs. All levels up to 19 need 8 MiB at most; only
	// --long and --ultra ask for more.
	maxZstdWindow = 32 << 20
	// packedRead is how much of a compressed file is read at once.
	packedRead = 64 << 10
)

// unpackError is why compressed data ended before its end.
type unpackError struct {
	kind   Kind
	reason string
	cure   string
}

func (e *unpackError) Error() string { return e.reason }

// unpacker keeps decompressors, which are dear to make, from file to file. The
// zero value is ready for use.
type unpacker struct {
	src  *bufio.Reader
	gzip gzip.Reader
	zstd *zstd.Decoder
	most uint64 // bytes of a zstd window, 0: maxZstdWindow
}

// open gives a reader of what src holds in the given format, until the next open.
func (u *unpacker) open(f format, src io.Reader) (io.Reader, error) {
	if u.src == nil {
		u.src = bufio.NewReaderSize(src, packedRead)
	} else {
		u.src.Reset(src)
	}
	if f == formatGzip {
		return &members{src: u.src, gzip: &u.gzip}, nil
	}
	if u.zstd == nil {
		if u.most == 0 {
			u.most = maxZstdWindow
		}
		d, err := zstd.NewReader(nil, zstd.WithDecoderConcurrency(1), zstd.WithDecoderLowmem(true),
			zstd.WithDecoderMaxWindow(u.most))
		if err != nil {
			return nil, err
		}
		u.zstd = d
	}
	return &frames{src: u.src, zstd: u.zstd}, nil
}

// close frees what the decompressors hold.
func (u *unpacker) close() {
	if u.zstd != nil {
		u.zstd.Close()
		u.zstd = nil
	}
}

// members reads the members of a gzip file one after the other (RFC 1952,
// section 2.2). Zeros after the last one are padding, as gzip has it.
type members struct {
	src  *bufio.Reader
	gzip *gzip.Reader
	open bool
	some bool // a member was read to its end
}

func (m *members) Read(p []byte) (int, error) {
	for {
		if !m.open {
			if err := m.start(); err != nil {
				return 0, err
			}
		}
		n, err := m.gzip.Read(p)
		if err == nil || n > 0 {
			return n, nil
		}
		if !errors.Is(err, io.EOF) {
			return 0, gzipError(err)
		}
		m.open, m.some = false, true
	}
}

// start opens the next member, or gives io.EOF when there is none.
func (m *members) start() error {
	if m.some {
		head, err := m.src.Peek(2)
		switch {
		case len(head) == 0 && err != nil:
			return err
		case head[0] == 0:
			return io.EOF
		case len(head) < 2 || head[0] != 0x1f || head[1] != 0x8b:
			return &unpackError{Corrupt, "something else follows the gzip data", ""}
		}
	}
	if err := m.gzip.Reset(m.src); err != nil {
		return gzipError(err)
	}
	m.gzip.Multistream(false)
	m.open = true
	return nil
}

func gzipError(err error) error {
	switch pe := (*fs.PathError)(nil); {
	case errors.As(err, &pe):
		return err
	case errors.Is(err, io.ErrUnexpectedEOF) || errors.Is(err, io.EOF):
		return &unpackError{Truncated, "the gzip data ends early", "test it with: gzip -t FILE"}
	case errors.Is(err, gzip.ErrChecksum):
		return &unpackError{Corrupt, "the checksum of the gzip data is wrong", "test it with: gzip -t FILE"}
	}
	return &unpackError{Corrupt, "the gzip data is damaged", "test it with: gzip -t FILE"}
}

// frames reads the frames of a zstd file one after the other (RFC 8878, section 3).
type frames struct {
	src  *bufio.Reader
	zstd *zstd.Decoder
	open bool
}

func (z *frames) Read(p []byte) (int, error) {
	if !z.open {
		if err := z.zstd.Reset(z.src); err != nil {
			return 0, zstdError(err)
		}
		z.open = true
	}
	n, err := z.zstd.Read(p)
	if n > 0 || err == nil {
		return n, nil
	}
	return 0, zstdError(err)
}

func zstdError(err error) error {
	switch pe := (*fs.PathError)(nil); {
	case errors.Is(err, io.EOF) || errors.As(err, &pe):
		return err
	case errors.Is(err, io.ErrUnexpectedEOF):
		return &unpackError{Truncated, "the zstd data ends early", "test it with: zstd -t FILE"}
	case errors.Is(err, zstd.ErrMagicMismatch):
		return &unpackError{Corrupt, "something else follows the zstd data", ""}
	case errors.Is(err, zstd.ErrCRCMismatch):
		return &unpackError{Corrupt, "the checksum of the zstd data is wrong", "test it with: zstd -t FILE"}
	case errors.Is(err, zstd.ErrWindowSizeExceeded) || errors.Is(err, zstd.ErrDecoderSizeExceeded):
		return &unpackError{Unsupported, "the zstd data was compressed with a window larger than is read here",
			"decompress it: zstd -dc --long=31 FILE | cleartap scan -"}
	case errors.Is(err, zstd.ErrUnknownDictionary):
		return &unpackError{Unsupported, "the zstd data needs a dictionary", "decompress it: zstd -dc -D DICTIONARY FILE | cleartap scan -"}
	}
	return &unpackError{Corrupt, "the zstd data is damaged", "test it with: zstd -t FILE"}
}
