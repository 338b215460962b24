package privilege

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"github.com/landlock-lsm/go-landlock/landlock"
	"golang.org/x/sys/unix"
)

// system are files and folders that the libraries read: names of hosts and
// services, certificates, time zones, the list of interfaces.
var system = []string{
	"/etc/resolv.conf", "/etc/hosts", "/etc/nsswitch.conf", "/etc/host.conf", "/etc/services", "/etc/gai.conf", "/etc/localtime",
	"/run/systemd/resolve", "/etc/ssl", "/etc/pki", "/etc/ca-certificates", "/usr/share/ca-certificates", "/usr/local/share/ca-certificates",
	"/usr/share/zoneinfo", "/sys/class/net", "/sys/devices", "/dev/urandom", "/dev/null", "/proc/self", "/proc/sys/net/core/somaxconn",
	"/sys/kernel/mm/transparent_hugepage",
}

// readable lists what may be read. Of a file it is the folder: a file that is
// replaced by another is read again.
func readable(a *Access) []string {
	out := append([]string(nil), system...)
	for _, path := range a.Read {
		path = absolute(path)
		if st, err := os.Stat(path); err == nil && !st.IsDir() && !wide(filepath.Dir(path)) {
			path = filepath.Dir(path)
		}
		out = append(out, path)
	}
	return out
}

// wide reports whether a folder holds too much to be allowed as a whole.
func wide(dir string) bool { return dir == "/" || dir == "/etc" || dir == "/usr" || dir == "/var" }

func absolute(path string) string {
	if abs, err := filepath.Abs(path); err == nil {
		return abs
	}
	return path
}

// landlockTo restricts files and connections.
func landlockTo(a *Access, s *State) error {
	abi, _, e := unix.Syscall(unix.SYS_LANDLOCK_CREATE_RULESET, 0, 0, unix.LANDLOCK_CREATE_RULESET_VERSION)
	if e != 0 {
		return fmt.Errorf("landlock: the kernel has none (%w)", e)
	}
	var rules []landlock.Rule
	for _, path := range readable(a) {
		st, err := os.Stat(path)
		switch {
		case err != nil:
		case st.IsDir():
			rules = append(rules, landlock.RODirs(path).IgnoreIfMissing())
		default:
			rules = append(rules, landlock.ROFiles(path).IgnoreIfMissing())
		}
	}
	for _, dir := range a.Write {
		rules = append(rules, landlock.RWDirs(absolute(dir)).WithRefer().IgnoreIfMissing())
	}
	for _, p := range append([]uint16{53}, a.Ports...) { // 53: long answers of name servers
		rules = append(rules, landlock.ConnectTCP(p))
	}
	for _, p := range a.Bind {
		rules = append(rules, landlock.BindTCP(p))
	}
	if err := landlock.V5.BestEffort().Restrict(rules...); err != nil {
		return errors.Join(errors.New("landlock"), err)
	}
	s.Landlock = int(abi)
	return nil
}
