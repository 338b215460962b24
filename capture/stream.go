package capture

import (
	"io"
	"os"
	"sync/atomic"
)

// counted counts what is read of a file into the progress: a regular file never
// counts more than the size that it was found with.
type counted struct {
	src      io.Reader
	progress *atomic.Int64 // may be nil
	left     int64         // yet to be counted; negative: everything counts
}

func (c *counted) Read(p []byte) (int, error) {
	n, err := c.src.Read(p)
	c.count(int64(n))
	return n, err
}

func (c *counted) count(n int64) {
	if c.left >= 0 {
		n = min(n, c.left)
		c.left -= n
	}
	if c.progress != nil {
		c.progress.Add(n)
	}
}

// complete counts what of the file was not read because it was damaged.
func (c *counted) complete() {
	if c.left > 0 {
		c.count(c.left)
	}
}

// lazyFile opens a named pipe or device when it is first read, since that may
// have to wait for a writer.
type lazyFile struct {
	path string
	file atomic.Pointer[os.File]
	bad  atomic.Bool
}

func (l *lazyFile) Read(p []byte) (int, error) {
	f := l.file.Load()
	if f == nil {
		var err error
		if f, err = os.Open(l.path); err != nil {
			l.bad.Store(true)
			return 0, err
		}
		l.file.Store(f)
	}
	return f.Read(p)
}

func (l *lazyFile) failed() bool { return l.bad.Load() }

func (l *lazyFile) close() {
	if f := l.file.Load(); f != nil {
		_ = f.Close() // it was only read
	}
}
