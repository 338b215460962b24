package file

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"syscall"
	"time"

	"cleartap/output"
)

// What may stand in the file's place.
var (
	errLink    = errors.New("is a link")
	errPlain   = errors.New("is no plain file")
	errForeign = errors.New("belongs to another user")
	errNames   = errors.New("has a second name (a hard link)")
	errLoose   = errors.New("can be written by others")
	errFolder  = errors.New("stands in a folder in which anybody can put files")
	errInUse   = errors.New("is written by another process")
)

// ready makes sure that the file of this name is open, and begins a new one when it
// is time.
func (s *Sink) ready() error {
	if s.f != nil {
		if st, err := s.dir.Lstat(s.name); err != nil || !os.SameFile(st, s.stat) {
			return s.follow()
		}
	}
	if s.f == nil {
		if err := s.open(); err != nil {
			return err
		}
	}
	full := s.cfg.Size > 0 && s.size >= s.cfg.Size
	late := s.cfg.Every > 0 && s.periodOf(s.now()) != s.period
	if s.size > 0 && (full || late) {
		if err := s.rotate(); err != nil {
			return err
		}
		return s.open()
	}
	if s.size == 0 {
		s.period = s.periodOf(s.now())
	}
	return nil
}

// follow goes on in a new file when the one at hand was moved away, as logrotate does. Where
// the new one is another sink's already, which takes over from this one, what is left to
// write goes to the end of the old one.
func (s *Sink) follow() error {
	old, stat, size, period := s.f, s.stat, s.size, s.period
	s.f = nil
	err := s.open()
	if errors.Is(err, errInUse) {
		if st, e := old.Stat(); e == nil && links(st) > 0 {
			s.f, s.stat, s.size, s.period = old, stat, size, period
			return nil
		}
	}
	_ = old.Close() // what counts was synced
	return err
}

// open opens the file, or makes it for its owner alone.
func (s *Sink) open() error {
	if s.dir == nil {
		dir, err := os.OpenRoot(filepath.Dir(s.cfg.Path))
		if err != nil {
			return err
		}
		s.dir, s.name = dir, filepath.Base(s.cfg.Path)
		if err := s.checkFolder(); err != nil {
			s.dir = nil
			return errors.Join(err, dir.Close())
		}
	}
	f, err := s.openSafely()
	if err != nil {
		return err
	}
	st, err := f.Stat()
	if err == nil {
		err = plain(st)
	}
	if err == nil {
		err = lock(f)
	}
	if err == nil {
		s.size, err = mend(f, st.Size())
	}
	if err != nil {
		return errors.Join(err, f.Close())
	}
	s.f, s.stat, s.period = f, st, s.periodOf(st.ModTime())
	return nil
}

// checkFolder refuses a folder in which anybody can put something else in the
// file's place.
func (s *Sink) checkFolder() error {
	st, err := s.dir.Stat(".")
	if err == nil && modesMatter && st.Mode().Perm()&0o002 != 0 && st.Mode()&fs.ModeSticky == 0 {
		err = errFolder
	}
	return err
}

// openSafely follows no link, and does not wait for the other end of a pipe.
func (s *Sink) openSafely() (*os.File, error) {
	st, err := s.dir.Lstat(s.name)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		f, err := s.dir.OpenFile(s.name, os.O_RDWR|os.O_APPEND|os.O_CREATE|os.O_EXCL|safely, 0o600)
		if err == nil {
			err = s.syncFolder() // its name, too, is to be there after a crash
		}
		return f, err
	case err != nil:
		return nil, err
	case st.Mode()&fs.ModeSymlink != 0:
		return nil, errLink
	}
	if err := plain(st); err != nil {
		return nil, err
	}
	return s.dir.OpenFile(s.name, os.O_RDWR|os.O_APPEND|safely, 0)
}

// plain refuses what somebody else may have put there. Who may read the file is its
// owner's choice.
func plain(st fs.FileInfo) error {
	switch {
	case !st.Mode().IsRegular():
		return errPlain
	case !mine(st):
		return errForeign
	case links(st) > 1:
		return errNames
	case modesMatter && st.Mode().Perm()&0o022 != 0:
		return errLoose
	}
	return nil
}

// tail is how far a line's begin is looked for from the end, in bytes.
const tail = 1 << 20

// mend makes the file end with a whole line: what a crash left of one of ours was
// not acknowledged and is taken away, anything else gets a line end. It gives the size.
func mend(f *os.File, size int64) (int64, error) {
	from := max(0, size-tail)
	b := make([]byte, size-from)
	if _, err := f.ReadAt(b, from); err != nil && !errors.Is(err, io.EOF) {
		return size, err
	}
	if len(b) == 0 || b[len(b)-1] == '\n' {
		return size, nil
	}
	last := b[bytes.LastIndexByte(b, '\n')+1:]
	if bytes.HasPrefix(last, []byte(`{"`)) && !json.Valid(last) {
		size -= int64(len(last))
		return size, f.Truncate(size)
	}
	n, err := f.Write([]byte{'\n'})
	return size + int64(n), err
}

// rotate makes NAME the file NAME.1, NAME.1 the file NAME.2 and so on.
func (s *Sink) rotate() error {
	s.letGo()
	old := func(i int) string { return fmt.Sprintf("%s.%d", s.name, i) }
	if s.cfg.Keep == 0 {
		return s.dir.Remove(s.name)
	}
	for i := s.cfg.Keep - 1; i > 0; i-- {
		if err := s.dir.Rename(old(i), old(i+1)); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return err
		}
	}
	return s.dir.Rename(s.name, old(1))
}

func (s *Sink) syncFolder() error {
	f, err := s.dir.Open(".")
	if err != nil {
		return err
	}
	return errors.Join(f.Sync(), f.Close())
}

// periodOf numbers the periods; they begin at midnight of this host.
func (s *Sink) periodOf(t time.Time) int64 {
	if s.cfg.Every <= 0 {
		return 0
	}
	_, offset := t.Zone()
	return (t.Unix() + int64(offset)) / int64(s.cfg.Every/time.Second)
}

// fault says why nothing is written.
func (s *Sink) fault(err error) *output.Fault {
	for _, planted := range []error{errLink, errPlain, errForeign, errNames, errLoose, errFolder} {
		if errors.Is(err, planted) {
			return &output.Fault{Cause: s.cfg.Path + " " + planted.Error(), Cure: "choose another place, or make it a file of the sensor's user that others cannot change", Hold: true}
		}
	}
	f := &output.Fault{Cause: s.cfg.Path + ": cannot be written"}
	var number syscall.Errno
	switch {
	case errors.Is(err, errInUse):
		f.Cause, f.Cure, f.Hold = s.cfg.Path+" "+errInUse.Error(), "give each sensor a file of its own", true
	case errors.Is(err, fs.ErrPermission):
		f.Cause, f.Cure, f.Hold = s.cfg.Path+": permission denied", "let the sensor's user write to it and its folder", true
	case errors.Is(err, fs.ErrNotExist):
		f.Cause, f.Cure, f.Hold = s.cfg.Path+": no such folder", "make the folder", true
	case noRoom(err):
		f.Cause, f.Cure = s.cfg.Path+": no room left", "make room"
	case errors.As(err, &number):
		f.Cause = s.cfg.Path + ": " + number.Error()
	}
	return f
}
