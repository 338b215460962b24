package signals

import (
	"bytes"
	"hash/crc32"
	"math/rand/v2"
	"net/netip"
	"reflect"
	"slices"
	"strings"
	"testing"

	"cleartap/capture"
	d "cleartap/detectors"
	"cleartap/detectors/secret"
	"cleartap/internal/fuzzing"
)

// restarted plays a campaign to signals that are saved and loaded again into new ones
// before each of some logins.
func (c *campaign) restarted(t *testing.T, cfg Config, key *secret.Key, times int) []d.Finding {
	t.Helper()
	slices.SortStableFunc(c.attempts, func(a, b attempt) int { return int(min(1, max(-1, a.at-b.at))) })
	var found []d.Finding
	report := func(f *d.Finding) { found = append(found, *f) }
	s, once := New(cfg, report), NewOnce(0, [2]uint64{1, 1})
	var o d.Observation
	r := rand.New(rand.NewPCG(3, uint64(times)))
	for i := range c.attempts {
		if r.IntN(len(c.attempts)) < times {
			p := Save(s, once, Shown{true, true})
			cfg.Seed = [2]uint64{r.Uint64(), r.Uint64()}
			s, once = New(cfg, report), NewOnce(0, cfg.Seed)
			if err := Load(p, s, once); err != nil {
				t.Fatal(err)
			}
			if again := Save(s, once, Shown{true, true}); len(again) != len(p) {
				t.Fatalf("%d bytes were saved, %d once they were loaded", len(p), len(again))
			}
		}
		a := &c.attempts[i]
		o.Kind, o.Protocol, o.Sides, o.Result = d.Login, "imap", 2, a.result
		o.Flow.Client, o.Flow.Server = netip.AddrPortFrom(a.from, uint16(40000+i%20000)), a.server
		o.Mark = capture.Mark{Time: a.at, Frame: uint64(i), Seq: uint32(i)}
		o.Decided = o.Mark
		o.Attempt = d.Attempt{Command: d.LoginCommand, Mechanism: d.MechLogin, Class: d.Password, Identity: a.user, Secret: key.Of([]byte(a.password))}
		s.Observe(a.at, &o)
	}
	s.Flush()
	return found
}

// A sensor that is started again and again tells what one tells that was never stopped:
// the same attacks, begun once, under the same origin, and none of a town's people.
func TestRestartsChangeNothing(t *testing.T) {
	c := campaign{r: rand.New(rand.NewPCG(8, 8))}
	c.town(2)
	c.phone()
	c.attackers(4)
	for _, updates := range []bool{false, true} {
		want := c.play(Config{Updates: updates}, nil)
		got := c.restarted(t, Config{Updates: updates}, nil, 40)
		if len(want) < 40 || len(got) != len(want) {
			t.Errorf("%d findings, %d without restarts", len(got), len(want))
			continue
		}
		sortFound(want)
		sortFound(got)
		for i := range want {
			if !reflect.DeepEqual(got[i], want[i]) {
				t.Errorf("after restarts %s\nwithout %s", describe(&got[i]), describe(&want[i]))
			}
		}
	}
}

// sortFound orders what ends at the same moment, which has no order.
func sortFound(found []d.Finding) {
	slices.SortStableFunc(found, func(a, b d.Finding) int {
		return strings.Compare(describe(&a)+string(rune(a.Attack.Origin.Frame)), describe(&b)+string(rune(b.Attack.Origin.Frame)))
	})
}

// What a server offered before a restart is known after it, and a loss is told once.
func TestRestartKeepsBaselines(t *testing.T) {
	v := newSessions()
	at := v.learn("mx.example.org", with)
	again := newSessions()
	again.n = v.n
	if err := Load(Save(v.s, NewOnce(0, [2]uint64{}), Shown{}), again.s, NewOnce(0, [2]uint64{})); err != nil {
		t.Fatal(err)
	}
	for i := range 20 {
		again.session(at+capture.Nanos(i)*10*minute, outside(i%5), "mx.example.org", without)
	}
	if got := rules(again.found); got != "TLS-002" {
		t.Errorf("after a restart %q", got)
	}
}

// What is told once a day stays told.
func TestRestartKeepsOnce(t *testing.T) {
	f := d.Finding{Rule: d.LostOffer, Severity: d.High}
	f.Kind, f.Mark.Time, f.Flow.Server = d.Greeting, begin, server
	before, after := NewOnce(0, [2]uint64{1, 2}), NewOnce(0, [2]uint64{3, 4})
	if !before.Pass(&f) {
		t.Fatal("not told at all")
	}
	if err := Load(Save(New(Config{}, nil), before, Shown{}), New(Config{}, nil), after); err != nil {
		t.Fatal(err)
	}
	if after.Pass(&f) {
		t.Error("told again after a restart")
	}
	if f.Mark.Time += day; !after.Pass(&f) {
		t.Error("not told on the next day")
	}
}

// Nothing that was made of a secret is saved, and of people only what may be shown.
func TestSavedIsRedacted(t *testing.T) {
	c := newCampaign()
	for i := range 40 {
		c.login(begin+capture.Nanos(i)*second, outside(7), "Canary-victim", different(i), d.Failure)
		c.login(begin+capture.Nanos(i)*second, outside(8), "person"+different(i%12), "Canary-shared", d.Success)
	}
	var states []*Signals
	for _, shown := range []Shown{{}, {Names: true}, {Addresses: true}} {
		s := New(Config{Updates: true}, func(*d.Finding) {})
		c.feed(s, testKey)
		if open := s.Stats().Open; open != 2 { // guessing and reuse
			t.Fatalf("%d attacks", open)
		}
		p := Save(s, NewOnce(0, [2]uint64{}), shown)
		if got := bytes.Contains(p, []byte("Canary-victim")); got != shown.Names {
			t.Errorf("%+v: the name of the account: %t", shown, got)
		}
		from := outside(7).As16()
		if got := bytes.Contains(p, from[:]); got != shown.Addresses {
			t.Errorf("%+v: the address of the client: %t", shown, got)
		}
		again := New(Config{}, func(*d.Finding) {})
		if err := Load(p, again, NewOnce(0, [2]uint64{})); err != nil {
			t.Fatal(err)
		}
		if again.Stats().Open != 1 || again.uses.count != 0 {
			t.Errorf("what marks told was saved: %d attacks, %d marks", again.Stats().Open, again.uses.count)
		}
		states = append(states, again)
	}
	for _, s := range states { // the set of marks of a pair is gone, and it knows
		for i := s.pairs.newest; i != 0; i = s.pairs.at(i).older {
			if p := s.pairs.at(i).value; p.marks != 0 || !p.unmarked {
				t.Errorf("a pair has marks: %+v", p)
			}
		}
	}
}

// feed plays a campaign to signals that go on.
func (c *campaign) feed(s *Signals, key *secret.Key) {
	for i := range c.attempts {
		a := &c.attempts[i]
		o := d.Observation{Kind: d.Login, Protocol: "imap", Sides: 2, Result: a.result, Mark: capture.Mark{Time: a.at, Seq: uint32(i)}, Decided: capture.Mark{Time: a.at}}
		o.Flow.Client, o.Flow.Server = netip.AddrPortFrom(a.from, 40000), a.server
		o.Attempt = d.Attempt{Command: d.LoginCommand, Mechanism: d.MechLogin, Class: d.Password, Identity: a.user, Secret: key.Of([]byte(a.password))}
		s.Observe(a.at, &o)
	}
}

// Under other thresholds the windows begin anew; what was learnt and attacks stay.
func TestRestartWithOtherThresholds(t *testing.T) {
	c := newCampaign()
	c.client(begin, begin+3*hour, inside(1), "alice", 10*minute, d.Success)
	for i := range 40 {
		c.login(begin+3*hour+capture.Nanos(i)*second, outside(7), "victim", "x", d.Failure)
		c.login(begin+3*hour+capture.Nanos(i)*second, outside(100+i), "other", "x", d.TempFail)
	}
	s := New(Config{Updates: true}, func(*d.Finding) {})
	c.feed(s, nil)
	again := New(Config{BruteWindow: 20 * minute}, func(*d.Finding) {})
	if err := Load(Save(s, NewOnce(0, [2]uint64{}), Shown{}), again, NewOnce(0, [2]uint64{})); err != nil {
		t.Fatal(err)
	}
	if again.Stats().Open != 1 || again.known.count != 1 || again.pairs.count != 0 || again.suspects.count != 0 {
		t.Errorf("%+v: %d known, %d pairs, %d suspects", again.Stats(), again.known.count, again.pairs.count, again.suspects.count)
	}
}

// A state takes at most a fourth of the memory, and keeps the newest.
func TestSavedIsBounded(t *testing.T) {
	const memory = 1 << 20
	c := newCrowd(Config{MaxMemory: memory})
	for range 40_000 {
		c.next("someone", d.Failure, second)
		c.next("someone", d.Success, second)
	}
	p := Save(c.s, NewOnce(0, [2]uint64{}), Shown{})
	if len(p) > memory/stateShare || len(p) < memory/32 {
		t.Errorf("%d bytes of %d", len(p), memory)
	}
	again := New(Config{MaxMemory: memory}, nil)
	if err := Load(p, again, NewOnce(0, [2]uint64{})); err != nil {
		t.Fatal(err)
	}
	if again.known.count != c.s.known.max/stateShare {
		t.Errorf("%d of %d known clients", again.known.count, c.s.known.max)
	}
	for i, k := again.known.newest, c.s.known.newest; i != 0; i, k = again.known.at(i).older, c.s.known.at(k).older {
		if again.known.at(i).key != c.s.known.at(k).key {
			t.Fatal("not the newest, or not in their order")
		}
	}
}

// A state that is damaged, cut, or of another version is refused, and leaves signals
// that know nothing and work.
func TestDamagedState(t *testing.T) {
	c := newCampaign()
	c.attackers(1)
	s := New(Config{}, func(*d.Finding) {})
	c.feed(s, nil)
	good := Save(s, NewOnce(0, [2]uint64{}), Shown{true, true})
	another := slices.Clone(good)
	another[8]++
	bad := map[string][]byte{"empty": {}, "short": good[:3], "cut": good[:len(good)/2], "longer": append(slices.Clone(good), 0), "another version": sealed(another[:len(another)-4]),
		"more behind it": sealed(append(slices.Clone(good[:len(good)-4]), 1, 2))}
	for i := range 64 {
		p := slices.Clone(good)
		p[i*len(p)/64] ^= 1 << (i % 8)
		bad["flipped "+string(rune('a'+i))] = p
	}
	for name, p := range bad {
		var found []d.Finding
		again, once := New(Config{}, func(f *d.Finding) { found = append(found, *f) }), NewOnce(0, [2]uint64{})
		if err := Load(p, again, once); err == nil {
			t.Errorf("%s: taken", name)
		}
		if st := again.Stats(); st.Keys != 0 || st.Open != 0 || len(once.seen) != 0 {
			t.Errorf("%s: something is left: %+v", name, st)
		}
		if times(40, second, same).feed(again, nil); again.Stats().Open != 1 {
			t.Errorf("%s: it does not work any more", name)
		}
	}
}

// sealed adds the sum that a whole state has.
func sealed(body []byte) []byte {
	c := &coder{b: slices.Clone(body)}
	sum := crc32.Checksum(body, crc32.MakeTable(crc32.Castagnoli))
	c.u32(&sum)
	return c.b
}

// FuzzLoad reads whatever has the right sum: nothing panics, memory stays within its
// bound, and the signals work afterwards.
func FuzzLoad(f *testing.F) {
	c := times(8, second, different)
	c.login(begin+9*second, outside(2), "bob", "right", d.Success)
	s := New(Config{BruteFailures: 5}, func(*d.Finding) {})
	c.feed(s, nil)
	good := Save(s, NewOnce(0, [2]uint64{}), Shown{true, true})
	f.Add(good[:len(good)-4])
	f.Add(Save(New(Config{}, nil), NewOnce(0, [2]uint64{}), Shown{})[:60])
	f.Add([]byte("CTSIGNAL\x01\x00"))
	fuzzing.Begin()
	f.Fuzz(func(t *testing.T, body []byte) {
		s, once := New(Config{MaxMemory: 1 << 20, Updates: true}, func(v *d.Finding) {
			if v.Rule == nil {
				t.Fatal("a finding without a rule")
			}
		}), NewOnce(64, [2]uint64{})
		if Load(sealed(body), s, once) != nil {
			if s.Stats().Keys != 0 {
				t.Fatal("refused, and something is left")
			}
			return
		}
		if s.pairs.count > s.pairs.max || s.known.count > s.known.max || len(s.attacks) > s.most || len(once.seen) > 64 {
			t.Fatal("more than may be kept")
		}
		times(40, second, same).feed(s, nil)
		s.Tick(s.now + 3*day)
		s.Flush()
		if s.Stats().Open != 0 {
			t.Fatal("something is still open")
		}
	})
}
