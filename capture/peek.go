package capture

import (
	"io"
	"os"
)

const (
	// peekLimit is how far the first packet of a file is looked for.
	peekLimit = 1 << 20
	// peekWindow is enough for the first packet of nearly every file.
	peekWindow = 4 << 10
	// smallFile is a file that is read through to learn its last packet's time,
	// smallLimit what it may unpack to.
	smallFile  = 256 << 10
	smallLimit = 4 << 20
	// maxTries bounds the runs of records that a search from behind may follow in vain.
	maxTries = 16
)

// peeker looks at files without reading them through. The zero value is ready for use.
type peeker struct {
	opener
	problem Problem // the last one
}

// look opens f up to limit bytes. Problems are kept, not told.
func (p *peeker) look(f *located, limit int64) *opened {
	p.problem = Problem{}
	p.sync, p.limit, p.window = true, limit, peekWindow
	p.tell = func(q Problem) {
		if p.problem.Kind == 0 {
			p.problem = q
		}
	}
	return p.open(f)
}

// peek learns the format of f and its first packet. It gives the problem and
// false when f is no capture; one that is damaged counts as a capture, since its
// problem is told when it is read.
func (p *peeker) peek(f *located) (Problem, bool) {
	in := p.look(f, peekLimit)
	if in != nil {
		var first Frame
		if in.reader.next(&first) == nil {
			f.first, f.link, f.packet = first.Time, first.Link, true
		}
		in.finish(&p.opener)
	}
	return p.problem, f.format != formatUnknown
}

// lastTime gives the time of the last packet of f. It reports false when that
// takes reading a large file.
func (p *peeker) lastTime(f *located) (Nanos, bool) {
	switch {
	case f.size <= smallFile:
		return p.readThrough(f)
	case f.format == formatPcap && !f.packed:
		return pcapTail(f.path)
	}
	return 0, false
}

func (p *peeker) readThrough(f *located) (Nanos, bool) {
	in := p.look(f, smallLimit)
	if in == nil {
		return 0, false
	}
	defer in.finish(&p.opener)
	for frame := new(Frame); in.reader.next(frame) == nil; {
	}
	last, ok := in.reader.last()
	return last, ok && in.window.base+int64(in.window.w) < smallLimit
}

// pcapTail finds the last record's time from the end of the file.
func pcapTail(path string) (Nanos, bool) {
	f, err := os.Open(path)
	if err != nil {
		return 0, false
	}
	defer func() { _ = f.Close() }()
	p := pcap{teller: new(teller)}
	p.reset(f, 2*textLength)
	if !p.fill(pcapHeader) {
		return 0, false
	}
	p.header(p.buf)
	size, err := f.Seek(0, io.SeekEnd)
	if err != nil || size < pcapHeader+lookahead {
		return 0, false
	}
	b := make([]byte, lookahead)
	if _, err := f.ReadAt(b, size-lookahead); err != nil {
		return 0, false
	}
	return p.tail(b)
}

// tail finds the time of the last record that b, the end of a file, holds whole.
func (p *pcap) tail(b []byte) (Nanos, bool) {
	tries := 0
	for i := 0; i+recordHeader <= len(b) && tries < maxTries; i++ {
		if !p.chain(b[i:], true) {
			continue
		}
		if t, ok := p.walk(b[i:]); ok {
			return t, true
		}
		tries++
	}
	return 0, false
}

// walk follows a run of records to the end of b.
func (p *pcap) walk(b []byte) (last Nanos, ok bool) {
	for len(b) >= p.head {
		r := p.record(b)
		if r.captured > maxCaptured || r.length < r.captured || r.frac >= p.fraction {
			return 0, false
		}
		if p.head+int(r.captured) > len(b) {
			break
		}
		last, ok = Nanos(r.sec)*second+Nanos(r.frac)*p.scale, true
		b = b[p.head+int(r.captured):]
	}
	return last, ok
}
