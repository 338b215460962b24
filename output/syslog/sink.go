package syslog

import (
	"context"
	"strconv"
	"sync"
	"time"

	"cleartap/output"
)

// Sink sends records to one receiver. It is an output.Sink.
type Sink struct {
	cfg     Config
	encoder encoder

	mu       sync.Mutex
	link     link // nil when there is none
	doubt    doubt
	good     time.Time // when something was last delivered
	closed   bool
	rescuing bool // a rescue is under way
	resent   uint64
}

var _ output.Sink = (*Sink)(nil)

// New makes a sink. Nothing is connected until the first Send. An error is the
// first of those of Validate.
func New(c Config) (*Sink, error) {
	if errs := c.Validate(); len(errs) > 0 {
		return nil, errs[0]
	}
	s := &Sink{cfg: c.withDefaults()}
	s.encoder = newEncoder(&s.cfg)
	return s, nil
}

// Send implements output.Sink.
func (s *Sink) Send(ctx context.Context, records []output.Record) ([]output.Verdict, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	verdicts := make([]output.Verdict, len(records))
	var messages [][]byte
	var of []int
	for i := range records {
		m, v := s.encoder.message(&records[i])
		if verdicts[i] = v; m != nil {
			messages, of = append(messages, m), append(of, i)
		}
	}
	if len(messages) == 0 {
		return verdicts, nil
	}
	if err := s.deliver(ctx, messages); err != nil {
		f := s.fault(err)
		for _, i := range of {
			verdicts[i] = output.Verdict{Outcome: output.Retry, Status: "not_sent", Kind: "connection"}
			if f.Hold {
				verdicts[i].Outcome = output.Hold
			}
		}
		return verdicts, f
	}
	for _, i := range of {
		verdicts[i].Outcome = output.Done
	}
	return verdicts, nil
}

// deliver brings messages over, or gives the link up.
func (s *Sink) deliver(ctx context.Context, messages [][]byte) error {
	if err := s.connect(ctx); err != nil {
		return err
	}
	err := s.link.write(ctx, messages)
	if err == nil {
		err = s.link.settle(ctx)
	}
	if err != nil {
		s.drop()
		return err
	}
	s.good = time.Now()
	s.doubt.add(s.good, messages)
	return nil
}

// connect makes sure that there is a link. On a new one, what was in doubt on the
// old one goes first.
func (s *Sink) connect(ctx context.Context) error {
	if s.link != nil && s.link.broken() == nil {
		return nil
	}
	s.drop()
	l, err := s.cfg.dial(ctx, s.onBreak)
	if err != nil {
		return err
	}
	again := s.doubt.all()
	if err = l.write(ctx, again); err == nil {
		err = l.settle(ctx)
	}
	if err != nil {
		l.close()
		return err
	}
	s.resent += uint64(len(again))
	s.doubt, s.good = doubt{}, time.Now()
	s.doubt.add(s.good, again)
	s.link = l
	return nil
}

// drop gives the link up. What was delivered long before the receiver was last
// known to read is in no doubt.
func (s *Sink) drop() {
	if s.link == nil {
		return
	}
	read := s.good
	if t := s.link.left(); t.After(read) {
		read = t
	}
	s.link.close()
	s.link = nil
	s.doubt.forget(read.Add(-doubtFor))
}

// onBreak is called by a link whose other end went.
func (s *Sink) onBreak() { go s.rescue() }

// Resent is how many messages were sent a second time because a connection broke.
func (s *Sink) Resent() uint64 {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.resent
}

// rescue sends again what was in doubt when a link broke, even if no more records
// come. It ends when that is done, by whomever.
func (s *Sink) rescue() {
	s.mu.Lock()
	if s.link != nil && s.link.broken() != nil {
		s.drop()
	}
	second := s.rescuing
	s.rescuing = s.rescuing || s.needsRescue()
	first := s.rescuing && !second
	s.mu.Unlock()
	for wait := 100 * time.Millisecond; first; wait = min(2*wait, 30*time.Second) {
		time.Sleep(wait)
		s.mu.Lock()
		if s.needsRescue() {
			_ = s.connect(context.Background()) // it is tried again; a record that comes will tell
		}
		s.rescuing = s.needsRescue()
		first = s.rescuing
		s.mu.Unlock()
	}
}

func (s *Sink) needsRescue() bool { return !s.closed && s.link == nil && len(s.doubt.messages) > 0 }

// finishLimit is how long Close waits for the receiver to have read all.
const finishLimit = 5 * time.Second

// Close implements output.Sink. It waits until the receiver has read all, and
// sends once more what it has not; an error says that this could not be done.
func (s *Sink) Close() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return nil
	}
	s.closed = true
	ctx, cancel := context.WithTimeout(context.Background(), finishLimit)
	defer cancel()
	var err error
	for range 2 {
		if s.link == nil && len(s.doubt.messages) == 0 {
			return nil
		}
		if err = s.connect(ctx); err == nil {
			err = s.link.finish(ctx)
		}
		s.drop()
		if err == nil {
			return nil
		}
	}
	return s.fault(err)
}

func appendInt(dst []byte, n int) []byte { return strconv.AppendInt(dst, int64(n), 10) }
