package spool

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"time"
)

// Repair puts a spool in order while no sensor uses it: damaged pieces are set
// aside and segments written anew without them, copies and leftovers removed,
// records of files in no order appended. What was intact stays; what event says
// was done. Calling it on a spool that is in order changes nothing.
func Repair(path string, event func(Event)) (*Report, error) {
	s, err := openStill(path, event)
	if err != nil {
		return nil, err
	}
	defer s.end()
	if err := s.mend(); err != nil {
		return nil, fmt.Errorf("spool %s: %w", path, err)
	}
	s.seal()
	r, err := inspect(s.dir)
	if err != nil {
		return nil, fmt.Errorf("spool %s: %w", path, err)
	}
	r.Dir = path
	return r, nil
}

// openStill opens a spool without a goroutine; s.end closes it. All readers
// that have a cursor keep what they have not had.
func openStill(path string, event func(Event)) (*Spool, error) {
	dir, err := openDir(path, forRepair)
	if err != nil {
		return nil, err
	}
	f, err := survey(dir)
	if err != nil {
		return nil, errors.Join(fmt.Errorf("spool %s: %w", path, err), dir.close())
	}
	c := Config{Dir: path, Readers: sortedKeys(f.cursors), Event: event}
	s, err := load(c.withDefaults(), dir)
	if err != nil {
		return nil, errors.Join(err, dir.close())
	}
	return s, nil
}

// mend writes segments with holes anew, each run of records as a segment of
// its own: a hole between segments that says so is none.
func (s *Spool) mend() error {
	s.seal()
	f, err := survey(s.dir)
	if err != nil {
		return err
	}
	low, _ := s.lowest()
	j := f.judge(s.dir, s.id, low)
	var last uint64
	for i, g := range j.kept {
		if len(g.pieces) > 0 || !g.whole || i > 0 && g.head.previous > last {
			if err := s.rewrite(g, last); err != nil {
				return err
			}
		}
		last = max(last, g.last)
	}
	return s.dir.syncDir("")
}

// rewrite writes the intact records of g above last to new segments, and
// removes it. After a crash in between both are there, and one is known for a copy.
func (s *Spool) rewrite(g *segmentFile, last uint64) error {
	from, err := s.dir.open(g.name)
	if err != nil {
		return err
	}
	defer leave(from)
	var out file
	closeOut := func() error {
		if out == nil {
			return nil
		}
		return errors.Join(out.Sync(), out.Close())
	}
	var failed error
	records(from, g.start, g.end, func(it item) bool {
		if it.seq <= last {
			return true
		}
		if out == nil || it.seq > last+1 {
			if failed = closeOut(); failed == nil {
				out, failed = s.begin(it.seq, last)
			}
		}
		if failed == nil {
			rec := make([]byte, it.end-it.off)
			if _, failed = from.ReadAt(rec, it.off); failed == nil {
				_, failed = out.Write(rec)
			}
		}
		last = it.seq
		return failed == nil
	})
	if err := errors.Join(failed, closeOut(), s.dir.syncDir("")); err != nil {
		return err
	}
	return s.dir.remove(g.name)
}

// begin makes a segment that begins with the record first and follows previous.
func (s *Spool) begin(first, previous uint64) (file, error) {
	f, _, err := s.newFile(first)
	if err != nil {
		return nil, err
	}
	head := segmentHead{version: formatVersion, spool: s.id, first: first, previous: previous, made: time.Now().UnixMilli(), mark: rand.Uint32()}
	_, err = f.Write(head.encode())
	return f, err
}

// Replay makes a reader start again at a record, while no sensor uses the
// spool, and says how many records it will get. 0 stands for the oldest one.
// What the sink has had it gets again, under the same event id.
func Replay(path, reader string, from uint64) (int, error) {
	if err := checkName(reader); err != nil {
		return 0, err
	}
	dir, err := openDir(path, forRepair)
	if err != nil {
		return 0, err
	}
	n, err := replay(dir, reader, from)
	if err := errors.Join(err, dir.close()); err != nil {
		return 0, fmt.Errorf("spool %s: %w", path, err)
	}
	return n, nil
}

func replay(dir fsys, reader string, from uint64) (int, error) {
	f, err := survey(dir)
	if err == nil {
		err = f.refuseNewer()
	}
	if err != nil {
		return 0, err
	}
	if _, ok := f.cursors[reader]; !ok {
		return 0, fmt.Errorf("no sink %s; there are: %s", reader, listed(sortedKeys(f.cursors)))
	}
	n, last := 0, uint64(0)
	if err := f.dump(dir, from, func(r Record) error { n++; last = r.Seq; return nil }); err != nil {
		return 0, err
	}
	if n == 0 && from > 0 {
		return 0, fmt.Errorf("there is no record from %d on", from)
	}
	s := &Spool{dir: dir, id: f.id}
	if from <= last {
		f.cursors[reader] = max(from, 1) - 1
	}
	return n, errors.Join(s.writeCursor(reader, f.cursors[reader]), dir.syncDir(""))
}

// Requeue appends the intact records of a segment file anew, one of the
// quarantine or of another spool's, while no sensor uses the spool. All readers
// will get them. It gives their number.
func Requeue(ctx context.Context, path, name string) (int, error) {
	f, err := os.Open(name)
	if err != nil {
		return 0, fmt.Errorf("%s: %w", name, bare(err))
	}
	defer leave(f)
	st, err := f.Stat()
	if err != nil || !st.Mode().IsRegular() {
		return 0, fmt.Errorf("%s: not a regular file", name)
	}
	s, err := openStill(path, nil)
	if err != nil {
		return 0, err
	}
	defer s.end()
	n, err := s.requeue(ctx, f, st.Size())
	if err != nil {
		return n, fmt.Errorf("spool %s: %d records appended, then: %w", path, n, bare(err))
	}
	return n, nil
}

func (s *Spool) requeue(ctx context.Context, f io.ReaderAt, size int64) (int, error) {
	a := again{s: s}
	var failed error
	records(f, 0, size, func(it item) bool {
		failed = errors.Join(a.add(it), ctx.Err())
		return failed == nil
	})
	if failed == nil {
		failed = a.flush()
	}
	return a.n, failed
}
