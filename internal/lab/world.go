//go:build linux

package lab

import (
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"sync"

	"golang.org/x/sys/unix"
)

// cloneFlags are the namespaces that all hosts of a lab share.
const cloneFlags = unix.CLONE_NEWNS | unix.CLONE_NEWPID | unix.CLONE_NEWIPC

// world is the process, mount and IPC namespace that the hosts of a lab share.
// Its process 1 is a cat that waits for the end of its input: when this process
// closes the pipe, or dies, the kernel ends every process of the lab and with
// them go mounts, networks and files.
type world struct {
	root  string
	first *exec.Cmd
	hold  io.Closer

	mnt, pid, ipc *os.File // the namespaces
	top           *os.File // this process's own "/", as it is inside

	mu      sync.Mutex
	running []*Process
}

func newWorld(root string) (*world, error) {
	w := &world{root: root, first: exec.Command("cat")}
	w.first.SysProcAttr = &unix.SysProcAttr{Cloneflags: cloneFlags}
	hold, err := w.first.StdinPipe()
	if err != nil {
		return nil, err
	}
	w.hold = hold
	if err := w.first.Start(); err != nil {
		return nil, fmt.Errorf("make namespaces: %w", err)
	}
	if err := w.open(); err != nil {
		w.close()
		return nil, err
	}
	return w, nil
}

// open gets hold of the namespaces and mounts what the lab sees.
func (w *world) open() error {
	proc := fmt.Sprintf("/proc/%d/", w.first.Process.Pid)
	for name, f := range map[string]**os.File{"ns/mnt": &w.mnt, "ns/pid": &w.pid, "ns/ipc": &w.ipc} {
		var err error
		if *f, err = os.Open(proc + name); err != nil {
			return err
		}
	}
	fd, err := unix.Open(proc+"root", unix.O_PATH|unix.O_DIRECTORY|unix.O_CLOEXEC, 0)
	if err != nil {
		return fmt.Errorf("open %sroot: %w", proc, err)
	}
	w.top = os.NewFile(uintptr(fd), "root")
	done := make(chan error)
	onThread(func() { done <- w.furnish() })
	return <-done
}

// enter moves the calling thread into the world. The thread must be locked and
// must never be used for anything else again. The thread's own root folder is
// kept, so that a lab also works when this process runs in a chroot.
func (w *world) enter() error {
	if err := unix.Unshare(unix.CLONE_FS); err != nil {
		return fmt.Errorf("unshare: %w", err)
	}
	for _, ns := range []struct {
		f    *os.File
		kind int
	}{{w.mnt, unix.CLONE_NEWNS}, {w.ipc, unix.CLONE_NEWIPC}, {w.pid, unix.CLONE_NEWPID}} {
		if err := unix.Setns(int(ns.f.Fd()), ns.kind); err != nil {
			return fmt.Errorf("enter namespace: %w", err)
		}
	}
	return nil
}

// settle makes the thread's root folder what it was outside.
func (w *world) settle() error {
	if err := unix.Fchdir(int(w.top.Fd())); err != nil {
		return err
	}
	return unix.Chroot(".")
}

// furnish mounts the root read-only, with memory where things are written.
func (w *world) furnish() error {
	if err := w.enter(); err != nil {
		return err
	}
	// before settle: "/" must be a mount, for nothing to spread to the host
	if err := unix.Mount("", "/", "", unix.MS_REC|unix.MS_PRIVATE, ""); err != nil {
		return fmt.Errorf("make mounts private: %w", err)
	}
	if err := w.settle(); err != nil {
		return err
	}
	if err := unix.Mount(w.root, w.root, "", unix.MS_BIND, ""); err != nil {
		return fmt.Errorf("mount %s: %w", w.root, err)
	}
	for _, d := range []string{"lab", "run", "tmp", "root", "home", "var/log", "var/lib", "var/spool", "etc/courier", "dev"} {
		if err := unix.Mount("lab", filepath.Join(w.root, d), "tmpfs", 0, "mode=755"); err != nil {
			return fmt.Errorf("mount %s: %w", d, err)
		}
	}
	if err := w.devices(); err != nil {
		return err
	}
	if err := unix.Mount("", w.root, "", unix.MS_REMOUNT|unix.MS_BIND|unix.MS_RDONLY, ""); err != nil {
		return fmt.Errorf("mount %s read-only: %w", w.root, err)
	}
	// proc shows the namespace of the process that mounts it
	mount := &exec.Cmd{Path: "/bin/mount", Args: []string{"mount", "-t", "proc", "proc", "/proc"}, Dir: "/",
		SysProcAttr: &unix.SysProcAttr{Chroot: w.root}}
	if out, err := mount.CombinedOutput(); err != nil {
		return fmt.Errorf("mount /proc: %w: %s", err, out)
	}
	return nil
}

// devices fills /dev.
func (w *world) devices() error {
	dev := filepath.Join(w.root, "dev")
	unix.Umask(0) // this thread's own since unshare
	for name, minor := range map[string]uint32{"null": 3, "zero": 5, "full": 7, "random": 8, "urandom": 9} {
		if err := unix.Mknod(filepath.Join(dev, name), unix.S_IFCHR|0o666, int(unix.Mkdev(1, minor))); err != nil {
			return fmt.Errorf("make /dev/%s: %w", name, err)
		}
	}
	if err := os.Mkdir(filepath.Join(dev, "pts"), 0o755); err != nil {
		return err
	}
	if err := unix.Mount("devpts", filepath.Join(dev, "pts"), "devpts", 0, "newinstance,ptmxmode=0666,mode=620,gid=5"); err != nil {
		return fmt.Errorf("mount /dev/pts: %w", err)
	}
	for name, to := range map[string]string{"ptmx": "pts/ptmx", "fd": "/proc/self/fd", "stdin": "/proc/self/fd/0",
		"stdout": "/proc/self/fd/1", "stderr": "/proc/self/fd/2"} {
		if err := os.Symlink(to, filepath.Join(dev, name)); err != nil {
			return err
		}
	}
	for dir, mode := range map[string]os.FileMode{"tmp": os.ModeSticky | 0o777, "home/person": 0o700, "run/lock": 0o1777} {
		if err := os.MkdirAll(filepath.Join(w.root, dir), 0o755); err != nil {
			return err
		}
		if err := os.Chmod(filepath.Join(w.root, dir), mode); err != nil {
			return err
		}
	}
	return os.Chown(filepath.Join(w.root, "home/person"), 1001, 1001)
}

// path is where this process finds a file of the lab.
func (w *world) path(p string) string {
	return filepath.Join(fmt.Sprintf("/proc/%d/root", w.first.Process.Pid), w.root, p)
}

// close ends every process of the world and waits until they are gone.
func (w *world) close() {
	_ = w.hold.Close()
	_ = w.first.Process.Kill()
	w.mu.Lock()
	running := w.running
	w.mu.Unlock()
	for _, p := range running {
		<-p.done
	}
	_ = w.first.Wait() // the kernel has ended all the others when this returns
	for _, f := range []*os.File{w.mnt, w.pid, w.ipc, w.top} {
		if f != nil {
			_ = f.Close()
		}
	}
}
