// Package elasticsearch stores records in data streams of Elasticsearch 8 and 9.
// Its one job is one bulk request and what its answer means for each record. Its
// invariants: a record is created under its event id, so that sending it again
// stores it once; and no text of a server reaches an error, an event or a dead
// letter, for servers quote what they were sent.
package elasticsearch

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"time"

	"github.com/elastic/elastic-transport-go/v8/elastictransport"
	"github.com/elastic/go-elasticsearch/v8/esapi"

	"cleartap/output"
)

// Config says where Elasticsearch is and who we are. Either URLs or CloudID is
// needed; the zero value of everything else is its default.
type Config struct {
	URLs      []string // of the nodes; they take turns
	CloudID   string   // of Elastic Cloud, instead of URLs
	Namespace string   // third part of the data streams' names; "default"
	// Credentials gives the key or password. It is asked again after the server
	// refused them, so that they can be changed while we run. Nil: none.
	Credentials func() (Credentials, error)
	CAFile      string        // PEM file of the authorities to trust instead of the system's
	Fingerprint string        // SHA-256 of a certificate to trust, the server's or its authority's, in hex
	CertFile    string        // PEM file of our certificate
	KeyFile     string        // PEM file of its key
	Timeout     time.Duration // the longest that one request may take; 30 s
	MaxBytes    int           // of one request, before compression; 5 MiB
	Plain       bool          // do not compress requests
	UserAgent   string        // "cleartap"
}

// Credentials are an API key, or a name and a password.
type Credentials struct {
	APIKey   string // "id:key", or its base64 as Elasticsearch gives it
	Username string
	Password string
}

const (
	defaultTimeout  = 30 * time.Second
	defaultMaxBytes = 5 << 20
	leastBytes      = 16 << 10 // a request is not made smaller than that for a server that wants it smaller
)

// Sink is the way to one cluster. It implements output.Sink.
type Sink struct {
	cfg    Config
	client *elastictransport.Client
	wire   *wire

	room  int  // the most bytes of a request that the server takes, as far as we know
	older bool // the server does not know require_data_stream (before 8.13)

	accepted bool      // the credentials were good once
	refused  time.Time // since when they are not; zero while they are
	grace    time.Duration

	mu   sync.Mutex
	auth string // the header; empty: to be made anew
}

// refusalGrace is how long credentials that were good may be refused until that
// counts as a fault of the configuration: a node that has just started refuses all
// keys until it has found its index of them.
const refusalGrace = 15 * time.Second

// New prepares a sink. It contacts nobody. The error names the field and the cure.
func New(c Config) (*Sink, error) {
	c.Timeout = orDefault(c.Timeout, defaultTimeout)
	c.MaxBytes = orDefault(c.MaxBytes, defaultMaxBytes)
	c.Namespace = orDefault(c.Namespace, "default")
	c.UserAgent = orDefault(c.UserAgent, "cleartap")
	if err := c.Validate(); err != nil {
		return nil, err
	}
	urls, err := c.nodes()
	if err != nil {
		return nil, err
	}
	s := &Sink{cfg: c, room: c.MaxBytes, grace: refusalGrace}
	if s.wire, err = newWire(&c); err != nil {
		return nil, err
	}
	s.client, err = elastictransport.NewClient(
		elastictransport.WithURLs(urls...), elastictransport.WithTransport(s.wire), elastictransport.WithUserAgent(c.UserAgent),
		elastictransport.WithDisableRetry(), // when to try again is decided in one place, output/delivery
	)
	if err != nil {
		return nil, errors.New("elasticsearch: the client cannot be made")
	}
	return s, nil
}

func orDefault[T comparable](v, unset T) T {
	if zero := *new(T); v == zero {
		return unset
	}
	return v
}

// Close lets idle connections go.
func (s *Sink) Close() error {
	s.wire.transport.CloseIdleConnections()
	return nil
}

// mediaType asks servers of version 9 to speak the language of version 8.
const (
	mediaType = "application/vnd.elasticsearch+json;compatible-with=8"
	bulkType  = "application/vnd.elasticsearch+x-ndjson;compatible-with=8"
)

// header gives the header of a request.
func (s *Sink) header(contentType string) (http.Header, error) {
	h := http.Header{"Accept": {mediaType}, "Content-Type": {contentType}}
	auth, err := s.authorization()
	if err != nil {
		return nil, err
	}
	if auth != "" {
		h.Set("Authorization", auth)
	}
	return h, nil
}

// authorization gives the header of the credentials, made anew when they were refused.
func (s *Sink) authorization() (string, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.auth != "" || s.cfg.Credentials == nil {
		return s.auth, nil
	}
	c, err := s.cfg.Credentials()
	if err != nil {
		return "", &output.Fault{Cause: "the key or password cannot be read", Cure: err.Error(), Hold: true}
	}
	s.auth = c.header()
	return s.auth, nil
}

// forget has the credentials read again before the next request.
func (s *Sink) forget() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.auth = ""
}

// perform sends a request and gives the answer, whose body ends after the most
// that an answer may have. The error is a *output.Fault.
func (s *Sink) perform(ctx context.Context, send func(context.Context, esapi.Transport) (*esapi.Response, error)) (*answer, error) {
	ctx, cancel := context.WithTimeout(ctx, s.cfg.Timeout)
	defer cancel()
	res, err := send(ctx, s.client)
	if err != nil {
		return nil, s.network(ctx, err)
	}
	defer res.Body.Close()
	a := &answer{status: res.StatusCode, after: retryAfter(res.Header)}
	if a.body, err = readCapped(res.Body); err != nil {
		return nil, s.network(ctx, err)
	}
	if a.status == http.StatusUnauthorized || a.status == http.StatusForbidden {
		s.forget()
	}
	return a, nil
}

// answer is what a server said.
type answer struct {
	status int
	after  time.Duration
	body   []byte
}

// Stream is the name of the data stream for records of a dataset.
func Stream(dataset, namespace string) string { return "logs-" + dataset + "-" + namespace }

// checkNamespace says what a namespace may be: a part of a data stream's name.
func checkNamespace(s string) error {
	if s == "" || len(s) > 100 || s != strings.ToLower(s) || strings.ContainsAny(s, `-\/*?"<>| ,#:`) {
		return fmt.Errorf("namespace %q: want up to 100 lower-case letters, digits, dots and underscores, no dash", s)
	}
	return nil
}
