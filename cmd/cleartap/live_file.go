package main

import (
	"bufio"
	"fmt"
	"os"
	"path/filepath"

	"cleartap/internal/config"
	"cleartap/output"
	"cleartap/output/csv"
	"cleartap/output/health"
)

// fileSink appends to a file that grows until it is rotated. A file that was moved
// away is made anew when the sensor reads its configuration again (SIGHUP).
type fileSink struct {
	spec   config.File
	f      *os.File
	w      *bufio.Writer
	size   int64
	line   []byte
	header bool // csv: the header has been written
	failed error
}

func openFileSink(spec *config.File) (*fileSink, error) {
	s := &fileSink{spec: *spec}
	err := s.open()
	return s, err
}

// open opens the file for appending; only its owner and group may read it.
func (s *fileSink) open() error {
	f, err := os.OpenFile(s.spec.Path, os.O_WRONLY|os.O_APPEND|os.O_CREATE, 0o640)
	if err != nil {
		return err
	}
	st, err := f.Stat()
	if err != nil || !st.Mode().IsRegular() {
		_ = f.Close() // it is not used
		if err == nil {
			err = fmt.Errorf("%s is no file", s.spec.Path)
		}
		return err
	}
	s.f, s.w, s.size = f, bufio.NewWriterSize(f, 64<<10), st.Size()
	s.header = s.size > 0
	return nil
}

// Alert implements liveSink.
func (s *fileSink) Alert(a *output.Alert) error {
	if s.spec.Format == "csv" {
		return s.csv(a)
	}
	s.line = append(a.AppendJSON(s.line[:0]), '\n')
	return s.write(s.line)
}

// csv writes an alert as a line of values, the first one below a header.
func (s *fileSink) csv(a *output.Alert) error {
	var b lines
	w := csv.New(&b)
	if err := w.Write(a); err != nil {
		return err
	}
	if err := w.Flush(); err != nil {
		return err
	}
	text := b.text
	if s.header {
		text = b.withoutFirst()
	}
	s.header = true
	return s.write(text)
}

// Health implements liveSink.
func (s *fileSink) Health(r *health.Record) error {
	if !s.spec.Health || s.spec.Format != "jsonl" {
		return nil
	}
	s.line = append(r.AppendJSON(s.line[:0]), '\n')
	return s.write(s.line)
}

func (s *fileSink) write(line []byte) error {
	if s.f == nil {
		if err := s.open(); err != nil {
			return err
		}
	}
	n, err := s.w.Write(line)
	s.size += int64(n)
	if err != nil {
		return s.fail(err)
	}
	if most := int64(s.spec.Rotate.Size); most > 0 && s.size >= most {
		return s.rotate()
	}
	return nil
}

// fail gives the file up; the next line tries to open it again.
func (s *fileSink) fail(err error) error {
	_ = s.f.Close() // it has failed already
	s.f, s.failed = nil, err
	return err
}

// rotate makes NAME the file NAME.1, NAME.1 the file NAME.2 and so on.
func (s *fileSink) rotate() error {
	if err := s.Close(); err != nil {
		return err
	}
	old := func(i int) string { return fmt.Sprintf("%s.%d", filepath.Clean(s.spec.Path), i) }
	keep := s.spec.Rotate.Keep
	if keep == 0 {
		if err := os.Remove(s.spec.Path); err != nil {
			return err
		}
		return s.open()
	}
	for i := keep - 1; i > 0; i-- {
		if err := os.Rename(old(i), old(i+1)); err != nil && !os.IsNotExist(err) {
			return err
		}
	}
	if err := os.Rename(s.spec.Path, old(1)); err != nil {
		return err
	}
	return s.open()
}

// Flush implements liveSink.
func (s *fileSink) Flush() error {
	if s.f == nil {
		return s.failed
	}
	if err := s.w.Flush(); err != nil {
		return s.fail(err)
	}
	s.failed = nil
	return nil
}

// Close implements liveSink.
func (s *fileSink) Close() error {
	if s.f == nil {
		return s.failed
	}
	err := s.w.Flush()
	if cerr := s.f.Close(); err == nil {
		err = cerr
	}
	s.f = nil
	return err
}

// lines is text that can lose its first line.
type lines struct{ text []byte }

func (l *lines) Write(p []byte) (int, error) {
	l.text = append(l.text, p...)
	return len(p), nil
}

func (l *lines) withoutFirst() []byte {
	for i, c := range l.text {
		if c == '\n' {
			return l.text[i+1:]
		}
	}
	return nil
}
