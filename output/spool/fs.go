package spool

import "io"

// fsys is what the spool asks of a file system: one folder and the folders in
// it. Tests put faults, counters and a model of crashes in its place. Names have
// no "..", and at most one slash.
type fsys interface {
	list(folder string) ([]entry, error) // "" is the spool itself; a folder that is not there is empty
	open(name string) (file, error)      // for reading
	create(name string) (file, error)    // a new file, for writing
	edit(name string) (file, error)      // one that is there and has no other name, for writing in place
	mkdir(name string) error             // no error when it is there
	rename(from, to string) error        // replaces to
	remove(name string) error
	tighten(name string) error   // only its owner may use it
	syncDir(folder string) error // its names
	close() error                // and let others have the folder
}

// file is an open file.
type file interface {
	io.ReaderAt
	io.Writer // at the end of what was written before; the start of a file that was created
	io.WriterAt
	Sync() error
	Truncate(size int64) error
	Close() error
	size() (int64, error)
}

// entry is what a folder holds under a name.
type entry struct {
	name  string
	size  int64
	plain bool // a regular file of the owner of the folder
	names int  // of the same file: hard links
	loose bool // others than the owner may use it
}

// leave closes what was only read: nothing can be lost by it.
func leave(c io.Closer) { _ = c.Close() }

// folder closes as a file does.
type folder struct{ fsys }

// Close implements io.Closer.
func (f folder) Close() error { return f.close() }

// replaceFile puts a small file in its place, whole or not at all. The folder
// is not synced: until it is, the old content may come back.
func replaceFile(dir fsys, name, content string) error {
	temporary := name + ".tmp"
	f, err := dir.create(temporary)
	if err != nil { // a leftover
		if dir.remove(temporary) != nil {
			return err
		}
		if f, err = dir.create(temporary); err != nil {
			return err
		}
	}
	_, err = io.WriteString(f, content)
	if err == nil {
		err = f.Sync()
	}
	if cerr := f.Close(); err == nil {
		err = cerr
	}
	if err == nil {
		err = dir.rename(temporary, name)
	}
	if err != nil {
		_ = dir.remove(temporary) // a leftover does no harm
	}
	return err
}

// readSmall gives the content of a small file, and nothing of a larger one.
func readSmall(dir fsys, name string) string {
	const limit = 512
	f, err := dir.open(name)
	if err != nil {
		return ""
	}
	defer leave(f)
	p := make([]byte, limit)
	n, err := f.ReadAt(p, 0)
	if n == limit || (err != nil && err != io.EOF) { //nolint:errorlint // ReadAt gives io.EOF itself
		return ""
	}
	return string(p[:n])
}
