//go:build linux

package deliverytest

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/kmsg"

	"cleartap/output"
	"cleartap/output/elasticsearch"
	"cleartap/output/elasticsearch/testnode"
	"cleartap/output/kafka/testbroker"
	"cleartap/output/syslog/testdaemon"
)

// cluster is a node with cleartap's templates and a sensor's key.
type cluster struct {
	*testnode.Node
	key string // file
}

const stream = "logs-cleartap.alert-default"

func newCluster(t *testing.T) *cluster {
	t.Helper()
	n, err := testnode.New(testnode.Options{Dir: t.TempDir()})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(n.Kill)
	c := &cluster{n, filepath.Join(t.TempDir(), "key")}
	c.prepare(t)
	return c
}

// prepare installs the templates and makes a key.
func (c *cluster) prepare(t *testing.T) {
	t.Helper()
	boss, err := elasticsearch.New(elasticsearch.Config{URLs: []string{c.URL()}, CAFile: c.CAFile(), Credentials: func() (elasticsearch.Credentials, error) {
		return elasticsearch.Credentials{Username: testnode.Admin, Password: testnode.Password}, nil
	}})
	if err != nil {
		t.Fatal(err)
	}
	defer boss.Close()
	if _, err := boss.Setup(t.Context(), elasticsearch.SetupOptions{}); err != nil {
		t.Fatal(err)
	}
	key, err := boss.CreateKey(t.Context(), "sensor", "1h")
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(c.key, []byte(key), 0o600); err != nil {
		t.Fatal(err)
	}
}

// flags name the cluster on a command line.
func (c *cluster) flags(t *testing.T) []string {
	t.Setenv("CLEARTAP_ELASTICSEARCH_API_KEY_FILE", c.key)
	return []string{"--elasticsearch", c.URL(), "--elasticsearch-ca", c.CAFile()}
}

// counts gives how often each id is there.
func (c *cluster) counts(t *testing.T) map[string]int {
	t.Helper()
	ids, err := c.IDs(stream)
	if err != nil {
		t.Fatal(err)
	}
	return ids
}

// logins counts the logins that are there.
func (c *cluster) logins(t *testing.T) int {
	t.Helper()
	var found struct{ Count int }
	if err := c.Do("POST", "/"+stream+"/_refresh", nil, nil); err != nil {
		return 0 // there is no stream yet
	}
	if err := c.Do("POST", "/"+stream+"/_count", `{"query":{"prefix":{"user.name":"u"}}}`, &found); err != nil {
		t.Fatal(err)
	}
	return found.Count
}

// receiver is a real syslog receiver.
type receiver struct{ *testdaemon.Daemon }

// newReceivers makes rsyslog, with TLS and client certificates, and syslog-ng, by TCP.
func newReceivers(t *testing.T) (rs, ng *receiver, flags []string) {
	t.Helper()
	root, ok := testdaemon.Packages(t)
	if !ok {
		t.Fatal("no rsyslog")
	}
	a := testdaemon.NewAuthority(t)
	a.Server(t, nil)
	cert, key := a.Client(t)
	rs, ng = &receiver{testdaemon.Rsyslog(t, root, a, "gtls")}, &receiver{testdaemon.SyslogNG(t, root, a)}
	rs.Start()
	ng.Start()
	secure := "tls://" + rs.Addr("mutual") + "?tls.ca=" + a.CA + "&tls.certificate=" + cert + "&tls.key=" + key
	return rs, ng, []string{"--syslog", secure, "--syslog", "tcp://" + ng.Addr("tcp"), "--syslog-format", "json-cee"}
}

// plainReceiver makes a syslog-ng that is not started yet.
func plainReceiver(t *testing.T) *testdaemon.Daemon {
	t.Helper()
	root, ok := testdaemon.Packages(t)
	if !ok {
		t.Fatal("no syslog-ng")
	}
	a := testdaemon.NewAuthority(t)
	a.Server(t, nil)
	d := testdaemon.SyslogNG(t, root, a)
	d.Ready = []string{"tcp"}
	d.Release()
	return d
}

// counts gives how often each id came. What came twice must be the same.
func (r *receiver) counts(t *testing.T) map[string]int {
	t.Helper()
	ids, texts := map[string]int{}, map[string]string{}
	for _, l := range r.Lines() {
		_, doc, ok := strings.Cut(l.Msg, "@cee: ")
		rec, err := output.ParseRecord([]byte(doc))
		if !ok || err != nil {
			t.Fatalf("the receiver wrote %q: %v", l.Msg, err)
		}
		noSecret(t, "a syslog message", []byte(l.Raw))
		if before, again := texts[rec.ID]; again && before != doc {
			t.Errorf("%s came with two texts", rec.ID)
		}
		ids[rec.ID]++
		texts[rec.ID] = doc
	}
	return ids
}

// queue is a topic of a Kafka broker.
type queue struct{ *testbroker.Broker }

const topic = "alerts"

func newQueue(t *testing.T) (*queue, []string) {
	t.Helper()
	b, err := testbroker.New(testbroker.Options{Dir: t.TempDir()})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(b.Kill)
	cl, err := kgo.NewClient(kgo.SeedBrokers(b.Clear()))
	if err != nil {
		t.Fatal(err)
	}
	defer cl.Close()
	one := kmsg.NewCreateTopicsRequestTopic()
	one.Topic, one.NumPartitions, one.ReplicationFactor = topic, 3, 1
	req := kmsg.NewCreateTopicsRequest()
	req.Topics, req.TimeoutMillis = append(req.Topics, one), 30000
	if resp, err := req.RequestWith(t.Context(), cl); err != nil || resp.Topics[0].ErrorCode != 0 {
		t.Fatalf("make the topic: %v, %v", resp, err)
	}
	return &queue{b}, []string{"--kafka", b.Clear() + "/" + topic}
}

// counts gives how often each id is in the topic.
func (q *queue) counts(t *testing.T) map[string]int {
	t.Helper()
	cl, err := kgo.NewClient(kgo.SeedBrokers(q.Clear()), kgo.ConsumeTopics(topic), kgo.ConsumeResetOffset(kgo.NewOffset().AtStart()))
	if err != nil {
		t.Fatal(err)
	}
	defer cl.Close()
	ids, texts := map[string]int{}, map[string]string{}
	for wait := 20 * time.Second; ; wait = 2 * time.Second {
		ctx, cancel := context.WithTimeout(t.Context(), wait)
		got := cl.PollFetches(ctx).Records()
		cancel()
		if len(got) == 0 {
			return ids
		}
		for _, r := range got {
			id := string(r.Key)
			noSecret(t, "a record of Kafka", r.Value)
			if before, again := texts[id]; again && before != string(r.Value) {
				t.Errorf("%s came with two texts", id)
			}
			ids[id]++
			texts[id] = string(r.Value)
		}
	}
}
