package signals

import (
	"fmt"
	"math/rand/v2"
	"net/netip"
	"reflect"
	"slices"
	"strings"
	"testing"

	"cleartap/capture"
	d "cleartap/detectors"
	"cleartap/detectors/secret"
)

var testKey = secret.NewKey([16]byte{1, 2, 3, 4})

func newCampaign() *campaign { return &campaign{r: rand.New(rand.NewPCG(1, 2))} }

// rules gives the ids of findings, in their order.
func rules(found []d.Finding) string {
	var ids []string
	for i := range found {
		ids = append(ids, strings.TrimPrefix(found[i].Rule.ID, "CT-"))
	}
	return strings.Join(ids, " ")
}

// times makes a campaign of logins of one account from one source, so far apart.
func times(n int, every capture.Nanos, password func(int) string) *campaign {
	c := newCampaign()
	for i := range n {
		c.login(begin+capture.Nanos(i)*every, outside(1), "alice", password(i), d.Failure)
	}
	return c
}

func same(int) string         { return "old" }
func different(i int) string  { return fmt.Sprint("guess ", i) }
func ofThree(i int) string    { return fmt.Sprint("guess ", i%3) }
func ofFive(i int) string     { return fmt.Sprint("guess ", i%5) }
func typo(n int) *campaign    { return times(n, 3*second, different) }
func phone(n int) *campaign   { return times(n, 4*minute, same) }
func patient(n int) *campaign { return times(n, 61*second, different) }

// What a source is told for that is refused for one account, with marks of secrets and without.
func TestOneSourceOneAccount(t *testing.T) {
	for _, c := range []struct {
		name             string
		c                *campaign
		unmarked, marked string
	}{
		{"somebody mistypes four times", typo(4), "", ""},
		{"somebody mistypes nine times", typo(9), "", ""},
		{"ten guesses", typo(10), "", "AUTH-001"},
		{"29 guesses in ten minutes", times(29, 20*second, different), "", "AUTH-001"},
		{"30 guesses in ten minutes", times(30, 20*second, different), "AUTH-001", "AUTH-001"},
		{"ten tries with three secrets", times(10, 3*second, ofThree), "", ""},
		{"ten tries with five secrets", times(10, 3*second, ofFive), "", "AUTH-001"},
		{"a client that repeats every second", times(300, second, same), "AUTH-001", "CLNT-001"},
		{"a client that repeats 19 times", phone(19), "", ""},
		{"a client that repeats 20 times", phone(20), "CLNT-001", "CLNT-001"},
		{"a phone with an old password", phone(300), "CLNT-001", "CLNT-001"},
		{"a patient attacker", patient(300), "CLNT-001", "AUTH-001"},
	} {
		if got := rules(c.c.play(Config{}, nil)); got != c.unmarked {
			t.Errorf("%s: %q, want %q", c.name, got, c.unmarked)
		}
		if got := rules(c.c.play(Config{}, testKey)); got != c.marked {
			t.Errorf("%s: with marks %q, want %q", c.name, got, c.marked)
		}
	}
}

// many makes a campaign of one source that tries accounts, each n times.
func many(accounts, n int, every capture.Nanos, password func(account, try int) string) *campaign {
	c := newCampaign()
	for k := range n {
		for i := range accounts {
			c.login(begin+capture.Nanos(k*accounts+i)*every, outside(1), fmt.Sprint("user", i), password(i, k), d.Failure)
		}
	}
	return c
}

func TestOneSourceManyAccounts(t *testing.T) {
	byTry := func(_, k int) string { return fmt.Sprint("round ", k) }
	own := func(i, k int) string { return fmt.Sprint("own ", i, k) }
	byFour := func(i, k int) string { return fmt.Sprint("one of four ", (i+k)%4) }
	for _, c := range []struct {
		name             string
		c                *campaign
		unmarked, marked string
	}{
		{"nine accounts", many(9, 3, second, byTry), "", ""},
		{"ten accounts, one password", many(10, 1, second, byTry), "AUTH-002", "AUTH-002"},
		{"ten accounts in 40 minutes", many(10, 1, 270*second, byTry), "", ""},
		{"ten accounts, three passwords", many(10, 3, second, byTry), "AUTH-002", "AUTH-002"},
		{"ten accounts, a password for each", many(10, 1, second, own), "AUTH-002", ""},
		{"twenty accounts, a password for each", many(20, 1, second, own), "AUTH-002", "AUTH-003"},
		{"twenty accounts, four passwords", many(20, 1, second, byFour), "AUTH-002", "AUTH-002"},
		{"fifty accounts in a day", many(50, 1, 25*minute, byTry), "AUTH-009", "AUTH-009"},
	} {
		if got := rules(c.c.play(Config{}, nil)); got != c.unmarked {
			t.Errorf("%s: %q, want %q", c.name, got, c.unmarked)
		}
		if got := rules(c.c.play(Config{}, testKey)); got != c.marked {
			t.Errorf("%s: with marks %q, want %q", c.name, got, c.marked)
		}
	}
}

// Only what a server refused for its secret counts.
func TestOnlyRefusalsCount(t *testing.T) {
	for _, r := range []d.Result{d.TempFail, d.RefusedInsecure, d.Expired, d.Aborted, d.Unknown, d.Success} {
		c := newCampaign()
		for i := range 100 {
			c.login(begin+capture.Nanos(i)*second, outside(1), fmt.Sprint("user", i%3), "x", r)
		}
		if got := c.play(Config{}, nil); len(got) != 0 {
			t.Errorf("%s: %s", r, rules(got))
		}
	}
	s := New(Config{}, func(f *d.Finding) { t.Errorf("without a secret: %s", f.Rule.ID) })
	for i := range 100 {
		s.Observe(begin+capture.Nanos(i)*second, &d.Observation{Kind: d.Login, Result: d.Failure, Attempt: d.Attempt{Identity: "x"}})
	}
	s.Flush()
}

// The user's own client, whose logins are accepted all the while, does not make an
// attack on his account succeed; a stranger does, for an hour after the last try.
func TestWhoSucceeds(t *testing.T) {
	for _, c := range []struct {
		name    string
		from    netip.Addr
		after   capture.Nanos
		account string
		want    string
	}{
		{"the user's client", inside(1), minute, "boss", "AUTH-004"},
		{"a stranger", outside(999), minute, "boss", "AUTH-005"},
		{"a stranger, an hour later", outside(999), 59 * minute, "boss", "AUTH-005"},
		{"a stranger, later", outside(999), 61 * minute, "boss", "AUTH-004"},
		{"a stranger, another account", outside(999), minute, "other", "AUTH-004"},
	} {
		m := newCampaign()
		m.client(begin, begin+3*hour, inside(1), "boss", 10*minute, d.Success)
		at := begin + hour
		for i := range 40 {
			at += second
			m.login(at, outside(i), "boss", different(i), d.Failure)
		}
		m.login(at+c.after, c.from, c.account, "right", d.Success)
		found := m.play(Config{}, nil)
		if got := rules(found); got != c.want {
			t.Errorf("%s: %q, want %q", c.name, got, c.want)
		} else if f := &found[0]; f.Attempt.Identity != "boss" || f.Attack.Sources != 40 || f.Attack.Failures != 40 || c.want == "AUTH-005" != (f.Flow.Client.Addr() == c.from) {
			t.Errorf("%s: %s", c.name, describe(f))
		}
	}
}

// A sensor is told when an attack begins, each time that it doubled, when it succeeds
// and when it is over; all of it has one origin.
func TestUpdates(t *testing.T) {
	c := times(1000, 2*second, different)
	c.login(begin+2000*second, outside(1), "alice", "right", d.Success)
	c.login(begin+2001*second, outside(1), "alice", "right", d.Success)
	c.login(begin+5*hour, outside(2), "bob", "right", d.Success) // time goes on
	found := c.play(Config{Updates: true}, nil)
	var got []string
	for i := range found {
		f := &found[i]
		got = append(got, fmt.Sprintf("%s %d/%d %s", f.Attack.State, f.Attack.Failures, f.Attack.Attempts, f.Rule.ID[3:]))
		if f.Attack.Origin != found[0].Attack.Origin || f.Attack.Start != begin {
			t.Errorf("%s has another origin", got[i])
		}
	}
	want := []string{"start 30/30 AUTH-001", "growing 60/60 AUTH-001", "growing 120/120 AUTH-001", "growing 240/240 AUTH-001", "growing 480/480 AUTH-001",
		"growing 960/960 AUTH-001", "succeeded 1000/1001 AUTH-005", "ended 1000/1001 AUTH-005"}
	if !slices.Equal(got, want) {
		t.Errorf("got\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
	if one := c.play(Config{}, nil); len(one) != 1 || one[0].Attack.State != d.AttackSucceeded || one[0].Attack.Attempts != 1001 {
		t.Errorf("a scan is told %s", rules(one))
	}
}

// The same logins give the same findings, whatever the seed of the hashes.
func TestResultsRepeat(t *testing.T) {
	c := newCampaign()
	c.attackers(3)
	first := c.play(Config{}, nil)
	for seed := range uint64(3) {
		if again := c.play(Config{Seed: [2]uint64{seed, 7}}, testKeyOrNil(seed)); seed == 0 && !reflect.DeepEqual(first, again) || rules(first) != rules(again) && testKeyOrNil(seed) == nil {
			t.Errorf("seed %d: %s, want %s", seed, rules(again), rules(first))
		}
	}
}

func testKeyOrNil(uint64) *secret.Key { return nil }

// What comes a little late counts as having come now; after a long step back
// everything begins anew, and what was found until then is told.
func TestTimeGoesBackAcross(t *testing.T) {
	var found []d.Finding
	s := New(Config{}, func(f *d.Finding) { found = append(found, *f) })
	o := d.Observation{Kind: d.Login, Result: d.Failure, Attempt: d.Attempt{Identity: "x", Secret: secret.Of(nil)}}
	o.Flow.Client, o.Flow.Server = netip.AddrPortFrom(outside(1), 1), server
	feed := func(n int, at capture.Nanos) {
		for i := range n {
			o.Mark.Time, o.Decided.Time = at-capture.Nanos(i)*second, at-capture.Nanos(i)*second
			s.Observe(o.Decided.Time, &o)
		}
	}
	feed(40, begin+day)
	if s.Flush(); rules(found) != "AUTH-001" || found[0].Attack.Failures != 40 {
		t.Fatalf("backwards: %s", rules(found))
	}
	found = nil
	s = New(Config{}, func(f *d.Finding) { found = append(found, *f) })
	feed(20, begin+day)
	feed(20, begin)
	s.Flush()
	if len(found) != 0 || s.Stats().Unmerged != 1 {
		t.Errorf("two halves of different days: %s, %+v", rules(found), s.Stats())
	}
	s.Tick(begin + 400*day)
	if s.Stats().Open != 0 {
		t.Error("something is still open")
	}
}

// A client that a proxy announces is the source, not the proxy.
func TestProxiedClientsAreSources(t *testing.T) {
	var found []d.Finding
	s := New(Config{}, func(f *d.Finding) { found = append(found, *f) })
	o := d.Observation{Kind: d.Login, Result: d.Failure, Attempt: d.Attempt{Secret: secret.Of(nil)}}
	o.Flow.Client, o.Flow.Server = netip.AddrPortFrom(inside(1), 1), server
	for i := range 200 { // of people, behind one proxy
		o.Attempt.Identity, o.Proxy = fmt.Sprint("user", i), netip.AddrPortFrom(outside(i), 2)
		s.Observe(begin+capture.Nanos(i)*second, &o)
	}
	for i := range 40 {
		o.Attempt.Identity, o.Proxy = "victim", netip.AddrPortFrom(outside(7777), 2)
		s.Observe(begin+hour+capture.Nanos(i)*second, &o)
	}
	s.Flush()
	if rules(found) != "AUTH-001" || found[0].Proxy.Addr() != outside(7777) || found[0].Flow.Client.Addr() != inside(1) {
		t.Errorf("%s: %+v", rules(found), found)
	}
}

// With marks, a secret that serves several people is told once, by their number.
func TestReuse(t *testing.T) {
	c := newCampaign()
	c.login(begin, outside(1), "alice@example.org", "shared", d.Success)
	c.login(begin+second, outside(1), "alice", "shared", d.Success)               // the same person
	c.login(begin+2*second, outside(1), "Alice@example.com", "shared", d.Success) // and so is she
	c.login(begin+3*second, outside(2), "bob@example.org", "his own", d.Success)  // nobody else's
	c.login(begin+4*second, outside(3), "carol@example.org", "shared", d.Failure) // not accepted
	c.login(begin+5*second, outside(4), "dave@example.org", "his own too", d.Success)
	if found := c.play(Config{}, testKey); len(found) != 0 {
		t.Errorf("%s", rules(found))
	}
	c.login(begin+hour, outside(5), "erin@example.org", "shared", d.Success)
	c.login(begin+2*hour, outside(6), "frank@example.org", "shared", d.Success)
	found := c.play(Config{}, testKey)
	if rules(found) != "AUTH-007" || found[0].Attack.Accounts != 3 || found[0].Attempt.Identity != "" || found[0].Flow.Client.IsValid() {
		t.Errorf("%s: %+v", rules(found), found)
	}
	if found := c.play(Config{}, nil); len(found) != 0 {
		t.Errorf("without marks: %s", rules(found))
	}
}

func TestPlaces(t *testing.T) {
	where := map[netip.Addr]Place{
		outside(1): {Country: [2]byte{'D', 'E'}, AS: 1, Latitude: 52.5, Longitude: 13.4, Located: true},
		outside(2): {Country: [2]byte{'D', 'E'}, AS: 2, Latitude: 52.4, Longitude: 13.1, Located: true}, // next to it
		outside(3): {Country: [2]byte{'A', 'U'}, AS: 3, Latitude: -33.9, Longitude: 151.2, Located: true},
		outside(4): {Country: [2]byte{'F', 'R'}, AS: 4},
		outside(5): {Country: [2]byte{'U', 'S'}, AS: 5},
	}
	cfg := Config{Place: func(a netip.Addr) (Place, bool) { p, ok := where[a]; return p, ok }}
	for _, c := range []struct {
		name  string
		from  []int
		every capture.Nanos
		want  string
	}{
		{"two networks of one town", []int{1, 2, 1, 2, 1}, minute, ""},
		{"three countries in an hour", []int{1, 4, 5, 1}, 10 * minute, "AUTH-006"},
		{"three countries in a day", []int{1, 4, 5, 1}, 2 * hour, ""},
		{"around the world in ten minutes", []int{1, 3}, 10 * minute, "AUTH-006"},
		{"nobody knows where", []int{6, 7, 8, 9}, minute, ""},
	} {
		m := newCampaign()
		for i, k := range c.from {
			m.login(begin+capture.Nanos(i)*c.every, outside(k), "alice", "x", d.Success)
		}
		if got := rules(m.play(cfg, nil)); got != c.want {
			t.Errorf("%s: %q, want %q", c.name, got, c.want)
		}
		if got := m.play(Config{}, nil); len(got) != 0 {
			t.Errorf("%s: without places: %s", c.name, rules(got))
		}
	}
}

func TestEnumeration(t *testing.T) {
	for _, c := range []struct {
		name   string
		probes []int
		mail   int // flows that deliver
		every  capture.Nanos
		want   string
	}{
		{"nineteen names", []int{10, 9}, 0, minute, ""},
		{"twenty names", []int{10, 10}, 0, minute, "AUTH-008"},
		{"one flow", []int{500}, 0, minute, "AUTH-008"},
		{"slowly", []int{5, 5, 5, 5, 5, 5}, 0, 10 * minute, ""},
		{"a sender of many mails", []int{1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1}, 10, 3 * second, ""},
	} {
		var found []d.Finding
		s := New(Config{}, func(f *d.Finding) { found = append(found, *f) })
		o := d.Observation{Kind: d.Ended, Protocol: "smtp"}
		o.Flow.Client, o.Flow.Server = netip.AddrPortFrom(outside(1), 1), smtp
		sum := 0
		for i, n := range c.probes {
			o.Summary = &d.Summary{Probes: n}
			s.Observe(begin+capture.Nanos(i)*c.every, &o)
			sum += n
			for range c.mail {
				o.Summary = &d.Summary{Mail: true}
				s.Observe(begin+capture.Nanos(i)*c.every, &o)
			}
		}
		s.Flush()
		if rules(found) != c.want || len(found) == 1 && found[0].Attack.Failures != sum {
			t.Errorf("%s: %s", c.name, rules(found))
		}
	}
}
