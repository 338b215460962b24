package elasticsearch

import (
	"context"
	"encoding/json"
	"fmt"
	"net"
	"strings"
	"sync"
	"testing"
	"time"

	toxiproxy "github.com/Shopify/toxiproxy/v2"
	"github.com/rs/zerolog"

	"cleartap/output/elasticsearch/testnode"
)

// proxy puts a network that can be broken in front of a node. It gives the address to
// use instead of the node's.
func proxy(t *testing.T, n *testnode.Node) (*toxiproxy.Proxy, string) {
	t.Helper()
	server := toxiproxy.NewServer(toxiproxy.NewMetricsContainer(nil), zerolog.Nop())
	p := toxiproxy.NewProxy(server, "node", "127.0.0.1:0", fmt.Sprintf("127.0.0.1:%d", n.Port))
	if err := p.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(p.Stop)
	_, port, err := net.SplitHostPort(p.Listen)
	if err != nil {
		t.Fatal(err)
	}
	return p, "https://localhost:" + port
}

// toxic breaks the network.
type toxic struct {
	Name       string         `json:"name"`
	Type       string         `json:"type"`
	Stream     string         `json:"stream"`
	Attributes map[string]any `json:"attributes"`
}

func (x toxic) into(t *testing.T, p *toxiproxy.Proxy) {
	t.Helper()
	x.Name = "broken"
	text, err := json.Marshal(x)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := p.Toxics.AddToxicJson(strings.NewReader(string(text))); err != nil {
		t.Fatal(err)
	}
}

// Broken networks: what was stored and not acknowledged is sent again and stored once.
func TestBrokenNetworks(t *testing.T) {
	n := node(t)
	install(t, n)
	down, up := "downstream", "upstream"
	for _, c := range []struct {
		name  string
		toxic toxic
		tells string // empty: it is slow, but works
	}{
		{"answers are cut in the middle", toxic{Type: "limit_data", Stream: down, Attributes: map[string]any{"bytes": 3000}}, "the connection broke off"},
		{"requests are cut in the middle", toxic{Type: "limit_data", Stream: up, Attributes: map[string]any{"bytes": 2500}}, "the connection broke off"},
		{"reset", toxic{Type: "reset_peer", Stream: down, Attributes: map[string]any{"timeout": 0}}, "the connection broke off"},
		{"black hole", toxic{Type: "timeout", Stream: down, Attributes: map[string]any{"timeout": 0}}, "no answer within"},
		{"answers at a crawl", toxic{Type: "bandwidth", Stream: down, Attributes: map[string]any{"rate": 0}}, "no answer within"},
		{"answers in slices", toxic{Type: "slicer", Stream: down, Attributes: map[string]any{"average_size": 10, "size_variation": 5, "delay": 100}}, ""},
		{"far away", toxic{Type: "latency", Stream: down, Attributes: map[string]any{"latency": 200, "jitter": 50}}, ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			p, url := proxy(t, n)
			ns, mu := namespace(t), sync.Mutex{}
			key := sensorKey(t, n)
			f := start(t, n, ns, open(t, n, func(conf *Config) {
				conf.URLs, conf.Namespace, conf.Credentials, conf.Timeout = []string{url}, ns, with(&key, &mu), 1500*time.Millisecond
			}))
			f.put(50)
			f.delivered()
			c.toxic.into(t, p)
			f.put(600)
			if c.tells != "" {
				f.hears("failing: ")
				f.hears(c.tells)
			}
			if err := p.Toxics.RemoveToxic(context.Background(), "broken"); err != nil {
				t.Fatal(err)
			}
			f.put(50)
			s := f.finish()
			t.Logf("%d calls, %d records were stored before", s.Sends, s.Duplicates)
			if strings.HasPrefix(c.name, "answers are cut") && s.Duplicates == 0 {
				t.Error("no answer was lost: the test does not test")
			}
		})
	}
}

// Of several nodes one is away: the others take what it does not.
func TestOneOfSeveralNodesIsAway(t *testing.T) {
	n := node(t)
	install(t, n)
	ns, mu := namespace(t), sync.Mutex{}
	key := sensorKey(t, n)
	f := start(t, n, ns, open(t, n, func(c *Config) {
		c.URLs = []string{"https://localhost:9", n.URL(), "https://nowhere.invalid:9200"}
		c.Namespace, c.Credentials = ns, with(&key, &mu)
	}))
	for range 10 {
		f.put(20)
		f.delivered()
	}
	f.finish()
}
