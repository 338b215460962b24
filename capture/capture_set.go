package capture

import (
	"cmp"
	"io"
	"strings"
	"sync/atomic"
)

// Capture is one or several files that are read as one: flows go on from file
// to file. Its frames come from the source that Open gives.
type Capture struct {
	First Nanos // time of the first packet, 0 if that is not known before reading
	Size  int64 // bytes on disk of all files, compressed as they are; a stream counts 0

	files     []*located
	undecided []bool // whether a file goes on with the one before is known only when that has been read
	merge     bool   // order the files' frames by time
	rest      *Capture
	stdin     io.Reader
	end       <-chan struct{}
}

// Files names the capture's files as given by the user, or below a folder that was.
func (c *Capture) Files() []string {
	names := make([]string, len(c.files))
	for i, f := range c.files {
		names[i] = f.path
	}
	return names
}

// Open gives the capture's frames. Files are opened as their turn comes, so there
// is no error yet. Each problem is told to tell on the goroutine that calls Next;
// progress grows by the bytes read from disk, in sum by Size, less that of Rest, when
// Next has given io.EOF (a stream adds what it gave). Both may be nil. Close waits
// for nothing but a decompressor's current block; only the goroutine that reads a
// silent standard input or named pipe lives on until that gives something.
func (c *Capture) Open(tell func(Problem), progress *atomic.Int64) Source {
	o := opener{tell: tell, progress: progress, stdin: c.stdin, end: c.end}
	if !c.merge {
		return &sequence{opener: o, capture: c, files: c.Files()}
	}
	o.most = mergedZstdWindow
	if len(c.files) > maxMergedPacked {
		o.window = mergedWindow
	}
	return newMerged(c, o)
}

// Rest is what did not belong to the capture after all: the files of a supposed
// rotation set from a break on, to be read as a capture of their own. It is known
// when Next has given io.EOF, and nil almost always: only of compressed files that
// are large or damaged is the last packet's time not known beforehand. It never
// orders before the capture that it was split from.
func (c *Capture) Rest() *Capture { return c.rest }

// from is the capture of the files from i on.
func (c *Capture) from(i int) *Capture {
	r := &Capture{files: c.files[i:], undecided: append([]bool{false}, c.undecided[i+1:]...), stdin: c.stdin, end: c.end}
	r.sum()
	return r
}

// sum takes First and Size from the files.
func (c *Capture) sum() {
	known := false
	for i, f := range c.files {
		c.Size += f.size
		if f.packet && (i == 0 || c.merge && (!known || f.first < c.First)) {
			c.First, known = f.first, true
		}
	}
}

// Compare orders captures by the time of their first packet, then by path.
// Captures whose first packet is not known come last, streams last of all.
func (c *Capture) Compare(d *Capture) int {
	a, b := c.files[0], d.files[0]
	return cmp.Or(
		compareBool(a.stream, b.stream),
		compareBool(!a.packet, !b.packet),
		cmp.Compare(c.First, d.First),
		strings.Compare(a.path, b.path),
	)
}

func compareBool(a, b bool) int {
	switch {
	case a == b:
		return 0
	case b:
		return -1
	}
	return 1
}
