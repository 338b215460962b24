package delivery

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"cleartap/output"
)

// fakeSink answers as its script says, and remembers what it took.
type fakeSink struct {
	mu     sync.Mutex
	answer func(now time.Duration, r []output.Record) ([]output.Verdict, error)
	born   time.Time
	stored map[string]int
	order  []string
	calls  []time.Duration
	closed bool
}

func newFake(answer func(time.Duration, []output.Record) ([]output.Verdict, error)) *fakeSink {
	return &fakeSink{answer: answer, born: time.Now(), stored: map[string]int{}}
}

func (f *fakeSink) Send(_ context.Context, r []output.Record) ([]output.Verdict, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	now := time.Since(f.born)
	f.calls = append(f.calls, now)
	v, err := f.answer(now, r)
	for i := range v {
		if v[i].Outcome == output.Done {
			f.stored[r[i].ID]++
			f.order = append(f.order, r[i].ID)
		}
	}
	return v, err
}

func (f *fakeSink) Close() error { f.closed = true; return nil }

func all(o output.Outcome, n int) []output.Verdict {
	v := make([]output.Verdict, n)
	for i := range v {
		v[i] = output.Verdict{Outcome: o}
	}
	return v
}

func takes(_ time.Duration, r []output.Record) ([]output.Verdict, error) {
	return all(output.Done, len(r)), nil
}

func record(i int) output.Record {
	return output.Record{ID: fmt.Sprintf("id%06d", i), Dataset: "cleartap.alert", JSON: []byte(`{"n":1}`)}
}

// told collects events.
type told struct {
	mu   sync.Mutex
	list []Event
}

func (t *told) note(e Event) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.list = append(t.list, e)
}

func (t *told) kinds() string {
	t.mu.Lock()
	defer t.mu.Unlock()
	var s []string
	for _, e := range t.list {
		s = append(s, e.Kind.String())
	}
	return strings.Join(s, " ")
}

// feed puts n records and says that no more come.
func feed(t *testing.T, q *Queue, n int) {
	t.Helper()
	for i := range n {
		if err := q.Put(t.Context(), record(i)); err != nil {
			t.Fatal(err)
		}
	}
	q.Close()
}

func (f *fakeSink) onceEach(t *testing.T, n int) {
	t.Helper()
	f.mu.Lock()
	defer f.mu.Unlock()
	for i := range n {
		if got := f.stored[record(i).ID]; got != 1 {
			t.Fatalf("record %d was stored %d times, want once", i, got)
		}
	}
	if len(f.stored) != n {
		t.Fatalf("%d records were stored, want %d", len(f.stored), n)
	}
}

func TestDeliversInOrderAndFinishes(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f, q := newFake(takes), NewQueue(100, 0)
		d := Start(Config{Name: "x", Sink: f, Source: q, Batch: 7})
		feed(t, q, 1000) // more than the queue holds: Put waits
		if err := d.Drain(t.Context()); err != nil {
			t.Fatal(err)
		}
		f.onceEach(t, 1000)
		for i, id := range f.order {
			if id != record(i).ID {
				t.Fatalf("at place %d came %s", i, id)
			}
		}
		s := d.Stats()
		if s.Delivered != 1000 || s.Waiting != 0 || s.State != Working || !s.Finished || !f.closed || q.Offered() != 1000 {
			t.Errorf("stats %+v, sink closed %v, offered %d", s, f.closed, q.Offered())
		}
	})
}

// An outage: nothing is lost, nothing comes twice, the pauses grow and are bounded,
// and it is told once that it failed and once that it works again.
func TestOutage(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const outage = 10 * time.Minute
		f := newFake(func(now time.Duration, r []output.Record) ([]output.Verdict, error) {
			if now < outage {
				return nil, &output.Fault{Cause: "connection refused"}
			}
			return takes(now, r)
		})
		q, heard := NewQueue(0, 0), &told{}
		d := Start(Config{Name: "x", Sink: f, Source: q, Notify: heard.note})
		for i := range 5000 {
			if err := q.Put(t.Context(), record(i)); err != nil {
				t.Fatal(err)
			}
		}
		time.Sleep(outage + 2*time.Minute)
		synctest.Wait()
		f.onceEach(t, 5000)
		if got := heard.kinds(); got != "failing recovered" {
			t.Errorf("told %q, want failing and recovered, once each", got)
		}
		if n := len(f.calls); n > 10+60 || n < 10 {
			t.Errorf("%d calls in %v: the pauses are not those of a backoff", n, outage)
		}
		for i := 1; i < len(f.calls); i++ {
			if gap := f.calls[i] - f.calls[i-1]; gap > time.Minute+time.Second {
				t.Errorf("a pause of %v, want a minute at most", gap)
			}
		}
		q.Close()
		if err := d.Drain(t.Context()); err != nil {
			t.Error(err)
		}
	})
}

// Verdicts per record: those that were not taken are sent again, and only those.
func TestSingleVerdicts(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		tries := map[string]int{}
		f := newFake(func(_ time.Duration, r []output.Record) ([]output.Verdict, error) {
			v := all(output.Done, len(r))
			for i := range r {
				n := tries[r[i].ID]
				tries[r[i].ID]++
				switch r[i].ID[len(r[i].ID)-1] {
				case '3': // busy twice
					if n < 2 {
						v[i] = output.Verdict{Status: "429", Kind: "es_rejected_execution_exception"}
					}
				case '5':
					v[i] = output.Verdict{Outcome: output.Dead, Status: "400", Kind: "document_parsing_exception"}
				case '7':
					v[i].Duplicate = true
				}
			}
			return v, nil
		})
		q, heard := NewQueue(0, 0), &told{}
		d := Start(Config{Name: "x", Sink: f, Source: q, GiveUp: time.Minute, Notify: heard.note})
		feed(t, q, 100)
		if err := d.Drain(t.Context()); err != nil {
			t.Fatal(err)
		}
		s := d.Stats()
		if s.Delivered != 90 || s.Dead != 10 || s.Duplicates != 10 || s.Retries != 20 {
			t.Errorf("stats %+v", s)
		}
		for id, n := range tries {
			want := 1
			if strings.HasSuffix(id, "3") {
				want = 3
			}
			if n != want {
				t.Errorf("%s was sent %d times, want %d", id, n, want)
			}
		}
		letters := q.Letters()
		if len(letters) != 10 || letters[0] != (Letter{"id000005", "400", "document_parsing_exception"}) {
			t.Errorf("%d dead letters, the first %+v", len(letters), letters)
		}
		if got := heard.kinds(); !strings.Contains(got, "refused") || strings.Count(got, "refused") > 2 {
			t.Errorf("told %q, want the dead letters told in one or two lines", got)
		}
	})
}

// One record that nobody takes does not stop those behind it.
func TestStuckRecordDelaysNoOther(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		free := false
		f := newFake(func(_ time.Duration, r []output.Record) ([]output.Verdict, error) {
			v := all(output.Done, len(r))
			for i := range r {
				if r[i].ID == record(0).ID && !free {
					v[i] = output.Verdict{Outcome: output.Hold, Status: "403", Kind: "cluster_block_exception"}
				}
			}
			return v, nil
		})
		q, heard := NewQueue(0, 0), &told{}
		d := Start(Config{Name: "x", Sink: f, Source: q, Batch: 10, Notify: heard.note})
		for i := range 60 {
			if err := q.Put(t.Context(), record(i)); err != nil {
				t.Fatal(err)
			}
			time.Sleep(time.Second)
		}
		synctest.Wait()
		if s := d.Stats(); s.Delivered != 59 || s.Waiting != 1 || s.State != Held {
			t.Errorf("stats %+v, want all but the one that is held", s)
		}
		if got := heard.kinds(); got != "held" {
			t.Errorf("told %q, want it told once", got)
		}
		f.mu.Lock()
		free = true
		f.mu.Unlock()
		time.Sleep(time.Minute)
		synctest.Wait()
		if got := heard.kinds(); got != "held recovered" {
			t.Errorf("told %q", got)
		}
		q.Close()
		if err := d.Drain(t.Context()); err != nil {
			t.Error(err)
		}
		f.onceEach(t, 60)
	})
}

// A sink that hangs, one that panics and one that refuses everything delay no other.
func TestSinksAreApart(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		sinks := map[string]output.Sink{
			"good": newFake(takes),
			"panics": newFake(func(time.Duration, []output.Record) ([]output.Verdict, error) {
				panic("s3cret of a record")
			}),
			"wrong": newFake(func(time.Duration, []output.Record) ([]output.Verdict, error) {
				return nil, errors.New("s3cret of a server")
			}),
			"hangs": hanging{},
		}
		heard, queues, running := &told{}, map[string]*Queue{}, map[string]*Delivery{}
		for name, s := range sinks {
			queues[name] = NewQueue(0, 0)
			running[name] = Start(Config{Name: name, Sink: s, Source: queues[name], GiveUp: 30 * time.Second, Notify: heard.note})
			feed(t, queues[name], 100)
		}
		begun := time.Now()
		if err := running["good"].Drain(t.Context()); err != nil || time.Since(begun) > time.Second {
			t.Errorf("the good sink: %v after %v", err, time.Since(begun))
		}
		for _, name := range []string{"panics", "wrong"} {
			if err := running[name].Drain(t.Context()); !errors.Is(err, ErrUnfinished) {
				t.Errorf("%s: %v", name, err)
			}
			if s := running[name].Stats(); s.State != GaveUp || s.Delivered != 0 {
				t.Errorf("%s: %+v", name, s)
			}
		}
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		begun = time.Now()
		if err := running["hangs"].Drain(ctx); !errors.Is(err, ErrUnfinished) || time.Since(begun) > 3*time.Second {
			t.Errorf("the sink that hangs: %v after %v", err, time.Since(begun))
		}
		for _, e := range heard.list {
			if strings.Contains(e.String(), "s3cret") {
				t.Errorf("an event quotes: %s", e)
			}
		}
	})
}

// hanging never answers before its context ends.
type hanging struct{}

func (hanging) Send(ctx context.Context, _ []output.Record) ([]output.Verdict, error) {
	<-ctx.Done()
	return nil, &output.Fault{Cause: "no answer"}
}
func (hanging) Close() error { return nil }

// In a scan a fault of the configuration gives up at once, another one after patience.
func TestGiveUp(t *testing.T) {
	for _, hold := range []bool{true, false} {
		synctest.Test(t, func(t *testing.T) {
			f := newFake(func(time.Duration, []output.Record) ([]output.Verdict, error) {
				return nil, &output.Fault{Cause: "the key is unknown (status 401)", Cure: "make another", Hold: hold}
			})
			q, heard := NewQueue(10, 0), &told{}
			d := Start(Config{Name: "x", Sink: f, Source: q, GiveUp: 30 * time.Second, Notify: heard.note})
			begun, refused := time.Now(), 0
			for i := range 50 {
				if q.Put(t.Context(), record(i)) != nil {
					refused++
				}
			}
			q.Close()
			if err := d.Drain(t.Context()); !errors.Is(err, ErrUnfinished) {
				t.Errorf("Drain: %v", err)
			}
			took := time.Since(begun)
			if hold && took > time.Second || !hold && (took < 29*time.Second || took > 40*time.Second) {
				t.Errorf("hold %v: gave up after %v", hold, took)
			}
			if refused < 30 || q.Offered() != 50 {
				t.Errorf("%d of 50 records refused, %d offered", refused, q.Offered())
			}
			if got := heard.kinds(); !strings.HasSuffix(got, "gave_up") {
				t.Errorf("told %q", got)
			}
		})
	}
}

// keeping is a source that keeps what is not done, as the spool does.
type keeping struct {
	*Queue
	upTo atomic.Uint64
}

func (k *keeping) Done(seq uint64) error {
	k.upTo.Store(seq)
	return k.Queue.Done(seq)
}

// A live sensor that ends tries a sink once more and does not wait for it.
func TestDrainWithoutWaiting(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFake(func(time.Duration, []output.Record) ([]output.Verdict, error) {
			return nil, &output.Fault{Cause: "connection refused"}
		})
		k := &keeping{Queue: NewQueue(0, 0)}
		d := Start(Config{Name: "x", Sink: f, Source: k})
		if err := k.Put(t.Context(), record(0)); err != nil {
			t.Fatal(err)
		}
		time.Sleep(10 * time.Minute)
		f.mu.Lock()
		before, begun := len(f.calls), time.Now()
		f.mu.Unlock()
		if err := d.Drain(t.Context()); !errors.Is(err, ErrUnfinished) {
			t.Errorf("Drain: %v", err)
		}
		if took := time.Since(begun); took > time.Second || len(f.calls) != before+1 {
			t.Errorf("it took %v and %d tries", took, len(f.calls)-before)
		}
		if k.upTo.Load() != 0 {
			t.Errorf("Done(%d), though nothing was delivered", k.upTo.Load())
		}
	})
}

// Drain with a source that keeps: what is there is still sent, an empty source ends it.
func TestDrainSendsWhatIsThere(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f, k := newFake(takes), &keeping{Queue: NewQueue(0, 0)}
		d := Start(Config{Name: "x", Sink: f, Source: k, Batch: 10})
		for i := range 1000 {
			if err := k.Put(t.Context(), record(i)); err != nil {
				t.Fatal(err)
			}
		}
		if err := d.Drain(t.Context()); err != nil {
			t.Fatal(err)
		}
		f.onceEach(t, 1000)
		if k.upTo.Load() != 1000 {
			t.Errorf("Done up to %d, want 1000", k.upTo.Load())
		}
	})
}

// Done never passes a record that is not settled.
func TestDoneWaitsForTheFirst(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFake(func(now time.Duration, r []output.Record) ([]output.Verdict, error) {
			v := all(output.Done, len(r))
			for i := range r {
				if r[i].ID == record(3).ID && now < time.Minute {
					v[i] = output.Verdict{}
				}
			}
			return v, nil
		})
		k := &keeping{Queue: NewQueue(0, 0)}
		d := Start(Config{Name: "x", Sink: f, Source: k})
		for i := range 10 {
			if err := k.Put(t.Context(), record(i)); err != nil {
				t.Fatal(err)
			}
		}
		time.Sleep(30 * time.Second)
		synctest.Wait()
		if k.upTo.Load() != 3 {
			t.Errorf("Done up to %d while the fourth record waits, want 3", k.upTo.Load())
		}
		time.Sleep(3 * time.Minute)
		synctest.Wait()
		if k.upTo.Load() != 10 {
			t.Errorf("Done up to %d at the end, want 10", k.upTo.Load())
		}
		k.Close()
		if err := d.Drain(t.Context()); err != nil {
			t.Error(err)
		}
	})
}

// A server's wish for patience is respected, within bounds.
func TestServerAsksForPatience(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n := 0
		f := newFake(func(now time.Duration, r []output.Record) ([]output.Verdict, error) {
			if n++; n == 1 {
				return nil, &output.Fault{Cause: "it is busy (status 429)", After: 90 * time.Second}
			}
			return takes(now, r)
		})
		q := NewQueue(0, 0)
		d := Start(Config{Name: "x", Sink: f, Source: q})
		feed(t, q, 1)
		time.Sleep(time.Millisecond)
		synctest.Wait()
		time.Sleep(3 * time.Minute)
		if err := d.Drain(t.Context()); err != nil {
			t.Fatal(err)
		}
		if gap := f.calls[1] - f.calls[0]; gap < 90*time.Second || gap > 92*time.Second {
			t.Errorf("sent again after %v, want 90s", gap)
		}
	})
}

func TestEmptyDocumentIsADeadLetter(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f, q := newFake(takes), NewQueue(0, 0)
		d := Start(Config{Name: "x", Sink: f, Source: q})
		_ = q.Put(t.Context(), output.Record{})
		feed(t, q, 3)
		if err := d.Drain(t.Context()); err != nil {
			t.Fatal(err)
		}
		f.onceEach(t, 3)
		if l := q.Letters(); len(l) != 1 || l[0].Status != "unreadable" {
			t.Errorf("dead letters %+v", l)
		}
	})
}

// That something was refused for good is told at once, not with the next record.
func TestDeadLettersAreToldAtOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFake(func(_ time.Duration, r []output.Record) ([]output.Verdict, error) {
			v := all(output.Dead, len(r))
			v[0].Status, v[0].Kind = "400", "document_parsing_exception"
			return v, nil
		})
		q, heard := NewQueue(0, 0), &told{}
		d := Start(Config{Name: "x", Sink: f, Source: q, Notify: heard.note})
		if err := q.Put(t.Context(), record(0)); err != nil {
			t.Fatal(err)
		}
		time.Sleep(time.Second)
		synctest.Wait()
		if got := heard.kinds(); got != "refused" {
			t.Errorf("told %q within a second", got)
		}
		q.Close()
		if err := d.Drain(t.Context()); err != nil {
			t.Error(err)
		}
	})
}

func TestBackoff(t *testing.T) {
	p := Pace{}.withDefaults()
	for n := range 100 {
		bound := min(time.Minute, time.Second<<max(0, min(n-1, 20)))
		if n == 0 {
			bound = time.Minute
		}
		var least, most time.Duration = time.Hour, 0
		for range 2000 {
			d := p.backoff(n)
			least, most = min(least, d), max(most, d)
		}
		if least <= 0 || most > bound || most < bound/2 || least > bound/4 {
			t.Errorf("after %d tries %v to %v, want any time up to %v", n, least, most, bound)
		}
	}
	for range 1000 {
		if d := p.hold(); d < 15*time.Second || d > 30*time.Second {
			t.Fatalf("hold %v", d)
		}
	}
}
