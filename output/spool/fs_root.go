package spool

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"slices"
	"strings"
)

var _ fsys = (*osDir)(nil)

// errPlanted says that a name holds what the spool did not put there.
var errPlanted = errors.New("not a plain file of the owner of the folder")

// osFile is a file of the real file system.
type osFile struct{ *os.File }

func (f osFile) size() (int64, error) {
	st, err := f.Stat()
	if err != nil {
		return 0, bare(err)
	}
	return st.Size(), nil
}

// openFile opens a plain file in the folder: no link, pipe or device, and
// nothing that belongs to somebody else.
func (d *osDir) openFile(name string, flag int) (*os.File, error) {
	before, err := d.root.Lstat(name)
	switch {
	case errors.Is(err, fs.ErrNotExist) && flag&os.O_CREATE != 0:
		return d.root.OpenFile(name, flag|os.O_EXCL|safely, 0o600)
	case err != nil:
		return nil, err
	case !d.plain(before) || flag&os.O_EXCL != 0:
		if flag&os.O_EXCL != 0 {
			return nil, fs.ErrExist
		}
		return nil, errPlanted
	}
	f, err := d.root.OpenFile(name, flag&^os.O_CREATE|safely, 0)
	if err != nil {
		return nil, err
	}
	if now, err := f.Stat(); err != nil || !os.SameFile(before, now) {
		return nil, errors.Join(errPlanted, f.Close())
	}
	return f, nil
}

func (d *osDir) plain(st fs.FileInfo) bool {
	uid, _ := owner(st)
	return st.Mode().IsRegular() && uid == d.uid
}

// own gives a file that root made to the owner of the folder, who is to use it.
func (d *osDir) own(f *os.File) {
	if uid := os.Geteuid(); uid == 0 && d.uid > 0 {
		_ = f.Chown(d.uid, d.gid) // the sensor names the files that it cannot use
	}
}

func (d *osDir) file(f *os.File, err error) (file, error) {
	if err != nil {
		return nil, bare(err)
	}
	return osFile{f}, nil
}

func (d *osDir) open(name string) (file, error) {
	return d.file(d.openFile(name, os.O_RDONLY))
}

// edit refuses a file that has another name too: it may be somebody else's.
func (d *osDir) edit(name string) (file, error) {
	f, err := d.openFile(name, os.O_RDWR)
	if err == nil {
		if st, serr := f.Stat(); serr != nil || links(st) > 1 {
			err = errors.Join(errPlanted, f.Close())
		}
	}
	return d.file(f, err)
}

func (d *osDir) create(name string) (file, error) {
	f, err := d.openFile(name, os.O_RDWR|os.O_CREATE|os.O_EXCL)
	if err == nil {
		d.own(f)
	}
	return d.file(f, err)
}

func (d *osDir) mkdir(name string) error {
	err := d.root.Mkdir(name, 0o700)
	if errors.Is(err, fs.ErrExist) {
		st, err := d.root.Lstat(name)
		if err == nil && !st.IsDir() {
			err = fmt.Errorf("%s: %w", name, errPlanted)
		}
		return err
	}
	if err == nil && os.Geteuid() == 0 && d.uid > 0 {
		_ = d.root.Lchown(name, d.uid, d.gid) // as own
	}
	return bare(err)
}

func (d *osDir) rename(from, to string) error { return bare(d.root.Rename(from, to)) }
func (d *osDir) remove(name string) error     { return bare(d.root.Remove(name)) }
func (d *osDir) tighten(name string) error    { return bare(d.root.Chmod(name, 0o600)) }

func (d *osDir) syncDir(folder string) error {
	if folder == "" {
		return bare(d.self.Sync())
	}
	f, err := d.openFolder(folder)
	if err != nil {
		return err
	}
	err = f.Sync()
	return bare(errors.Join(err, f.Close()))
}

// openFolder opens a folder in the spool, and nothing that stands in its place.
func (d *osDir) openFolder(name string) (*os.File, error) {
	before, err := d.root.Lstat(name)
	if err != nil {
		return nil, bare(err)
	}
	if !before.IsDir() {
		return nil, errPlanted
	}
	f, err := d.root.OpenFile(name, os.O_RDONLY|safely, 0)
	return f, bare(err)
}

func (d *osDir) list(folder string) ([]entry, error) {
	if folder == "" {
		folder = "."
	}
	f, err := d.openFolder(folder)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	defer f.Close()
	names, err := f.Readdirnames(-1)
	var all []entry
	for _, name := range names {
		st, err := d.root.Lstat(folder + "/" + name)
		if err != nil {
			continue // it went away
		}
		all = append(all, entry{
			name: name, size: st.Size(), plain: d.plain(st), names: links(st),
			loose: modesMatter && st.Mode().Perm()&0o077 != 0,
		})
	}
	slices.SortFunc(all, func(a, b entry) int { return strings.Compare(a.name, b.name) })
	return all, bare(err)
}

func (d *osDir) close() error {
	var errs []error
	for _, f := range []*os.File{d.lock, d.self} { // closing the file gives up the lock
		if f != nil {
			errs = append(errs, f.Close())
		}
	}
	return errors.Join(append(errs, d.root.Close())...)
}

// locked says whether some process has the spool. It holds the lock for a
// moment itself.
func (d *osDir) locked() bool {
	f, err := d.openFile(lockName, os.O_RDONLY)
	if err != nil {
		return false
	}
	defer f.Close()
	return errors.Is(lockShared(f), ErrInUse)
}
