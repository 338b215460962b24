package elasticsearch

import (
	"bytes"
	"compress/gzip"
	"crypto/tls"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"cleartap/output"
	"cleartap/output/elasticsearch/testnode"
)

// canary stands for values that a server quotes.
const canary = "s3cr3t-canary-hunter2"

// fake answers as a test says.
func fake(t *testing.T, h http.HandlerFunc) (*Sink, *httptest.Server) {
	t.Helper()
	server := httptest.NewServer(h)
	t.Cleanup(server.Close)
	s, err := New(Config{
		URLs:        []string{server.URL},
		Credentials: func() (Credentials, error) { return Credentials{APIKey: "id:" + canary}, nil },
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	return s, server
}

func records(n int) []output.Record {
	out := make([]output.Record, n)
	for i := range out {
		out[i] = alert(i)
	}
	return out
}

// items is an answer with these statuses.
func items(status ...int) string {
	var parts []string
	for _, s := range status {
		parts = append(parts, fmt.Sprintf(`{"create":{"status":%d,"error":{"type":"%s","reason":"%s"}}}`, s, canary, canary))
	}
	return `{"took":1,"errors":true,"items":[` + strings.Join(parts, ",") + `]}`
}

// Whatever a server answers, its texts stay out of what is told, and nothing is lost
// but what it refuses for good.
func TestAnswers(t *testing.T) {
	for _, c := range []struct {
		name   string
		status int
		body   string
		want   []output.Outcome // nil: nobody was judged
		hold   bool
		tells  string
	}{
		{"all kinds of items", 200, items(201, 409, 429, 503, 400, 403, 413, 404, 500, 200), []output.Outcome{
			output.Done, output.Done, output.Retry, output.Retry, output.Dead, output.Hold, output.Dead, output.Dead, output.Retry, output.Done}, false, "429"},
		{"an item without a status", 200, `{"items":[{"create":{}},{"create":{"status":201}}]}`, []output.Outcome{output.Retry, output.Done}, false, "did not take all"},
		{"an item of another kind", 200, `{"items":[{"index":{"status":201}}]}`, []output.Outcome{output.Retry}, false, "did not take all"},
		{"no data stream", 200, `{"items":[{"create":{"status":404,"error":{"type":"index_not_found_exception"}}}]}`, []output.Outcome{output.Hold}, true, "setup elasticsearch"},
		{"too few items", 200, items(201), nil, false, "tells of 1 records, 3 were sent"},
		{"no items", 200, `{"items":[]}`, nil, false, "tells of 0 records"},
		{"garbage", 200, "<html>" + canary, nil, false, "is not one of Elasticsearch"},
		{"nothing", 200, "", nil, false, "is not one of Elasticsearch"},
		{"cut", 200, items(201, 201, 201)[:80], nil, false, "is not one of Elasticsearch"},
		{"201 for all", 201, items(201), nil, true, "refuses the request (status 201)"},
		{"400", 400, canary, nil, true, "does not understand the request (status 400)"},
		{"401", 401, canary, nil, true, "does not accept the key or password (status 401)"},
		{"403", 403, canary, nil, true, "may not write there (status 403)"},
		{"404", 404, canary, nil, true, "no Elasticsearch answers"},
		{"405", 405, canary, nil, true, "no Elasticsearch answers"},
		{"408", 408, canary, nil, false, "not ready (status 408)"},
		{"429", 429, canary, nil, false, "overloaded (status 429)"},
		{"500", 500, canary, nil, false, "not ready (status 500)"},
		{"502", 502, canary, nil, false, "not ready (status 502)"},
		{"503", 503, canary, nil, false, "not ready (status 503)"},
		{"504", 504, canary, nil, false, "not ready (status 504)"},
		{"418", 418, canary, nil, true, "refuses the request (status 418)"},
	} {
		t.Run(c.name, func(t *testing.T) {
			s, _ := fake(t, func(w http.ResponseWriter, _ *http.Request) {
				w.Header().Set("X-Secret", canary)
				w.WriteHeader(c.status)
				_, _ = io.WriteString(w, c.body)
			})
			n := max(len(c.want), 1)
			if c.want == nil {
				n = 3
			}
			verdicts, err := s.Send(t.Context(), records(n))
			if len(verdicts) != len(c.want) {
				t.Fatalf("%d verdicts, want %d: %v", len(verdicts), len(c.want), err)
			}
			for i, v := range verdicts {
				if v.Outcome != c.want[i] || strings.Contains(v.Kind+v.Status, canary) {
					t.Errorf("item %d: %+v, want %v", i, v, c.want[i])
				}
			}
			var f *output.Fault
			if !errors.As(err, &f) || f.Hold != c.hold || !strings.Contains(f.Error(), c.tells) || strings.Contains(f.Error(), canary) {
				t.Errorf("%v, want hold %v and %q", err, c.hold, c.tells)
			}
		})
	}
}

// What a request is like.
func TestRequest(t *testing.T) {
	for _, plain := range []bool{false, true} {
		var got []string
		s, _ := fake(t, func(w http.ResponseWriter, r *http.Request) {
			if r.Method != http.MethodPost || r.URL.Path != "/_bulk" || r.URL.Query().Get("require_data_stream") != "true" || r.URL.Query().Get("filter_path") != "items.*.status,items.*.error.type" {
				t.Errorf("%s %s", r.Method, r.URL)
			}
			for name, want := range map[string]string{
				"Content-Type": "application/vnd.elasticsearch+x-ndjson;compatible-with=8", "Accept": "application/vnd.elasticsearch+json;compatible-with=8",
				"Authorization": "ApiKey aWQ6czNjcjN0LWNhbmFyeS1odW50ZXIy", "User-Agent": "cleartap",
			} {
				if r.Header.Get(name) != want || len(r.Header.Values(name)) != 1 {
					t.Errorf("%s: %q, want %q", name, r.Header.Values(name), want)
				}
			}
			body := io.Reader(r.Body)
			if (r.Header.Get("Content-Encoding") == "gzip") == plain {
				t.Errorf("plain is %v, Content-Encoding %q", plain, r.Header.Get("Content-Encoding"))
			}
			if !plain {
				z, err := gzip.NewReader(r.Body)
				if err != nil {
					t.Error(err)
					return
				}
				body = z
			}
			text, err := io.ReadAll(body)
			if err != nil {
				t.Error(err)
			}
			got = strings.Split(strings.TrimSuffix(string(text), "\n"), "\n")
			_, _ = io.WriteString(w, items(201, 201))
		})
		s.cfg.Plain = plain
		r := records(2)
		r[1].Dataset = "cleartap.health"
		if _, err := s.Send(t.Context(), r); err != nil {
			t.Fatal(err)
		}
		want := []string{
			`{"create":{"_index":"logs-cleartap.alert-default","_id":"ID00000000"}}`, string(r[0].JSON),
			`{"create":{"_index":"logs-cleartap.health-default","_id":"ID00000001"}}`, string(r[1].JSON),
		}
		if strings.Join(got, "\n") != strings.Join(want, "\n") {
			t.Errorf("sent\n%q\nwant\n%q", got, want)
		}
	}
}

// A record that was tampered with on the disk cannot leave its line, or our streams.
func TestTamperedRecords(t *testing.T) {
	var lines int
	s, _ := fake(t, func(w http.ResponseWriter, r *http.Request) {
		z, _ := gzip.NewReader(r.Body)
		text, _ := io.ReadAll(z)
		lines = bytes.Count(text, []byte("\n"))
		_, _ = io.WriteString(w, items(201))
	})
	r := records(7)
	r[1].JSON = []byte("{}\n{\"delete\":{\"_index\":\"x\",\"_id\":\"y\"}}")
	r[2].Dataset = `cleartap.x","_index":"other`
	r[3].Dataset = "other"
	r[4].ID = ""
	r[5].ID = strings.Repeat("x", 513)
	r[6].Dataset = "cleartap.Alert"
	r = r[:7]
	verdicts, err := s.Send(t.Context(), r)
	if err != nil || lines != 2 || verdicts[0].Outcome != output.Done {
		t.Fatalf("%d lines were sent, %+v, %v", lines, verdicts, err)
	}
	for i, v := range verdicts[1:] {
		if v.Outcome != output.Dead {
			t.Errorf("record %d: %+v", i+1, v)
		}
	}
	hostile := alert(0)
	hostile.ID = `a"},"x":{"b` + "\u2028\x01"
	var buf bytes.Buffer
	if err := s.write(&buf, []output.Record{hostile}, []int{0}); err != nil {
		t.Fatal(err)
	}
	var line struct {
		Create struct {
			ID string `json:"_id"`
		}
	}
	if err := json.Unmarshal(bytes.SplitN(buf.Bytes(), []byte("\n"), 2)[0], &line); err != nil || line.Create.ID != hostile.ID {
		t.Errorf("%s: %v", buf.Bytes(), err)
	}
}

// A redirect is not followed: the key would go along.
func TestRedirect(t *testing.T) {
	reached := false
	other := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { reached = true }))
	defer other.Close()
	for _, status := range []int{301, 302, 307, 308} {
		s, _ := fake(t, func(w http.ResponseWriter, r *http.Request) { http.Redirect(w, r, other.URL+"/_bulk", status) })
		_, err := s.Send(t.Context(), records(1))
		var f *output.Fault
		if !errors.As(err, &f) || !f.Hold || !strings.Contains(f.Cause, "another address") || reached {
			t.Errorf("%d: %v, followed: %v", status, err, reached)
		}
	}
}

// Answers without end, and those that grow when unpacked, are cut off.
func TestEndlessAnswers(t *testing.T) {
	endless := func(w http.ResponseWriter, _ *http.Request) {
		junk := bytes.Repeat([]byte("x"), 1<<20)
		for range 64 {
			if _, err := w.Write(junk); err != nil {
				return
			}
		}
	}
	bomb := func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Encoding", "gzip")
		z := gzip.NewWriter(w)
		junk := make([]byte, 1<<20)
		for range 64 {
			if _, err := z.Write(junk); err != nil {
				return
			}
		}
		_ = z.Close()
	}
	for name, h := range map[string]http.HandlerFunc{"endless": endless, "bomb": bomb} {
		s, _ := fake(t, h)
		if _, err := s.Send(t.Context(), records(1)); err == nil || !strings.Contains(err.Error(), "longer than 16 MiB") {
			t.Errorf("%s: %v", name, err)
		}
	}
	s, _ := fake(t, func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("X", strings.Repeat("h", 200<<10))
	})
	if _, err := s.Send(t.Context(), records(1)); err == nil || strings.Contains(err.Error(), "hhh") {
		t.Errorf("long headers: %v", err)
	}
}

func TestRetryAfter(t *testing.T) {
	for header, want := range map[string]time.Duration{"7": 7 * time.Second, "": 0, "-1": 0, "x": 0, "99999999": 0} {
		s, _ := fake(t, func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Retry-After", header)
			w.WriteHeader(http.StatusTooManyRequests)
		})
		_, err := s.Send(t.Context(), records(1))
		if f := (*output.Fault)(nil); !errors.As(err, &f) || f.After != want {
			t.Errorf("Retry-After %q: %v", header, err)
		}
	}
}

// An Elasticsearch before 8.13 does not know require_data_stream.
func TestOlderServer(t *testing.T) {
	s, _ := fake(t, func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Query().Has("require_data_stream") {
			w.WriteHeader(http.StatusBadRequest)
			return
		}
		_, _ = io.WriteString(w, items(201))
	})
	for range 2 {
		if v, err := s.Send(t.Context(), records(1)); err != nil || v[0].Outcome != output.Done {
			t.Errorf("%+v, %v", v, err)
		}
	}
}

// A server that speaks something else than was asked for.
func TestNotHTTPS(t *testing.T) {
	_, plain := fake(t, func(http.ResponseWriter, *http.Request) {})
	s, err := New(Config{URLs: []string{strings.Replace(plain.URL, "http:", "https:", 1)}})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := s.Send(t.Context(), records(1)); err == nil || !strings.Contains(err.Error(), "does not speak TLS") {
		t.Errorf("%v", err)
	}
}

// Somebody who shows the pinned authority's certificate beside his own has not
// been vouched for by it.
func TestBorrowedAuthority(t *testing.T) {
	good, err := testnode.NewAuthority("good")
	if err != nil {
		t.Fatal(err)
	}
	bad, err := testnode.NewAuthority("bad")
	if err != nil {
		t.Fatal(err)
	}
	cert, key, err := bad.Issue("localhost", time.Now().Add(-time.Hour), time.Now().Add(time.Hour))
	if err != nil {
		t.Fatal(err)
	}
	pair, err := tls.X509KeyPair(append(cert, good.PEM...), key)
	if err != nil {
		t.Fatal(err)
	}
	reached := false
	server := httptest.NewUnstartedServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { reached = true }))
	server.TLS = &tls.Config{Certificates: []tls.Certificate{pair}} //nolint:gosec // of a test
	server.StartTLS()
	defer server.Close()
	s, err := New(Config{URLs: []string{strings.Replace(server.URL, "127.0.0.1", "localhost", 1)}, Fingerprint: fingerprint(good.Cert.Raw)})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := s.Send(t.Context(), records(1)); err == nil || reached {
		t.Errorf("%v, reached: %v", err, reached)
	}
}

func TestConfig(t *testing.T) {
	cloud := "my:ZXhhbXBsZS5vcmckYWJjZGVmJGtpYmFuYQ==" // example.org$abcdef$kibana
	for _, c := range []struct {
		name  string
		conf  Config
		tells string
	}{
		{"a node", Config{URLs: []string{"https://es.example.org:9200"}}, ""},
		{"a path", Config{URLs: []string{"https://example.org/es/"}}, ""},
		{"a cloud", Config{CloudID: cloud}, ""},
		{"nothing", Config{}, "url: nothing given"},
		{"both", Config{URLs: []string{"https://a"}, CloudID: cloud}, "want one of them"},
		{"no scheme", Config{URLs: []string{"es.example.org:9200"}}, "url"},
		{"no host", Config{URLs: []string{"https://"}}, "not an address"},
		{"another scheme", Config{URLs: []string{"ftp://a"}}, "want http or https"},
		{"a password", Config{URLs: []string{"https://u:" + canary + "@a"}}, "it holds a name or password"},
		{"a query", Config{URLs: []string{"https://a/?k=" + canary}}, "it has a query"},
		{"a broken address", Config{URLs: []string{"https://" + canary + ":x%zz/"}}, "not an address"},
		{"a broken cloud", Config{CloudID: canary}, "cloud_id"},
		{"a namespace", Config{URLs: []string{"https://a"}, Namespace: "Prod-1"}, "namespace"},
		{"half a certificate", Config{URLs: []string{"https://a"}, CertFile: "x"}, "want both or neither"},
		{"a short pin", Config{URLs: []string{"https://a"}, Fingerprint: "abcd"}, "ca_fingerprint"},
		{"two ways to trust", Config{URLs: []string{"https://a"}, Fingerprint: strings.Repeat("ab", 32), CAFile: "x"}, "want one of them"},
	} {
		err := c.conf.Validate()
		if (err == nil) != (c.tells == "") || err != nil && (!strings.Contains(err.Error(), c.tells) || strings.Contains(err.Error(), canary)) {
			t.Errorf("%s: %v, want %q", c.name, err, c.tells)
		}
	}
	if u, err := cloudURL(cloud); err != nil || u != "https://abcdef.example.org:443" {
		t.Errorf("%s, %v", u, err)
	}
	if u, err := cloudURL("x:ZXhhbXBsZS5vcmc6OTI0MyRhYmMk"); err != nil || u != "https://abc.example.org:9243" {
		t.Errorf("with a port: %s, %v", u, err)
	}
	c := Config{URLs: []string{"https://a", "http://b:9200"}, Credentials: func() (Credentials, error) { return Credentials{}, nil }}
	if p := c.Ports(); len(p) != 2 || p[0] != 443 || p[1] != 9200 || !c.InClear() {
		t.Errorf("ports %v, in clear %v", p, c.InClear())
	}
}

// Files that are not there, or are none, are faults of the beginning.
func TestFiles(t *testing.T) {
	junk := filepath.Join(t.TempDir(), "junk")
	if err := os.WriteFile(junk, []byte(canary), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, c := range []Config{
		{CAFile: junk + "x"}, {CAFile: junk}, {CertFile: junk, KeyFile: junk}, {CertFile: junk + "x", KeyFile: junk},
	} {
		c.URLs = []string{"https://a"}
		if _, err := New(c); err == nil || strings.Contains(err.Error(), canary) || !strings.Contains(err.Error(), "junk") {
			t.Errorf("%+v: %v", c, err)
		}
	}
}

func TestCredentials(t *testing.T) {
	for _, c := range []struct {
		c    Credentials
		want string
	}{
		{Credentials{}, ""}, {Credentials{APIKey: "a:b"}, "ApiKey YTpi"}, {Credentials{APIKey: "YTpi"}, "ApiKey YTpi"}, {Credentials{Username: "u", Password: "p"}, "Basic dTpw"},
	} {
		if got := c.c.header(); got != c.want {
			t.Errorf("%+v: %q, want %q", c.c, got, c.want)
		}
	}
	s, _ := fake(t, func(http.ResponseWriter, *http.Request) {})
	s.cfg.Credentials = func() (Credentials, error) { return Credentials{}, errors.New("no such file") }
	if _, err := s.Send(t.Context(), records(1)); err == nil || !strings.Contains(err.Error(), "cannot be read: no such file") {
		t.Errorf("%v", err)
	}
}
