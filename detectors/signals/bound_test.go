package signals

import (
	"net/netip"
	"os"
	"runtime"
	"strconv"
	"testing"
	"unsafe"

	"cleartap/capture"
	d "cleartap/detectors"
	"cleartap/detectors/secret"
)

// What a remembered thing is said to take is what it takes, and little.
func TestSizesAreWhatTheyTake(t *testing.T) {
	sum := 0
	for _, c := range []struct {
		name      string
		got, said uintptr
	}{
		{"known", unsafe.Sizeof(entry[uint32]{}), knownSize}, {"profile", unsafe.Sizeof(entry[profile]{}), profileSize},
		{"pair", unsafe.Sizeof(entry[pair]{}), pairSize}, {"suspect", unsafe.Sizeof(entry[suspect]{}), suspectSize},
		{"target", unsafe.Sizeof(entry[target]{}), targetSize}, {"network", unsafe.Sizeof(entry[network]{}), networkSize},
		{"baseline", unsafe.Sizeof(entry[baseline]{}), baselineSize},
		{"view", unsafe.Sizeof(entry[view]{}), viewSize}, {"answers", unsafe.Sizeof(entry[answers]{}), answersSize}, {"twin", unsafe.Sizeof(entry[twin]{}), twinSize}, {"trial", unsafe.Sizeof(entry[trial]{}), trialSize},
		{"prober", unsafe.Sizeof(entry[prober]{}), proberSize}, {"use", unsafe.Sizeof(entry[use]{}), useSize}, {"visits", unsafe.Sizeof(entry[visits]{}), visitsSize},
		{"small set", unsafe.Sizeof(smallSet{}) + indexShare, smallSetSize + indexShare}, {"large set", unsafe.Sizeof(largeSet{}) + indexShare, largeSetSize + indexShare},
		{"sketch", unsafe.Sizeof(sketch{}) + indexShare, sketchSize + indexShare},
	} {
		if c.got+indexShare > c.said && c.got != c.said {
			t.Errorf("a %s takes %d bytes and its index, not %d", c.name, c.got, c.said)
		}
		switch c.name {
		case "known", "profile", "pair", "suspect", "target", "network":
			sum += int(c.said)
		}
	}
	if mean := sum / 6; mean > 100 {
		t.Errorf("a key takes %d bytes in the mean", mean)
	}
	if got := unsafe.Sizeof(attack{}); got > attackSize-300 {
		t.Errorf("an attack takes %d bytes and two names", got)
	}
}

// crowd makes refused logins, of each source and account one.
type crowd struct {
	s *Signals
	o d.Observation
	n int
}

func newCrowd(cfg Config) *crowd {
	c := &crowd{s: New(cfg, func(*d.Finding) {})}
	c.o = d.Observation{Kind: d.Login, Protocol: "imap", Sides: 2, Result: d.Failure,
		Attempt: d.Attempt{Command: d.LoginCommand, Mechanism: d.MechLogin, Class: d.Password, Secret: secret.Of(nil)}}
	c.o.Flow.Server = server
	return c
}

func (c *crowd) next(name string, result d.Result, every capture.Nanos) {
	c.n++
	c.o.Flow.Client = netip.AddrPortFrom(outside(c.n), 40000)
	c.o.Attempt.Identity, c.o.Result = name, result
	at := begin + capture.Nanos(c.n)*every
	c.o.Mark.Time, c.o.Decided.Time = at, at
	c.s.Observe(at, &c.o)
}

// Many sources, each with an account that fails and one that logs in, take no more
// than they may; what is forgotten for want of memory is counted. With CLEARTAP_PROVE
// set there are a million, and the memory is what it is by default.
func TestMemoryIsBounded(t *testing.T) {
	n, memory := 100_000, int64(DefaultMemory/10)
	if os.Getenv("CLEARTAP_PROVE") != "" {
		n, memory = 1_000_000, DefaultMemory
	}
	heap := func() int64 {
		runtime.GC()
		var m runtime.MemStats
		runtime.ReadMemStats(&m)
		return int64(m.HeapAlloc)
	}
	before := heap()
	c := newCrowd(Config{MaxMemory: memory})
	for i := range n {
		c.next("somebody"+strconv.Itoa(i), d.Failure, 3*minute/1000)
		c.next("other"+strconv.Itoa(i), d.Success, 3*minute/1000)
	}
	used := heap() - before
	st := c.s.Stats()
	t.Logf("%d MiB for %d keys, %d forgotten, %d bytes a key", used>>20, st.Keys, st.Evicted, used/int64(max(1, st.Keys)))
	if used > memory*11/10 {
		t.Errorf("%d MiB are used", used>>20)
	}
	if st.Evicted == 0 || st.Keys < n/2 {
		t.Errorf("%d keys are kept, %d were forgotten", st.Keys, st.Evicted)
	}
	if perKey := used / int64(st.Keys); perKey > 100 {
		t.Errorf("%d bytes for a key", perKey)
	}
	runtime.KeepAlive(c)
}

// An attack is found while a million others fail once each.
func TestAttackIsFoundInACrowd(t *testing.T) {
	var found []d.Finding
	c := newCrowd(Config{MaxMemory: 1 << 20})
	c.s.report = func(f *d.Finding) { found = append(found, *f) }
	for i := range 50_000 {
		c.next("somebody"+strconv.Itoa(i), d.Failure, second/10)
		if i%100 == 0 { // every 10 s
			c.o.Flow.Client, c.o.Attempt.Identity = netip.AddrPortFrom(inside(1), 40000), "victim"
			c.s.Observe(c.o.Decided.Time, &c.o)
		}
	}
	c.s.Flush()
	if len(found) != 1 || found[0].Rule != d.BruteForce || found[0].Attack.Failures != 500 || c.s.Stats().Evicted == 0 {
		t.Errorf("found %d; %d forgotten", len(found), c.s.Stats().Evicted)
	}
}

// Whatever memory there is, it is enough to go on.
func TestLittleMemory(t *testing.T) {
	c := newCrowd(Config{MaxMemory: 1})
	for i := range 20_000 {
		c.next("somebody"+strconv.Itoa(i%7), []d.Result{d.Failure, d.Success, d.Failure}[i%3], second)
	}
	c.s.Flush()
	if st := c.s.Stats(); st.Open != 0 || st.Evicted == 0 {
		t.Errorf("%+v", st)
	}
}

func TestObserveAllocatesNothing(t *testing.T) {
	c := newCrowd(Config{MaxMemory: 1 << 18})
	names := []string{"a", "b", "c", "d"}
	for i := range 20_000 {
		c.next(names[i%4]+strconv.Itoa(i), d.Failure, second)
	}
	if n := testing.AllocsPerRun(1000, func() { c.next(names[c.n%4], d.Success, second) }); n != 0 {
		t.Errorf("%v allocations for a login", n)
	}
}
