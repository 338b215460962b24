package testnode

import (
	"context"
	"crypto/sha256"
	"embed"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"time"

	"cleartap/internal/testenv"
)

//go:embed node
var project embed.FS

// buildLimit is the longest that the first build may take: it fetches 160 MB.
const buildLimit = 10 * time.Minute

// home gives the home of the server, built by Maven when it is not in the user's
// cache yet. Processes that want it at the same time wait for the first.
func home() (string, error) {
	sum, err := projectSum()
	if err != nil {
		return "", err
	}
	dir, err := testenv.Cached("testnode-"+sum, func(dir string) error {
		home := filepath.Join(dir, homeName)
		if err := build(dir, home); err != nil {
			return err
		}
		return train(dir, home)
	})
	return filepath.Join(dir, homeName), err
}

// homeName is the folder of the home in that of the cache.
const homeName = "home"

// archive holds classes as the JVM has them in memory: with it a node starts in
// half the time. It is good for jars of the same path only.
const archive = "boot.jsa"

// train runs a node once to make the archive.
func train(dir, home string) error {
	place := filepath.Join(dir, "training")
	if err := os.RemoveAll(place); err != nil {
		return err
	}
	if err := os.Mkdir(place, 0o700); err != nil {
		return err
	}
	fresh := filepath.Join(dir, archive)
	n := &Node{opts: Options{Dir: place}, build: home, java: []string{"-XX:ArchiveClassesAtExit=" + fresh}}
	var err error
	if n.Port, err = testenv.FreePort(); err != nil {
		return err
	}
	if err := errors.Join(n.configure(), n.Start()); err != nil {
		return err
	}
	_, _, err = n.APIKey("training", nil)
	if err := errors.Join(err, n.Stop(), os.RemoveAll(place)); err != nil {
		return err
	}
	return os.Rename(fresh, filepath.Join(home, archive))
}

// projectSum tells one version of the project from another.
func projectSum() (string, error) {
	h := sha256.New()
	err := fs.WalkDir(project, "node", func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		b, err := project.ReadFile(path)
		fmt.Fprintf(h, "%s %d\n", path, len(b))
		h.Write(b)
		return err
	})
	return hex.EncodeToString(h.Sum(nil))[:16], err
}

func build(dir, done string) error {
	work := filepath.Join(dir, "work")
	if err := errors.Join(os.RemoveAll(work), os.RemoveAll(done)); err != nil {
		return err
	}
	if err := os.CopyFS(work, project); err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(context.Background(), buildLimit)
	defer cancel()
	if err := run(ctx, filepath.Join(work, "node"), "mvn", "-q", "-B", "package"); err != nil {
		return err
	}
	made, err := filepath.Glob(filepath.Join(work, "node", "target", "elasticsearch-*"))
	if err != nil || len(made) != 1 {
		return fmt.Errorf("testnode: Maven made %d homes, want one", len(made))
	}
	if err := openModules(filepath.Join(made[0], "modules")); err != nil {
		return err
	}
	if err := os.Rename(made[0], done); err != nil {
		return err
	}
	return os.RemoveAll(work)
}

var moduleName = regexp.MustCompile(`(?m)^modulename=.*$`)

// openModules takes the names of Java modules out of the descriptors: our starter
// has the server on its class path, where it is no module that others could require.
func openModules(dir string) error {
	files, err := filepath.Glob(filepath.Join(dir, "*", "plugin-descriptor.properties"))
	if err != nil {
		return err
	}
	for _, f := range files {
		b, err := os.ReadFile(f)
		if err != nil {
			return err
		}
		if err := os.WriteFile(f, moduleName.ReplaceAll(b, nil), 0o600); err != nil {
			return err
		}
	}
	return nil
}
