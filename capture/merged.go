package capture

import (
	"cmp"
	"container/heap"
	"io"
	"slices"
)

const (
	// maxMerged bounds the files that a merge holds open at once, and so its memory.
	maxMerged = 256
	// maxMergedPacked is the same for compressed ones, each of which holds a
	// decompressor's window and blocks.
	maxMergedPacked = 16
	// mergedWindow is a reader's buffer in a merge of many files; one that meets
	// a larger record grows.
	mergedWindow = 32 << 10
	// mergedZstdWindow is the largest zstd window in a merge.
	mergedZstdWindow = 8 << 20
)

// merged is the source of several files whose frames are put in order of their
// time, then of their file, then of their number. A file is opened when the
// merge comes to its first packet, so files that follow each other need not be
// open together.
type merged struct {
	opener  // what all files begin with; each gets a copy of its own
	idle    []*opener
	files   []string
	waiting []*turn // not yet open, the next one last
	heads   turns
	packed  int // compressed files that are open
	given   bool
}

var _ Source = (*merged)(nil)

// turn is a file in a merge and the frame that it gives next.
type turn struct {
	located *located
	index   uint32
	opener  *opener
	in      *opened
	frame   Frame
}

// turns is a heap of the open files.
type turns []*turn

func (t turns) Len() int      { return len(t) }
func (t turns) Swap(i, j int) { t[i], t[j] = t[j], t[i] }
func (t turns) Less(i, j int) bool {
	if t[i].frame.Time != t[j].frame.Time {
		return t[i].frame.Time < t[j].frame.Time
	}
	return t[i].index < t[j].index
}
func (t *turns) Push(x any) { *t = append(*t, x.(*turn)) }
func (t *turns) Pop() any {
	old := *t
	x := old[len(old)-1]
	old[len(old)-1] = nil
	*t = old[:len(old)-1]
	return x
}

// Next gives the earliest frame of all files. The frame given before is let go
// only now, since its bytes are those of its file's window.
func (m *merged) Next(f *Frame) error {
	if m.given {
		m.given = false
		m.step(m.heads[0])
	}
	for len(m.waiting) > 0 {
		next := m.waiting[len(m.waiting)-1]
		if len(m.heads) > 0 && next.located.packet && next.located.first > m.heads[0].frame.Time {
			break
		}
		m.waiting[len(m.waiting)-1] = nil // its turn comes once
		m.waiting = m.waiting[:len(m.waiting)-1]
		m.begin(next)
	}
	if len(m.heads) == 0 {
		return io.EOF
	}
	*f = m.heads[0].frame
	m.given = true
	return nil
}

func newMerged(c *Capture, o opener) *merged {
	m := &merged{opener: o, files: c.Files()}
	for i, f := range c.files {
		m.waiting = append(m.waiting, &turn{located: f, index: uint32(i)})
	}
	slices.SortStableFunc(m.waiting, func(a, b *turn) int { // the first to open last
		return -cmp.Or(compareBool(a.located.packet, b.located.packet),
			cmp.Compare(a.located.first, b.located.first), cmp.Compare(a.index, b.index))
	})
	return m
}

// begin opens a file and reads its first frame.
func (m *merged) begin(t *turn) {
	if len(m.heads) >= maxMerged || t.located.packed && m.packed >= maxMergedPacked {
		m.tooMany(t)
		return
	}
	t.opener = m.spare()
	if t.in = t.opener.open(t.located); t.in == nil {
		m.idle = append(m.idle, t.opener)
		return
	}
	if t.in.reader.next(&t.frame) != nil {
		m.finish(t)
		return
	}
	t.frame.File = t.index
	if t.in.unpacked {
		m.packed++
	}
	heap.Push(&m.heads, t)
}

// tooMany passes a file over for which there is no room.
func (m *merged) tooMany(t *turn) {
	if m.progress != nil {
		m.progress.Add(t.located.size)
	}
	if m.tell == nil {
		return
	}
	reason := "more than 256 files with packets of the same time cannot be merged; this one was passed over"
	if t.located.packed {
		reason = "more than 16 compressed files with packets of the same time cannot be merged; this one was passed over"
	}
	m.tell(Problem{Path: t.located.path, Offset: NoOffset, Kind: TooMany, Reason: reason,
		Cure: "merge some of them first, with mergecap"})
}

// step reads the next frame of the file at the top of the heap.
func (m *merged) step(t *turn) {
	if t.in.reader.next(&t.frame) == nil {
		t.frame.File = t.index
		heap.Fix(&m.heads, 0)
		return
	}
	heap.Pop(&m.heads)
	if t.in.unpacked {
		m.packed--
	}
	m.finish(t)
}

// spare gives an opener, if there is one with what a file left behind.
func (m *merged) spare() *opener {
	if n := len(m.idle); n > 0 {
		o := m.idle[n-1]
		m.idle = m.idle[:n-1]
		return o
	}
	o := m.opener
	return &o
}

func (m *merged) finish(t *turn) {
	t.in.finish(t.opener)
	m.idle = append(m.idle, t.opener)
}

func (m *merged) Files() []string { return m.files }

// Close ends the source early, or frees what it still holds.
func (m *merged) Close() error {
	for _, t := range m.heads {
		t.in.close()
		t.opener.close()
	}
	for _, o := range m.idle {
		o.close()
	}
	m.heads, m.waiting, m.idle, m.given = nil, nil, nil, false
	return nil
}
