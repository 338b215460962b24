package signals

import (
	"fmt"
	"math/rand/v2"
	"net/netip"
	"slices"
	"strings"
	"testing"
	"time"

	"cleartap/capture"
	d "cleartap/detectors"
	"cleartap/detectors/secret"
)

// attempt is a login of a campaign.
type attempt struct {
	at       capture.Nanos
	from     netip.Addr
	server   netip.AddrPort
	user     string
	password string
	result   d.Result
}

// campaign collects the logins of people, programs and attackers, with what is to be
// found in them.
type campaign struct {
	r        *rand.Rand
	attempts []attempt
	truth    []truth
}

// truth is an attack that is to be found: by its source, or by its account.
type truth struct {
	name    string
	source  string // address, or network
	account string // of an attack from many sources
	rules   []string
	found   int
}

var (
	begin  = capture.Nanos(time.Date(2026, 3, 2, 0, 0, 0, 0, time.UTC).UnixNano())
	server = netip.MustParseAddrPort("192.0.2.25:143")
	smtp   = netip.MustParseAddrPort("192.0.2.26:587") // of the same group
)

func addr(s string) netip.Addr { return netip.MustParseAddr(s) }

// inside is an address of a private network.
func inside(i int) netip.Addr {
	return netip.AddrFrom4([4]byte{10, byte(i >> 16), byte(i >> 8), byte(i)})
}

// outside is an address of the wide world, each in a network of its own.
func outside(i int) netip.Addr {
	return netip.AddrFrom4([4]byte{byte(60 + i>>16), byte(i >> 8), byte(i), 7})
}

func (c *campaign) login(at capture.Nanos, from netip.Addr, user, password string, r d.Result) {
	c.attempts = append(c.attempts, attempt{at, from, server, user, password, r})
}

// person logs in, as most people do, now and then mistyping the password first.
func (c *campaign) person(at capture.Nanos, from netip.Addr, user string, typos int) {
	for i := range typos {
		c.login(at, from, user, fmt.Sprintf("typo %s %d", user, i), d.Failure)
		at += capture.Nanos(5+c.r.IntN(15)) * second
	}
	c.login(at, from, user, "right "+user, d.Success)
}

// client polls for mail from a moment to another.
func (c *campaign) client(from, to capture.Nanos, at netip.Addr, user string, every capture.Nanos, r d.Result) {
	password := "right " + user
	if r == d.Failure {
		password = "old " + user
	}
	for t := from + capture.Nanos(c.r.Int64N(int64(every))); t < to; t += every + capture.Nanos(c.r.Int64N(int64(every/10))) {
		c.login(t, at, user, password, r)
	}
}

// play gives the logins to signals in order and collects what is reported.
func (c *campaign) play(cfg Config, key *secret.Key) []d.Finding {
	slices.SortStableFunc(c.attempts, func(a, b attempt) int { return int(min(1, max(-1, a.at-b.at))) })
	var found []d.Finding
	s := New(cfg, func(f *d.Finding) { found = append(found, *f) })
	var o d.Observation
	for i := range c.attempts {
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

func describe(f *d.Finding) string {
	a := f.Attack
	return fmt.Sprintf("%s %s source %v server %v account %q: %d sources %d accounts %d of %d refused, %v to %v", f.Rule.ID, a.State, f.Flow.Client, f.Flow.Server,
		f.Attempt.Identity, a.Sources, a.Accounts, a.Failures, a.Attempts, a.Start.Time().Format("02 15:04:05"), f.Decided.Time.Time().Format("02 15:04:05"))
}

// score holds findings against the truth: how much was missed, what was false.
func (c *campaign) score(t *testing.T, found []d.Finding) {
	t.Helper()
	for i := range found {
		f := &found[i]
		k := slices.IndexFunc(c.truth, func(w truth) bool { return w.fits(f) })
		if k < 0 {
			t.Errorf("false: %s", describe(f))
			continue
		}
		if c.truth[k].found++; c.truth[k].found > 1 {
			t.Errorf("told twice: %s: %s", c.truth[k].name, describe(f))
		}
	}
	missed := 0
	for _, w := range c.truth {
		if w.found == 0 {
			missed++
			t.Logf("missed: %s", w.name)
		}
	}
	if missed*50 > len(c.truth) {
		t.Errorf("recall %d of %d", len(c.truth)-missed, len(c.truth))
	}
}

func (w *truth) fits(f *d.Finding) bool {
	if !slices.Contains(w.rules, f.Rule.ID) {
		return false
	}
	if w.account != "" {
		return f.Attempt.Identity == w.account && f.Attack.Accounts == 1
	}
	source := f.Flow.Client.Addr()
	return source.IsValid() && source.String() == w.source || f.Attack.Network.IsValid() && f.Attack.Network.String() == w.source
}

// town is a day of benign traffic: everything that looks like guessing and is not.
func (c *campaign) town(days int) {
	end := begin + capture.Nanos(days)*day
	for i := range 2000 { // people at home, each with one or two clients
		user := fmt.Sprintf("home%d@example.org", i)
		for range 1 + i%2 {
			c.client(begin, end, outside(i), user, capture.Nanos(120+c.r.IntN(240))*minute, d.Success)
		}
		if c.r.IntN(5) == 0 {
			c.person(begin+capture.Nanos(c.r.Int64N(int64(end-begin))), outside(i), user, 1+c.r.IntN(6))
		}
	}
	nat := addr("198.51.100.1") // 200 users behind one address; each mistypes up to five times, in the morning
	for i := range 200 {
		user := fmt.Sprintf("office%d@example.org", i)
		for day1 := range days {
			at := begin + capture.Nanos(day1)*day + 8*hour + capture.Nanos(c.r.Int64N(int64(90*minute)))
			c.person(at, nat, user, c.r.IntN(6))
			c.client(at, at+8*hour, nat, user, 45*minute, d.Success)
		}
	}
	webmail := addr("203.0.113.80") // thousands log in through it, some with typos
	for i := range 3000 {
		at := begin + 7*hour + capture.Nanos(c.r.Int64N(int64(end-begin-8*hour)))
		c.person(at, webmail, fmt.Sprintf("web%d@example.org", i), max(0, c.r.IntN(12)-8))
	}
	for i := range 12 { // of clients behind the gateway that nobody looks after
		c.client(begin+9*hour, end, nat, fmt.Sprintf("office%d@example.org", i*7), capture.Nanos(2+c.r.IntN(14))*minute, d.Failure)
	}
	for i := range 40 { // the same at home
		c.client(begin+6*hour, end, outside(i), fmt.Sprintf("old%d@example.org", i), capture.Nanos(1+c.r.IntN(14))*minute+3*second, d.Failure)
	}
	for i := range 25 { // one mailbox for a team, whose password changes on a day
		c.client(begin, begin+12*hour, outside(5000+i), "team@example.org", 10*minute, d.Success)
		c.client(begin+12*hour, begin+14*hour+capture.Nanos(i)*10*minute, outside(5000+i), "team@example.org", 5*minute, d.Failure)
		c.client(begin+14*hour+capture.Nanos(i)*10*minute, end, outside(5000+i), "team@example.org", 10*minute, d.Success)
	}
	for i := range 150 { // an office that moves to new passwords over night: all fail until each is told
		user, from, told := fmt.Sprintf("move%d@example.org", i), addr("198.51.100.77"), begin+day+8*hour+capture.Nanos(i)*2*minute
		if days > 1 {
			c.client(begin+8*hour, begin+17*hour, from, user, 20*minute, d.Success)
			c.client(begin+day+7*hour, told, from, user, 10*minute, d.Failure)
			c.client(told, end, from, user, 20*minute, d.Success)
		}
	}
}

// phones are benign too, and told: a client that repeats an old password.
func (c *campaign) phone() {
	from := addr("198.51.100.200")
	for i := range 300 {
		c.login(begin+capture.Nanos(i)*4*minute+capture.Nanos(i%7)*second, from, "phone@example.org", "last year's", d.Failure)
	}
}

// attackers try in all the ways, at the rates from which on they are to be found.
func (c *campaign) attackers(kinds int) {
	next := 0
	source := func() netip.Addr { next++; return outside(20000 + next) }
	when := func() capture.Nanos { return begin + hour + capture.Nanos(c.r.Int64N(int64(18*hour))) }
	add := func(w truth) { c.truth = append(c.truth, w) }
	guess := func(k int) string { return fmt.Sprintf("guess %d", k) }
	for i := range kinds {
		at, from, user := when(), source(), fmt.Sprintf("victim%d@example.org", i)
		add(truth{name: fmt.Sprint("brute ", i), source: from.String(), rules: []string{"CT-AUTH-001"}})
		pace := capture.Nanos(c.r.Int64N(int64(10*minute/29-second))) + 1
		for k := range 30 + c.r.IntN(200) {
			c.login(at+capture.Nanos(k)*pace, from, user, guess(k), d.Failure)
		}
		at, from = when(), source()
		add(truth{name: fmt.Sprint("brute at the limit ", i), source: from.String(), rules: []string{"CT-AUTH-001"}})
		for k := range 30 {
			c.login(at+capture.Nanos(k)*(10*minute/30), from, user+".slow", guess(k), d.Failure)
		}
		at, from = when(), source()
		add(truth{name: fmt.Sprint("brute that succeeds ", i), source: from.String(), rules: []string{"CT-AUTH-005"}})
		for k := range 60 {
			c.login(at+capture.Nanos(k)*second, from, user+".weak", guess(k), d.Failure)
		}
		c.login(at+capture.Nanos(50)*minute, from, user+".weak", "found", d.Success)
		at, from = when(), source()
		add(truth{name: fmt.Sprint("spray at the limit ", i), source: from.String(), rules: []string{"CT-AUTH-002"}})
		for k := range 10 {
			c.login(at+capture.Nanos(k)*(30*minute/10), from, fmt.Sprintf("spray%d.%d@example.org", i, k), "Spring2026", d.Failure)
		}
		at, from = when(), source()
		add(truth{name: fmt.Sprint("spray that succeeds ", i), source: from.String(), rules: []string{"CT-AUTH-005"}})
		for k := range 120 {
			r := d.Failure
			if k == 77 {
				r = d.Success
			}
			c.login(at+capture.Nanos(k)*15*second, from, fmt.Sprintf("home%d@example.org", (i*100+k*3)%2000), fmt.Sprintf("round %d", k/40), r)
		}
		at, from = when(), source()
		add(truth{name: fmt.Sprint("several passwords, user by user ", i), source: from.String(), rules: []string{"CT-AUTH-001"}})
		for k := range 30 * 6 {
			c.login(at+capture.Nanos(k)*4*second, from, fmt.Sprintf("list%d.%d", i, k/6), guess(k%6), d.Failure)
		}
		at = when()
		account := fmt.Sprintf("boss%d@example.org", i)
		add(truth{name: fmt.Sprint("distributed at the limit ", i), account: account, rules: []string{"CT-AUTH-004"}})
		for k := range 10 {
			c.login(at+capture.Nanos(k)*6*minute, source(), account, guess(k), d.Failure)
		}
		at = when()
		account = fmt.Sprintf("chief%d@example.org", i)
		add(truth{name: fmt.Sprint("distributed that succeeds ", i), account: account, rules: []string{"CT-AUTH-005"}})
		for k := range 200 {
			c.login(at+capture.Nanos(k)*10*second, source(), account, guess(k), d.Failure)
		}
		c.login(at+40*minute, source(), account, "found", d.Success)
		from = source()
		add(truth{name: fmt.Sprint("slow source ", i), source: from.String(), rules: []string{"CT-AUTH-009"}})
		for k := range 60 {
			c.login(begin+capture.Nanos(k)*23*minute, from, fmt.Sprintf("slow%d.%d", i, k), "Winter2025", d.Failure)
		}
		account = fmt.Sprintf("slowly%d@example.org", i)
		add(truth{name: fmt.Sprint("slow crowd ", i), account: account, rules: []string{"CT-AUTH-009"}})
		for k := range 60 {
			c.login(begin+capture.Nanos(k)*23*minute, source(), account, guess(k), d.Failure)
		}
		at = when()
		add(truth{name: fmt.Sprint("network ", i), source: fmt.Sprintf("192.88.%d.0/24", i), rules: []string{"CT-AUTH-003"}})
		for k := range 24 {
			from := netip.AddrFrom4([4]byte{192, 88, byte(i), byte(k % 8)})
			c.login(at+capture.Nanos(k)*70*second, from, fmt.Sprintf("leak%d.%d", i, k), guess(k), d.Failure)
		}
	}
}

// All attacks are found, each once, and nothing else.
func TestCampaigns(t *testing.T) {
	c := campaign{r: rand.New(rand.NewPCG(7, 7))}
	c.town(2)
	c.phone()
	c.attackers(20)
	found := c.play(Config{}, nil)
	stale := slices.DeleteFunc(slices.Clone(found), func(f d.Finding) bool { return f.Rule != d.StaleClient })
	found = slices.DeleteFunc(found, func(f d.Finding) bool { return f.Rule == d.StaleClient })
	t.Logf("%d logins, %d attacks, %d found, %d stale clients", len(c.attempts), len(c.truth), len(found), len(stale))
	c.score(t, found)
	for i := range stale {
		if f := &stale[i]; !strings.HasPrefix(f.Attempt.Identity, "phone@") && !strings.HasPrefix(f.Attempt.Identity, "old") &&
			!strings.HasPrefix(f.Attempt.Identity, "office") && !strings.HasPrefix(f.Attempt.Identity, "team@") && !strings.HasPrefix(f.Attempt.Identity, "move") {
			t.Errorf("false: %s", describe(f))
		}
	}
	if !slices.ContainsFunc(stale, func(f d.Finding) bool { return f.Attempt.Identity == "phone@example.org" && f.Attack.Failures == 300 }) {
		t.Error("the phone with the old password was not told")
	}
}
