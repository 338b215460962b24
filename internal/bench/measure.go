package main

import (
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"slices"
	"syscall"
	"time"
)

// run is one process, seen from outside.
type run struct {
	cpu    time.Duration // user and system time of the process and the children it waited for
	wall   time.Duration
	rssKiB int64 // peak resident set
	out    []byte
}

// subject is something that is measured: a command for a capture.
type subject struct {
	name    string
	command []string
	stdout  string // file that receives its output; "" throws it away
	partial int    // exit code that is a success too: that of a scan that had to give up flows
	runs    []run
}

// once starts the subject and waits for its end.
func (s *subject) once() error {
	cmd := exec.Command(s.command[0], s.command[1:]...)
	var errs bytes.Buffer
	cmd.Stderr = &errs
	if s.stdout != "" {
		f, err := os.Create(s.stdout)
		if err != nil {
			return err
		}
		defer f.Close()
		cmd.Stdout = f
	}
	begin := time.Now()
	err := cmd.Run()
	wall := time.Since(begin)
	if cmd.ProcessState == nil {
		return fmt.Errorf("start %s: %w", s.command[0], err)
	}
	usage, ok := cmd.ProcessState.SysUsage().(*syscall.Rusage)
	if !ok {
		return fmt.Errorf("%s: this system does not tell what a process used", s.name)
	}
	s.runs = append(s.runs, run{
		cpu: cmd.ProcessState.UserTime() + cmd.ProcessState.SystemTime(), wall: wall, rssKiB: usage.Maxrss, out: errs.Bytes(),
	})
	if code := cmd.ProcessState.ExitCode(); code != 0 && code != s.partial {
		return fmt.Errorf("%s ended with %d: %s", s.name, code, lastLine(errs.Bytes()))
	}
	return nil
}

func lastLine(b []byte) []byte {
	b = bytes.TrimSpace(b)
	return b[bytes.LastIndexByte(b, '\n')+1:]
}

// measure runs the subjects in turns, n times after one round that does not count.
func measure(n int, subjects ...*subject) error {
	for round := range n + 1 {
		for _, s := range subjects {
			if err := s.once(); err != nil {
				return err
			}
			if round == 0 {
				s.runs = s.runs[:0]
			}
		}
	}
	return nil
}

// cpu is the median CPU time.
func (s *subject) cpu() time.Duration {
	return median(s.runs, func(r run) time.Duration { return r.cpu })
}

// wall is the median elapsed time.
func (s *subject) wall() time.Duration {
	return median(s.runs, func(r run) time.Duration { return r.wall })
}

// rss is the median peak of the resident set, in MiB.
func (s *subject) rss() float64 {
	return float64(median(s.runs, func(r run) int64 { return r.rssKiB })) / 1024
}

// ratio is the median of s's CPU time over o's, run by run: what drifts between
// runs touches both.
func (s *subject) ratio(o *subject) float64 {
	n := min(len(s.runs), len(o.runs))
	all := make([]float64, n)
	for i := range n {
		all[i] = s.runs[i].cpu.Seconds() / max(o.runs[i].cpu.Seconds(), 1e-6)
	}
	slices.Sort(all)
	return all[n/2]
}

func median[T int64 | time.Duration](runs []run, of func(run) T) T {
	all := make([]T, len(runs))
	for i, r := range runs {
		all[i] = of(r)
	}
	slices.Sort(all)
	return all[len(all)/2]
}
