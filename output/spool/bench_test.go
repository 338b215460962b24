package spool

import (
	"context"
	"path/filepath"
	"testing"
	"time"
)

// BenchmarkSpool is the way of an alert of 1 KB into a spool with group fsync:
// the rate is that of committed records.
func BenchmarkSpool(b *testing.B) {
	s := realSpool(b, filepath.Join(b.TempDir(), "spool"), Config{MaxBytes: 64 << 30})
	p := payload(1, 1024)
	b.SetBytes(int64(len(p)))
	b.ReportAllocs()
	for b.Loop() {
		for !s.Append(p, false) {
			time.Sleep(100 * time.Microsecond)
		}
	}
	flush(b, s)
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "records/s")
	b.StopTimer()
	st := s.Stats()
	b.ReportMetric(float64(st.Syncs.Count)/b.Elapsed().Seconds(), "syncs/s")
	closeSpool(b, s)
}

// BenchmarkReader is the way out, in batches of 512, the cursor moving along.
func BenchmarkReader(b *testing.B) {
	s := realSpool(b, filepath.Join(b.TempDir(), "spool"), Config{MaxBytes: 64 << 30})
	p := payload(1, 1024)
	r, err := s.Reader("a")
	if err != nil {
		b.Fatal(err)
	}
	b.SetBytes(int64(len(p)))
	b.ReportAllocs()
	left := 0
	for b.Loop() {
		if left == 0 {
			b.StopTimer()
			for range 8192 {
				s.Append(p, false)
			}
			flush(b, s)
			left = 8192
			b.StartTimer()
		}
		if left%512 == 0 {
			out, err := r.Next(context.Background(), 512)
			if err != nil || len(out) != 512 || r.Done(out[511].Seq) != nil {
				b.Fatal(len(out), err)
			}
		}
		left--
	}
	b.StopTimer()
	closeSpool(b, s)
}

// BenchmarkOpen is a start with 128 MiB in the spool.
func BenchmarkOpen(b *testing.B) {
	dir := filepath.Join(b.TempDir(), "spool")
	s := realSpool(b, dir, Config{})
	p := payload(1, 1024)
	for range 128 << 10 {
		for !s.Append(p, false) {
			time.Sleep(100 * time.Microsecond)
		}
	}
	flush(b, s)
	closeSpool(b, s)
	b.SetBytes(128 << 20)
	for b.Loop() {
		s := realSpool(b, dir, Config{})
		b.StopTimer()
		closeSpool(b, s)
		b.StartTimer()
	}
}
