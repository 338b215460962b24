package spool

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"syscall"
	"testing"
	"time"
)

// T5: a fault at each call that a life of a spool makes, once or for long. All
// that was accepted is read, all that was not is counted, and the spool works
// again when the disk does.
func TestFaultAtEachCall(t *testing.T) {
	total := life(t, newMemDisk(), nil).calls
	if total < 150 {
		t.Fatalf("only %d calls", total)
	}
	for _, fault := range []error{syscall.ENOSPC, syscall.EDQUOT, syscall.EIO, syscall.EROFS} {
		for _, long := range []int{1, 25, 1 << 30} {
			parallel(total, func(at uint64) {
				if t.Failed() {
					return
				}
				d := newMemDisk()
				what := fmt.Sprintf("%v at call %d, %d times", fault, at+1, long)
				life(t, d, func(call int, op, _ string) error {
					if call > int(at) && call <= int(at)+long && op != "read" && op != "list" && op != "open" && op != "close" {
						return fmt.Errorf("%s: %w", what, fault)
					}
					return nil
				})
			})
		}
	}
}

// life lets a spool live: it appends, commits, reads, keeps, restarts. Faults
// end before the last part, which looks for what is missing.
func life(t *testing.T, d *memDisk, fault func(int, string, string) error) *memDisk {
	d.fault = fault
	c := Config{SegmentBytes: 1500, QueueRecords: 12, Readers: []string{"a", "b"}}
	s, err := load(stillConfig(c), d)
	if err != nil {
		d.fault = nil
		s = still(t, d, c)
		d.fault = fault
	}
	events := map[Loss]uint64{}
	s.cfg.Event = func(e Event) {
		if e.Kind == Lost {
			events[e.Loss] += e.Records
		}
	}
	var accepted, refused []uint64
	got := map[string][]uint64{}
	some := func(from, to uint64) {
		for n := from; n <= to; n++ {
			if s.Append(payload(n, 100+int(n%200)), n%7 == 0) {
				accepted = append(accepted, n)
			} else {
				refused = append(refused, n)
			}
			if n%3 == 0 {
				s.out.retryAt = time.Time{}
				s.commit(time.Now())
			}
			if n%10 == 0 {
				got["a"] = append(got["a"], numbers(t, drain(t, s, "a"))...)
				s.keep(time.Now())
			}
		}
	}
	some(1, 60)
	d.fault = nil
	s.out.retryAt = time.Time{}
	s.commit(time.Now())
	some(61, 75)
	s.keep(time.Now())
	s.report(time.Now(), true)
	for _, name := range []string{"a", "b"} {
		got[name] = append(got[name], numbers(t, drain(t, s, name))...)
		same(t, "read by "+name, got[name], accepted)
	}
	if st := s.Stats(); st.Lost.Sum() != uint64(len(refused)) || st.Lost != eventLosses(events) {
		t.Errorf("%d refused, but counted %v, told of %v", len(refused), st.Lost, events)
	}
	if fault == nil && len(refused) > 0 {
		t.Errorf("%d refused without a fault", len(refused))
	}
	// the next start finds nothing that was lost, and nothing that was damaged
	s = still(t, d.kill(), Config{Readers: []string{"c"}})
	if n := s.Stats().Lost.Sum(); n > 0 {
		t.Errorf("%d count as damaged at the next start", n)
	}
	again := numbers(t, drain(t, s, "c"))
	slices.Sort(again)
	if again = slices.Compact(again); len(again) > 0 {
		same(t, "still held", again, accepted[len(accepted)-len(again):])
	}
	return d
}

func eventLosses(m map[Loss]uint64) (l Losses) {
	for why, n := range m {
		l[why] = n
	}
	return l
}

// T5 with the goroutine at work: the disk fills up, alerts wait in memory, the
// rest is counted; when there is room again all goes on.
func TestDiskFullAndBack(t *testing.T) {
	d := newMemDisk()
	d.free = 300 << 10
	var told [lossReasons]uint64
	kinds := map[EventKind]int{}
	s, err := load(stillConfig(Config{SegmentBytes: 64 << 10, QueueRecords: 100, SyncEvery: time.Millisecond, Event: func(e Event) {
		kinds[e.Kind]++
		if e.Kind == Lost {
			told[e.Loss] += e.Records
		}
	}}), d)
	if err != nil {
		t.Fatal(err)
	}
	go s.run()
	var accepted []uint64
	next := uint64(0)
	some := func(n int) {
		for range n {
			next++
			if s.Append(payload(next, 1000), false) {
				accepted = append(accepted, next)
			}
		}
	}
	wait(t, "a write fails", func() bool { some(50); return s.Stats().WriteFailing })
	some(200)
	st := s.Stats()
	if st.Lost[LostDisk]+st.Lost[LostQueue] != next-uint64(len(accepted)) || st.Lost[LostDisk] < 100 {
		t.Errorf("%d accepted of %d; figures %+v", len(accepted), next, st)
	}
	d.mu.Lock()
	d.free = -1
	d.mu.Unlock()
	ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
	defer cancel()
	if err := s.Flush(ctx); err != nil {
		t.Fatal(err)
	}
	same(t, "read", numbers(t, drain(t, s, "a")), accepted)
	closeSpool(t, s)
	if told != [lossReasons]uint64(s.Stats().Lost) {
		t.Errorf("told of %v, counted %v", told, s.Stats().Lost)
	}
	if kinds[WriteFailed] != 1 || kinds[WriteRecovered] != 1 {
		t.Errorf("events: %v", kinds)
	}
	if s.Append([]byte("{}"), true) || s.Stats().Lost[LostClosed] != 1 {
		t.Error("a closed spool accepts alerts")
	}
}

// A disk that never comes back does not keep Close: it counts what it could not write.
func TestCloseOnADeadDisk(t *testing.T) {
	d := newMemDisk()
	s := still(t, d, Config{})
	r, err := s.Reader("a")
	if err != nil {
		t.Fatal(err)
	}
	go s.run()
	d.mu.Lock()
	d.fault = func(int, string, string) error { return syscall.EIO }
	d.mu.Unlock()
	for n := range uint64(5) {
		s.Append(payload(n, 10), false)
	}
	ctx, cancel := context.WithTimeout(context.Background(), 50*time.Millisecond)
	defer cancel()
	if err := s.Close(ctx); err == nil || s.Stats().Lost[LostDisk] != 5 {
		t.Errorf("%v; figures %+v", err, s.Stats().Lost)
	}
	if _, err := r.Next(context.Background(), 1); !errors.Is(err, ErrClosed) {
		t.Errorf("a reader of a closed spool: %v", err)
	}
	if err := s.Flush(context.Background()); err != nil {
		t.Errorf("flush: %v", err)
	}
}

// The full disk does not keep a cursor from moving, for else no room could ever come.
func TestCursorMovesOnAFullDisk(t *testing.T) {
	d := newMemDisk()
	s := still(t, d, Config{SegmentBytes: 1500})
	s.keep(time.Now())
	fill(t, s, 1, 30, 200, 2)
	before := len(d.segments())
	d.free = 0
	same(t, "read", numbers(t, drain(t, s, "a")), upTo(30))
	s.keep(time.Now())
	if st := s.Stats(); st.Readers[0].Durable != 30 || len(d.segments()) >= before {
		t.Errorf("cursor %d, %d segments of %d", st.Readers[0].Durable, len(d.segments()), before)
	}
	fill(t, s, 31, 40, 200, 2)
	same(t, "read", numbers(t, drain(t, s, "a")), upTo(40, upTo(30)...))
}

// The segment that is written to stays after all was read from it. When the disk is full,
// it goes: nothing else would ever make room.
func TestWhatWasReadMakesRoom(t *testing.T) {
	d := newMemDisk()
	s := still(t, d, Config{})
	fill(t, s, 1, 30, 200, 2)
	same(t, "read", numbers(t, drain(t, s, "a")), upTo(30))
	s.keep(time.Now())
	if n := len(d.segments()); n != 1 {
		t.Fatalf("%d segments", n)
	}
	d.free = 0
	fill(t, s, 31, 40, 200, 2)
	same(t, "read", numbers(t, drain(t, s, "a")), upTo(40, upTo(30)...))
	if st := s.Stats(); st.WriteErrors > 0 || st.Lost.Sum() > 0 {
		t.Errorf("%+v", st)
	}
}

// As long as no cursor file says that a segment was read, it stays.
func TestSegmentsWaitForTheCursor(t *testing.T) {
	d := newMemDisk()
	s := still(t, d, Config{SegmentBytes: 1500})
	fill(t, s, 1, 30, 200, 2)
	same(t, "read", numbers(t, drain(t, s, "a")), upTo(30))
	before := len(d.segments())
	for _, op := range []string{"write", "sync", "rename", "syncdir"} {
		d.fault = func(_ int, got, _ string) error {
			if got == op {
				return syscall.EIO
			}
			return nil
		}
		s.keep(time.Now())
		if n := len(d.segments()); n != before || !s.Stats().CursorsFailing {
			t.Errorf("%s fails: %d segments of %d are left", op, n, before)
		}
	}
	d.fault = nil
	s.keep(time.Now())
	if n := len(d.segments()); n > 1 || s.Stats().CursorsFailing {
		t.Errorf("%d segments are left in the end", n)
	}
}
