package sensor

import (
	"runtime"
	"testing"

	"cleartap/capture"
	"cleartap/internal/trafficgen"
)

// cost is what a scan took, in counts that do not depend on the machine.
type cost struct {
	packets, findings uint64
	allocations       uint64
	units             uint64 // lines and literals that dialogues were given
	opened            uint64 // flows that were followed
	work              int    // most entries touched for one segment
}

func costOf(t *testing.T, path string) cost {
	t.Helper()
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	_, totals := scanPath(Config{Ports: capture.MailPorts()}, path)
	runtime.ReadMemStats(&after)
	return cost{totals.Packets, totals.Findings, after.Mallocs - before.Mallocs, totals.Dialogues.Units, totals.Flows.Opened, totals.Flows.MostWork}
}

// mostWork is how many entries of the table of flows may be touched between two packets,
// whatever its size: those of a tick.
const mostWork = 4096

// steps is how many allocations signals and the table of flows may take to grow, which
// they do by doubling.
const steps = 200

// A scan costs no more than it did: a hundredth of an allocation for a packet and four
// for a finding, besides what it costs to begin; a bounded number of entries touched for
// a packet; and nobody looks at the lines of a flow that is decided.
func TestCostOfAScan(t *testing.T) {
	for _, c := range []struct {
		profile trafficgen.Profile
		bytes   int64
		flows   int
		units   float64 // most for each followed flow
	}{
		{trafficgen.Mix, 24 << 20, 0, 8}, {trafficgen.Mail, 4 << 20, 0, 8}, {trafficgen.Logins, 0, 6000, 8},
	} {
		t.Run(string(c.profile), func(t *testing.T) {
			begin, _ := generated(t, c.profile, func(o *trafficgen.Options) { o.Bytes, o.Flows = 1, 1 })
			path, truth := generated(t, c.profile, func(o *trafficgen.Options) { o.Bytes, o.Flows, o.Conc, o.OtherConc = c.bytes, c.flows, 60, 100 })
			costOf(t, begin) // what is made once
			fixed, got := costOf(t, begin), costOf(t, path)
			if int64(got.findings) < truth.Logins { //nolint:gosec // a count
				t.Fatalf("%d findings for %d logins", got.findings, truth.Logins)
			}
			most := fixed.allocations + steps + got.packets/100 + 4*got.findings
			t.Logf("%+v, of which to begin %d", got, fixed.allocations)
			if got.allocations > most {
				t.Errorf("%d allocations for %d packets and %d findings: at most %d are wanted", got.allocations, got.packets, got.findings, most)
			}
			if n := float64(got.units) / float64(got.opened); n > c.units {
				t.Errorf("%.1f units for each flow that was followed", n)
			}
			if got.work > mostWork {
				t.Errorf("%d entries were touched for one packet", got.work)
			}
		})
	}
}
