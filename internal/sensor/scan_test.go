package sensor

import (
	"context"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"cleartap/capture"
	"cleartap/detectors"
	"cleartap/detectors/all"
	"cleartap/internal/trafficgen"
	"cleartap/output"
)

// notes is a Receiver that keeps what it is told, in the order in which it is told.
type notes struct {
	lines    []string
	counts   map[string]int
	problems []capture.Problem
	done     []string
	bytes    int64
	stop     func() // called at the first finding, may be nil
}

func (n *notes) Finding(w output.Where, f *detectors.Finding) {
	if n.stop != nil {
		n.stop()
	}
	if n.counts == nil {
		n.counts = map[string]int{}
	}
	result := "failure"
	if f.Result == detectors.Success {
		result = "success"
	}
	n.counts[fmt.Sprintf("%s %s %s", f.Protocol, f.Attempt.Mechanism, result)]++
	n.lines = append(n.lines, fmt.Sprintf("%s %+v %s", filepath.Base(w.Path), f.Observation, f.Rule.ID))
}
func (n *notes) Observation(output.Where, *detectors.Observation) {}
func (n *notes) Problem(p *capture.Problem)                       { n.problems = append(n.problems, *p) }
func (n *notes) Done(c *capture.Capture, _ *Totals) {
	n.done = append(n.done, filepath.Base(c.Files()[0]))
}
func (n *notes) Tick(bytes int64) { n.bytes = bytes }

func scanAll(ctx context.Context, cfg Config, n *notes, paths ...string) Totals {
	if cfg.Protocols == nil {
		cfg.Protocols = all.Protocols()
	}
	in := capture.Find(paths, capture.FindOptions{End: ctx.Done()})
	return Scan(ctx, cfg, in.Captures, n)
}

// Every login of generated traffic is found, with its mechanism and outcome,
// whatever is done to the packets on their way.
func TestScanFindsEveryLogin(t *testing.T) {
	hostile := func(o *trafficgen.Options) {
		o.Wrap, o.Reorder, o.Retransmit, o.Split, o.VLAN, o.Port2525 = 1, .05, .05, .2, 1, .1
	}
	for name, c := range map[string]struct {
		profile trafficgen.Profile
		change  func(*trafficgen.Options)
	}{
		"mix": {trafficgen.Mix, func(*trafficgen.Options) {}}, "mail": {trafficgen.Mail, func(*trafficgen.Options) {}},
		"logins": {trafficgen.Logins, func(*trafficgen.Options) {}}, "hostile logins": {trafficgen.Logins, hostile}, "hostile mail": {trafficgen.Mail, hostile},
	} {
		path, truth := generated(t, c.profile, func(o *trafficgen.Options) {
			o.Bytes, o.Flows, o.Conc, o.OtherConc = 2<<20, 500, 100, 100
			c.change(o)
		})
		var n notes
		total := scanAll(context.Background(), Config{}, &n, path)
		if !maps.Equal(n.counts, truth.ByMechanism) {
			t.Errorf("%s: found\n%v\nof\n%v", name, n.counts, truth.ByMechanism)
		}
		if int64(total.Packets) != truth.Packets || total.Panics != 0 || total.Flows.EvictedFlows != 0 || len(n.problems) != 0 {
			t.Errorf("%s: %d packets of %d, %d panics, %d evicted, problems %v", name, total.Packets, truth.Packets, total.Panics, total.Flows.EvictedFlows, n.problems)
		}
		if n.bytes != truth.Bytes {
			t.Errorf("%s: progress ended at %d of %d", name, n.bytes, truth.Bytes)
		}
	}
}

// The number of workers changes nothing: not what is found, not its order, not
// the order of captures and problems; also when memory is short.
func TestScanIsTheSameWithAnyNumberOfWorkers(t *testing.T) {
	dir := t.TempDir()
	const captures = 6
	for i := range captures {
		profile := []trafficgen.Profile{trafficgen.Logins, trafficgen.Mail, trafficgen.Flood}[i%3]
		path, _ := generated(t, profile, func(o *trafficgen.Options) {
			o.Seed, o.Bytes, o.Flows, o.Conc = uint64(i), 1<<19, 300+i/5*60_000, 50
		})
		data, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		if i%4 == 1 {
			data = data[:len(data)*2/3] // cut off
		}
		if err := os.WriteFile(filepath.Join(dir, fmt.Sprintf("%02d-%s.pcap", captures-i, profile)), data, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	for _, memory := range []int64{0, MinMemory} {
		var want notes
		first := scanAll(context.Background(), Config{Jobs: 1, MaxMemory: memory}, &want, dir)
		if len(want.lines) < 500 || len(want.problems) != 2 || len(want.done) != captures || memory != 0 && first.Flows.EvictedFlows == 0 {
			t.Fatalf("%d findings, %d problems, %d captures, %d flows evicted", len(want.lines), len(want.problems), len(want.done), first.Flows.EvictedFlows)
		}
		for _, jobs := range []int{4} {
			var got notes
			total := scanAll(context.Background(), Config{Jobs: jobs, MaxMemory: memory}, &got, dir)
			if !slices.Equal(got.lines, want.lines) || !slices.Equal(got.done, want.done) || !slices.Equal(got.problems, want.problems) {
				t.Errorf("%d workers: %d findings, want %d in the same order", jobs, len(got.lines), len(want.lines))
			}
			if total.Packets != first.Packets || total.Findings != first.Findings || total.Flows.Flows != first.Flows.Flows || total.Flows.EvictedFlows != first.Flows.EvictedFlows {
				t.Errorf("%d workers: totals differ", jobs)
			}
		}
	}
}

// A scan that is called off hands over what was found, and ends at once.
func TestScanStops(t *testing.T) {
	path, truth := generated(t, trafficgen.Logins, func(o *trafficgen.Options) { o.Bytes, o.Flows, o.Conc = 1, 8_000, 10 })
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	n := notes{stop: cancel}
	total := scanAll(ctx, Config{}, &n, path)
	if len(n.lines) == 0 || uint64(len(n.lines)) != total.Findings {
		t.Errorf("%d findings came out of %d", len(n.lines), total.Findings)
	}
	if int64(total.Packets) > truth.Packets/2 {
		t.Errorf("%d of %d packets were read after the end", total.Packets, truth.Packets)
	}
}

// A fault of the program costs the flow at which it shows; the others are found.
func TestScanSurvivesPanics(t *testing.T) {
	path, truth := generated(t, trafficgen.Logins, func(o *trafficgen.Options) { o.Bytes, o.Flows, o.Conc, o.IPv6 = 1, 500, 50, 0 })
	protocols := all.Protocols()
	faulty := *protocols[0]
	claim := faulty.Claim
	faulty.Claim = func(client, server []byte) detectors.Claim { // of SMTP flows, one fourth
		if c := claim(client, server); c != detectors.Yes || len(client)+len(server) < 40 {
			return c
		}
		panic("what is thrown may quote " + string(client))
	}
	protocols[0] = &faulty
	var n notes
	total := scanAll(context.Background(), Config{Protocols: protocols}, &n, path)
	if total.Panics == 0 {
		t.Fatal("nothing was thrown")
	}
	missing := 0
	for key, want := range truth.ByMechanism {
		switch got := n.counts[key]; {
		case strings.HasPrefix(key, faulty.Name):
			missing += want - got
		case got != want:
			t.Errorf("%s: found %d of %d", key, got, want)
		}
	}
	if missing == 0 {
		t.Error("no flow was lost: the fault was not where it was meant to be")
	}
	if int64(total.Packets) != truth.Packets {
		t.Errorf("%d packets of %d", total.Packets, truth.Packets)
	}
}

// The memory of a scan is what was allowed, whatever is in the capture.
func TestScanKeepsWithinMemory(t *testing.T) {
	path, _ := generated(t, trafficgen.Flood, func(o *trafficgen.Options) { o.Bytes, o.Flows = 1, 70_000 })
	var n notes
	total := scanAll(context.Background(), Config{MaxMemory: MinMemory}, &n, path)
	if total.Flows.EvictedFlows == 0 {
		t.Error("nothing had to go: the flood is too small")
	}
	if total.Flows.Memory > MinMemory*5/8 {
		t.Errorf("%d bytes of %d", total.Flows.Memory, MinMemory*5/8)
	}
}

// Frames cost no allocation; a finding costs two, its name and its share of what carries it.
func TestScanAllocations(t *testing.T) {
	measure := func(p trafficgen.Profile, bytes int64, flows int) (allocs float64, packets, logins int64) {
		path, truth := generated(t, p, func(o *trafficgen.Options) { o.Bytes, o.Flows, o.Conc, o.OtherConc = bytes, flows, 50, 50 })
		return testing.AllocsPerRun(2, func() { scanPath(Config{}, path) }), truth.Packets, truth.Logins
	}
	for _, p := range []trafficgen.Profile{trafficgen.Mix, trafficgen.Mail, trafficgen.Logins} {
		small, packets0, logins0 := measure(p, 1<<20, 200)
		large, packets1, logins1 := measure(p, 4<<20, 2000)
		growth := large - small
		if bound := .01*float64(packets1-packets0) + 2*float64(logins1-logins0); growth > bound {
			t.Errorf("%s: %v allocations for %d packets and %d logins more, bound %v", p, growth, packets1-packets0, logins1-logins0, bound)
		}
	}
}
