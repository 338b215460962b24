package spool

import (
	"fmt"
	"testing"
	"time"
)

// diskUse is what the segments take, by whole blocks.
func diskUse(d *memDisk) int64 {
	var n int64
	for _, name := range d.segments() {
		n += onDisk(int64(len(d.content(name))))
	}
	return n
}

// DropNewest: what was there first stays, what comes is refused and counted, the
// last 5 % are for urgent alerts, and the size is kept to the block.
func TestDropNewest(t *testing.T) {
	d := newMemDisk()
	s := still(t, d, Config{MaxBytes: 1 << 20})
	var accepted, urgent []uint64
	for n := uint64(1); n <= 3000; n++ {
		if s.Append(payload(n, 960), false) {
			accepted = append(accepted, n)
		}
		if n%10 == 0 {
			s.commit(time.Now())
		}
		if use := diskUse(d); use > 1<<20 || use != s.Stats().Bytes {
			t.Fatalf("%d bytes on disk, counted %d", use, s.Stats().Bytes)
		}
	}
	if len(accepted) < 850 || len(accepted) > 1<<20*95/100/1000 || accepted[len(accepted)-1] != uint64(len(accepted)) {
		t.Errorf("%d accepted, the last is %d", len(accepted), accepted[len(accepted)-1])
	}
	for n := uint64(5000); n <= 5200; n++ {
		if s.Append(payload(n, 960), true) {
			urgent = append(urgent, n)
		}
		s.commit(time.Now())
	}
	if len(urgent) < 30 || len(urgent) > 1<<20*6/100/1000 {
		t.Errorf("%d urgent ones accepted", len(urgent))
	}
	if use := diskUse(d); use > 1<<20 {
		t.Errorf("%d bytes on disk", use)
	}
	if n := s.Stats().Lost[LostFull]; n != uint64(3000-len(accepted)+201-len(urgent)) {
		t.Errorf("%d counted", n)
	}
	same(t, "read", numbers(t, drain(t, s, "a")), append(accepted, urgent...))
	s.keep(time.Now())
	fill(t, s, 6000, 6100, 960, 7)
	same(t, "read when there was room again", numbers(t, drain(t, s, "a"))[:1], []uint64{6000})
}

// DropOldest: what comes is taken, the oldest goes and is counted for each
// reader; urgent alerts of what goes are appended anew, as long as they are few.
func TestDropOldest(t *testing.T) {
	for _, every := range []uint64{0, 50, 2} { // which alerts are urgent
		t.Run(fmt.Sprint(every), func(t *testing.T) {
			d := newMemDisk()
			s := still(t, d, Config{MaxBytes: 1 << 20, OnFull: DropOldest, Readers: []string{"fast", "slow", "none"}})
			got := map[string]map[uint64]bool{"fast": {}, "slow": {}, "none": {}}
			read := func(name string) {
				for _, n := range numbers(t, drain(t, s, name)) {
					got[name][n] = true
				}
			}
			const all = 6000
			for n := uint64(1); n <= all; n++ {
				if !s.Append(payload(n, 960), every > 0 && n%every == 0) {
					t.Fatalf("%d was refused", n)
				}
				if n%10 == 0 {
					s.commit(time.Now())
					read("fast")
				}
				if n == 500 || n == 1300 {
					read("slow")
				}
				if use := diskUse(d); use > 1<<20 {
					t.Fatalf("%d bytes on disk", use)
				}
			}
			s.keep(time.Now())
			for name := range got {
				read(name)
			}
			st := s.Stats()
			for _, r := range st.Readers {
				// one that was carried over and given up later counts for those too that had had it
				n := uint64(len(got[r.Name])) + r.Lost
				if r.Name == "slow" && every > 0 && n >= all && n < all+55 {
					n = all
				}
				if n != all {
					t.Errorf("%s: %d read and %d lost are %d, not %d", r.Name, len(got[r.Name]), r.Lost, n, all)
				}
			}
			if len(got["fast"]) != all || len(got["none"]) > 1100 {
				t.Errorf("fast got %d, none got %d", len(got["fast"]), len(got["none"]))
			}
			if none := st.Readers[1]; none.Name != "none" || none.Lost != st.Lost[LostDropped] {
				t.Errorf("%d dropped, but %+v", st.Lost[LostDropped], none)
			}
			kept := 0
			for n := range got["none"] {
				if every > 0 && n%every == 0 && n < all-1000 {
					kept++
				}
			}
			if every == 50 && kept < 40 || every == 0 && kept > 0 {
				t.Errorf("%d urgent ones of the beginning were kept", kept)
			}
			// a restart knows what was carried over
			carried := int64(0)
			for _, g := range s.segs {
				carried += g.carried
			}
			s = still(t, d.kill(), Config{MaxBytes: 1 << 20, OnFull: DropOldest, Readers: []string{"new"}})
			for _, g := range s.segs {
				carried -= g.carried
			}
			if carried != 0 {
				t.Errorf("%d bytes carried over are unknown after a restart", carried)
			}
		})
	}
}

// A reader that stands in a segment that goes moves on, and what it had in hand is not lost.
func TestDropOldestUnderAReader(t *testing.T) {
	d := newMemDisk()
	s := still(t, d, Config{MaxBytes: 1 << 20, OnFull: DropOldest})
	fill(t, s, 1, 900, 960, 10)
	r, err := s.Reader("a")
	if err != nil {
		t.Fatal(err)
	}
	out, err := r.fill(t.Context(), 20)
	if err != nil || len(out) != 20 {
		t.Fatal(len(out), err)
	}
	fill(t, s, 901, 1200, 960, 10) // the first segments go
	rest, err := r.fill(t.Context(), 2000)
	if err != nil {
		t.Fatal(err)
	}
	lost := s.Stats().Readers[0].Lost
	if lost == 0 || uint64(len(out)+len(rest))+lost != 1200 {
		t.Errorf("%d and %d read, %d lost", len(out), len(rest), lost)
	}
	if err := r.Done(out[19].Seq); err != nil {
		t.Error(err)
	}
}

// The queue has its bounds, and 5 % of it are for urgent alerts.
func TestQueueBounds(t *testing.T) {
	s := still(t, newMemDisk(), Config{QueueRecords: 100})
	for n := range uint64(200) {
		s.Append(payload(n, 10), false)
	}
	for n := range uint64(200) {
		s.Append(payload(n, 10), true)
	}
	if st := s.Stats(); st.Waiting != 100 || st.Accepted != 100 || st.Lost[LostQueue] != 300 {
		t.Errorf("figures: %+v", st)
	}
	s = still(t, newMemDisk(), Config{QueueBytes: 1 << 20})
	for n := range uint64(200) {
		s.Append(payload(n, 100_000), false)
	}
	if st := s.Stats(); st.Waiting != 9 || st.Lost[LostQueue] != 191 {
		t.Errorf("figures: %+v", st)
	}
	if s.Append(make([]byte, MaxPayload+1), true) || s.Stats().Lost[LostTooLong] != 1 {
		t.Error("a payload that is too long was accepted")
	}
}

// A crash at any call of giving up a segment loses no urgent alert of it.
func TestCrashWhileDroppingOldest(t *testing.T) {
	base := newMemDisk()
	c := Config{MaxBytes: 1 << 20, OnFull: DropOldest}
	s := still(t, base, c)
	var urgent []uint64
	for n := uint64(1); n <= 900; n++ {
		s.Append(payload(n, 960), n%30 == 0)
		if n%30 == 0 {
			urgent = append(urgent, n)
		}
		if n%20 == 0 {
			s.commit(time.Now())
		}
	}
	s.keep(time.Now())
	if s.Stats().Lost.Sum() > 0 {
		t.Fatalf("figures: %+v", s.Stats())
	}
	for at := 1; ; at++ {
		d := base.copyOf()
		s := still(t, d, c)
		for n := uint64(901); n <= 1000; n++ {
			s.Append(payload(n, 960), false)
		}
		d.dies = d.calls + at
		s.commit(time.Now())
		if !d.dead() {
			if s.Stats().Lost[LostDropped] == 0 || at < 10 {
				t.Errorf("%d calls, figures %+v", at, s.Stats())
			}
			return
		}
		after := d.crash(newRand(uint64(at)))
		got := map[uint64]bool{}
		for _, n := range numbers(t, drain(t, still(t, after, c), "a")) {
			got[n] = true
		}
		for _, n := range urgent {
			if !got[n] {
				t.Fatalf("crash at call %d: urgent alert %d is lost", at, n)
			}
		}
	}
}

// DropOldest on a disk that others have filled: the oldest segments make room,
// urgent alerts of them stay, and every alert is read or counted.
func TestDropOldestOnAFullDisk(t *testing.T) {
	d := newMemDisk()
	s := still(t, d, Config{MaxBytes: 8 << 20, SegmentBytes: 64 << 10, OnFull: DropOldest, QueueRecords: 40})
	d.free = 700 << 10
	refused := uint64(0)
	const all = 2000
	for n := uint64(1); n <= all; n++ {
		if !s.Append(payload(n, 960), n%100 == 0) {
			refused++
		}
		if n%10 == 0 {
			s.out.retryAt = time.Time{}
			s.commit(time.Now())
		}
	}
	d.free = -1
	s.out.retryAt = time.Time{}
	s.commit(time.Now())
	got := map[uint64]bool{}
	for _, n := range numbers(t, drain(t, s, "a")) {
		got[n] = true
	}
	st := s.Stats()
	if n := uint64(len(got)) + st.Readers[0].Lost + refused; n != all || st.Lost[LostDropped] == 0 {
		t.Errorf("%d read, %d dropped, %d refused of %d; figures %+v", len(got), st.Readers[0].Lost, refused, all, st)
	}
	for n := uint64(100); n <= all; n += 100 {
		if !got[n] && n < all-100 {
			t.Errorf("urgent alert %d is lost", n)
		}
	}
}

// The quarantine has its bounds: beyond them damage is counted only.
func TestQuarantineIsBounded(t *testing.T) {
	d, segments := sample(t, 400, 1000)
	for _, name := range segments {
		c := d.content(name)
		for at := segmentHeader + 500; at < len(c); at += 2 * 1040 {
			c[at] ^= 1
		}
	}
	s := still(t, d, Config{MaxBytes: 2 << 20})
	st := s.Stats()
	if st.QuarantineBytes > 2<<20/10 || st.QuarantineFiles < 150 || st.NotQuarantined < 300 {
		t.Errorf("figures: %+v", st)
	}
	if got := len(drain(t, s, "a")); got != 600 || st.Lost[LostDamaged]+st.Torn != 600 {
		t.Errorf("%d read; figures %+v", got, st)
	}
	before := len(d.names)
	still(t, d, Config{MaxBytes: 2 << 20})
	if n := len(d.names); n > before+1 {
		t.Errorf("a second start copied the same pieces again: %d files, then %d", before, n)
	}
}
