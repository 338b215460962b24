package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"syscall"

	"cleartap/output"
	"cleartap/output/csv"
	"cleartap/output/format"
	"cleartap/output/jsonl"
	"cleartap/output/table"
)

// alertWriter is a format of alerts. An alert's texts are valid during the call of Write
// only (see output.Redactor).
type alertWriter interface {
	Write(*output.Alert) error
	Flush() error
}

// sink is one place that alerts go to.
type sink struct {
	name string // for messages
	w    alertWriter
	file *pendingFile // nil for standard output
	err  error        // the first one; the sink gets nothing more
}

// sinks are all places of one scan.
type sinks struct {
	all      []*sink
	left     int // how many still work
	sendings []*sending
}

// openSinks makes the outputs. Nothing is left behind when one cannot be made.
func openSinks(o *options, stdout io.Writer) (*sinks, error) {
	s := &sinks{}
	if o.format != "none" {
		s.all = append(s.all, &sink{name: "standard output", w: newWriter(o.format, stdout, o.colour)})
	}
	for _, path := range o.files {
		f, err := createPending(path)
		if err != nil {
			s.discard()
			return nil, &outcome{exitFailed, fmt.Sprintf("--output %s: %s", path, reason(err))}
		}
		s.all = append(s.all, &sink{name: path, w: newWriter(formatOf(path), f, false), file: f})
	}
	s.left = len(s.all)
	return s, nil
}

func newWriter(name string, w io.Writer, colour bool) alertWriter {
	switch name {
	case "table":
		return table.New(w, colour)
	case "csv":
		return csv.New(w)
	case "eve":
		return newLines(w, format.EVE)
	case "ocsf":
		return newLines(w, format.OCSF)
	}
	return jsonl.New(w)
}

// write hands an alert to every sink that still works.
func (s *sinks) write(ctx context.Context, a *output.Alert) {
	if len(s.sendings) > 0 {
		r := output.NewRecord(a)
		for _, k := range s.sendings {
			k.put(ctx, r)
		}
	}
	for _, k := range s.all {
		if k.err == nil {
			s.note(k, k.w.Write(a))
		}
	}
}

// flush brings out what standard output has buffered.
func (s *sinks) flush() {
	for _, k := range s.all {
		if k.err == nil && k.file == nil {
			s.note(k, k.w.Flush())
		}
	}
}

func (s *sinks) note(k *sink, err error) {
	if err != nil {
		k.err = err
		s.left--
	}
}

// finish completes the files and tells what went wrong. A reader of standard
// output that went away has seen enough: that is no fault.
func (s *sinks) finish() error {
	var errs []error
	for _, k := range s.all {
		if k.err == nil {
			s.note(k, k.w.Flush())
		}
		if k.file != nil {
			if k.err == nil {
				s.note(k, k.file.complete())
			}
			if kept := k.keep(); kept != "" {
				errs = append(errs, fmt.Errorf("%s: %s; what was written is in %s", k.name, reason(k.err), kept))
				continue
			}
		}
		if k.err != nil && !(k.file == nil && brokenPipe(k.err)) {
			errs = append(errs, fmt.Errorf("%s: %s", k.name, reason(k.err)))
		}
	}
	return errors.Join(errs...)
}

// keep saves what was written to a file that failed, and gives its name.
func (k *sink) keep() string {
	if k.err == nil {
		return ""
	}
	return k.file.keep()
}

// nobody reports whether no sink takes alerts any more.
func (s *sinks) nobody() bool { return s.left == 0 && len(s.all) > 0 && len(s.sendings) == 0 }

// end waits for the sinks that acknowledge. It gives what each of them had, and how
// many alerts were not delivered to one.
func (s *sinks) end(ctx context.Context) (lines []string, undelivered uint64) {
	for _, k := range s.sendings {
		undelivered = max(undelivered, k.end(ctx))
	}
	for _, k := range s.sendings {
		lines = append(lines, k.sum())
	}
	return lines, undelivered
}

// discard removes the unfinished files.
func (s *sinks) discard() {
	for _, k := range s.all {
		if k.file != nil {
			k.file.discard()
		}
	}
}

func brokenPipe(err error) bool {
	return errors.Is(err, syscall.EPIPE) || errors.Is(err, io.ErrClosedPipe)
}

// pendingFile is a file under a temporary name in the folder where it will
// stand: whoever finds the file under its own name finds all of it.
type pendingFile struct {
	*os.File
	path string
}

// createPending makes the file, readable by its owner alone.
func createPending(path string) (*pendingFile, error) {
	if st, err := os.Stat(path); err == nil && !st.Mode().IsRegular() {
		if st.IsDir() {
			return nil, errors.New("is a folder")
		}
		f, err := os.OpenFile(path, os.O_WRONLY, 0) // a device or pipe is written in place
		if err != nil {
			return nil, err
		}
		return &pendingFile{File: f}, nil
	}
	f, err := os.CreateTemp(filepath.Dir(path), "."+filepath.Base(path)+".*.tmp")
	if err != nil {
		return nil, err
	}
	return &pendingFile{f, path}, nil
}

// commit puts the file in its place, or removes it.
func (f *pendingFile) commit() error {
	err := f.complete()
	if err != nil && f.path != "" {
		_ = os.Remove(f.Name()) // the error that counts is told
	}
	return err
}

// complete puts the file in its place. When that fails, what was written is still there
// under the temporary name.
func (f *pendingFile) complete() error {
	if f.path == "" {
		return f.Close()
	}
	err := f.Sync()
	if cerr := f.Close(); err == nil {
		err = cerr
	}
	if err == nil {
		err = os.Rename(f.Name(), f.path)
	}
	return err
}

// keep saves what was written of a file that could not be finished, under a
// name that says so, and gives the name. Its last line may be cut.
func (f *pendingFile) keep() string {
	_ = f.Close() // it has failed already
	if f.path == "" {
		return ""
	}
	kept := f.path + ".partial"
	for n := 2; n < 100; n++ { // that of an earlier run stays
		if _, err := os.Lstat(kept); errors.Is(err, fs.ErrNotExist) {
			break
		}
		kept = fmt.Sprintf("%s.partial-%d", f.path, n)
	}
	if err := os.Rename(f.Name(), kept); err != nil {
		return f.Name()
	}
	return kept
}

// discard removes the file.
func (f *pendingFile) discard() {
	_ = f.Close() // nothing of it is kept
	if f.path != "" {
		_ = os.Remove(f.Name())
	}
}
