package kafka

import (
	"bytes"
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/json"
	"encoding/pem"
	"errors"
	"fmt"
	"math/big"
	mrand "math/rand/v2"
	"net"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/kmsg"

	"cleartap/output"
	"cleartap/output/delivery"
	"cleartap/output/format"
	"cleartap/output/format/formattest"
	"cleartap/output/kafka/testbroker"
	"cleartap/output/transport"
)

// pki makes an authority and certificates of it: ca.pem, server.pem and client.pem
// with their keys in NAME.key, and both in NAME-both.pem.
func pki(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	var ca *x509.Certificate
	var caKey *ecdsa.PrivateKey
	for i, name := range []string{"ca", "server", "client"} {
		key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
		if err != nil {
			t.Fatal(err)
		}
		c := &x509.Certificate{SerialNumber: big.NewInt(int64(i + 1)), Subject: pkix.Name{CommonName: name}, NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
			IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)}, ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth, x509.ExtKeyUsageClientAuth}}
		if ca == nil {
			c.IsCA, c.BasicConstraintsValid, c.KeyUsage = true, true, x509.KeyUsageCertSign
			ca, caKey = c, key
		}
		der, err := x509.CreateCertificate(rand.Reader, c, ca, &key.PublicKey, caKey)
		if err != nil {
			t.Fatal(err)
		}
		secret, err := x509.MarshalPKCS8PrivateKey(key)
		if err != nil {
			t.Fatal(err)
		}
		if name == "ca" {
			if ca, err = x509.ParseCertificate(der); err != nil {
				t.Fatal(err)
			}
		}
		cert, k := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}), pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: secret})
		for file, text := range map[string][]byte{name + ".pem": cert, name + ".key": k, name + "-both.pem": append(append([]byte{}, k...), cert...)} {
			if err := os.WriteFile(filepath.Join(dir, file), text, 0o600); err != nil {
				t.Fatal(err)
			}
		}
	}
	return dir
}

func open(t *testing.T, c Config) *Sink {
	t.Helper()
	if c.Timeout == 0 {
		c.Timeout = 20 * time.Second
	}
	s, err := New(c)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Close() })
	return s
}

// topic makes a topic of three partitions.
func topic(t *testing.T, b *testbroker.Broker, name string) string {
	t.Helper()
	cl, err := kgo.NewClient(kgo.SeedBrokers(b.Clear()))
	if err != nil {
		t.Fatal(err)
	}
	defer cl.Close()
	one := kmsg.NewCreateTopicsRequestTopic()
	one.Topic, one.NumPartitions, one.ReplicationFactor = name, 3, 1
	req := kmsg.NewCreateTopicsRequest()
	req.Topics, req.TimeoutMillis = append(req.Topics, one), 30000
	if resp, err := req.RequestWith(t.Context(), cl); err != nil || resp.Topics[0].ErrorCode != 0 {
		t.Fatalf("make topic %s: %v, %v", name, resp, err)
	}
	return name
}

// consume reads a topic to its end.
func consume(t *testing.T, b *testbroker.Broker, name string, least int) []*kgo.Record {
	t.Helper()
	cl, err := kgo.NewClient(kgo.SeedBrokers(b.Clear()), kgo.ConsumeTopics(name), kgo.ConsumeResetOffset(kgo.NewOffset().AtStart()))
	if err != nil {
		t.Fatal(err)
	}
	defer cl.Close()
	var all []*kgo.Record
	for wait := time.Minute; ; {
		ctx, cancel := context.WithTimeout(t.Context(), wait)
		got := cl.PollFetches(ctx).Records()
		cancel()
		if all = append(all, got...); len(got) == 0 && len(all) >= least {
			return all
		}
		if len(got) == 0 {
			t.Fatalf("topic %s has %d records, not %d", name, len(all), least)
		}
		if len(all) >= least {
			wait = 500 * time.Millisecond
		}
	}
}

func records(prefix string, n int) []output.Record {
	r := mrand.New(mrand.NewPCG(1, 1))
	var all []output.Record
	for i := range n {
		a := formattest.Hostile(r)
		a.Event.ID = fmt.Sprintf("%s%06d", prefix, i)
		all = append(all, output.NewRecord(&a))
	}
	return all
}

func send(t *testing.T, s *Sink, r []output.Record) {
	t.Helper()
	v, err := s.Send(t.Context(), r)
	if err != nil {
		t.Fatal(err)
	}
	for i := range r {
		if v[i].Outcome != output.Done {
			t.Fatalf("record %d: %+v", i, v[i])
		}
	}
}

// The whole life of a sink with a real broker; one broker serves all parts.
func TestARealBroker(t *testing.T) {
	certs := pki(t)
	at := func(name string) string { return filepath.Join(certs, name) }
	b, err := testbroker.New(testbroker.Options{Dir: t.TempDir(), Keys: at("server-both.pem"), Trust: at("ca.pem")})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(b.Kill)
	password := func() (string, error) { return testbroker.Password, nil }
	mutual := transport.TLS{CA: at("ca.pem"), Certificate: at("client.pem"), Key: at("client.key")}

	t.Run("records arrive as they are", func(t *testing.T) {
		name := topic(t, b, "plain")
		all := records("P", 500)
		send(t, open(t, Config{Brokers: []string{b.Clear()}, Topic: name, Format: format.JSON}), all)
		got := consume(t, b, name, len(all))
		byKey := map[string][]byte{}
		for _, r := range got {
			byKey[string(r.Key)] = r.Value
		}
		for _, r := range all {
			if !bytes.Equal(byKey[r.ID], r.JSON) {
				t.Fatalf("%s came as %q", r.ID, byKey[r.ID])
			}
		}
		if len(got) != len(all) {
			t.Errorf("%d came, not %d", len(got), len(all))
		}
	})
	t.Run("ways in", func(t *testing.T) {
		name := topic(t, b, "ways")
		ways := map[string]Config{"tls": {Brokers: []string{b.TLS()}, Secure: true, TLS: mutual}}
		for _, m := range Mechanisms() {
			ways[m] = Config{Brokers: []string{b.SASL()}, Login: Login{Mechanism: m, Username: testbroker.User, Password: password}}
		}
		for what, c := range ways {
			c.Topic, c.Format = name, format.JSON
			t.Log(what)
			send(t, open(t, c), records(what, 20))
		}
		consume(t, b, name, 20*len(ways))
	})
	t.Run("formats and keys", func(t *testing.T) {
		for _, f := range []format.Format{format.EVE, format.OCSF} {
			name := topic(t, b, f.String())
			send(t, open(t, Config{Brokers: []string{b.Clear()}, Topic: name, Format: f, Key: BySource}), records("F", 30))
			for _, r := range consume(t, b, name, 30) {
				if !json.Valid(r.Value) || !strings.ContainsAny(string(r.Key), ".:0") {
					t.Fatalf("%q: %q", r.Key, r.Value)
				}
			}
		}
	})
	t.Run("faults", func(t *testing.T) { faults(t, b, mutual, password) })
	t.Run("rate", func(t *testing.T) {
		if os.Getenv("CLEARTAP_PROVE") == "" {
			t.Log("left out without CLEARTAP_PROVE")
			return
		}
		name := topic(t, b, "rate")
		s, all := open(t, Config{Brokers: []string{b.Clear()}, Topic: name, Format: format.JSON}), records("R", 50_000)
		begun := time.Now()
		for i := 0; i < len(all); i += 500 {
			send(t, s, all[i:i+500])
		}
		t.Logf("%.0f alerts/s acknowledged", float64(len(all))/time.Since(begun).Seconds())
	})
	t.Run("a broker that is killed loses nothing", func(t *testing.T) { killed(t, b) })
}

func faults(t *testing.T, b *testbroker.Broker, mutual transport.TLS, password func() (string, error)) {
	name := topic(t, b, "faults")
	wrong := func() (string, error) { return "wrong", nil }
	closed, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	nobody := closed.Addr().String()
	closed.Close()
	var wg sync.WaitGroup
	for want, c := range map[string]struct {
		config Config
		hold   bool
	}{
		"there is no such topic":      {Config{Brokers: []string{b.Clear()}, Topic: "none"}, true},
		"the login is refused":        {Config{Brokers: []string{b.SASL()}, Topic: name, Login: Login{Mechanism: "PLAIN", Username: testbroker.User, Password: wrong}}, true},
		"the login is refused ":       {Config{Brokers: []string{b.SASL()}, Topic: name, Login: Login{Mechanism: "SCRAM-SHA-512", Username: "nobody", Password: password}}, true},
		"an authority that is not":    {Config{Brokers: []string{b.TLS()}, Topic: name, Secure: true}, true},
		"refuses the connection by":   {Config{Brokers: []string{b.TLS()}, Topic: name, Secure: true, TLS: transport.TLS{CA: mutual.CA}}, true},
		"nobody listens at " + nobody: {Config{Brokers: []string{nobody}, Topic: name}, false},
		"no such host":                {Config{Brokers: []string{"nowhere.invalid:9092"}, Topic: name}, false},
		"closed the connection":       {Config{Brokers: []string{b.Clear()}, Topic: name, Secure: true, TLS: mutual}, false},
	} {
		c.config.Format, c.config.Timeout = format.JSON, 4*time.Second
		s := open(t, c.config)
		wg.Go(func() {
			v, err := s.Send(t.Context(), records("X", 2))
			var f *output.Fault
			if !errors.As(err, &f) || !strings.Contains(f.Cause+" ", want) || f.Hold != c.hold || v[1].Outcome == output.Done {
				t.Errorf("want %q, hold %v: got %v, %v", want, c.hold, err, v)
			}
		})
	}
	wg.Wait()
	large := formattest.Sample()
	for range 9000 {
		large.Related.User = append(large.Related.User, fmt.Sprint(mrand.Uint64(), mrand.Uint64()))
	}
	large.Event.ID = "LARGE"
	v, err := open(t, Config{Brokers: []string{b.Clear()}, Topic: name, Format: format.JSON}).Send(t.Context(), []output.Record{records("S", 1)[0], output.NewRecord(&large), records("S", 2)[1]})
	if err != nil || v[0].Outcome != output.Done || v[1].Outcome != output.Dead || v[1].Kind != "message_too_large" || v[2].Outcome != output.Done {
		t.Errorf("too large: %+v, %v", v, err)
	}
}

// killed kills the broker while alerts flow, and freezes it once.
func killed(t *testing.T, b *testbroker.Broker) {
	name := topic(t, b, "killed")
	n, kills := 3000, 1
	if os.Getenv("CLEARTAP_PROVE") != "" {
		n, kills = 50000, 10
	}
	s := open(t, Config{Brokers: []string{b.Clear()}, Topic: name, Format: format.JSON, Timeout: 3 * time.Second})
	q := delivery.NewQueue(0, 0)
	d := delivery.Start(delivery.Config{Name: "kafka", Sink: s, Source: q, Batch: 100, Pace: delivery.Pace{First: 100 * time.Millisecond, Last: time.Second}})
	all := records("K", n)
	for i, r := range all {
		if i > 0 && i%(n/(kills+1)) == 0 && i < n-10 {
			b.Kill()
			if err := b.Start(); err != nil {
				t.Fatal(err)
			}
		}
		if err := q.Put(t.Context(), r); err != nil {
			t.Fatal(err)
		}
	}
	q.Close()
	ctx, cancel := context.WithTimeout(t.Context(), 3*time.Minute)
	defer cancel()
	if err := d.Drain(ctx); err != nil {
		t.Errorf("%v, %+v", err, d.Stats())
	}
	got := consume(t, b, name, n)
	seen := map[string]int{}
	for _, r := range got {
		seen[string(r.Key)]++
	}
	lost := 0
	for _, r := range all {
		if seen[r.ID] == 0 {
			lost++
		}
	}
	t.Logf("%d alerts, %d kills, %d lost, %d records in the topic, %d sent again", n, kills, lost, len(got), d.Stats().Retries)
	if lost > 0 {
		t.Errorf("%d lost", lost)
	}
}
