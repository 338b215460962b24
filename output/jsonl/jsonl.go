// Package jsonl writes alerts as JSON lines: one alert, one line, as it is
// stored and searched. Its invariant: every line is a whole JSON object.
package jsonl

import (
	"bufio"
	"io"

	"cleartap/output"
)

// Writer writes alerts as JSON lines. It buffers; see Flush.
type Writer struct{ w *bufio.Writer }

// bufferSize is how much is written at a time, in bytes: a system call for some
// fifty alerts. lineSize is more than nearly all lines need.
const (
	bufferSize = 128 << 10
	lineSize   = 8 << 10
)

// New gives a writer of JSON lines to w.
func New(w io.Writer) *Writer { return &Writer{w: bufio.NewWriterSize(w, bufferSize)} }

// Write writes one alert. The error is that of the writer underneath, which
// may be told one call late.
func (w *Writer) Write(a *output.Alert) error {
	if w.w.Available() < lineSize {
		if err := w.w.Flush(); err != nil {
			return err
		}
	}
	_, err := w.w.Write(append(a.AppendJSON(w.w.AvailableBuffer()), '\n')) // mostly in its place already
	return err
}

// Flush hands over what is buffered.
func (w *Writer) Flush() error { return w.w.Flush() }
