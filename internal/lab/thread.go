//go:build linux

package lab

import (
	"runtime"

	"golang.org/x/sys/unix"
)

// onThread runs f on a thread that is f's alone and ends with it: f may move it
// into other namespaces. It is never the main thread, which cannot end and whose
// namespaces are taken for those of the whole process.
func onThread(f func()) {
	go func() {
		runtime.LockOSThread()
		if unix.Gettid() != unix.Getpid() {
			f() // still locked when it returns: the thread is thrown away
			return
		}
		defer runtime.UnlockOSThread()
		other := make(chan struct{})
		go func() {
			runtime.LockOSThread() // some other thread, while this one is taken
			close(other)
			f()
		}()
		<-other
	}()
}
