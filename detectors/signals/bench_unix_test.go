//go:build unix

package signals

import (
	"strconv"
	"syscall"
	"testing"

	d "cleartap/detectors"
)

// cpuSeconds is the processor time that the process has had: on a machine that does
// other things as well, the clock on the wall tells nothing.
func cpuSeconds(b *testing.B) float64 {
	b.Helper()
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		b.Fatal(err)
	}
	return float64(u.Utime.Sec+u.Stime.Sec) + float64(u.Utime.Usec+u.Stime.Usec)/1e6
}

// BenchmarkObserve is a login of its own source and account, refused or accepted.
func BenchmarkObserve(b *testing.B) {
	names := make([]string, 1<<20)
	for i := range names {
		names[i] = "somebody" + strconv.Itoa(i) + "@example.org"
	}
	for name, result := range map[string][2]d.Result{"refused": {d.Failure, d.Failure}, "accepted": {d.Success, d.Success}, "both": {d.Failure, d.Success}} {
		b.Run(name, func(b *testing.B) {
			c := newCrowd(Config{})
			b.ReportAllocs()
			start := cpuSeconds(b)
			for i := range b.N {
				c.next(names[i&(len(names)-1)], result[i&1], second/100)
			}
			b.ReportMetric(float64(b.N)/(cpuSeconds(b)-start), "logins/cpu-s")
		})
	}
}

// BenchmarkSave is what saving costs when all that may be remembered is.
func BenchmarkSave(b *testing.B) {
	c := newCrowd(Config{})
	for i := range 1_000_000 {
		c.next("somebody"+strconv.Itoa(i), []d.Result{d.Failure, d.Success}[i&1], second/100)
	}
	once := NewOnce(0, [2]uint64{})
	b.ReportAllocs()
	size := 0
	for b.Loop() {
		size = len(Save(c.s, once, Shown{}))
	}
	b.ReportMetric(float64(size)/(1<<20), "MiB")
}
