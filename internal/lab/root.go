//go:build linux

package lab

import (
	"crypto/sha256"
	"encoding/base32"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"

	"golang.org/x/sys/unix"
)

// CacheDir is the folder that keeps the root between runs: $CLEARTAP_LAB, else
// cleartap/lab under the user's cache folder, else under the folder for
// temporary files.
func CacheDir() string {
	if d := os.Getenv("CLEARTAP_LAB"); d != "" {
		return d
	}
	base, err := os.UserCacheDir()
	if err != nil {
		base = filepath.Join(os.TempDir(), fmt.Sprintf("cleartap-%d", os.Getuid()))
	}
	return filepath.Join(base, "cleartap", "lab")
}

// Available says whether a lab can be opened here and, if not, what is missing.
// It changes nothing and does not look at the network.
func Available() (why string, ok bool) {
	if os.Geteuid() != 0 {
		return "mail servers in namespaces need root", false
	}
	for _, tool := range []string{"apt-get", "dpkg-deb", "tar", "cat"} {
		if _, err := exec.LookPath(tool); err != nil {
			return "the lab is made of Debian packages, and there is no " + tool + " here", false
		}
	}
	if _, err := os.Stat(keyring); err != nil {
		return "the lab is made of Debian packages, and their key is not here (" + keyring + ")", false
	}
	if err := tryNamespaces(); err != nil {
		return "namespaces cannot be made here: " + err.Error(), false
	}
	return "", true
}

// tryNamespaces starts and ends one process in namespaces like the lab's.
func tryNamespaces() error {
	cmd := exec.Command("cat")
	cmd.SysProcAttr = &unix.SysProcAttr{Cloneflags: cloneFlags | unix.CLONE_NEWNET | unix.CLONE_NEWUTS}
	return cmd.Run()
}

// Root makes the lab's root unless the cache has it, and gives its folder. The
// release function lets other processes throw it away when it is out of date.
// It takes about 15 seconds and 100 MB of downloads the first time. log, when
// not nil, is told what is being done.
func Root(log func(string)) (root string, release func(), err error) {
	return cached(&recipe{name: "root", what: "mail servers and clients for the lab", groups: packages(), finish: furnish, hash: hash()}, log)
}

// Packages makes a folder of unpacked Debian packages, with all that they need,
// unless the cache has it, and gives it. Packages of different groups may conflict.
// Their programs run from there by the loader that is in it; nothing is installed,
// no script of a package runs, and root is not needed. name is that of the folder.
// log and release are as those of Root.
func Packages(name string, log func(string), groups ...[]string) (root string, release func(), err error) {
	var what []string
	for _, g := range groups {
		what = append(what, g...)
	}
	sum := sha256.Sum256(fmt.Append(nil, "layout 1 ", suite, groups))
	h := strings.ToLower(base32.StdEncoding.EncodeToString(sum[:])[:12])
	return cached(&recipe{name: name, what: strings.Join(what, ", "), groups: groups, hash: h}, log)
}

// Debian says whether Packages can work here and, if not, what is missing.
func Debian() (why string, ok bool) {
	for _, tool := range []string{"apt-get", "dpkg-deb", "tar"} {
		if _, err := exec.LookPath(tool); err != nil {
			return "it takes Debian packages, and there is no " + tool + " here", false
		}
	}
	if _, err := os.Stat(keyring); err != nil {
		return "it takes Debian packages, and their key is not here (" + keyring + ")", false
	}
	return "", true
}

func cached(r *recipe, log func(string)) (root string, release func(), err error) {
	dir := CacheDir()
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return "", nil, err
	}
	whole, err := lock(filepath.Join(dir, "lock"), unix.LOCK_EX)
	if err != nil {
		return "", nil, err
	}
	defer whole.Close()
	root = filepath.Join(dir, r.name+"-"+r.hash)
	use, err := lock(root+".lock", unix.LOCK_SH)
	if err != nil {
		return "", nil, err
	}
	if _, err := os.Stat(root); err == nil {
		return root, func() { use.Close() }, nil
	}
	prune(dir, r.name)
	if err := build(dir, root, r, log); err != nil {
		use.Close()
		return "", nil, fmt.Errorf("make the lab's %s in %s: %w", r.name, dir, err)
	}
	return root, func() { use.Close() }, nil
}

// lock opens the file and waits for the lock on it; closing it lets go.
func lock(path string, how int) (*os.File, error) {
	f, err := os.OpenFile(path, os.O_CREATE|os.O_RDWR, 0o644)
	if err != nil {
		return nil, err
	}
	for {
		err = unix.Flock(int(f.Fd()), how)
		if !errors.Is(err, unix.EINTR) {
			break
		}
	}
	if err != nil {
		f.Close()
		return nil, fmt.Errorf("lock %s: %w", path, err)
	}
	return f, nil
}

// prune removes half-made roots, and those of other recipes that nobody uses.
// The caller holds the lock of the whole cache.
func prune(dir, name string) {
	half, _ := filepath.Glob(filepath.Join(dir, "making-*"))
	for _, d := range half {
		_ = os.RemoveAll(d)
	}
	old, _ := filepath.Glob(filepath.Join(dir, name+"-*.lock"))
	for _, l := range old {
		f, err := lock(l, unix.LOCK_EX|unix.LOCK_NB)
		if err != nil {
			continue // in use
		}
		_ = os.RemoveAll(strings.TrimSuffix(l, ".lock"))
		_ = os.Remove(l)
		f.Close()
	}
}
