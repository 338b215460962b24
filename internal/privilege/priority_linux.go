package privilege

import (
	"errors"
	"os"
	"strconv"

	"golang.org/x/sys/unix"
)

// Prefer gives all threads of the process a nice value, lower than that of other work, so
// that the sensor runs before its rings are full. Threads that are better off stay so. It
// takes CAP_SYS_NICE.
func Prefer(nice int) error {
	for range 2 { // a thread may have been made meanwhile, by one that had not been seen to
		threads, err := os.ReadDir("/proc/self/task")
		if err != nil {
			return err
		}
		for _, t := range threads {
			if err := preferThread(t.Name(), nice); err != nil {
				return err
			}
		}
	}
	return nil
}

func preferThread(name string, nice int) error {
	id, err := strconv.Atoi(name)
	if err != nil {
		return err
	}
	inverse, err := unix.Getpriority(unix.PRIO_PROCESS, id) // 20 less the nice value
	if err == nil && 20-inverse > nice {
		err = unix.Setpriority(unix.PRIO_PROCESS, id, nice)
	}
	if errors.Is(err, unix.ESRCH) { // it has ended
		return nil
	}
	return err
}
