package elasticsearch

import (
	"errors"
	"os"
	"strings"
	"sync"
	"testing"

	"cleartap/output"
	"cleartap/output/delivery"
	"cleartap/output/elasticsearch/testnode"
)

// A node with a queue for one write, that wants client certificates, and knows no
// templates.
func TestNarrowNode(t *testing.T) {
	n, err := testnode.New(testnode.Options{Dir: t.TempDir(), Settings: []string{
		"thread_pool.write.size=1", "thread_pool.write.queue_size=1", "xpack.security.http.ssl.client_authentication=required",
	}})
	if err != nil {
		t.Fatal(err)
	}
	defer n.Kill()
	cert, key, err := n.CA.Write(t.TempDir(), "sensor")
	if err != nil {
		t.Fatal(err)
	}
	n.Cert, n.Key = cert, key
	boss := open(t, n, func(c *Config) {
		c.CertFile, c.KeyFile = cert, key
		c.Credentials = func() (Credentials, error) {
			return Credentials{Username: testnode.Admin, Password: testnode.Password}, nil
		}
	})
	apiKey, err := boss.CreateKey(t.Context(), "sensor", "1h")
	if err != nil {
		t.Fatal(err)
	}
	mu := sync.Mutex{}
	sensor := func(ns string, withCert bool) *Sink {
		return open(t, n, func(c *Config) {
			c.Namespace, c.Credentials = ns, with(&apiKey, &mu)
			if withCert {
				c.CertFile, c.KeyFile = cert, key
			}
		})
	}
	t.Run("without a client certificate", func(t *testing.T) {
		_, err := sensor("x", false).Send(t.Context(), []output.Record{alert(0)})
		if f := (*output.Fault)(nil); !errors.As(err, &f) || !f.Hold || !strings.Contains(f.Cause, "refused our side of TLS") {
			t.Errorf("%v", err)
		}
	})
	t.Run("without templates", func(t *testing.T) { noTemplates(t, n, boss, sensor("missing", true)) })
	t.Run("overloaded by many writers", func(t *testing.T) { manyWriters(t, n, func() *Sink { return sensor("many", true) }) })
}

// Without the template there is no data stream, and no ordinary index is made in
// its place.
func noTemplates(t *testing.T, n *testnode.Node, boss, s *Sink) {
	f := start(t, n, "missing", s)
	f.put(100)
	f.hears("held: ")
	f.hears("run cleartap setup elasticsearch")
	if status, _, err := n.Raw("GET", "/"+f.stream, nil); err != nil || status != 404 {
		t.Errorf("an index was made without the template: %d, %v", status, err)
	}
	steps, err := boss.Setup(t.Context(), SetupOptions{})
	if err != nil || len(steps) != 3 || steps[0].Done != "created" || steps[2].Done != "created" {
		t.Fatalf("%+v, %v", steps, err)
	}
	f.put(100)
	f.finish()
	again(t, n, boss)
}

// Setup may be done again; it changes the retention, and leaves what is newer alone.
func again(t *testing.T, n *testnode.Node, boss *Sink) {
	t.Helper()
	steps, err := boss.Setup(t.Context(), SetupOptions{Retention: "30d"})
	if err != nil || steps[0].Done != "updated" || steps[1].Done != "updated" || steps[2].Done != "updated" {
		t.Fatalf("%+v, %v", steps, err)
	}
	status, answer, err := n.Raw("GET", "/_component_template/cleartap-settings", nil)
	if err != nil || status != 200 || !strings.Contains(string(answer), `"30d"`) {
		t.Errorf("the retention is not there: %s, %v", answer, err)
	}
	newer := strings.Replace(string(steps[0].Body), `"version": 1`, `"version": 99`, 1)
	if err := n.Do("PUT", "/_component_template/cleartap-settings", newer, nil); err != nil {
		t.Fatal(err)
	}
	if steps, err = boss.Setup(t.Context(), SetupOptions{}); err != nil || !strings.HasPrefix(steps[0].Done, "left as it is") {
		t.Errorf("%+v, %v", steps, err)
	}
}

// Many writers at once get refusals of whole requests and of single records.
func manyWriters(t *testing.T, n *testnode.Node, sink func() *Sink) {
	const writers, each = 32, 100
	flows := make([]*flow, writers)
	for w := range flows {
		flows[w] = start(t, n, "many", sink())
	}
	for i := range writers * each {
		if err := flows[i%writers].queue.Put(t.Context(), alert(i)); err != nil {
			t.Fatal(err)
		}
	}
	var retries uint64
	for _, f := range flows {
		f.sent = each
		f.delivered()
		f.queue.Close()
		if err := f.run.Drain(t.Context()); err != nil {
			t.Fatal(err)
		}
		retries += f.run.Stats().Retries
	}
	if retries == 0 {
		t.Error("nothing was refused: the test does not test")
	}
	t.Logf("%d records were sent again", retries)
	flows[0].sent = writers * each
	flows[0].onceEach()
}

// A document that the mapping refuses is a dead letter, told without what it held; those
// beside it are stored; and what was there before counts as stored.
func TestRefusedDocuments(t *testing.T) {
	n := node(t)
	install(t, n)
	ns, mu := namespace(t), sync.Mutex{}
	key := sensorKey(t, n)
	s := open(t, n, func(c *Config) { c.Namespace, c.Credentials = ns, with(&key, &mu) })
	const canary = "hunter2-canary"
	bad := []output.Record{alert(900), alert(901), alert(902), alert(903)}
	bad[0].JSON = []byte(strings.Replace(string(bad[0].JSON), `"198.51.100.7"`, `"`+canary+`"`, 1)) // no address
	bad[1].JSON = []byte(strings.Replace(string(bad[1].JSON), `"@timestamp":"`, `"@timestamp":"`+canary, 1))
	bad[2].JSON = []byte(`{"event":{"id":"x"},"` + canary + `":1}`) // no time
	bad[3].JSON = []byte(`{"` + canary + `":`)                      // no JSON
	f := start(t, n, ns, s)
	for _, r := range bad {
		if err := f.queue.Put(t.Context(), r); err != nil {
			t.Fatal(err)
		}
	}
	f.put(100)
	f.sent += len(bad)
	f.delivered()
	f.sent -= len(bad)
	f.queue.Close()
	if err := f.run.Drain(t.Context()); err != nil {
		t.Fatal(err)
	}
	f.onceEach()
	letters := f.queue.Letters()
	if len(letters) != len(bad) {
		t.Fatalf("%d dead letters: %+v", len(letters), letters)
	}
	for _, l := range letters {
		if l.Status != "400" || !strings.HasPrefix(l.ID, "ID0000090") || strings.Contains(l.Kind, canary) {
			t.Errorf("%+v", l)
		}
	}
	if strings.Contains(f.told(), canary) {
		t.Errorf("told: %s", f.told())
	}

	twice, q := delivery.NewQueue(0, 0), s
	run := delivery.Start(delivery.Config{Name: "again", Sink: q, Source: twice, Pace: quick})
	for i := range 100 {
		if err := twice.Put(t.Context(), alert(i)); err != nil {
			t.Fatal(err)
		}
	}
	twice.Close()
	if err := run.Drain(t.Context()); err != nil {
		t.Fatal(err)
	}
	if st := run.Stats(); st.Duplicates != 100 || st.Delivered != 100 {
		t.Errorf("%+v, want all of them counted as there before", st)
	}
	f.onceEach()
}

// Fingerprints: of the authority, of the node's own certificate, and wrong ones.
func TestFingerprint(t *testing.T) {
	n := node(t)
	own, err := os.ReadFile(n.CAFile())
	if err != nil || len(own) == 0 {
		t.Fatal(err)
	}
	pin := fingerprint(n.CA.Cert.Raw)
	for _, c := range []struct{ name, pin, url, tells string }{
		{"of the authority", pin, n.URL(), ""},
		{"with colons", colons(pin), n.URL(), ""},
		{"wrong", strings.Repeat("00", 32), n.URL(), "no certificate of the server has the fingerprint"},
		{"of the authority, for another name", pin, strings.Replace(n.URL(), "localhost", "127.0.0.1", 1), "the certificate is for another name"},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := open(t, n, func(conf *Config) { conf.CAFile, conf.Fingerprint, conf.URLs = "", c.pin, []string{c.url} })
			_, err := s.Send(t.Context(), []output.Record{alert(0)})
			if err == nil {
				t.Fatal("it was stored without a key")
			}
			if c.tells == "" {
				c.tells = "does not accept the key or password" // TLS was good
			}
			if !strings.Contains(err.Error(), c.tells) {
				t.Errorf("%v, want %q", err, c.tells)
			}
		})
	}
}
