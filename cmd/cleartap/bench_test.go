package main

import (
	"context"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"cleartap/internal/trafficgen"
)

// BenchmarkScanLogins is the whole command on a capture of short logins; what
// jsonl costs more than none is the printing.
func BenchmarkScanLogins(b *testing.B) {
	o := trafficgen.Defaults(trafficgen.Logins)
	o.Flows, o.Bytes = 20_000, 1
	path := filepath.Join(b.TempDir(), "logins.pcap")
	f, err := os.Create(path)
	if err != nil {
		b.Fatal(err)
	}
	truth, err := trafficgen.Generate(f, o)
	if err != nil {
		b.Fatal(err)
	}
	if err := f.Close(); err != nil {
		b.Fatal(err)
	}
	for _, format := range []string{"none", "jsonl", "table", "csv"} {
		b.Run(format, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if code := run(context.Background(), []string{"cleartap", "scan", "-q", "--format", format, path}, strings.NewReader(""), io.Discard, io.Discard); code != exitDone {
					b.Fatal(code)
				}
			}
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/float64(truth.Logins), "ns/login")
		})
	}
}
