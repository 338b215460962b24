// Package throttle keeps a live sensor from telling the same thing over and over.
// Its one job is to let the first alert of a kind through at once and to sum up the
// ones like it, once for each window. Its invariant: whatever is held back is
// counted in a summary that follows, and a new account, client, server, mechanism
// or outcome is never held back for being like another.
package throttle

import (
	"hash/maphash"
	"strconv"
	"time"

	"cleartap/detectors"
	"cleartap/output"
)

// The defaults and the bound of Config.
const (
	DefaultWindow = time.Hour
	DefaultRate   = 100
	maxKinds      = 32 << 10 // kinds of alerts that are remembered; the oldest goes
)

// Config says how much is held back.
type Config struct {
	Window time.Duration // in which alerts of one kind are summed up; negative: none is held back; 0: DefaultWindow
	Rate   int           // alerts a second that leave; 0: DefaultRate
}

// Release is an alert that is let through. Repeats.Count is 0 for a single one.
type Release struct {
	Finding *detectors.Finding
	Where   output.Where
	Repeats output.Repeats
}

// Stats counts what was held back.
type Stats struct {
	Suppressed uint64 // alerts that a summary stands for
	Limited    uint64 // alerts above the rate; part of Suppressed when they have a window
	Lost       uint64 // alerts above the rate that no summary will stand for
	Kinds      int    // remembered now
}

// Throttle holds alerts back. It is for one goroutine.
type Throttle struct {
	cfg    Config
	let    func(Release)
	seed   maphash.Seed
	kinds  map[uint64]*kind
	oldest *kind // by begin of the window: the next whose window ends
	newest *kind
	bucket bucket
	stats  Stats
}

// kind is what is known of alerts that are alike.
type kind struct {
	key        uint64
	ends       time.Time
	last       detectors.Finding // of those held back
	where      output.Where
	repeats    output.Repeats
	prev, next *kind
}

// New makes a throttle that gives to let what may go.
func New(cfg Config, let func(Release)) *Throttle {
	t := &Throttle{let: let, seed: maphash.MakeSeed(), kinds: map[uint64]*kind{}}
	t.Configure(cfg)
	return t
}

// Configure changes the bounds. Windows that are open keep their end.
func (t *Throttle) Configure(cfg Config) {
	if cfg.Window == 0 {
		cfg.Window = DefaultWindow
	}
	if cfg.Rate <= 0 {
		cfg.Rate = DefaultRate
	}
	t.cfg = cfg
	t.bucket.rate = cfg.Rate
}

// Take decides about one alert. now is the monotonic time.
func (t *Throttle) Take(now time.Time, f *detectors.Finding, where output.Where) {
	t.Tick(now)
	if t.cfg.Window < 0 {
		if t.permit(now) {
			t.let(Release{Finding: f, Where: where})
		} else {
			t.stats.Lost++
		}
		return
	}
	key := t.key(f)
	if k := t.kinds[key]; k != nil {
		t.hold(k, f, where)
		return
	}
	k := t.begin(now, key)
	if t.permit(now) {
		t.let(Release{Finding: f, Where: where})
	} else {
		t.hold(k, f, where)
	}
}

// key is what makes two alerts alike.
func (t *Throttle) key(f *detectors.Finding) uint64 {
	var h maphash.Hash
	h.SetSeed(t.seed)
	a := &f.Attempt
	client, server := f.Flow.Client.Addr().As16(), f.Flow.Server.Addr().As16()
	h.Write(client[:])
	h.Write(server[:])
	for _, s := range [...]string{
		strconv.Itoa(int(f.Flow.Server.Port())), f.Rule.ID, f.Protocol, a.Identity, a.Authzid, a.Realm,
		string(a.Command), string(a.Mechanism), string(f.Result),
	} {
		h.WriteString(s)
		h.WriteByte(0)
	}
	if k := f.Attack; k != nil { // each report of an attack tells something new
		for _, v := range [...]int{int(k.Origin.Time), int(k.Origin.Seq), int(k.State), k.Attempts} {
			h.WriteString(strconv.Itoa(v))
			h.WriteByte(0)
		}
	}
	return h.Sum64()
}

// begin opens a window.
func (t *Throttle) begin(now time.Time, key uint64) *kind {
	if len(t.kinds) >= maxKinds {
		t.close(now, t.oldest)
	}
	k := &kind{key: key, ends: now.Add(t.cfg.Window)}
	t.kinds[key] = k
	t.append(k)
	return k
}

// append puts a kind behind all others: its window is the last to end.
func (t *Throttle) append(k *kind) {
	k.prev, k.next = t.newest, nil
	if t.newest != nil {
		t.newest.next = k
	} else {
		t.oldest = k
	}
	t.newest = k
}

// hold counts an alert that is like one that was let through.
func (t *Throttle) hold(k *kind, f *detectors.Finding, where output.Where) {
	t.stats.Suppressed++
	if k.repeats.Count == 0 {
		k.repeats.First = f.Mark.Time
	}
	k.repeats.Count++
	k.repeats.Last = f.Mark.Time
	k.last, k.where = *f, where
}

// Tick ends the windows that are over.
func (t *Throttle) Tick(now time.Time) {
	for t.oldest != nil && !now.Before(t.oldest.ends) {
		if !t.renew(now, t.oldest) {
			return // there is no room for the summary now: later
		}
	}
}

// renew ends a window. When something was held back in it, it is summed up and the
// next window begins; when nothing was, the kind is forgotten.
func (t *Throttle) renew(now time.Time, k *kind) bool {
	if k.repeats.Count == 0 {
		t.remove(k)
		return true
	}
	if !t.permit(now) {
		return false
	}
	t.sum(k)
	t.unlink(k)
	k.ends = now.Add(t.cfg.Window)
	t.append(k)
	return true
}

// close ends a window before its time, for another to have its place.
func (t *Throttle) close(now time.Time, k *kind) {
	switch {
	case k.repeats.Count == 0:
	case t.permit(now):
		t.sum(k)
	default:
		t.stats.Lost += uint64(k.repeats.Count)
	}
	t.remove(k)
}

func (t *Throttle) sum(k *kind) {
	t.let(Release{Finding: &k.last, Where: k.where, Repeats: k.repeats})
	k.repeats = output.Repeats{}
	k.last = detectors.Finding{}
}

func (t *Throttle) remove(k *kind) {
	delete(t.kinds, k.key)
	t.unlink(k)
}

func (t *Throttle) unlink(k *kind) {
	if k.prev != nil {
		k.prev.next = k.next
	} else {
		t.oldest = k.next
	}
	if k.next != nil {
		k.next.prev = k.prev
	} else {
		t.newest = k.prev
	}
	k.prev, k.next = nil, nil
}

// Close sums up all windows that are open, whatever the rate.
func (t *Throttle) Close() {
	for t.oldest != nil {
		k := t.oldest
		if k.repeats.Count > 0 {
			t.sum(k)
		}
		t.remove(k)
	}
}

// permit takes one alert of the rate.
func (t *Throttle) permit(now time.Time) bool {
	ok := t.bucket.take(now)
	if !ok {
		t.stats.Limited++
	}
	return ok
}

// Stats gives the counters.
func (t *Throttle) Stats() Stats {
	s := t.stats
	s.Kinds = len(t.kinds)
	return s
}
