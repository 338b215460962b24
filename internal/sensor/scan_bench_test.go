package sensor

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"cleartap/capture"
	"cleartap/detectors"
	"cleartap/detectors/all"
	"cleartap/internal/trafficgen"
	"cleartap/output"
)

// generated writes a capture of a profile and gives its path and truth.
func generated(tb testing.TB, p trafficgen.Profile, change func(*trafficgen.Options)) (string, trafficgen.Truth) {
	tb.Helper()
	o := trafficgen.Defaults(p)
	change(&o)
	path := filepath.Join(tb.TempDir(), string(p)+".pcap")
	f, err := os.Create(path)
	if err != nil {
		tb.Fatal(err)
	}
	truth, err := trafficgen.Generate(f, o)
	if err != nil {
		tb.Fatal(err)
	}
	if err := f.Close(); err != nil {
		tb.Fatal(err)
	}
	return path, truth
}

// discard is a Receiver that only counts.
type discard struct{ findings, problems, captures int }

func (d *discard) Finding(output.Where, *detectors.Finding)         { d.findings++ }
func (d *discard) Observation(output.Where, *detectors.Observation) {}
func (d *discard) Problem(*capture.Problem)                         { d.problems++ }
func (d *discard) Done(*capture.Capture, *Totals)                   { d.captures++ }
func (d *discard) Tick(int64)                                       {}

func scanPath(cfg Config, paths ...string) (discard, Totals) {
	var d discard
	cfg.Protocols = all.Protocols()
	in := capture.Find(paths, capture.FindOptions{})
	t := Scan(context.Background(), cfg, in.Captures, &d)
	return d, t
}

// BenchmarkScan reads a capture of each kind; ns/packet is what counts.
func BenchmarkScan(b *testing.B) {
	for _, p := range []trafficgen.Profile{trafficgen.Mix, trafficgen.Mail, trafficgen.Logins} {
		path, truth := generated(b, p, func(o *trafficgen.Options) { o.Bytes, o.Flows = 32<<20, 20_000 })
		for name, ports := range map[string]*capture.Ports{"any": capture.AnyPort(), "mail": capture.MailPorts()} {
			b.Run(fmt.Sprintf("%s/%s", p, name), func(b *testing.B) {
				b.SetBytes(truth.Bytes)
				b.ReportAllocs()
				for b.Loop() {
					scanPath(Config{Ports: ports}, path)
				}
				b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/float64(truth.Packets), "ns/packet")
			})
		}
	}
}
