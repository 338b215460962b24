package testenv

import (
	"os/exec"
	"runtime"
	"syscall"
)

// Start starts a program that ends at the latest with this process, however that ends.
// ended is told once what Wait of it gave. The kernel ends the program with the thread that
// started it (PR_SET_PDEATHSIG), so one is held for it until it is over.
func Start(cmd *exec.Cmd, ended func(error)) error {
	cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	started := make(chan error)
	go func() {
		runtime.LockOSThread()
		defer runtime.UnlockOSThread()
		err := cmd.Start()
		started <- err
		if err == nil {
			ended(cmd.Wait())
		}
	}()
	return <-started
}
