package spool

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"
)

// Report is what a spool holds. Making it changes nothing, and a sensor may be
// at work meanwhile: then the end of the last segment may seem torn.
type Report struct {
	Dir      string          `json:"dir"`
	Running  bool            `json:"running"` // some process has the spool
	Newer    string          `json:"newer,omitempty"`
	Records  int             `json:"records"`
	Bytes    int64           `json:"bytes"`
	Oldest   time.Time       `json:"oldest,omitzero"`
	Damaged  uint64          `json:"damaged"` // records that are damaged or missing
	Torn     uint64          `json:"torn"`    // pieces that a crash cut short: never committed
	Segments []SegmentReport `json:"segments"`
	Readers  []Position      `json:"readers"`
	Strange  []string        `json:"strange,omitempty"` // files that are not the spool's

	QuarantineFiles int   `json:"quarantine_files"`
	QuarantineBytes int64 `json:"quarantine_bytes"`
}

// Sound says whether nothing is damaged, out of order, or in the way.
func (r *Report) Sound() bool {
	for _, g := range r.Segments {
		if g.State != "kept" && g.State != "passed" || g.Damaged > 0 || len(g.Pieces) > 0 && !r.Running {
			return false
		}
	}
	return r.Newer == "" && len(r.Strange) == 0
}

// SegmentReport is what one segment file holds.
type SegmentReport struct {
	Name    string  `json:"name"`
	State   string  `json:"state"` // kept, passed (all readers had it), copy, empty, disordered, garbage
	First   uint64  `json:"first"`
	Last    uint64  `json:"last"`
	Records int     `json:"records"`
	Urgent  int     `json:"urgent"`
	Bytes   int64   `json:"bytes"`
	Damaged uint64  `json:"damaged"`
	Torn    uint64  `json:"torn"`
	Pieces  []Piece `json:"pieces,omitempty"`
}

// Piece is a damaged part of a segment file: bytes from From up to To.
type Piece struct {
	From int64 `json:"from"`
	To   int64 `json:"to"`
}

// Position is how far a reader has come.
type Position struct {
	Name    string `json:"name"`
	Done    uint64 `json:"done"`
	Waiting int    `json:"waiting"` // intact records beyond it
	Dead    int    `json:"dead"`    // dead letters
}

// Verify reads all of a spool and says what is in it and what is wrong with it.
func Verify(path string) (*Report, error) {
	dir, err := openDir(path, forReading)
	if err != nil {
		return nil, err
	}
	defer leave(folder{dir})
	r, err := inspect(dir)
	if err != nil {
		return nil, fmt.Errorf("spool %s: %w", path, err)
	}
	r.Dir, r.Running = path, dir.locked()
	return r, nil
}

func inspect(dir fsys) (*Report, error) {
	f, err := survey(dir)
	if err != nil {
		return nil, err
	}
	r := &Report{Newer: f.newer, Strange: append(f.strange, f.unopened...), Segments: []SegmentReport{}, Readers: []Position{}}
	j := f.judge(dir, f.id, f.low())
	for i, g := range j.kept {
		state := "kept"
		damaged, torn := g.losses(j, i)
		r.segment(g, state, damaged, torn)
		if i == 0 {
			r.Oldest = g.oldest
		}
	}
	for _, g := range j.odd {
		r.segment(g, "disordered", 0, 0)
	}
	for _, g := range j.garbage {
		r.segment(g, "garbage", 0, 0)
	}
	for _, g := range j.gone {
		state := "copy"
		switch {
		case g.records == 0:
			state = "empty"
		case g.highest <= j.low:
			state = "passed"
		}
		r.segment(g, state, 0, 0)
	}
	r.readers(dir, f, j)
	entries, _ := dir.list(quarantineFolder) // none, if it cannot be read
	for _, e := range entries {
		r.QuarantineFiles++
		r.QuarantineBytes += e.size
	}
	return r, nil
}

func (r *Report) segment(g *segmentFile, state string, damaged, torn uint64) {
	s := SegmentReport{
		Name: g.name, State: state, First: g.first, Last: g.last, Records: g.records, Urgent: g.urgent, Bytes: g.bytes,
		Damaged: damaged, Torn: torn,
	}
	for _, p := range g.pieces {
		s.Pieces = append(s.Pieces, Piece{p.from, p.to})
	}
	r.Segments = append(r.Segments, s)
	r.Damaged += damaged
	r.Torn += torn
	r.Bytes += g.bytes
	if state == "kept" || state == "disordered" {
		r.Records += g.records
	}
}

// readers counts what is still to be sent.
func (r *Report) readers(dir fsys, f *findings, j *judgement) {
	for _, name := range sortedKeys(f.cursors) {
		p := Position{Name: name, Done: f.cursors[name]}
		for _, g := range j.kept {
			switch {
			case g.first > p.Done:
				p.Waiting += g.records
			case g.last > p.Done:
				p.Waiting += int(min(uint64(g.records), g.last-p.Done)) // but for what is damaged in it
			}
		}
		_ = letters(dir, name, func(Letter) error { p.Dead++; return nil }) // none, if they cannot be read
		r.Readers = append(r.Readers, p)
	}
}

// low is the lowest cursor.
func (f *findings) low() uint64 {
	low, any := uint64(0), false
	for _, at := range f.cursors {
		if !any || at < low {
			low, any = at, true
		}
	}
	return low
}

// Dump calls fn with each intact record from a sequence number on, in order;
// after them with those of files that are in no order. Payload is valid during
// the call; what is appended to it goes elsewhere.
func Dump(path string, from uint64, fn func(Record) error) error {
	dir, err := openDir(path, forReading)
	if err != nil {
		return err
	}
	defer leave(folder{dir})
	f, err := survey(dir)
	if err != nil {
		return fmt.Errorf("spool %s: %w", path, err)
	}
	if err := f.refuseNewer(); err != nil {
		return fmt.Errorf("spool %s: %w", path, err)
	}
	return f.dump(dir, from, fn)
}

func (f *findings) dump(dir fsys, from uint64, fn func(Record) error) error {
	j := f.judge(dir, f.id, 0)
	var failed error
	last := uint64(0)
	give := func(it item) error {
		return fn(Record{Seq: it.seq, Time: time.UnixMilli(it.time), Urgent: it.flags&flagUrgent != 0, Payload: slices.Clip(it.payload)})
	}
	for _, g := range j.kept {
		file, err := dir.open(g.name)
		if err != nil {
			continue // a sensor at work has removed it
		}
		records(file, g.start, g.end, func(it item) bool {
			if it.seq >= from && it.seq > last {
				last = it.seq
				failed = give(it)
			}
			return failed == nil
		})
		leave(file)
		if failed != nil {
			return failed
		}
	}
	for _, g := range j.odd {
		if err := j.strangers(dir, g, give); err != nil && !isMissing(err) {
			return err
		}
	}
	return nil
}

// Letters calls fn with each dead letter of a reader, the oldest first.
func Letters(path, reader string, fn func(Letter) error) error {
	if err := checkName(reader); err != nil {
		return err
	}
	dir, err := openDir(path, forReading)
	if err != nil {
		return err
	}
	defer leave(folder{dir})
	return letters(dir, reader, fn)
}

func letters(dir fsys, reader string, fn func(Letter) error) error {
	for _, name := range []string{olderName(reader), deadName(reader)} {
		f, err := dir.open(name)
		if isMissing(err) {
			continue
		}
		if err != nil {
			return err
		}
		size, err := f.size()
		text := make([]byte, min(size, 2*deadBytes))
		if err == nil {
			_, err = f.ReadAt(text, 0)
		}
		leave(f)
		if err != nil && !errors.Is(err, io.EOF) {
			return err
		}
		for line := range strings.Lines(string(text)) {
			var l Letter
			if json.Unmarshal([]byte(line), &l) != nil {
				continue // cut by a crash, or the empty line in front of the next one
			}
			l.ID, l.Status, l.Kind = plainWord(l.ID), plainWord(l.Status), plainWord(l.Kind)
			if err := fn(l); err != nil {
				return err
			}
		}
	}
	return nil
}
