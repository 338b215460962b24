package elasticsearch

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	toxiproxy "github.com/Shopify/toxiproxy/v2"

	"cleartap/output/delivery"
	"cleartap/output/elasticsearch/testnode"
	"cleartap/output/spool"
)

// An outage while alerts go into a spool: the node is killed and stays away, then comes
// back, and while the backlog goes in it answers 413, 429, 403, hangs, and connections
// are reset in the middle of answers. All alerts are there once, and memory stays flat.
// With CLEARTAP_PROVE=1: five minutes, 100,000 alerts.
func TestOutage(t *testing.T) {
	alerts, outage := 4000, 3*time.Second
	if os.Getenv("CLEARTAP_PROVE") == "1" {
		alerts, outage = 100_000, 5*time.Minute
	}
	n := node(t)
	install(t, n)
	ns, mu := namespace(t), sync.Mutex{}
	key := sensorKey(t, n)
	kept, err := spool.Open(spool.Config{Dir: filepath.Join(t.TempDir(), "spool"), Readers: []string{"elasticsearch"}})
	if err != nil {
		t.Fatal(err)
	}
	reader, err := kept.Reader("elasticsearch")
	if err != nil {
		t.Fatal(err)
	}
	f := &flow{t: t, node: n, stream: Stream("cleartap.alert", ns)}
	p, url := proxy(t, n)
	s := open(t, n, func(c *Config) {
		c.URLs, c.Namespace, c.Credentials, c.Timeout = []string{url}, ns, with(&key, &mu), 4*time.Second
	})
	f.run = delivery.Start(delivery.Config{Name: "elasticsearch", Sink: s, Source: delivery.FromSpool(reader), Notify: f.note,
		Batch: 2000, Pace: delivery.Pace{Last: 2 * time.Second, Hold: time.Second}}) // so many are more than the node takes at once
	appendTo(t, kept, f, 100)
	f.delivered()

	n.Kill()
	before, end := heap(), time.Now().Add(outage)
	most := before
	for f.sent < alerts*9/10 {
		appendTo(t, kept, f, min(500, alerts-f.sent))
		most = max(most, heap())
		time.Sleep(outage / time.Duration(2*alerts/500))
	}
	f.hears("failing: ")
	time.Sleep(time.Until(end))
	if waiting := f.run.Stats().Delivered; waiting != 100 {
		t.Errorf("%d alerts were delivered while the node was away", waiting)
	}
	if err := n.Start(); err != nil {
		t.Fatal(err)
	}
	first := waitMoving(f)
	for _, x := range troubles(t, n, p) {
		f.forget()
		x.provoke(t, f)
		appendTo(t, kept, f, alerts/50)
		f.hears(x.tells)
		most = max(most, heap())
		x.mend(t, f)
	}
	appendTo(t, kept, f, alerts-f.sent)
	if s.room > maxContent {
		t.Errorf("requests of %d bytes are still tried, though the node takes %d", s.room, maxContent)
	}
	for f.run.Stats().Delivered < uint64(f.sent) && time.Since(first) < 5*time.Minute {
		most = max(most, heap())
		time.Sleep(20 * time.Millisecond)
	}
	took := time.Since(first)
	t.Logf("%d alerts after an outage of %v in %v, other troubles among them: %.0f a second; heap %d MiB, at most %d MiB",
		alerts, outage, took.Round(time.Millisecond), float64(alerts-100)/took.Seconds(), before>>20, most>>20)
	if most > before+64<<20 {
		t.Errorf("the heap grew from %d to %d MiB", before>>20, most>>20)
	}
	if err := f.run.Drain(t.Context()); err != nil {
		t.Fatal(err)
	}
	reader.Close()
	if err := kept.Close(t.Context()); err != nil {
		t.Fatal(err)
	}
	f.onceEach()
}

// trouble is what a node does beside being away.
type trouble struct {
	tells         string
	provoke, mend func(*testing.T, *flow)
}

func troubles(t *testing.T, n *testnode.Node, p *toxiproxy.Proxy) []trouble {
	t.Helper()
	try := func(what func(*flow) error) func(*testing.T, *flow) {
		return func(t *testing.T, f *flow) {
			t.Helper()
			if err := what(f); err != nil {
				t.Fatal(err)
			}
		}
	}
	block := func(name string, value any) func(*testing.T, *flow) {
		return try(func(f *flow) error { return n.Settings(f.stream, map[string]any{name: value}) })
	}
	breaker := func(value any) func(*testing.T, *flow) {
		return try(func(*flow) error { return n.Cluster(map[string]any{"indices.breaker.total.limit": value}) })
	}
	return []trouble{
		{"the cluster is overloaded (status 429)", breaker("1%"), breaker(nil)},
		{"the index is read-only (429 cluster_block_exception)", block("index.blocks.read_only_allow_delete", true), block("index.blocks.read_only_allow_delete", nil)},
		{"the index is closed to writers (403 cluster_block_exception)", block("index.blocks.write", true), block("index.blocks.write", nil)},
		{"no answer within 4s", try(func(*flow) error { return n.Freeze() }), try(func(*flow) error { return n.Thaw() })},
		{
			"the connection broke off", func(t *testing.T, _ *flow) {
				t.Helper()
				toxic{Type: "limit_data", Stream: "downstream", Attributes: map[string]any{"bytes": 3000}}.into(t, p)
			},
			try(func(*flow) error { return p.Toxics.RemoveToxic(context.Background(), "broken") }),
		},
	}
}

// The rate from the spool into one node that has run a while. Only the long form, of
// 100,000 alerts, holds it against 5,000 a second: a busy machine says nothing.
func TestRate(t *testing.T) {
	alerts, rate := 4000, 0.0
	if os.Getenv("CLEARTAP_PROVE") == "1" {
		alerts, rate = 100_000, 5000
	}
	n := node(t)
	install(t, n)
	ns, mu := namespace(t), sync.Mutex{}
	key := sensorKey(t, n)
	kept, err := spool.Open(spool.Config{Dir: filepath.Join(t.TempDir(), "spool"), Readers: []string{"elasticsearch"}})
	if err != nil {
		t.Fatal(err)
	}
	reader, err := kept.Reader("elasticsearch")
	if err != nil {
		t.Fatal(err)
	}
	f := &flow{t: t, node: n, stream: Stream("cleartap.alert", ns)}
	for f.sent < alerts {
		appendTo(t, kept, f, min(500, alerts-f.sent))
	}
	s := open(t, n, func(c *Config) { c.Namespace, c.Credentials = ns, with(&key, &mu) })
	ours, theirs := cpu(os.Getpid()), cpu(n.Pid())
	begun := time.Now()
	f.run = delivery.Start(delivery.Config{Name: "elasticsearch", Sink: s, Source: delivery.FromSpool(reader), Notify: f.note})
	f.await("all acknowledged", 10*time.Minute, func() bool { return f.run.Stats().Delivered == uint64(alerts) })
	took := time.Since(begun)
	got := float64(alerts) / took.Seconds()
	t.Logf("%d alerts in %v: %.0f a second; processor time: %v ours, %v of the node", alerts, took.Round(time.Millisecond), got, cpu(os.Getpid())-ours, cpu(n.Pid())-theirs)
	if got < rate {
		t.Errorf("%.0f alerts a second, want %.0f", got, rate)
	}
	if err := f.run.Drain(t.Context()); err != nil {
		t.Fatal(err)
	}
	reader.Close()
	if err := kept.Close(t.Context()); err != nil {
		t.Fatal(err)
	}
	f.onceEach()
}

// cpu is the processor time of a process so far, to the hundredth of a second.
func cpu(pid int) time.Duration {
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		return 0
	}
	fields := strings.Fields(string(text[strings.LastIndexByte(string(text), ')')+1:]))
	user, _ := strconv.Atoi(fields[11])
	system, _ := strconv.Atoi(fields[12])
	return time.Duration(user+system) * 10 * time.Millisecond
}

// waitMoving waits until the backlog begins to shrink and gives that moment.
func waitMoving(f *flow) time.Time {
	f.t.Helper()
	f.await("the backlog to shrink", 2*time.Minute, func() bool { return f.run.Stats().Delivered > 100 })
	return time.Now()
}

func appendTo(t *testing.T, s *spool.Spool, f *flow, n int) {
	t.Helper()
	for range n {
		r := alert(f.sent)
		if !s.Append(r.JSON, false) {
			t.Fatalf("the spool refused alert %d: %+v", f.sent, s.Stats().Lost)
		}
		f.sent++
	}
	if err := s.Flush(t.Context()); err != nil {
		t.Fatal(err)
	}
}

// heap is what is in use, after a collection.
func heap() uint64 {
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return m.HeapAlloc
}

// From the spool to a document that a search finds: two seconds at most while idle.
// Only the long form holds the figure against the limit: a busy machine says nothing.
func TestLatency(t *testing.T) {
	tries := 3
	if os.Getenv("CLEARTAP_PROVE") == "1" {
		tries = 30
	}
	n := node(t)
	install(t, n)
	ns, mu := namespace(t), sync.Mutex{}
	key := sensorKey(t, n)
	kept, err := spool.Open(spool.Config{Dir: filepath.Join(t.TempDir(), "spool"), Readers: []string{"elasticsearch"}})
	if err != nil {
		t.Fatal(err)
	}
	reader, err := kept.Reader("elasticsearch")
	if err != nil {
		t.Fatal(err)
	}
	s := open(t, n, func(c *Config) { c.Namespace, c.Credentials = ns, with(&key, &mu) })
	f := &flow{t: t, node: n, stream: Stream("cleartap.alert", ns)}
	f.run = delivery.Start(delivery.Config{Name: "elasticsearch", Sink: s, Source: delivery.FromSpool(reader), Notify: f.note})
	appendTo(t, kept, f, 1)
	f.delivered()
	var stored, found time.Duration
	for range tries {
		begun := time.Now()
		id := fmt.Sprintf("ID%08d", f.sent)
		r := alert(f.sent)
		if !kept.Append(r.JSON, false) {
			t.Fatal("the spool is full")
		}
		f.sent++
		f.await("the acknowledgement", 20*time.Second, func() bool { return f.run.Stats().Delivered == uint64(f.sent) })
		stored = max(stored, time.Since(begun))
		f.await("the document to be found", 20*time.Second, func() bool {
			var c struct{ Count int }
			return n.Do("POST", "/"+f.stream+"/_count", `{"query":{"ids":{"values":["`+id+`"]}}}`, &c) == nil && c.Count == 1
		})
		found = max(found, time.Since(begun))
	}
	t.Logf("of %d alerts the slowest was acknowledged after %v, found after %v", tries, stored.Round(time.Millisecond), found.Round(time.Millisecond))
	if tries == 30 && found > 2*time.Second {
		t.Errorf("found after %v, want 2s at most", found)
	}
	if err := f.run.Drain(t.Context()); err != nil {
		t.Fatal(err)
	}
	reader.Close()
	if err := kept.Close(t.Context()); err != nil {
		t.Fatal(err)
	}
}
