package output

import (
	"net/netip"
	"strconv"
	"testing"

	"cleartap/detectors"
)

func TestTally(t *testing.T) {
	var tally Tally
	if n, exact := tally.Accounts().Count(); n != 0 || !exact || tally.Outcomes() == nil {
		t.Error("a tally of nothing is not 0")
	}
	o := login()
	for i, r := range []detectors.Result{detectors.Success, detectors.Failure, detectors.RefusedInsecure, detectors.Unknown, detectors.TempFail} {
		o.Result = r
		o.Attempt.Identity = "user" + strconv.Itoa(i%2)
		tally.Add(judge(t, o))
	}
	o.Flow.Server = netip.AddrPortFrom(netip.AddrFrom16(o.Flow.Server.Addr().As16()), o.Flow.Server.Port()) // the same in another form
	o.Protocol, o.Attempt.Mechanism, o.Attempt.Identity = "imap", detectors.MechPlain, ""
	tally.Add(judge(t, o))
	o.Kind = detectors.Conflict
	tally.Add(judge(t, o))
	accounts, _ := tally.Accounts().Count()
	servers, _ := tally.Servers().Count()
	clients, _ := tally.Clients().Count()
	if tally.Logins != 6 || tally.Others != 1 || accounts != 2 || servers != 1 || clients != 1 {
		t.Errorf("logins %d, others %d, accounts %d, servers %d, clients %d", tally.Logins, tally.Others, accounts, servers, clients)
	}
	got := tally.Outcomes()
	want := []Outcomes{{"imap", "LOGIN", 1, 2, 2}, {"imap", "PLAIN", 0, 0, 1}}
	if len(got) != 2 || got[0] != want[0] || got[1] != want[1] {
		t.Errorf("got %v", got)
	}
	if tally.Severity(detectors.Critical) != 1 || tally.Severity(detectors.Medium) != 1 {
		t.Errorf("critical %d, medium %d", tally.Severity(detectors.Critical), tally.Severity(detectors.Medium))
	}
}

func TestTallyIsBounded(t *testing.T) {
	var tally Tally
	f := judge(t, login())
	for i := range MaxDistinct + 10 {
		f.Attempt.Identity = strconv.Itoa(i)
		tally.Add(f)
	}
	if n, exact := tally.Accounts().Count(); n != MaxDistinct || exact {
		t.Errorf("%d, exact %v", n, exact)
	}
}

func TestTallyAllocatesNothing(t *testing.T) {
	var tally Tally
	f := judge(t, login())
	tally.Add(f)
	if n := testing.AllocsPerRun(100, func() { tally.Add(f) }); n != 0 {
		t.Errorf("%v allocations", n)
	}
}
