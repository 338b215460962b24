package kafka

import (
	"context"
	"crypto/tls"
	"errors"
	"net"
	"regexp"
	"sync"

	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/sasl"
	"github.com/twmb/franz-go/pkg/sasl/plain"
	"github.com/twmb/franz-go/pkg/sasl/scram"

	"cleartap/output"
	"cleartap/output/format"
)

// Sink sends records to one topic. It is an output.Sink.
type Sink struct {
	cfg    Config
	client *kgo.Client
	trials trials
}

var _ output.Sink = (*Sink)(nil)

// New makes a sink. Nothing is connected until the first Send. An error is the
// first of those of Validate.
func New(c Config) (*Sink, error) {
	if errs := c.Validate(); len(errs) > 0 {
		return nil, errs[0]
	}
	if c.Timeout == 0 {
		c.Timeout = defaultTimeout
	}
	s := &Sink{cfg: c}
	options := []kgo.Opt{
		kgo.SeedBrokers(c.Brokers...), kgo.DefaultProduceTopic(c.Topic), kgo.ClientID("cleartap"), kgo.SoftwareNameAndVersion("cleartap", softwareVersion(c.Version)),
		kgo.RequiredAcks(kgo.AllISRAcks()), kgo.ProducerBatchCompression(kgo.ZstdCompression(), kgo.SnappyCompression(), kgo.NoCompression()),
		kgo.RecordDeliveryTimeout(c.Timeout), kgo.ProduceRequestTimeout(c.Timeout), kgo.RetryTimeout(c.Timeout), kgo.RequestTimeoutOverhead(c.Timeout),
		kgo.AllowIdempotentProduceCancellation(), // what was given up is sent again, and known by its event.id
		kgo.UnknownTopicRetries(1), kgo.DisableClientMetrics(), kgo.ProducerLinger(0), kgo.Dialer(s.dial), kgo.WithHooks(&s.trials),
	}
	if m := c.Login.mechanism(); m != nil {
		options = append(options, kgo.SASL(m))
	}
	var err error
	s.client, err = kgo.NewClient(options...)
	return s, err
}

// plainVersion is what brokers allow (KIP-511).
var plainVersion = regexp.MustCompile(`^[a-zA-Z0-9](?:[a-zA-Z0-9.-]*[a-zA-Z0-9])?$`)

func softwareVersion(v string) string {
	if !plainVersion.MatchString(v) {
		return "unknown"
	}
	return v
}

// mechanism makes the mechanism of SASL, nil if there is none.
func (l *Login) mechanism() sasl.Mechanism {
	pair := func(context.Context) (scram.Auth, error) {
		p, err := l.Password()
		return scram.Auth{User: l.Username, Pass: p}, err
	}
	switch l.Mechanism {
	case "PLAIN":
		return plain.Plain(func(context.Context) (plain.Auth, error) {
			p, err := l.Password()
			return plain.Auth{User: l.Username, Pass: p}, err
		})
	case "SCRAM-SHA-256":
		return scram.Sha256(pair)
	case "SCRAM-SHA-512":
		return scram.Sha512(pair)
	}
	return nil
}

// dial connects to a broker. The files of TLS are read each time.
func (s *Sink) dial(ctx context.Context, network, at string) (net.Conn, error) {
	ctx, cancel := context.WithTimeout(ctx, s.cfg.Timeout)
	defer cancel()
	var d net.Dialer
	if !s.cfg.Secure {
		return d.DialContext(ctx, network, at)
	}
	host, _, err := net.SplitHostPort(at)
	if err != nil {
		return nil, err
	}
	cfg, err := s.cfg.TLS.Config(host)
	if err != nil {
		return nil, err
	}
	return (&tls.Dialer{NetDialer: &d, Config: cfg}).DialContext(ctx, network, at)
}

// trials keeps why the last broker could not be reached. It is a kgo.HookBrokerConnect.
type trials struct {
	mu  sync.Mutex
	err error
	at  string
}

// record notes a trial; nil ends the trouble.
func (t *trials) record(at string, err error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.at, t.err = at, err
}

func (t *trials) last() (at string, err error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.at, t.err
}

// Send implements output.Sink. A broker refuses a batch as a whole for one record
// in it: those that were refused so are sent again one by one.
func (s *Sink) Send(ctx context.Context, records []output.Record) ([]output.Verdict, error) {
	verdicts := make([]output.Verdict, len(records))
	messages := make([]*kgo.Record, len(records))
	var all []int
	for i := range records {
		if messages[i], verdicts[i] = s.cfg.message(&records[i]); messages[i] != nil {
			all = append(all, i)
		}
	}
	err := s.produce(ctx, messages, all, verdicts)
	if len(all) > 1 {
		for _, i := range all {
			if verdicts[i].Outcome == output.Dead {
				err = errors.Join(err, s.produce(ctx, messages, []int{i}, verdicts))
			}
		}
	}
	if err != nil {
		return verdicts, s.fault(err)
	}
	return verdicts, nil
}

// produce sends the messages at some indices and sets their verdicts. The error is
// the first of those that are not final.
func (s *Sink) produce(ctx context.Context, messages []*kgo.Record, at []int, verdicts []output.Verdict) error {
	b := batch{answers: make([]error, len(at)), heard: make([]bool, len(at))}
	for k, i := range at {
		b.pending.Add(1)
		m := *messages[i]
		s.client.Produce(ctx, &m, func(_ *kgo.Record, err error) { b.done(k, err) })
	}
	all := make(chan struct{})
	go func() { b.pending.Wait(); close(all) }()
	select {
	case <-all:
	case <-ctx.Done(): // answers that come later are not heard
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	var first error
	for k, i := range at {
		err := b.answers[k]
		if !b.heard[k] {
			err = context.Cause(ctx)
		}
		if verdicts[i] = verdictOf(err); first == nil && verdicts[i].Outcome != output.Dead {
			first = err
		}
	}
	return first
}

// batch collects the answers to what was sent together.
type batch struct {
	pending sync.WaitGroup
	mu      sync.Mutex
	answers []error
	heard   []bool
}

func (b *batch) done(k int, err error) {
	b.mu.Lock()
	b.answers[k], b.heard[k] = err, true
	b.mu.Unlock()
	b.pending.Done()
}

// message makes the message of a record, nil if the topic is not meant to have it.
func (c *Config) message(r *output.Record) (*kgo.Record, output.Verdict) {
	if r.Dataset == "cleartap.health" {
		if !c.Health {
			return nil, output.Verdict{Outcome: output.Done}
		}
		return &kgo.Record{Key: []byte(r.ID), Value: r.JSON}, output.Verdict{}
	}
	m := &kgo.Record{Key: []byte(r.ID), Value: r.JSON}
	if c.Key == ByID && c.Format == format.JSON {
		return m, output.Verdict{}
	}
	var a output.Alert
	if r.Alert(&a) != nil {
		return nil, output.Verdict{Outcome: output.Dead, Status: "unreadable", Kind: "no_document"}
	}
	if c.Format != format.JSON {
		m.Value = c.Format.Append(nil, &a)
	}
	if c.Key == BySource && a.Source.Address != "" {
		m.Key = []byte(a.Source.Address)
	}
	return m, output.Verdict{}
}

// Close implements output.Sink.
func (s *Sink) Close() error {
	s.client.Close()
	return nil
}
