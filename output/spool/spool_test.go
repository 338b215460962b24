package spool

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

// A record is committed 50 ms after it came, or as soon as there are 256.
func TestGroupCommit(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := still(t, newMemDisk(), Config{})
		go s.run()
		time.Sleep(time.Second)
		s.Append(payload(1, 100), false)
		time.Sleep(20 * time.Millisecond)
		s.Append(payload(2, 100), false)
		time.Sleep(29 * time.Millisecond)
		synctest.Wait()
		if got := s.Committed(); got != 0 {
			t.Errorf("%d committed after 49 ms", got)
		}
		time.Sleep(time.Millisecond)
		synctest.Wait()
		if got := s.Committed(); got != 2 {
			t.Errorf("%d committed after 50 ms", got)
		}
		for n := uint64(3); n <= 257; n++ {
			s.Append(payload(n, 100), false)
		}
		synctest.Wait()
		if got := s.Committed(); got != 2 {
			t.Errorf("%d committed when 255 wait", got)
		}
		s.Append(payload(258, 100), false)
		synctest.Wait()
		if got := s.Committed(); got != 258 {
			t.Errorf("%d committed when 256 had come", got)
		}
		if n := s.Stats().Syncs.Count; n != 2 {
			t.Errorf("%d syncs", n)
		}
		closeSpool(t, s)
	})
}

// The cursor file follows Done within a tenth of a second, once for many calls.
func TestCursorFollows(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := newMemDisk()
		s := still(t, d, Config{})
		go s.run()
		time.Sleep(time.Second)
		for n := uint64(1); n <= 100; n++ {
			s.Append(payload(n, 10), false)
		}
		r, err := s.Reader("a")
		if err != nil {
			t.Fatal(err)
		}
		if _, err := s.Reader("a"); err == nil {
			t.Error("a reader is lent twice")
		}
		for n := uint64(1); n <= 100; n++ {
			out, err := r.Next(t.Context(), 1)
			if err != nil || len(out) != 1 || out[0].Seq != n {
				t.Fatalf("%v, %v", out, err)
			}
			if err := r.Done(n); err != nil {
				t.Fatal(err)
			}
		}
		if r.Done(101) == nil {
			t.Error("done with what was never given")
		}
		before := d.count()
		time.Sleep(101 * time.Millisecond)
		synctest.Wait()
		if got := s.Stats().Readers[0]; got.Durable != 100 || got.Lag != 0 {
			t.Errorf("the cursor: %+v", got)
		}
		if n := d.count() - before; n > 15 {
			t.Errorf("%d calls for one cursor", n)
		}
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		defer cancel()
		if _, err := r.Next(ctx, 1); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("next without records: %v", err)
		}
		before = d.count()
		time.Sleep(10 * time.Minute)
		synctest.Wait()
		if n := d.count() - before; n > 0 {
			t.Errorf("%d calls in ten idle minutes", n)
		}
		closeSpool(t, s)
		if _, err := r.Next(t.Context(), 1); !errors.Is(err, ErrClosed) {
			t.Errorf("next of a closed spool: %v", err)
		}
	})
}

// Losses are told once a second, as one event for each reason.
func TestLossesAreToldOnceASecond(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var events []Event
		s := still(t, newMemDisk(), Config{QueueRecords: 10})
		s.cfg.Event = func(e Event) { events = append(events, e) }
		go s.run()
		time.Sleep(time.Hour)
		for range 100 {
			for n := range uint64(11) {
				s.Append(payload(n, 10), true)
			}
			time.Sleep(50 * time.Millisecond)
		}
		synctest.Wait()
		if len(events) < 5 || len(events) > 6 {
			t.Errorf("%d events in 5 s", len(events))
		}
		closeSpool(t, s)
		var sum uint64
		for _, e := range events {
			sum += e.Records
			if want := fmt.Sprintf("%d alerts lost: they came faster than the disk takes them", e.Records); e.String() != want {
				t.Errorf("%q", e.String())
			}
		}
		if n := s.Stats().Lost[LostQueue]; sum != n || n < 100 {
			t.Errorf("%d told, %d counted", sum, s.Stats().Lost[LostQueue])
		}
	})
}

// Each reader goes at its own pace, and a segment stays until the last has had it.
func TestReadersAreIndependent(t *testing.T) {
	d := newMemDisk()
	s := still(t, d, Config{Readers: []string{"a", "b"}, SegmentBytes: 1000})
	fill(t, s, 1, 40, 60, 3)
	same(t, "a", numbers(t, drain(t, s, "a")), upTo(40))
	s.keep(time.Now())
	if len(d.segments()) != len(s.segs) || s.segs[0].first != 1 {
		t.Errorf("segments went before b had them")
	}
	same(t, "b", numbers(t, drain(t, s, "b")), upTo(40))
	s.keep(time.Now())
	if n := len(d.segments()); n > 1 {
		t.Errorf("%d segments are left", n)
	}
	fill(t, s, 41, 50, 60, 3)
	same(t, "late", numbers(t, drain(t, s, "c")), upTo(50, upTo(40)...)) // the oldest that is held
	s.Forget("b")
	drain(t, s, "a")
	s.keep(time.Now())
	if st := s.Stats(); len(st.Readers) != 2 || st.Records > 10 {
		t.Errorf("b holds segments that it was forgotten for: %+v", st)
	}
	s = still(t, d.kill(), Config{Readers: []string{"b"}})
	if got := s.Stats().Readers[0].Done; got != 40 {
		t.Errorf("b returns at %d, not at 40", got)
	}
}

// What was read and not done comes again, from the next user of the reader and after a restart.
func TestWhatIsNotDoneComesAgain(t *testing.T) {
	d := newMemDisk()
	s := still(t, d, Config{})
	fill(t, s, 1, 10, 60, 3)
	for range 2 {
		r, err := s.Reader("a")
		if err != nil {
			t.Fatal(err)
		}
		out, err := r.fill(t.Context(), 10)
		same(t, "read", numbers(t, out), upTo(10))
		if err != nil || r.Done(4) != nil {
			t.Fatal(err)
		}
		r.Close()
		same(t, "read again", numbers(t, drainNot(t, s)), upTo(10, 1, 2, 3, 4))
		r.done = 0
	}
	s.readers["a"].done = 4
	s.keep(time.Now())
	s = still(t, d.kill(), Config{})
	same(t, "after a restart", numbers(t, drain(t, s, "a")), upTo(10, 1, 2, 3, 4))
}

// drainNot reads all and is done with nothing.
func drainNot(t *testing.T, s *Spool) []Record {
	r, err := s.Reader("a")
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	out, err := r.fill(t.Context(), 1000)
	if err != nil {
		t.Fatal(err)
	}
	return out
}

// Numbers go up over restarts, even when all segments are gone.
func TestNumbersAreNeverUsedAgain(t *testing.T) {
	d := newMemDisk()
	next := uint64(1)
	for run := range 5 {
		s := still(t, d, Config{})
		fill(t, s, 1, 7, 60, 3)
		out := drain(t, s, "a")
		if len(out) != 7 || out[0].Seq != next {
			t.Fatalf("run %d: the first number is %d, want %d", run, out[0].Seq, next)
		}
		next += 7
		s.keep(time.Now())
		d = d.kill()
	}
	for _, name := range d.segments() {
		delete(d.names, name)
	}
	s := still(t, d, Config{})
	fill(t, s, 1, 1, 60, 3)
	if out := drain(t, s, "a"); len(out) != 1 || out[0].Seq != next {
		t.Errorf("without segments: %v", out)
	}
}

func TestRecordsAreWhole(t *testing.T) {
	before := time.Now().Truncate(time.Millisecond)
	s := still(t, newMemDisk(), Config{SegmentBytes: 4096})
	for i, size := range []int{0, 1, 4000, 4096, 100_000, MaxPayload} {
		if !s.Append([]byte(strings.Repeat("x", size)), i%2 == 0) {
			t.Fatalf("%d bytes were refused", size)
		}
		s.commit(time.Now())
	}
	for i, r := range drain(t, s, "a") {
		size := []int{0, 1, 4000, 4096, 100_000, MaxPayload}[i]
		if len(r.Payload) != size || r.Payload == nil || r.Urgent != (i%2 == 0) || r.Time.Before(before) || r.Time.After(time.Now()) {
			t.Errorf("record %d: %d bytes, urgent %v, %v", i, len(r.Payload), r.Urgent, r.Time)
		}
	}
}

// Next does not fill the memory with records.
func TestNextIsBounded(t *testing.T) {
	s := still(t, newMemDisk(), Config{})
	for n := range uint64(12) {
		s.Append(payload(n, 1000_000), true)
	}
	s.commit(time.Now())
	r, err := s.Reader("a")
	if err != nil {
		t.Fatal(err)
	}
	out, err := r.Next(t.Context(), 0)
	if err != nil || len(out) != 5 {
		t.Errorf("%d records of 1 MB at once, %v", len(out), err)
	}
}

// Appending allocates nothing once the buffers have their size.
func TestAppendDoesNotAllocate(t *testing.T) {
	s := still(t, newMemDisk(), Config{})
	p := payload(1, 1000)
	for range 2 {
		for range 200 {
			s.Append(p, false)
		}
		s.commit(time.Now())
	}
	if n := testing.AllocsPerRun(100, func() { s.Append(p, false) }); n > 0 {
		t.Errorf("%v allocations", n)
	}
}

func TestConfigNamesAllFaults(t *testing.T) {
	err := Config{MaxBytes: 1, SegmentBytes: 5, SyncEvery: -1, SyncRecords: -1, QueueRecords: -1, OnFull: 9, Readers: []string{"A/b", ""}}.Validate()
	for _, want := range []string{"dir:", "max_size 1:", "segment size 5:", "sync -1ns:", "syncs -1:", "queue:", "on_full:", `sink "A/b"`, `sink ""`} {
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q is not in:\n%v", want, err)
		}
	}
	if err := (Config{Dir: "x"}).Validate(); err != nil {
		t.Error(err)
	}
	for _, f := range []OnFull{DropNewest, DropOldest} {
		if got, err := ParseOnFull(f.String()); got != f || err != nil {
			t.Errorf("%v: %v, %v", f, got, err)
		}
	}
	if _, err := ParseOnFull("drop"); err == nil {
		t.Error("on_full drop is accepted")
	}
}

// Dead letters hold id, status and type, and nothing that could steer a terminal
// or forge a line; they are on disk before the cursor passes the record.
func TestDeadLetters(t *testing.T) {
	d := newMemDisk()
	s := still(t, d, Config{})
	fill(t, s, 1, 3, 60, 3)
	r, err := s.Reader("a")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := r.fill(t.Context(), 3); err != nil {
		t.Fatal(err)
	}
	r.DeadLetter("ID1", "400", "document_parsing_exception")
	r.DeadLetter("ID2\n{\"event.id\":\"forged\"}", "4\x1b[0m00", strings.Repeat("long", 100))
	if err := r.Done(2); err != nil {
		t.Fatal(err)
	}
	d.fault = func(_ int, op, name string) error {
		if strings.HasPrefix(name, "dead/") && op == "sync" {
			return errors.New("no")
		}
		return nil
	}
	s.keep(time.Now())
	if r.durable != 0 {
		t.Error("the cursor passed a dead letter that is not on disk")
	}
	d.fault = nil
	s.keep(time.Now())
	if r.durable != 2 {
		t.Errorf("the cursor is at %d", r.durable)
	}
	f := d.names["dead/a.jsonl"]
	f.data = append(f.data, `{"time":"2026-01-`...) // cut by a crash
	r.DeadLetter("ID3", "413", "too_large")
	s.keep(time.Now())
	var got []string
	if err := letters(d.crash(rand.New(rand.NewPCG(1, 1))), "a", func(l Letter) error {
		got = append(got, l.ID+" "+l.Status+" "+l.Kind[:min(26, len(l.Kind))])
		return nil
	}); err != nil {
		t.Fatal(err)
	}
	got = slices.Compact(got) // the first try may have left its lines
	want := []string{"ID1 400 document_parsing_exception", "ID2event.id:forged 40m00 " + strings.Repeat("long", 7)[:26], "ID3 413 too_large"}
	if fmt.Sprint(got) != fmt.Sprint(want) && fmt.Sprint(got) != fmt.Sprint(append(want[:2:2], want...)) {
		t.Errorf("dead letters:\n%q\nwant\n%q", got, want)
	}
	if n := s.Stats().Readers[0].Dead; n != 3 {
		t.Errorf("%d counted", n)
	}
}

// The files of dead letters do not grow for ever.
func TestDeadLettersAreBounded(t *testing.T) {
	d := newMemDisk()
	s := still(t, d, Config{})
	r, err := s.Reader("a")
	if err != nil {
		t.Fatal(err)
	}
	word := strings.Repeat("w", 96)
	for range 60 {
		for range 500 {
			r.DeadLetter(word, word, word)
		}
		s.keep(time.Now())
	}
	for _, name := range []string{"dead/a.jsonl", "dead/a.1.jsonl"} {
		if n := len(d.content(name)); n == 0 || n > deadBytes+deadWaits {
			t.Errorf("%s has %d bytes", name, n)
		}
	}
}

// Every kind of event has a word and a sentence, and every loss a reason.
func TestWords(t *testing.T) {
	seen := map[string]bool{}
	for k := Lost; k <= Strange; k++ {
		e := Event{Kind: k, Segment: "x.seg", Err: errors.New("cause")}
		if text := e.String(); seen[text] || seen[k.String()] || !strings.HasPrefix(text, "x.seg: ") || len(text) < 20 {
			t.Errorf("%s: %s", k, text)
		}
		seen[e.String()], seen[k.String()] = true, true
	}
	clear(seen)
	for l := range lossReasons {
		if seen[l.String()] || l.String() == "unknown" || lossTexts[l] == "" {
			t.Errorf("%d: %s", l, l)
		}
		seen[l.String()] = true
	}
}

// A reader that is given back while somebody waits in Next lets him go, and the
// next user begins where the last one was done.
func TestReaderIsGivenBack(t *testing.T) {
	d := newMemDisk()
	s := still(t, d, Config{})
	go s.run()
	r, err := s.Reader("a")
	if err != nil {
		t.Fatal(err)
	}
	ended := make(chan error)
	go func() {
		for {
			out, err := r.Next(context.Background(), 3)
			if err != nil {
				ended <- err
				return
			}
			if out[0].Seq < 10 {
				_ = r.Done(out[0].Seq)
			}
		}
	}()
	for n := uint64(1); n <= 10; n++ {
		s.Append(payload(n, 20), false)
	}
	wait(t, "all is read", func() bool { return s.Stats().Readers[0].Read == 10 })
	r.Close()
	if err := <-ended; !errors.Is(err, ErrClosed) {
		t.Errorf("next: %v", err)
	}
	if err := r.Done(10); !errors.Is(err, ErrClosed) {
		t.Errorf("done after close: %v", err)
	}
	r.Close()
	if got := numbers(t, drain(t, s, "a")); got[0] > 10 || got[len(got)-1] != 10 || len(got) > 3 {
		t.Errorf("the next user reads %v", got)
	}
	s.Forget("a")
	wait(t, "the reader is forgotten", func() bool { return len(s.Stats().Readers) == 0 })
	closeSpool(t, s)
	if got := still(t, d.kill(), Config{}).Stats().Readers[0].Done; got != 10 {
		t.Errorf("forgotten at %d, not at 10", got)
	}
}
