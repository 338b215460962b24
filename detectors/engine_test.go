package detectors

import (
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"testing"

	"cleartap/capture"
	"cleartap/reassembly"
)

// logins makes a recorder whose units begin and settle attempts: "begin NAME",
// "settle NAME RESULT", "withdraw NAME".
func logins() *recorder {
	tickets := map[string]Ticket{}
	return &recorder{unit: func(r *recorder, d reassembly.Dir, unit string) {
		words := append(strings.Fields(unit), "", "", "")
		switch words[0] {
		case "begin":
			tickets[words[1]] = r.c.Begin(&Attempt{Identity: words[1]})
		case "settle":
			r.c.Settle(tickets[words[1]], Result(words[2]), Reply(words[3]))
		case "withdraw":
			r.c.Withdraw(tickets[words[1]])
		case "done":
			r.c.Done()
		case "foreign":
			r.c.NotMine()
		case "rename":
			r.c.Rename(words[1])
		case "proxied":
			r.c.Proxied(netip.MustParseAddrPort(words[1]))
		case "panic":
			panic(unit)
		}
	}}
}

// told lists what was reported.
func (b *bench) told() []string {
	var out []string
	for _, o := range b.got {
		out = append(out, fmt.Sprintf("%d %s %s", o.Number, o.Attempt.Identity, o.Result))
	}
	return out
}

func TestAttemptsAreReportedOnce(t *testing.T) {
	for name, test := range map[string]struct{ units, want string }{
		"in order of decision": {"begin a,begin b,settle b failure,settle a success", "2 b failure,1 a success"},
		"settled twice":        {"begin a,settle a success,settle a failure", "1 a success"},
		"at the end":           {"begin a,begin b", "1 a unknown,2 b unknown"},
		"done":                 {"begin a,begin b,settle a success,done,begin c", "1 a success,2 b unknown"},
		"not mine":             {"begin a,begin b,settle a success,foreign", "1 a success"},
		"withdrawn":            {"begin a,withdraw a,begin b,settle a success", "1 b unknown"},
		"withdrawn earlier":    {"begin a,begin b,withdraw a,withdraw a,begin c,settle b failure", "2 b failure,3 c unknown"},
		"no ticket":            {"settle a success,withdraw b,begin a", "1 a unknown"},
		"panic":                {"begin a,panic,begin b", "1 a unknown"},
	} {
		b := newBench(Config{}, logins())
		for _, unit := range strings.Split(test.units, ",") {
			b.send(c, unit+"\n", 0)
		}
		b.close()
		if got := strings.Join(b.told(), ","); got != test.want {
			t.Errorf("%s: %s, want %s", name, got, test.want)
		}
		if h := b.Held(); h != (Held{}) {
			t.Errorf("%s: held in the end: %+v", name, h)
		}
	}
}

func TestObservationIsFilledIn(t *testing.T) {
	b := newBench(Config{}, logins())
	b.send(c, "rename lmtp\nproxied 198.51.100.1:5\nx\nbegin alice\n", 0)
	b.gap(s, 5)
	b.send(s, "x\nsettle alice failure 535\n", 0)
	b.send(c, "begin bob\n", 0)
	b.close()
	if len(b.got) != 2 {
		t.Fatalf("%d observations", len(b.got))
	}
	o := b.got[0]
	want := Observation{Kind: Login, Flow: o.Flow, Protocol: "lmtp", Sides: 2, Attempt: Attempt{Identity: "alice"}, Number: 1,
		Result: Failure, Reply: "535", Proxy: netip.MustParseAddrPort("198.51.100.1:5"),
		Mark:    capture.Mark{Time: 1e6, Frame: 1, Seq: 42},
		Decided: capture.Mark{Time: 2e6, Frame: 2, Seq: 32}}
	if o != want {
		t.Errorf("got  %+v\nwant %+v", o, want)
	}
	if o.Flow.Server.Port() != 110 {
		t.Errorf("flow %+v", o.Flow)
	}
	if o := b.got[1]; !o.Gap || o.Decided != o.Mark {
		t.Errorf("second: gap %t, decided %+v", o.Gap, o.Decided)
	}
}

func TestOneSide(t *testing.T) {
	b := newBench(Config{}, logins())
	b.send(c, "begin a\n", 0)
	b.close()
	if b.got[0].Sides != 1 {
		t.Errorf("%d sides", b.got[0].Sides)
	}
}

func TestTooManyWait(t *testing.T) {
	b := newBench(Config{}, logins())
	for i := range 40 {
		b.send(c, fmt.Sprintf("begin %d\n", i), 0)
	}
	if len(b.got) != 8 || b.got[0].Attempt.Identity != "0" || b.Held().Waiting != maxWaiting || b.Stats().Bounds != 8 {
		t.Errorf("%d reported, %d wait, %d bounds", len(b.got), b.Held().Waiting, b.Stats().Bounds)
	}
	b.send(s, "settle 3 success\nsettle 39 success\n", 0)
	b.close()
	if len(b.got) != 40 || b.got[8].Attempt.Identity != "39" || b.got[9].Attempt.Identity != "8" {
		t.Errorf("%d reported: %q", len(b.got), b.told())
	}
}

func TestTooManyWaitInAll(t *testing.T) {
	b := newBench(Config{Waiting: 3}, logins(), logins())
	b.send(c, "begin a\nbegin b\nbegin c\n", 0)
	first := b.stream
	b.open()
	b.send(c, "begin d\nbegin e\n", 0)
	if got := b.told(); !slices.Equal(got, []string{"1 a unknown", "1 d unknown"}) {
		t.Errorf("%q", got)
	}
	b.close()
	first.Close()
	if len(b.got) != 5 || b.Held().Waiting != 0 {
		t.Errorf("%q", b.told())
	}
}

// A reply that comes too late decides nothing, whether or not Tick was called meanwhile.
func TestLateReplyWithoutTick(t *testing.T) {
	b := newBench(Config{OutcomeWait: 10e9}, logins())
	b.send(c, "begin a\n", 0)
	b.now += 10e9
	b.send(s, "settle a success\n", 0)
	if got := strings.Join(b.told(), ","); got != "1 a unknown" {
		t.Errorf("told %s", got)
	}
}

func TestTick(t *testing.T) {
	b := newBench(Config{OutcomeWait: 10e9}, logins(), logins())
	b.send(c, "begin a\n", 0)
	b.now += 5e9
	b.send(c, "begin b\n", 0)
	b.Tick(b.now)
	if len(b.got) != 0 {
		t.Fatalf("too early: %q", b.told())
	}
	b.Tick(1e6 + 10e9)
	if got := b.told(); !slices.Equal(got, []string{"1 a unknown"}) {
		t.Fatalf("%q", got)
	}
	b.send(s, "settle a success\nsettle b success\n", 0)
	b.Tick(b.now + 100e9)
	b.Close()
	b.close()
	if got := b.told(); !slices.Equal(got, []string{"1 a unknown", "2 b success"}) {
		t.Errorf("%q", got)
	}
}

func TestEngineClose(t *testing.T) {
	b := newBench(Config{}, logins())
	b.send(c, "begin a\nbegin b\n", 0)
	b.Close()
	if got := b.told(); !slices.Equal(got, []string{"1 a unknown", "2 b unknown"}) {
		t.Errorf("%q", got)
	}
	b.close()
	if len(b.got) != 2 {
		t.Errorf("reported again: %q", b.told())
	}
}

func TestPanicsAreCaught(t *testing.T) {
	fail := func(*recorder) { panic("S3cr3t-Canary") }
	for name, run := range map[string]func(b *bench){
		"unit":  func(b *bench) { b.send(s, "panic\n", 0) },
		"gap":   func(b *bench) { b.gap(s, 4) },
		"close": func(b *bench) { b.close() },
	} {
		r := logins()
		r.end, r.gap = fail, func(r *recorder, d reassembly.Dir) { fail(r) }
		next := logins()
		b := newBench(Config{}, r, next)
		b.send(c, "begin a\n", 0)
		run(b)
		if b.more || len(b.got) != 1 || b.Stats().Protocols[0].Panics != 1 || b.Held() != (Held{}) {
			t.Errorf("%s: more %t, reported %q, stats %+v", name, b.more, b.told(), b.Stats())
		}
		b.open()
		b.send(c, "x\n", 0)
		if len(next.log) != 1 {
			t.Errorf("%s: a session that failed was used again", name)
		}
	}
}

func TestConflicts(t *testing.T) {
	r := logins()
	inner := r.unit
	r.unit = func(r *recorder, d reassembly.Dir, unit string) {
		switch unit {
		case "body":
			r.c.Body(d)
		case "skip":
			r.c.Skip(d, 10)
		}
		inner(r, d, unit)
	}
	b := newBench(Config{}, r)
	at := func(back uint32) { b.stream.Conflict(c, capture.Mark{Seq: b.seq[c] - back}) }
	b.send(c, "begin a\nbody\nUSER x\r\n", 0)
	at(3)
	b.send(c, ".\r\nskip\n12345", 0)
	at(1)
	b.send(c, "67890", 0)
	at(1) // behind it, but of the chunk
	if len(b.got) != 0 {
		t.Fatalf("conflicts in bodies: %+v", b.got)
	}
	b.send(c, "PASS", 0)
	at(2)
	b.stream.Conflict(s, capture.Mark{Seq: 5})
	b.send(c, "\nsettle a success\n", 0)
	for range 10 {
		at(1)
	}
	if len(b.got) != 2+maxConflicts-1 || b.got[0].Kind != Conflict || b.got[0].Mark.Seq != b.got[0].Decided.Seq || !b.got[1].Ambiguous {
		t.Errorf("%+v", b.got)
	}
	if n := b.Stats().Conflicts; n != 15 {
		t.Errorf("%d conflicts counted", n)
	}
}

// Segments of the server that disagree while a login waits leave its outcome unknown; later ones are told.
func TestConflictsOfTheServer(t *testing.T) {
	b := newBench(Config{}, logins())
	at := func(back uint32) { b.stream.Conflict(s, capture.Mark{Seq: b.seq[s] - back}) }
	b.send(s, "hello\n", 0)
	at(3)
	if len(b.got) != 0 {
		t.Fatalf("before any login: %+v", b.got)
	}
	b.send(c, "begin a\n", 0)
	b.send(s, "settle", 0)
	at(2)
	b.send(s, " a success\n", 0)
	b.send(c, "begin b\n", 0)
	b.send(s, "settle b failure\n", 0)
	at(2)
	var kinds []Kind
	for _, o := range b.got {
		kinds = append(kinds, o.Kind)
	}
	if !slices.Equal(kinds, []Kind{Conflict, Login, Login, Conflict}) || b.got[1].Result != Unknown || b.got[2].Result != Failure {
		t.Errorf("%+v", b.got)
	}
}

// A conversation that is over takes nothing more, and is used again.
func TestConversationsAreUsedAgain(t *testing.T) {
	r := logins()
	b := newBench(Config{}, r)
	b.send(c, "begin a\nproxied 198.51.100.1:5\nrename x\n", 0)
	r.c.Upgrade()
	b.gap(c, 3)
	b.close()
	old := r.c
	b.open()
	if r.c != old {
		t.Error("another conversation")
	}
	b.send(c, "begin b\n\x17\x03\x03\x00\x10\n", 0)
	b.close()
	o := b.got[1]
	if o.Protocol != "test" || o.Gap || o.Proxy.IsValid() || o.Number != 1 {
		t.Errorf("%+v", o)
	}
	if c.Other() != s || r.log[len(r.log)-1] != "closed" {
		t.Errorf("%q", r.log)
	}
}

func TestStats(t *testing.T) {
	b := newBench(Config{}, logins())
	b.send(c, "begin a\nsettle a success\n", 0)
	b.close()
	st := b.Stats()
	if st.Conversations != 1 || st.Units != 2 || st.Protocols[0] != (ProtocolStats{Name: "test", Conversations: 1, Logins: 1}) {
		t.Errorf("%+v", st)
	}
	st.Protocols[0].Logins = 7
	if b.Stats().Protocols[0].Logins != 1 {
		t.Error("the counters were handed out, not copied")
	}
}
