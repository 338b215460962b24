package capture

import (
	"cmp"
	"fmt"
	"path/filepath"
	"slices"
	"strings"
)

// Merge is how files become captures.
type Merge uint8

// The ways of merging.
const (
	MergeAuto Merge = iota // a rotation set is one capture, every other file its own
	MergeAll               // all files are one capture, in the order of packet time
	MergeNone              // each file is a capture of its own
)

// String gives the way as the command line has it.
func (m Merge) String() string {
	switch m {
	case MergeAuto:
		return "auto"
	case MergeAll:
		return "all"
	case MergeNone:
		return "none"
	default:
		return "unknown"
	}
}

// ParseMerge reads the way from the command line.
func ParseMerge(s string) (Merge, error) {
	for m := MergeAuto; m <= MergeNone; m++ {
		if s == m.String() {
			return m, nil
		}
	}
	return MergeAuto, fmt.Errorf("merge %q: want auto, all or none", s)
}

const (
	// rotationGap is the longest time between a file's last packet and the first
	// of the next file of its rotation set.
	rotationGap = 300 * second
	// maxSets bounds the sets of one name pattern that are followed side by side.
	maxSets = 64
)

// contiguous reports whether a file that begins at first may go on where one
// that ended at last left off.
func contiguous(last, first Nanos) bool { return last <= first && first-last <= rotationGap }

// group makes captures of the files that were found.
func (f *finder) group() []*Capture {
	var captures []*Capture
	switch f.opt.Merge {
	case MergeAll:
		if len(f.files) > 0 {
			captures = []*Capture{f.all()}
		}
	case MergeNone:
		for _, in := range f.files {
			captures = append(captures, f.capture(in))
		}
	default:
		captures = f.rotations()
	}
	for _, c := range captures {
		c.sum()
	}
	slices.SortFunc(captures, (*Capture).Compare)
	return captures
}

func (f *finder) capture(in *located) *Capture {
	return &Capture{files: []*located{in}, undecided: []bool{false}, stdin: f.opt.Stdin, end: f.opt.End}
}

// all is the capture of all files; they stay in the order of the arguments,
// which decides between frames of the same time.
func (f *finder) all() *Capture {
	return &Capture{files: f.files, merge: true, stdin: f.opt.Stdin, end: f.opt.End}
}

// rotations finds the rotation sets: files of the same folder, name pattern and
// link type that follow each other in time.
func (f *finder) rotations() []*Capture {
	patterns := make(map[*located]string, len(f.files))
	for _, in := range f.files {
		patterns[in] = pattern(filepath.Base(in.path))
	}
	files := slices.Clone(f.files)
	slices.SortFunc(files, func(a, b *located) int {
		return cmp.Or(strings.Compare(a.dir, b.dir), strings.Compare(patterns[a], patterns[b]),
			cmp.Compare(a.link, b.link), cmp.Compare(a.first, b.first), strings.Compare(a.path, b.path))
	})
	var captures []*Capture
	var sets rotation
	for i, in := range files {
		if i > 0 {
			if l := files[i-1]; l.dir != in.dir || patterns[l] != patterns[in] || l.link != in.link {
				sets = rotation{}
			}
		}
		if in.stream || !in.packet || !sets.add(in, f) {
			captures = append(captures, f.capture(in))
			sets.begin(captures[len(captures)-1])
		}
	}
	return captures
}

// rotation are the sets of one pattern that a file may go on with.
type rotation struct{ open []*ending }

// ending is the end of a set so far.
type ending struct {
	capture *Capture
	last    Nanos // time of its last packet
	known   bool
	looked  bool // last was looked for
}

func (r *rotation) begin(c *Capture) {
	if c.files[0].stream || !c.files[0].packet {
		return
	}
	if len(r.open) == maxSets {
		r.open = r.open[1:]
	}
	r.open = append(r.open, &ending{capture: c})
}

// add appends the file to the set that it goes on with. Of several, as two
// interfaces give them, it is the one whose last file's name begins most alike.
func (r *rotation) add(in *located, f *finder) bool {
	var best *ending
	alike := -1
	keep := r.open[:0]
	for _, e := range r.open {
		end := e.capture.files[len(e.capture.files)-1]
		if !e.looked {
			e.looked = true
			e.last, e.known = f.peeker.lastTime(end)
		}
		if e.known && in.first-e.last > rotationGap {
			continue // nor will a later file go on here
		}
		keep = append(keep, e)
		if e.known && !contiguous(e.last, in.first) {
			continue
		}
		if n := commonPrefix(filepath.Base(end.path), filepath.Base(in.path)); n > alike {
			best, alike = e, n
		}
	}
	r.open = keep
	if best == nil {
		return false
	}
	c := best.capture
	c.files = append(c.files, in)
	c.undecided = append(c.undecided, !best.known)
	best.looked = false
	return true
}

// pattern is a file's name without what a rotation changes: runs of digits, a
// number at the end, which a first file may lack (tcpdump -C), and the ending of
// a compression.
func pattern(name string) string {
	var b strings.Builder
	digits := false
	for _, c := range []byte(plainName(name)) {
		digit := c >= '0' && c <= '9'
		switch {
		case !digit:
			b.WriteByte(c)
		case !digits:
			b.WriteByte('#')
		}
		digits = digit
	}
	p := strings.TrimRight(b.String(), "#")
	if len(p) < b.Len() {
		p = strings.TrimRight(p, "._-")
	}
	return p
}

func commonPrefix(a, b string) int {
	n := 0
	for n < len(a) && n < len(b) && a[n] == b[n] {
		n++
	}
	return n
}
