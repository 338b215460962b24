package capture

import "io"

// sequence is the source of one file, or of the files of a rotation set one
// after the other. Files are opened when their turn comes.
type sequence struct {
	opener
	capture *Capture
	files   []string
	cur     *opened
	reader  frameReader // of cur
	index   uint32      // of cur in files
	next    int         // index of the file to open next
	last    Nanos       // time of the last frame of the file before
	any     bool        // that file gave a frame
	closed  bool
}

var _ Source = (*sequence)(nil)

// Next gives the next frame of the current file, or of the one after it.
func (s *sequence) Next(f *Frame) error {
	for {
		if s.reader == nil && !s.advance() {
			return io.EOF
		}
		if s.reader == nil {
			continue
		}
		if err := s.reader.next(f); err == nil {
			f.File = s.index
			return nil
		}
		s.last, s.any = s.reader.last()
		s.drop()
	}
}

// advance opens the next file. It reports false when there is none, or when the
// next one turns out to belong to another capture.
func (s *sequence) advance() bool {
	if s.closed || s.next == len(s.capture.files) {
		return false
	}
	f := s.capture.files[s.next]
	if s.capture.undecided[s.next] && (!s.any || !contiguous(s.last, f.first)) {
		s.capture.rest = s.capture.from(s.next)
		s.closed = true
		return false
	}
	s.index = uint32(s.next)
	s.next++
	s.any = false
	if s.cur = s.open(f); s.cur != nil {
		s.reader = s.cur.reader
	}
	return true
}

// drop is done with the current file.
func (s *sequence) drop() {
	s.cur.finish(&s.opener)
	s.cur, s.reader = nil, nil
}

func (s *sequence) Files() []string { return s.files }

// Close ends the source early, or frees what it still holds.
func (s *sequence) Close() error {
	if s.cur != nil {
		s.cur.close()
		s.cur, s.reader = nil, nil
	}
	s.closed = true
	s.close()
	return nil
}
