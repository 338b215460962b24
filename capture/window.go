package capture

import (
	"errors"
	"io"
)

const (
	// maxCaptured is the most bytes a record may hold: the largest snap length
	// that tcpdump and Wireshark accept, 256 KiB.
	maxCaptured = 256 << 10
	// lookahead is how far damage may be looked at to decide where records go
	// on. It is counted from the position in question, never from what happens
	// to be buffered, so that a pipe gives what a file gives.
	lookahead = 128 << 10
	// readSize is the size of a window: the system call's share of a byte is
	// small, and the bytes stay in the second level cache.
	readSize = 256 << 10
	// maxWindow holds a record, the one before it and some headers.
	maxWindow = 2*maxCaptured + 4<<10
	// maxIdleReads is how often a reader may give neither bytes nor an error.
	maxIdleReads = 100
)

// window shows a stream as a slice that moves along it. The unread bytes are
// buf[r:w]; buf[keep:r] is what was read but may be looked at again.
type window struct {
	src        io.Reader
	buf        []byte
	keep, r, w int
	base       int64 // offset of buf[0] in the stream
	err        error // why nothing follows buf[w], once that is known
}

// reset starts over on src with a buffer of about size bytes, re-using the old one.
func (w *window) reset(src io.Reader, size int) {
	if cap(w.buf) < size {
		w.buf = make([]byte, size)
	}
	*w = window{src: src, buf: w.buf[:cap(w.buf)]}
}

// offset is the position in the stream of the next unread byte.
func (w *window) offset() int64 { return w.base + int64(w.r) }

// fill sees to it that at least n bytes are unread in the buffer, and reports
// whether the stream has that many. Callers see to it that n bytes and what is
// kept are at most maxWindow.
func (w *window) fill(n int) bool {
	for idle := 0; w.w-w.r < n; {
		if w.err != nil {
			return false
		}
		w.makeRoom(n)
		got, err := w.src.Read(w.buf[w.w:])
		w.w += got
		w.err = err
		if idle++; got > 0 {
			idle = 0
		} else if err == nil && idle >= maxIdleReads {
			w.err = io.ErrNoProgress
		}
	}
	return true
}

// makeRoom makes room to read. A full buffer is moved along, or grows when n
// bytes do not fit behind the kept ones: by what has come, not by what is claimed.
func (w *window) makeRoom(n int) {
	if w.w < len(w.buf) {
		return
	}
	to := w.buf
	if need := w.r - w.keep + n; need > len(to) {
		to = make([]byte, min(2*len(to), max(need, maxWindow)))
	}
	w.move(to)
}

// widen gives the window a buffer of at least size bytes.
func (w *window) widen(size int) {
	if len(w.buf) < size {
		w.move(make([]byte, max(size, w.w-w.keep)))
	}
}

func (w *window) move(to []byte) {
	copy(to, w.buf[w.keep:w.w])
	w.base += int64(w.keep)
	w.r -= w.keep
	w.w -= w.keep
	w.keep = 0
	w.buf = to
}

// failed tells the problem of a stream that did not end but break, if it did.
func (w *window) failed(t *teller) bool {
	if w.err == nil || errors.Is(w.err, io.EOF) {
		return false
	}
	at := w.base + int64(w.w)
	var u *unpackError
	if errors.As(w.err, &u) {
		t.problem(u.kind, at, u.reason, u.cure)
		return true
	}
	t.problem(ReadFailed, at, "reading failed: "+systemReason(w.err), "")
	return true
}

func endsInside(where string) string { return "the file ends " + where }

// skip passes over n bytes, however many, and reports whether they were there.
func (w *window) skip(n int64) bool {
	for {
		have := int64(w.w - w.r)
		if n <= have {
			w.r += int(n)
			w.keep = w.r
			return true
		}
		n -= have
		w.r = w.w
		w.keep = w.r
		if !w.fill(1) {
			return false
		}
	}
}
