package spool

import (
	"bytes"
	"errors"
	"io"
	"strings"
	"time"
)

// findings are what the folder of a spool holds. Making them changes nothing.
type findings struct {
	id         uint32 // of the spool
	identified bool   // its own file says so
	newer      string // a file of a newer cleartap
	cursors    map[string]uint64
	segments   []*segmentFile
	strange    []string // what is not ours
	unopened   []string // segments that cannot be opened
	leftovers  []string // of files that were to replace others
	loose      []string // files that others than the owner may use
	format     bool     // there is a file that names the format, intact or not
}

// segmentFile is what one segment file holds.
type segmentFile struct {
	name        string
	bytes       int64 // of the file
	shared      bool  // it has another name outside of the spool: it is not ours to change
	head        segmentHead
	whole       bool  // its head is intact
	blank       bool  // it begins with zeros only: a crash gave the file its length and no content
	start, end  int64 // of the records: up to the end of the last intact one
	first, last uint64
	highest     uint64
	records     int
	urgent      int
	sorted      bool   // each sequence number is higher than the one before
	spool       uint32 // of the records
	mixed       bool   // records of more than one spool
	carried     int64
	oldest      time.Time
	before      uint64 // what was committed when its first intact record was written
	proven      uint64 // up to here all was committed before its last record was written
	pieces      []piece
	err         error // reading stopped here and there
}

// piece is a damaged part of a segment, or records that are not there.
type piece struct {
	from, to      int64
	after, before uint64 // the records around it; 0: none on that side
	unreadable    bool
}

// survey reads all of the folder.
func survey(dir fsys) (*findings, error) {
	entries, err := dir.list("")
	if err != nil {
		return nil, err
	}
	f := &findings{cursors: map[string]uint64{}}
	owners := map[string]uint32{}
	for _, e := range entries {
		f.look(dir, e, owners)
	}
	f.settle(owners)
	return f, nil
}

// look reads one file of the folder.
func (f *findings) look(dir fsys, e entry, owners map[string]uint32) {
	_, isSegment := segmentNumber(e.name)
	cursor, isCursor := strings.CutSuffix(e.name, cursorSuffix)
	switch {
	case e.name == lockName || e.name == quarantineFolder || e.name == deadFolder:
		return
	case !e.plain:
		f.strange = append(f.strange, e.name)
		return
	case isSegment:
		f.segment(dir, e)
	case isCursor && checkName(cursor) == nil:
		version, id, at, ok := parseLine("cursor", readSmall(dir, e.name))
		if ok && version > formatVersion {
			f.newer = e.name
		} else if ok {
			f.cursors[cursor], owners[cursor] = at, id
		}
	case e.name == formatName:
		version, id, _, ok := parseLine("spool", readSmall(dir, e.name))
		if ok && version > formatVersion {
			f.newer = e.name
		}
		f.format = true
		if ok {
			f.id, f.identified = id, true
		}
	case strings.HasSuffix(e.name, ".tmp"):
		f.leftovers = append(f.leftovers, e.name)
	default:
		f.strange = append(f.strange, e.name)
		return
	}
	if e.loose {
		f.loose = append(f.loose, e.name)
	}
}

// settle finds out whose spool it is when its own file does not say: that of
// most records, else that of the cursors. Then it drops cursors of another one.
func (f *findings) settle(owners map[string]uint32) {
	if !f.identified {
		votes := map[uint32]int{}
		for _, id := range owners {
			votes[id]++
		}
		for _, g := range f.segments {
			votes[g.spool] += g.records
		}
		for id, n := range votes {
			if id != 0 && (n > votes[f.id] || n == votes[f.id] && id < f.id) {
				f.id = id
			}
		}
	}
	for name, id := range owners {
		if id != f.id {
			delete(f.cursors, name)
		}
	}
}

// segment reads one segment.
func (f *findings) segment(dir fsys, e entry) {
	file, err := dir.open(e.name)
	if err != nil {
		if !isMissing(err) {
			f.unopened = append(f.unopened, e.name)
		}
		return
	}
	defer leave(file)
	g := &segmentFile{name: e.name, bytes: e.size, shared: e.names > 1, sorted: true}
	if n, err := file.size(); err == nil {
		g.bytes = n
	}
	g.read(file)
	if g.whole && g.head.version > formatVersion {
		f.newer = e.name
		return
	}
	f.segments = append(f.segments, g)
}

// read goes over the file once.
func (g *segmentFile) read(f io.ReaderAt) {
	p := make([]byte, segmentHeader)
	if n, err := f.ReadAt(p, 0); n == len(p) || errors.Is(err, io.EOF) {
		g.head, g.whole = parseSegmentHead(p[:n])
		g.blank = len(bytes.Trim(p[:n], "\x00")) == 0
	}
	if g.whole {
		g.start, g.end = segmentHeader, segmentHeader
		if g.head.version > formatVersion {
			return
		}
	}
	scan := newScanner(f, g.start, g.bytes)
	for {
		it, err := scan.next()
		switch {
		case errors.Is(err, io.EOF):
			g.bytes = min(g.bytes, max(scan.end, g.end))
			return
		case err != nil:
			g.err = err
			scan.skip()
		case it.damaged:
			g.pieces = append(g.pieces, piece{from: it.off, to: it.end, after: g.last, unreadable: it.unreadable})
		default:
			g.count(it)
		}
	}
}

// count takes an intact record into account.
func (g *segmentFile) count(it item) {
	g.proven = max(g.proven, it.proves())
	g.end = it.end
	if it.flags&flagEnd != 0 {
		g.ended(it)
		return
	}
	if g.records == 0 {
		g.first, g.spool, g.oldest, g.before = it.seq, it.spool, time.UnixMilli(it.time), it.proves()
	}
	g.mixed = g.mixed || it.spool != g.spool
	g.sorted = g.sorted && it.seq > g.last
	if n := len(g.pieces); n > 0 && g.pieces[n-1].before == 0 {
		g.pieces[n-1].before = it.seq
	} else if g.records > 0 && it.seq > g.last+1 { // nothing is damaged, but something is not there
		g.pieces = append(g.pieces, piece{from: it.off, to: it.off, after: g.last, before: it.seq})
	}
	g.records++
	g.last = it.seq
	g.highest = max(g.highest, it.seq)
	if it.flags&flagUrgent != 0 {
		g.urgent++
	}
	if it.flags&flagCarried != 0 {
		g.carried += it.end - it.off
	}
}

// ended takes the mark at the end into account: a damaged piece in front of it
// is not the torn end of a batch.
func (g *segmentFile) ended(it item) {
	g.highest = max(g.highest, it.seq)
	if n := len(g.pieces); n > 0 && g.pieces[n-1].before == 0 && it.seq > g.last {
		g.pieces[n-1].before = it.seq + 1
	}
}

// refuseNewer is the error of a spool that a newer cleartap has written.
func (f *findings) refuseNewer() error {
	if f.newer == "" {
		return nil
	}
	return &NewerError{File: f.newer}
}

// NewerError says that a spool has a file in a format of a newer cleartap.
// Nothing in the spool was changed.
type NewerError struct{ File string }

// Error names the file and the cure.
func (e *NewerError) Error() string {
	return e.File + " was written by a newer cleartap, in a format that this one does not know: " +
		"install that version again, or let it send what is left and then move the folder away"
}
