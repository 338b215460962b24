package elasticsearch

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"cleartap/output"
	"cleartap/output/delivery"
	"cleartap/output/elasticsearch/testnode"
)

// The tests of this package share one node; it starts with the first that asks.
var shared struct {
	once sync.Once
	node *testnode.Node
	dir  string
	err  error
}

func TestMain(m *testing.M) {
	code := m.Run()
	if shared.node != nil {
		shared.node.Kill()
	}
	if shared.dir != "" {
		os.RemoveAll(shared.dir)
	}
	os.Exit(code)
}

// maxContent is the most that the shared node takes in one request, in bytes.
const maxContent = 1 << 20

func node(t *testing.T) *testnode.Node {
	t.Helper()
	shared.once.Do(func() {
		begun := time.Now()
		if shared.dir, shared.err = os.MkdirTemp("", "testnode"); shared.err != nil {
			return
		}
		shared.node, shared.err = testnode.New(testnode.Options{Dir: shared.dir, Settings: []string{fmt.Sprintf("http.max_content_length=%db", maxContent)}})
		t.Logf("a node was up after %v", time.Since(begun).Round(time.Millisecond))
	})
	if shared.err != nil {
		t.Fatal(shared.err)
	}
	return shared.node
}

// admin reaches the node as its administrator.
func admin(t *testing.T, n *testnode.Node) *Sink {
	t.Helper()
	return open(t, n, func(c *Config) {
		c.Credentials = func() (Credentials, error) {
			return Credentials{Username: testnode.Admin, Password: testnode.Password}, nil
		}
	})
}

// open makes a sink to a node.
func open(t *testing.T, n *testnode.Node, change func(*Config)) *Sink {
	t.Helper()
	c := Config{URLs: []string{n.URL()}, CAFile: n.CAFile(), Timeout: 20 * time.Second}
	change(&c)
	s, err := New(c)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	return s
}

// install installs the templates.
func install(t *testing.T, n *testnode.Node) {
	t.Helper()
	if _, err := admin(t, n).Setup(t.Context(), SetupOptions{}); err != nil {
		t.Fatal(err)
	}
}

// sensorKey makes an API key with the least role.
func sensorKey(t *testing.T, n *testnode.Node) string {
	t.Helper()
	key, err := admin(t, n).CreateKey(t.Context(), "sensor of "+t.Name(), "1h")
	if err != nil {
		t.Fatal(err)
	}
	return key
}

// with gives a key that may change.
func with(key *string, mu *sync.Mutex) func() (Credentials, error) {
	return func() (Credentials, error) {
		mu.Lock()
		defer mu.Unlock()
		return Credentials{APIKey: *key}, nil
	}
}

// namespace is one of the test's own, so that its data streams are.
func namespace(t *testing.T) string {
	name := strings.ToLower(strings.NewReplacer("/", ".", " ", "_", "-", "_", "#", "_").Replace(t.Name()))
	return strings.TrimPrefix(name, "test") + fmt.Sprintf("_%d", time.Now().UnixMilli()%1e8)
}

// alert makes the i-th alert of a test.
func alert(i int) output.Record {
	a := output.Synthetic(time.Date(2026, 11, 22, 10, 0, 0, 0, time.UTC).Add(time.Duration(i)*time.Millisecond), &output.Policy{SensorName: "sensor"})
	a.Event.ID = fmt.Sprintf("ID%08d", i)
	a.Tags = nil
	return output.NewRecord(&a)
}

// padded makes an alert longer.
func padded(i, size int) output.Record {
	r := alert(i)
	var doc map[string]any
	if err := json.Unmarshal(r.JSON, &doc); err != nil {
		panic(err)
	}
	doc["padding"] = strings.Repeat("x", size)
	r.JSON, _ = json.Marshal(doc)
	return r
}

// flow is a delivery under way and what was told of it.
type flow struct {
	t      *testing.T
	node   *testnode.Node
	stream string
	queue  *delivery.Queue
	run    *delivery.Delivery
	sent   int

	mu     sync.Mutex
	events []delivery.Event
}

// quick is the pace of tests.
var quick = delivery.Pace{First: 20 * time.Millisecond, Last: 300 * time.Millisecond, Hold: 200 * time.Millisecond}

func start(t *testing.T, n *testnode.Node, ns string, s output.Sink) *flow {
	t.Helper()
	f := &flow{t: t, node: n, stream: Stream("cleartap.alert", ns), queue: delivery.NewQueue(200_000, 1<<30)}
	f.run = delivery.Start(delivery.Config{Name: "elasticsearch", Sink: s, Source: f.queue, Pace: quick, Notify: f.note})
	return f
}

func (f *flow) note(e delivery.Event) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.events = append(f.events, e)
	f.t.Log(e)
}

// told gives all that was told.
func (f *flow) told() string {
	f.mu.Lock()
	defer f.mu.Unlock()
	var s []string
	for _, e := range f.events {
		s = append(s, e.Kind.String()+": "+e.String())
	}
	return strings.Join(s, "\n")
}

// forget forgets what was told.
func (f *flow) forget() {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.events = nil
}

// put hands over n more alerts.
func (f *flow) put(n int) {
	f.t.Helper()
	for range n {
		if err := f.queue.Put(f.t.Context(), alert(f.sent)); err != nil {
			f.t.Fatal(err)
		}
		f.sent++
	}
}

// await waits until something holds.
func (f *flow) await(what string, limit time.Duration, holds func() bool) {
	f.t.Helper()
	for end := time.Now().Add(limit); !holds(); time.Sleep(5 * time.Millisecond) {
		if time.Now().After(end) {
			f.t.Fatalf("not within %v: %s; stats %+v; told:\n%s", limit, what, f.run.Stats(), f.told())
		}
	}
}

// hears waits until something was told.
func (f *flow) hears(text string) {
	f.t.Helper()
	f.await("to be told "+text, 30*time.Second, func() bool { return strings.Contains(f.told(), text) })
}

// delivered waits until all that was put is acknowledged.
func (f *flow) delivered() {
	f.t.Helper()
	f.await("all acknowledged", time.Minute, func() bool { s := f.run.Stats(); return s.Delivered+s.Dead == uint64(f.sent) })
}

// finish ends the delivery and holds what is in the stream against what was put.
func (f *flow) finish() delivery.Stats {
	f.t.Helper()
	f.delivered()
	f.queue.Close()
	ctx, cancel := context.WithTimeout(f.t.Context(), time.Minute)
	defer cancel()
	if err := f.run.Drain(ctx); err != nil {
		f.t.Fatalf("%v; stats %+v; told:\n%s", err, f.run.Stats(), f.told())
	}
	f.onceEach()
	return f.run.Stats()
}

// onceEach holds the documents of the stream against what was put.
func (f *flow) onceEach() {
	f.t.Helper()
	if err := f.node.WaitReady(f.stream); err != nil {
		f.t.Fatal(err)
	}
	ids, err := f.node.IDs(f.stream)
	if err != nil {
		f.t.Fatal(err)
	}
	for i := range f.sent {
		if id := fmt.Sprintf("ID%08d", i); ids[id] != 1 {
			f.t.Fatalf("%s is there %d times, want once; %d of %d are there", id, ids[id], len(ids), f.sent)
		}
	}
	if len(ids) != f.sent {
		f.t.Errorf("%d documents, want %d", len(ids), f.sent)
	}
}

func fingerprint(der []byte) string {
	sum := sha256.Sum256(der)
	return hex.EncodeToString(sum[:])
}

func colons(s string) string {
	var parts []string
	for i := 0; i < len(s); i += 2 {
		parts = append(parts, strings.ToUpper(s[i:i+2]))
	}
	return strings.Join(parts, ":")
}
