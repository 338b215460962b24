package spool

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"time"
)

// ErrInUse says that another process has the spool.
var ErrInUse = errors.New("in use by another process")

// use is what a folder is opened for.
type use uint8

const (
	forSensor use = iota // made when missing, locked, of the user who runs
	forRepair            // locked
	forReading
)

const lockName = "lock"

// osDir is a folder of the real file system, opened once: whoever renames it or
// puts a link in its place later moves nothing of ours.
type osDir struct {
	root     *os.Root
	self     *os.File // the folder, to sync it
	lock     *os.File
	uid, gid int // of the folder
}

// openDir opens the folder of a spool and refuses one that others may reach
// into. Its errors name the folder and the cure.
func openDir(path string, u use) (*osDir, error) {
	if u == forSensor {
		if err := makeDir(path); err != nil {
			return nil, err
		}
	}
	before, err := checkDir(path, u)
	if err != nil {
		return nil, err
	}
	root, err := os.OpenRoot(path)
	if err != nil {
		return nil, fmt.Errorf("spool %s: %w", path, bare(err))
	}
	d := &osDir{root: root}
	if err := d.settle(path, before, u); err != nil {
		return nil, errors.Join(err, d.close())
	}
	return d, nil
}

// settle makes sure that the folder is the one that was checked, and locks it.
func (d *osDir) settle(path string, before fs.FileInfo, u use) error {
	var err error
	if d.self, err = d.root.Open("."); err != nil {
		return fmt.Errorf("spool %s: %w", path, bare(err))
	}
	now, err := d.self.Stat()
	if err != nil || !os.SameFile(before, now) {
		return fmt.Errorf("spool %s: the folder was replaced while it was opened", path)
	}
	d.uid, d.gid = owner(now)
	if u == forReading {
		return nil
	}
	return d.acquire(path)
}

// acquire takes the lock. Whoever only looks holds it for a moment, so it is
// asked for more than once.
func (d *osDir) acquire(path string) error {
	f, err := d.openFile(lockName, os.O_RDWR|os.O_CREATE)
	if err != nil {
		if errors.Is(err, errPlanted) {
			return fmt.Errorf("spool %s: its file %s is %w: remove it", path, lockName, errPlanted)
		}
		return cannotWrite(path, bare(err))
	}
	d.lock = f
	for try := 0; ; try++ {
		switch err = lock(f); {
		case err == nil && !d.holds(f):
			return fmt.Errorf("spool %s: the lock file was replaced", path)
		case err == nil:
			d.own(f)
			note := strconv.Itoa(os.Getpid()) + "\n"
			if f.Truncate(0) == nil {
				_, _ = f.WriteAt([]byte(note), 0) // for whoever looks; nothing depends on it
			}
			return nil
		case !errors.Is(err, ErrInUse):
			return fmt.Errorf("spool %s: cannot lock it: %w", path, bare(err))
		case try == 5:
			return fmt.Errorf("spool %s: %w%s: give each sensor a folder of its own, or stop the other one", path, ErrInUse, holder(f))
		}
		time.Sleep(50 * time.Millisecond)
	}
}

// cannotWrite says so, and what helps.
func cannotWrite(path string, err error) error {
	return fmt.Errorf("spool %s: cannot write in the folder: %w: let user %d write there, or name another folder", path, err, os.Geteuid())
}

// holds says whether f is still the lock file of the folder.
func (d *osDir) holds(f *os.File) bool {
	a, err := f.Stat()
	b, berr := d.root.Lstat(lockName)
	return err == nil && berr == nil && os.SameFile(a, b)
}

// holder names the process that has the lock, as far as it said.
func holder(f *os.File) string {
	p := make([]byte, 16)
	n, _ := f.ReadAt(p, 0)
	for i, c := range p[:n] {
		if c < '0' || c > '9' {
			n = i
			break
		}
	}
	if n == 0 {
		return ""
	}
	return " (" + string(p[:n]) + ")"
}

// makeDir makes the folder when there is none.
func makeDir(path string) error {
	err := os.Mkdir(path, 0o700)
	switch {
	case err == nil:
		if parent, err := os.Open(filepath.Dir(filepath.Clean(path))); err == nil {
			_ = parent.Sync() // a folder that a crash takes away is empty still
			_ = parent.Close()
		}
		return nil
	case errors.Is(err, fs.ErrExist):
		return nil
	case errors.Is(err, fs.ErrNotExist):
		return fmt.Errorf("spool %s: its parent folder does not exist: mkdir -p %s", path, filepath.Dir(filepath.Clean(path)))
	}
	return fmt.Errorf("spool %s: cannot make the folder: %w: let user %d write in %s, or name another folder", path, bare(err), os.Geteuid(), filepath.Dir(filepath.Clean(path)))
}

// checkDir says what is wrong with a folder, and how it is put right.
func checkDir(path string, u use) (fs.FileInfo, error) {
	st, err := os.Lstat(path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil, fmt.Errorf("spool %s: no such folder", path)
	case err != nil:
		return nil, fmt.Errorf("spool %s: %w", path, bare(err))
	case st.Mode()&fs.ModeSymlink != 0:
		return nil, fmt.Errorf("spool %s: is a symbolic link, which others may turn elsewhere: name the folder itself", path)
	case !st.IsDir():
		return nil, fmt.Errorf("spool %s: is not a folder: name another", path)
	}
	uid, _ := owner(st)
	switch me := os.Geteuid(); {
	case uid == me || me == 0 && u != forSensor:
	case u != forSensor:
		return nil, fmt.Errorf("spool %s: belongs to user %d: use sudo", path, uid)
	default:
		return nil, fmt.Errorf("spool %s: belongs to user %d, but cleartap runs as user %d: chown -R %d %s", path, uid, me, me, path)
	}
	if st.Mode().Perm()&0o077 != 0 && modesMatter {
		return nil, fmt.Errorf("spool %s: others may use the folder (mode %04o): chmod 700 %s", path, st.Mode().Perm(), path)
	}
	parent := filepath.Dir(filepath.Clean(path))
	up, err := os.Stat(parent)
	if err != nil {
		return nil, fmt.Errorf("spool %s: %w", path, bare(err))
	}
	if up.Mode().Perm()&0o002 != 0 && up.Mode()&fs.ModeSticky == 0 && modesMatter {
		return nil, fmt.Errorf("spool %s: anyone may put another folder in its place, for all may write in %s: chmod o-w %s", path, parent, parent)
	}
	return st, nil
}

// bare is an error of the file system without path, which the message has already.
func bare(err error) error {
	if pe := (*fs.PathError)(nil); errors.As(err, &pe) {
		return pe.Err
	}
	if le := (*os.LinkError)(nil); errors.As(err, &le) {
		return le.Err
	}
	return err
}
