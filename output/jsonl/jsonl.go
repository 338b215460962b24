// Package jsonl writes alerts as JSON lines: one alert, one line, as it is
// stored and searched. Its invariant: every line is a whole JSON object.
package jsonl

import (
	"io"

	"cleartap/output"
)

// Writer writes alerts as JSON lines. It buffers; see Flush.
type Writer struct {
	w       io.Writer
	buf     []byte
	written int // bytes, modulo blockSize
	err     error
}

// blockSize is how much is written at a time, in bytes: a system call for some forty
// alerts. Blocks begin at multiples of it, which file systems take with less effort.
// lineSize is more than nearly all lines need.
const (
	blockSize = 64 << 10
	lineSize  = 8 << 10
)

// New gives a writer of JSON lines to w.
func New(w io.Writer) *Writer { return &Writer{w: w, buf: make([]byte, 0, blockSize+lineSize)} }

// Write writes one alert. The error is that of the writer underneath, which
// may be told some calls late.
func (w *Writer) Write(a *output.Alert) error {
	w.buf = append(a.AppendJSON(w.buf), '\n')
	if due := blockSize - w.written; len(w.buf) >= due {
		w.write(due + (len(w.buf)-due)/blockSize*blockSize)
	}
	return w.err
}

// Flush hands over what is buffered.
func (w *Writer) Flush() error {
	if len(w.buf) > 0 {
		w.write(len(w.buf))
	}
	return w.err
}

// write hands over the first n bytes. After an error nothing more is written.
func (w *Writer) write(n int) {
	if w.err == nil {
		done, err := w.w.Write(w.buf[:n])
		if done < n && err == nil {
			err = io.ErrShortWrite
		}
		w.err = err
	}
	w.written = (w.written + n) % blockSize
	w.buf = w.buf[:copy(w.buf, w.buf[n:])]
}
