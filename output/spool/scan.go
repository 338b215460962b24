package spool

import (
	"bytes"
	"errors"
	"io"
)

// item is what a scanner comes upon: an intact record, or a damaged piece.
type item struct {
	header
	off, end   int64  // where it lies in the file
	payload    []byte // valid until the next call
	damaged    bool
	unreadable bool // damaged, and the disk does not give its bytes
}

// scanner walks over a segment. It holds one record in memory, allocates by
// what the file has, not by what a header claims, and moves forward with every
// call, so that it ends on any content.
type scanner struct {
	f        io.ReaderAt
	off, end int64  // what is left to read
	buf      []byte // bytes of the file from base on
	base     int64
	room     []byte
	bad      int64 // where the damaged piece began that is being passed
	passing  bool
	skipped  bool // part of it could not be read
}

const window = 64 << 10

func newScanner(f io.ReaderAt, off, end int64) scanner { return scanner{f: f, off: off, end: end} }

// next gives what comes next; io.EOF when nothing does. Any other error is one
// of reading: call again to try again, or skip.
func (s *scanner) next() (item, error) {
	for s.off < s.end {
		h, rec, err := s.record()
		if err != nil {
			return item{}, err
		}
		if rec != nil {
			if s.passing {
				return s.piece(s.off), nil
			}
			it := item{header: h, off: s.off, end: s.off + int64(len(rec)), payload: rec[recordHeader:]}
			s.off = it.end
			return it, nil
		}
		if !s.passing {
			s.passing, s.bad = true, s.off
		}
		if err := s.resync(); err != nil {
			return item{}, err
		}
	}
	if s.passing {
		return s.piece(s.end), nil
	}
	return item{}, io.EOF
}

// piece ends the damaged piece at to.
func (s *scanner) piece(to int64) item {
	it := item{off: s.bad, end: to, damaged: true, unreadable: s.skipped}
	s.passing, s.skipped = false, false
	return it
}

// record looks for an intact record at s.off; rec is nil when there is none.
func (s *scanner) record() (h header, rec []byte, err error) {
	head, err := s.peek(recordHeader)
	if err != nil || head == nil {
		return h, nil, err
	}
	h, ok := parseHeader(head)
	if !ok || s.off+h.size() > s.end {
		return h, nil, nil
	}
	rec, err = s.peek(int(h.size()))
	if err != nil || rec == nil || !h.intact(rec) {
		return h, nil, err
	}
	return h, rec, nil
}

// resync moves to the next magic after s.off, or to the end.
func (s *scanner) resync() error {
	s.off++
	for s.off < s.end {
		p, err := s.peek(int(min(int64(len(recordMagic)), s.end-s.off)))
		if err != nil {
			return err
		}
		if len(p) < len(recordMagic) {
			break
		}
		p = s.buf[s.off-s.base:] // all that was read with it
		if i := bytes.Index(p, []byte(recordMagic)); i >= 0 {
			s.off += int64(i)
			return nil
		}
		s.off += int64(len(p) - len(recordMagic) + 1)
	}
	s.off = s.end
	return nil
}

// skip gives up the block of the disk that could not be read.
func (s *scanner) skip() {
	if !s.passing {
		s.passing, s.bad = true, s.off
	}
	s.skipped = true
	s.buf = nil
	s.off = min(s.end, (s.off/block+1)*block)
	if s.off < s.end {
		s.off-- // resync adds one: a record may begin right at the block
		if err := s.resync(); err != nil {
			return // the caller meets it again
		}
	}
}

// peek gives n bytes at s.off; nil when the file ends before, which moves s.end.
func (s *scanner) peek(n int) ([]byte, error) {
	if int64(n) > s.end-s.off {
		return nil, nil
	}
	if from := s.off - s.base; from >= 0 && from+int64(n) <= int64(len(s.buf)) {
		return s.buf[from : from+int64(n)], nil
	}
	want := int(min(s.end-s.off, int64(max(n, window))))
	if cap(s.room) < want {
		s.room = make([]byte, want)
	}
	got, err := s.f.ReadAt(s.room[:want], s.off)
	s.buf, s.base = s.room[:got], s.off
	switch {
	case got >= n:
		return s.buf[:n], nil
	case err == nil || errors.Is(err, io.EOF):
		s.end = s.off + int64(got) // the file is shorter than it was
		return nil, nil
	}
	return nil, err
}
