//go:build linux

package lab

import (
	"os"
	"path/filepath"
)

// furnish adds what the packages' installation scripts would have made, as far
// as the lab needs it: accounts, names, and the folders that are mounted over.
func furnish(tree string) error {
	for _, d := range []string{"lab", "dev", "proc", "sys", "run", "tmp", "root", "home/person", "var/log", "var/lib", "var/spool", "etc/courier"} {
		if err := os.MkdirAll(filepath.Join(tree, d), 0o755); err != nil {
			return err
		}
	}
	for name, text := range etc() {
		path := filepath.Join(tree, "etc", name)
		if err := os.RemoveAll(path); err != nil {
			return err
		}
		if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
			return err
		}
	}
	for from, to := range map[string]string{"usr/bin/awk": "mawk", "var/run": "/run"} {
		path := filepath.Join(tree, from)
		_ = os.Remove(path)
		if err := os.Symlink(to, path); err != nil {
			return err
		}
	}
	return nil
}
