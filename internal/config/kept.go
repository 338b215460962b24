package config

import (
	"os"
	"path/filepath"
	"strings"
)

// NoFile is the setting of a file that says that there is to be none.
const NoFile = "none"

// StateFile gives the path of a file that outlives the process: the setting's if there
// is one, else name in the folder that systemd gives a service (StateDirectory=), else
// none, which is empty.
func StateFile(setting, name string) string {
	switch {
	case setting == NoFile:
		return ""
	case setting != "":
		return setting
	}
	dir, _, _ := strings.Cut(os.Getenv("STATE_DIRECTORY"), ":")
	if dir == "" {
		return ""
	}
	return filepath.Join(dir, name)
}

// InventoryFile is where the servers are kept; empty: in memory alone.
func (c *Config) InventoryFile() string { return StateFile(c.Inventory.Path, "inventory.db") }

// SignalsFile is where what the signals remember is kept; empty: in memory alone.
func (c *Config) SignalsFile() string { return StateFile(c.Signals.State, "signals.state") }

// kept checks that the two files are two.
func (c *check) kept() {
	l := c.l
	if p := l.InventoryFile(); p != "" && filepath.Clean(p) == filepath.Clean(l.SignalsFile()) {
		c.fault("inventory.path", "%s is signals.state as well: want a file of its own", p)
	}
}
