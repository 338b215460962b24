//go:build linux

package lab

import (
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
)

// recipe is what a root is made of.
type recipe struct {
	name   string // of its folder, without the hash
	what   string // for people
	groups [][]string
	finish func(tree string) error // may be nil
	hash   string
}

// build makes the root in a folder of its own and moves it into place when it is whole.
func build(dir, root string, r *recipe, log func(string)) error {
	work, err := os.MkdirTemp(dir, "making-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(work)
	if log == nil {
		log = func(string) {}
	}
	log("downloading " + r.what + " (Debian " + suite + ")")
	archives, err := download(work, r.groups)
	if err != nil {
		return err
	}
	log(fmt.Sprintf("unpacking %d packages", len(archives)))
	tree := filepath.Join(work, "tree")
	if err := unpack(tree, archives); err != nil {
		return err
	}
	if r.finish != nil {
		if err := r.finish(tree); err != nil {
			return err
		}
	}
	return os.Rename(tree, root)
}

// unpack lays the packages' files over each other. No script of a package runs.
func unpack(tree string, archives []string) error {
	for _, d := range []string{"bin", "sbin", "lib", "lib64"} {
		if err := os.MkdirAll(filepath.Join(tree, "usr", d), 0o755); err != nil {
			return err
		}
		if err := os.Symlink("usr/"+d, filepath.Join(tree, d)); err != nil {
			return err
		}
	}
	work := make(chan string)
	errs := make(chan error, len(archives))
	var wg sync.WaitGroup
	for range runtime.NumCPU() {
		wg.Go(func() {
			for deb := range work {
				if err := unpackOne(tree, deb); err != nil {
					errs <- err
				}
			}
		})
	}
	for _, deb := range archives {
		work <- deb
	}
	close(work)
	wg.Wait()
	close(errs)
	return <-errs // nil when there was none
}

func unpackOne(tree, deb string) error {
	from := exec.Command("dpkg-deb", "--fsys-tarfile", deb)
	to := exec.Command("tar", "-x", "-C", tree, "--keep-directory-symlink", "--exclude=./usr/share/doc",
		"--exclude=./usr/share/man", "--exclude=./usr/share/locale", "--exclude=./usr/share/info", "--exclude=./usr/share/i18n")
	var said [2]bytes.Buffer
	from.Stderr, to.Stderr = &said[0], &said[1]
	pipe, err := from.StdoutPipe()
	if err != nil {
		return err
	}
	to.Stdin = pipe
	if err := from.Start(); err != nil {
		return err
	}
	err = to.Run()
	if e := from.Wait(); err == nil {
		err = e
	}
	if err != nil {
		return fmt.Errorf("unpack %s: %w: %s", filepath.Base(deb), err, lastLines(said[0].String()+said[1].String(), 3))
	}
	return nil
}

func lastLines(s string, n int) string {
	lines := strings.Split(strings.TrimSpace(s), "\n")
	return strings.Join(lines[max(0, len(lines)-n):], "; ")
}
