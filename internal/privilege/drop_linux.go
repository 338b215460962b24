package privilege

import (
	"errors"
	"fmt"
	"os"
	"strings"

	seccomp "github.com/elastic/go-seccomp-bpf"
	"golang.org/x/sys/unix"
	"kernel.org/pub/linux/libs/security/libcap/psx"
)

// Drop gives up everything but CAP_NET_RAW and what cfg.Access names, for the
// whole process and for good, and tries out whether that is so.
func Drop(cfg Config) (State, error) {
	var missing []error
	if err := dropCapabilities(); err != nil {
		missing = append(missing, err)
	}
	s := State{User: os.Geteuid()}
	if cfg.Mode != Off {
		missing = append(missing, sandbox(&cfg.Access, &s)...)
	}
	for _, err := range missing {
		s.Missing = append(s.Missing, err.Error())
	}
	if len(missing) > 0 && cfg.Mode == Required {
		return s, fmt.Errorf("--sandbox required: %w", errors.Join(missing...))
	}
	return s, nil
}

// sandbox does what needs no capability.
func sandbox(a *Access, s *State) (missing []error) {
	if _, _, e := psx.Syscall6(unix.SYS_PRCTL, unix.PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0, 0); e != 0 {
		missing = append(missing, fmt.Errorf("no_new_privs: %w", e))
	}
	forbidden := forbiddenFile(a)
	if err := landlockTo(a, s); err != nil {
		missing = append(missing, err)
	}
	if err := refuseCalls(); err != nil {
		missing = append(missing, err)
	}
	return append(missing, tryOut(forbidden, s)...)
}

// refused are the system calls that a sensor never makes: starting programs,
// looking into others, changing the system. It is a list of what is refused, so
// that a new version of Go cannot break the sensor.
var refused = []string{
	"execve", "execveat", "ptrace", "process_vm_readv", "process_vm_writev", "kcmp", "pidfd_getfd",
	"bpf", "perf_event_open", "userfaultfd", "io_uring_setup", "io_uring_enter", "io_uring_register",
	"mount", "umount2", "pivot_root", "chroot", "move_mount", "open_tree", "fsopen", "fsmount", "fspick", "fsconfig", "mount_setattr",
	"setns", "unshare", "init_module", "finit_module", "delete_module", "kexec_load", "kexec_file_load", "reboot",
	"swapon", "swapoff", "acct", "quotactl", "settimeofday", "clock_settime", "clock_adjtime", "adjtimex", "sethostname", "setdomainname",
	"add_key", "request_key", "keyctl", "open_by_handle_at", "name_to_handle_at", "personality", "syslog", "vhangup", "lookup_dcookie",
}

// refuseCalls loads the list for all threads.
func refuseCalls() error {
	if !seccomp.Supported() {
		return errors.New("seccomp: the kernel has none")
	}
	err := seccomp.LoadFilter(seccomp.Filter{
		NoNewPrivs: true, Flag: seccomp.FilterFlagTSync,
		Policy: seccomp.Policy{DefaultAction: seccomp.ActionAllow,
			Syscalls: []seccomp.SyscallGroup{{Names: known(refused), Action: seccomp.ActionErrno}}},
	})
	if err != nil {
		return fmt.Errorf("seccomp: %w", err)
	}
	return nil
}

// known leaves out the calls that this kind of processor does not have.
func known(names []string) []string {
	var out []string
	for _, n := range names {
		p := seccomp.Policy{DefaultAction: seccomp.ActionAllow, Syscalls: []seccomp.SyscallGroup{{Names: []string{n}, Action: seccomp.ActionErrno}}}
		if _, err := p.Assemble(); err == nil {
			out = append(out, n)
		}
	}
	return out
}

// tryOut does what is forbidden now.
func tryOut(forbidden string, s *State) (missing []error) {
	if n, err := unix.PrctlRetInt(unix.PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0); err == nil && n == 1 {
		s.NoNewPrivs = true
	}
	// There is no such program: without the filter the answer would be that.
	err := unix.Exec("/nonexistent/cleartap", []string{"cleartap"}, nil)
	if s.Seccomp = errors.Is(err, unix.EPERM); !s.Seccomp {
		missing = append(missing, fmt.Errorf("seccomp: a program could be started (%w)", err))
	}
	if s.Landlock == 0 {
		return missing
	}
	if f, err := os.Open(forbidden); forbidden == "" || !errors.Is(err, unix.EACCES) {
		if err == nil {
			_ = f.Close() // it was opened to see whether that is possible
		}
		s.Landlock = 0
		missing = append(missing, fmt.Errorf("landlock: a forbidden file (%s) could be opened", forbidden))
	}
	return missing
}

// forbiddenFile finds a file that everybody may read and that is not among those
// that will be allowed.
func forbiddenFile(a *Access) string {
	for _, path := range []string{"/etc/passwd", "/etc/group", "/etc/fstab", "/usr/bin/env", "/bin/sh"} {
		f, err := os.Open(path)
		if err != nil {
			continue
		}
		_ = f.Close() // it was opened to see whether that is possible
		if !covered(a, path) {
			return path
		}
	}
	return ""
}

// covered reports whether path is or lies in what is allowed.
func covered(a *Access, path string) bool {
	for _, list := range [][]string{readable(a), a.Write} {
		for _, p := range list {
			if p == path || p == "/" || strings.HasPrefix(path, strings.TrimSuffix(p, "/")+"/") {
				return true
			}
		}
	}
	return false
}
