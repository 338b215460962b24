package signals

import (
	"net/netip"
	"testing"

	"cleartap/capture"
	d "cleartap/detectors"
	"cleartap/internal/fuzzing"
)

// FuzzSignals plays whatever comes: nothing panics, everything that begins ends once,
// and no figure is odd.
func FuzzSignals(f *testing.F) {
	f.Add([]byte("\x00\x01\x01\x00\x00\x01\x01\x00"), int64(1), true)
	f.Add([]byte("a long text that is read as logins of all kinds, over and over, from here and there, at any time, by anybody"), int64(1<<20), false)
	many := make([]byte, 4*200)
	for i := range many {
		many[i] = byte(i * 7 % 13)
	}
	f.Add(many, int64(0), true)
	results := []d.Result{d.Failure, d.Failure, d.Failure, d.Success, d.TempFail}
	users := []string{"", "alice", "Alice@example.org", "bob", "carol"}
	fuzzing.Begin()
	f.Fuzz(func(t *testing.T, data []byte, memory int64, updates bool) {
		begun := map[capture.Mark]int{}
		s := New(Config{MaxMemory: memory % (4 << 20), Updates: updates, BruteFailures: 5, SprayAccounts: 3, DistributedSources: 3, StuffingAccounts: 3, SlowThreshold: 5, StaleFailures: 5, Probes: 4,
			Place: func(a netip.Addr) (Place, bool) { return Place{AS: uint32(a.As16()[15] % 5)}, true }}, func(v *d.Finding) {
			if v.Attack == nil {
				return
			}
			k := v.Attack
			if k.Failures < 0 || k.Attempts < k.Failures || k.Sources < 0 || k.Accounts < 0 || k.Attempts == 0 || v.Rule == nil {
				t.Fatalf("%s: %+v", v.Rule.ID, k)
			}
			if k.State == d.AttackEnded || k.State == d.AttackSucceeded && !updates {
				begun[k.Origin]++
			}
		})
		at, latest := begin, begin
		for i := 0; i+3 < len(data); i += 4 {
			a, b, c, e := data[i], data[i+1], data[i+2], data[i+3]
			at += capture.Nanos(int8(a)) * capture.Nanos(1<<(b%44))
			o := d.Observation{Kind: d.Kind(c % 20), Protocol: "imap", Result: results[int(e)%len(results)], Mark: capture.Mark{Time: at, Seq: uint32(i)}, Decided: capture.Mark{Time: at}}
			o.Flow.Client, o.Flow.Server = netip.AddrPortFrom(inside(int(e)%64), 1), netip.AddrPortFrom(inside(int(b)%3), 143)
			o.Attempt = d.Attempt{Identity: users[int(c)%len(users)], Secret: testKey.Of(data[i : i+1])}
			o.Server, o.Offer = &d.Server{Source: d.FromGreeting}, &d.Offer{Source: d.FromEHLO, StartTLS: e%3 == 0, LoginDisabled: e%5 == 0}
			o.Upgrade, o.TLS, o.Summary = &d.Upgrade{Result: d.UpgradeResult(e % 7)}, &d.TLS{End: d.HandshakeEnd(e % 3)}, &d.Summary{Probes: int(e % 4), Mail: e%5 == 0}
			s.Observe(at, &o)
			latest = max(latest, at)
		}
		s.Tick(latest + 100*day) // the input may have gone back by months
		if st := s.Stats(); st.Open != 0 {
			t.Fatalf("%d attacks are still open", st.Open)
		}
		s.Flush()
		sum := 0
		for _, n := range begun {
			sum += n
		}
		if st := s.Stats(); uint64(sum) != st.Attacks {
			t.Fatalf("%d attacks ended, %d began", sum, st.Attacks)
		}
	})
}
