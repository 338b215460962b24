package elasticsearch

import (
	"sync"
	"testing"
	"time"

	"cleartap/output"
	"cleartap/output/elasticsearch/testnode"
)

// Each failure is provoked on a real node while alerts flow; then it is mended. All
// alerts must be there once, and the failure must have been told in our words.
func TestFailuresOfTheCluster(t *testing.T) {
	n := node(t)
	install(t, n)
	for _, c := range []struct {
		name         string
		provoke      func(stream string) error
		mend         func(stream string) error
		tells, state string
	}{
		{
			"killed", func(string) error { n.Kill(); return nil }, func(string) error { return n.Start() },
			"connection refused", "failing",
		},
		{
			"stopped in order", func(string) error { return n.Stop() }, func(string) error { return n.Start() },
			"connection refused", "failing",
		},
		{
			"overloaded as a whole",
			func(string) error { return n.Cluster(map[string]any{"indices.breaker.total.limit": "1%"}) },
			func(string) error { return n.Cluster(map[string]any{"indices.breaker.total.limit": nil}) },
			"the cluster is overloaded (status 429)", "failing",
		},
		{
			"disks nearly full",
			func(s string) error {
				return n.Settings(s, map[string]any{"index.blocks.read_only_allow_delete": true})
			},
			func(s string) error { return n.Settings(s, map[string]any{"index.blocks.read_only_allow_delete": nil}) },
			"the index is read-only (429 cluster_block_exception)", "failing",
		},
		{
			"closed to writers",
			func(s string) error { return n.Settings(s, map[string]any{"index.blocks.write": true}) },
			func(s string) error { return n.Settings(s, map[string]any{"index.blocks.write": nil}) },
			"the index is closed to writers (403 cluster_block_exception)", "held",
		},
		{
			"frozen", func(string) error { return n.Freeze() }, func(string) error { return n.Thaw() },
			"no answer within 1s", "failing",
		},
	} {
		t.Run(c.name, func(t *testing.T) {
			ns := namespace(t)
			key, mu := sensorKey(t, n), sync.Mutex{}
			f := start(t, n, ns, open(t, n, func(conf *Config) {
				conf.Namespace, conf.Credentials, conf.Timeout = ns, with(&key, &mu), time.Second
			}))
			f.put(300)
			f.delivered()
			if err := c.provoke(f.stream); err != nil {
				t.Fatal(err)
			}
			f.put(300)
			f.hears(c.state + ": ")
			f.hears(c.tells)
			if err := c.mend(f.stream); err != nil {
				t.Fatal(err)
			}
			f.put(300)
			f.finish()
			f.hears("recovered: ")
		})
	}
}

// The shard is nowhere: the node answers 503 for each record. The site's own component
// template, which ours leave room for, is what makes it so.
func TestShardIsAway(t *testing.T) {
	n := node(t)
	install(t, n)
	custom := func(method string, body any) {
		t.Helper()
		if err := n.Do(method, "/_component_template/cleartap-custom", body, nil); err != nil {
			t.Fatal(err)
		}
	}
	const nobody = "index.routing.allocation.require._name"
	custom("PUT", map[string]any{"template": map[string]any{"settings": map[string]any{nobody: "nobody"}}})
	ns, mu := namespace(t), sync.Mutex{}
	key := sensorKey(t, n)
	f := start(t, n, ns, open(t, n, func(c *Config) { c.Namespace, c.Credentials, c.Timeout = ns, with(&key, &mu), 2*time.Second }))
	f.put(100)
	f.hears("the shard that alerts go to is away (503 unavailable_shards_exception)")
	if err := n.Settings(f.stream, map[string]any{nobody: nil}); err != nil {
		t.Fatal(err)
	}
	custom("PUT", map[string]any{"template": map[string]any{}})
	f.put(100)
	f.finish()
}

// A key that ends: the alerts wait; with a new key in the same place they go on.
func TestKeyIsInvalidated(t *testing.T) {
	n := node(t)
	install(t, n)
	ns, mu := namespace(t), sync.Mutex{}
	id, key, err := n.APIKey("first", nil)
	if err != nil {
		t.Fatal(err)
	}
	s := open(t, n, func(c *Config) { c.Namespace, c.Credentials = ns, with(&key, &mu) })
	s.grace = 500 * time.Millisecond
	f := start(t, n, ns, s)
	f.put(100)
	f.delivered()
	if err := n.Invalidate(id); err != nil {
		t.Fatal(err)
	}
	f.put(100)
	f.hears("failing: ")
	f.hears("held: ")
	f.hears("does not accept the key or password (status 401)")
	fresh := sensorKey(t, n)
	mu.Lock()
	key = fresh
	mu.Unlock()
	f.put(100)
	f.finish()
}

// A key without the right to write here.
func TestKeyMayNotWrite(t *testing.T) {
	n := node(t)
	install(t, n)
	ns, mu := namespace(t), sync.Mutex{}
	_, key, err := n.APIKey("narrow", map[string]any{"cluster": []string{}, "indices": []any{map[string]any{"names": []string{"other-*"}, "privileges": []string{"create_doc", "auto_configure"}}}})
	if err != nil {
		t.Fatal(err)
	}
	f := start(t, n, ns, open(t, n, func(c *Config) { c.Namespace, c.Credentials = ns, with(&key, &mu) }))
	f.put(100)
	f.hears("held: ")
	f.hears("may not write")
	fresh := sensorKey(t, n)
	mu.Lock()
	key = fresh
	mu.Unlock()
	f.finish()
}

// The least role suffices to make the stream and to append, and for nothing else.
func TestLeastRole(t *testing.T) {
	n := node(t)
	install(t, n)
	ns, mu := namespace(t), sync.Mutex{}
	key := sensorKey(t, n)
	s := open(t, n, func(c *Config) { c.Namespace, c.Credentials = ns, with(&key, &mu) })
	f := start(t, n, ns, s)
	f.put(10)
	f.delivered()
	for _, r := range []struct{ method, path, body string }{
		{"GET", "/" + f.stream + "/_search", ""},
		{"DELETE", "/" + f.stream + "/_doc/ID00000001", ""},
		{"PUT", "/" + f.stream + "/_settings", `{"index.blocks.write":true}`},
		{"POST", "/elsewhere/_doc", `{"a":1}`},
		{"PUT", "/_index_template/cleartap", `{"index_patterns":["x"]}`},
		{"GET", "/_security/api_key", ""},
		{"GET", "/_cluster/settings", ""},
	} {
		a, err := s.request(t.Context(), r.method, r.path, []byte(r.body))
		if err != nil || a.status != 403 && a.status != 405 {
			t.Errorf("%s %s: %+v, %v, want it forbidden", r.method, r.path, a, err)
		}
	}
	if _, err := s.Setup(t.Context(), SetupOptions{}); err == nil || err.Error() != "the key or user may not make templates (status 403): use one with the rights that cleartap export role --setup prints" {
		t.Errorf("setup with the key of a sensor: %v", err)
	}
	f.finish()
}

// Certificates that do not do: the alerts wait, and go on when the node has a good one.
func TestCertificates(t *testing.T) {
	n := node(t)
	install(t, n)
	stranger, err := testnode.NewAuthority("a stranger")
	if err != nil {
		t.Fatal(err)
	}
	now := time.Now()
	for _, c := range []struct {
		name     string
		by       *testnode.Authority
		from, to time.Time
		tells    string
	}{
		{"expired", n.CA, now.Add(-2 * time.Hour), now.Add(-time.Hour), "the certificate has expired"},
		{"not valid yet", n.CA, now.Add(time.Hour), now.Add(2 * time.Hour), "the certificate is not valid yet"},
		{"of an unknown authority", stranger, now.Add(-time.Hour), now.Add(time.Hour), "the certificate is of an unknown authority"},
	} {
		t.Run(c.name, func(t *testing.T) {
			ns, mu := namespace(t), sync.Mutex{}
			key := sensorKey(t, n)
			s := open(t, n, func(conf *Config) { conf.Namespace, conf.Credentials = ns, with(&key, &mu) })
			f := start(t, n, ns, s)
			f.put(50)
			f.delivered()
			if err := n.Certify(c.by, c.from, c.to); err != nil {
				t.Fatal(err)
			}
			f.await("the node to take the certificate", 20*time.Second, func() bool {
				s.wire.transport.CloseIdleConnections() // connections that are open stay good
				f.put(1)
				return f.run.Stats().State == 2
			})
			f.hears("held: ")
			f.hears(c.tells)
			if err := n.Certify(n.CA, now.Add(-time.Hour), now.Add(24*time.Hour)); err != nil {
				t.Fatal(err)
			}
			f.put(50)
			f.finish()
		})
	}
}

// The name in url must be one of the certificate's.
func TestCertificateOfAnotherName(t *testing.T) {
	n := node(t)
	s := open(t, n, func(c *Config) { c.URLs = []string{"https://127.0.0.1:" + portOf(n.URL()[len("https://"):])} })
	_, err := s.Send(t.Context(), []output.Record{alert(0)})
	fault, ok := err.(*output.Fault) //nolint:errorlint // it is one, or the test fails
	if !ok || !fault.Hold || fault.Cause != "127.0.0.1:"+portOf(n.URL()[8:])+": the certificate is for another name than 127.0.0.1" {
		t.Errorf("%v", err)
	}
}

// What the server wants smaller is sent smaller; what is too long alone is a dead letter.
func TestTooLong(t *testing.T) {
	n := node(t)
	install(t, n)
	ns, mu := namespace(t), sync.Mutex{}
	key := sensorKey(t, n)
	s := open(t, n, func(c *Config) { c.Namespace, c.Credentials, c.MaxBytes = ns, with(&key, &mu), 64<<20 })
	f := start(t, n, ns, s)
	for i := range 300 {
		if err := f.queue.Put(t.Context(), padded(i, 20_000)); err != nil { // 6 MB together
			t.Fatal(err)
		}
	}
	if err := f.queue.Put(t.Context(), padded(300, maxContent)); err != nil {
		t.Fatal(err)
	}
	f.sent = 301
	f.delivered()
	f.sent = 300
	f.queue.Close()
	if err := f.run.Drain(t.Context()); err != nil {
		t.Fatal(err)
	}
	f.onceEach()
	if l := f.queue.Letters(); len(l) != 1 || l[0].ID != "ID00000300" || l[0].Status != "413" {
		t.Errorf("dead letters %+v", l)
	}
	if s.room > maxContent {
		t.Errorf("requests of %d bytes are still tried, though the server takes %d", s.room, maxContent)
	}
}
