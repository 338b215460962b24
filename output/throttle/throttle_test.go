package throttle

import (
	"fmt"
	"net/netip"
	"slices"
	"testing"
	"time"

	"cleartap/capture"
	"cleartap/detectors"
	"cleartap/output"
	"cleartap/reassembly"
)

// bench is a throttle and what it let through.
type bench struct {
	*Throttle
	now time.Time
	out []string
}

func newBench(cfg Config) *bench {
	b := &bench{now: time.Unix(1e9, 0)}
	b.Throttle = New(cfg, func(r Release) {
		b.out = append(b.out, fmt.Sprintf("%s %d", r.Finding.Attempt.Identity, r.Repeats.Count))
	})
	return b
}

func login(name string, result detectors.Result, client string) *detectors.Finding {
	return &detectors.Finding{Rule: first, Observation: detectors.Observation{
		Kind: detectors.Login, Protocol: "pop3", Result: result, Mark: capture.Mark{Time: 5e9},
		Attempt: detectors.Attempt{Identity: name, Mechanism: detectors.MechUserPass},
		Flow:    flowOf(client),
	}}
}

func (b *bench) take(f *detectors.Finding) { b.Take(b.now, f, output.Where{}) }

func (b *bench) said(t *testing.T, want ...string) {
	t.Helper()
	if !slices.Equal(b.out, want) {
		t.Errorf("let through %q, want %q", b.out, want)
	}
	b.out = nil
}

func TestOneAlertThenASummary(t *testing.T) {
	b := newBench(Config{Window: time.Minute})
	for range 5 {
		b.take(login("a", detectors.Success, "10.0.0.1"))
	}
	b.said(t, "a 0")
	b.now = b.now.Add(59 * time.Second)
	b.Tick(b.now)
	b.said(t)
	b.now = b.now.Add(time.Second)
	b.Tick(b.now)
	b.said(t, "a 4")
	b.take(login("a", detectors.Success, "10.0.0.1")) // the next window goes on
	b.said(t)
	b.now = b.now.Add(time.Minute)
	b.Tick(b.now)
	b.said(t, "a 1")
	b.now = b.now.Add(time.Minute)
	b.Tick(b.now) // nothing came: forgotten
	b.take(login("a", detectors.Success, "10.0.0.1"))
	b.said(t, "a 0")
	if s := b.Stats(); s.Suppressed != 5 || s.Lost != 0 || s.Limited != 0 || s.Kinds != 1 {
		t.Errorf("%+v", s)
	}
}

// What is new is told at once: account, client, outcome, mechanism, rule, server.
func TestNewThingsAreToldAtOnce(t *testing.T) {
	b := newBench(Config{})
	base := func() *detectors.Finding { return login("a", detectors.Success, "10.0.0.1") }
	b.take(base())
	for _, change := range []func(f *detectors.Finding){
		func(f *detectors.Finding) { f.Attempt.Identity = "b" },
		func(f *detectors.Finding) { f.Result = detectors.Failure },
		func(f *detectors.Finding) { f.Flow = flowOf("10.0.0.2") },
		func(f *detectors.Finding) { f.Attempt.Mechanism = detectors.MechPlain },
		func(f *detectors.Finding) { f.Rule = second },
		func(f *detectors.Finding) { f.Attempt.Authzid = "root" },
		func(f *detectors.Finding) { f.Attack = &detectors.Attack{Attempts: 30} },
		func(f *detectors.Finding) { f.Attack, f.Flow = &detectors.Attack{Attempts: 60}, reassembly.Flow{} },
		func(f *detectors.Finding) { f.Flow.Server = netip.MustParseAddrPort("192.0.2.1:143") },
	} {
		f := base()
		change(f)
		b.out = nil
		b.take(f)
		if len(b.out) != 1 {
			t.Errorf("%+v was held back", f)
		}
		b.out = nil
		b.take(f)
		b.said(t)
	}
	other := base() // another port of the client is the same client
	other.Flow.Client = netip.MustParseAddrPort("10.0.0.1:9")
	b.take(other)
	b.said(t)
}

func TestWithoutSuppression(t *testing.T) {
	b := newBench(Config{Window: -1})
	for range 3 {
		b.take(login("a", detectors.Success, "10.0.0.1"))
	}
	b.said(t, "a 0", "a 0", "a 0")
}

// Above the rate nothing leaves; what was held back is summed up later, as the
// rate allows.
func TestRate(t *testing.T) {
	b := newBench(Config{Window: time.Minute, Rate: 10})
	for i := range 30 {
		b.take(login(fmt.Sprint(i), detectors.Success, "10.0.0.1"))
	}
	if len(b.out) != 10 {
		t.Fatalf("%d left at once", len(b.out))
	}
	b.out = nil
	b.now = b.now.Add(time.Minute)
	b.Tick(b.now)
	if len(b.out) != 10 {
		t.Errorf("%d summaries left in the next second", len(b.out))
	}
	b.now = b.now.Add(time.Second)
	b.Tick(b.now)
	if len(b.out) != 20 || b.out[0] != "10 1" {
		t.Errorf("%q", b.out)
	}
	if s := b.Stats(); s.Limited < 20 || s.Suppressed != 20 || s.Lost != 0 {
		t.Errorf("%+v", s)
	}
	loud := newBench(Config{Window: -1, Rate: 5})
	for range 20 {
		loud.take(login("a", detectors.Success, "10.0.0.1"))
	}
	if s := loud.Stats(); len(loud.out) != 5 || s.Lost != 15 {
		t.Errorf("%d let through, %+v", len(loud.out), s)
	}
}

// Every alert is let through, or stands in a summary, or is counted as lost.
func TestNothingIsForgotten(t *testing.T) {
	b := newBench(Config{Window: 10 * time.Second, Rate: 7})
	total, told := 0, 0
	for i := range 3000 {
		b.take(login(fmt.Sprint(i%97), detectors.Success, "10.0.0.1"))
		total++
		if i%10 == 0 {
			b.now = b.now.Add(300 * time.Millisecond)
			b.Tick(b.now)
		}
	}
	b.Close()
	for _, o := range b.out {
		var name string
		var n int
		if _, err := fmt.Sscan(o, &name, &n); err != nil {
			t.Fatal(err)
		}
		told += max(1, n)
	}
	if s := b.Stats(); told+int(s.Lost) != total || s.Kinds != 0 {
		t.Errorf("%d alerts, %d told, %+v", total, told, s)
	}
}

func TestKindsAreBounded(t *testing.T) {
	b := newBench(Config{Rate: 1 << 30})
	for i := range maxKinds + 1000 {
		b.take(login(fmt.Sprint(i), detectors.Success, "10.0.0.1"))
	}
	if s := b.Stats(); s.Kinds != maxKinds || len(b.out) != maxKinds+1000 {
		t.Errorf("%+v, %d let through", s, len(b.out))
	}
	b.Configure(Config{Window: time.Second, Rate: 1})
	b.Close()
	if b.oldest != nil || b.newest != nil || len(b.kinds) != 0 {
		t.Error("something is left")
	}
}

var first, second = rule("CT-CRED-001"), rule("CT-CRED-002")

func rule(id string) *detectors.Rule {
	r, ok := detectors.RuleByID(id)
	if !ok {
		panic("no rule " + id)
	}
	return r
}
