package kafka

import (
	"errors"
	"net"
	"strconv"
	"strings"
	"time"

	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kgo"

	"cleartap/output"
	"cleartap/output/transport"
)

// OnBrokerConnect implements kgo.HookBrokerConnect.
func (t *trials) OnBrokerConnect(m kgo.BrokerMetadata, _ time.Duration, _ net.Conn, err error) {
	t.record(net.JoinHostPort(m.Host, strconv.Itoa(int(m.Port))), err)
}

// verdictOf says what an answer means for a record.
func verdictOf(err error) output.Verdict {
	if err == nil {
		return output.Verdict{Outcome: output.Done}
	}
	v := output.Verdict{Outcome: output.Retry, Status: "error", Kind: "connection"}
	var k *kerr.Error
	switch {
	case errors.As(err, &k):
		v.Status, v.Kind = strconv.Itoa(int(k.Code)), strings.ToLower(k.Message)
	case errors.Is(err, kgo.ErrRecordTimeout):
		v.Kind = "timeout"
	}
	switch {
	case errors.Is(err, kerr.MessageTooLarge), errors.Is(err, kerr.RecordListTooLarge), errors.Is(err, kerr.InvalidRecord):
		v.Outcome = output.Dead
	case held(err) != nil:
		v.Outcome = output.Hold
	}
	return v
}

// held gives the fault of an answer that only a change of the settings mends.
func held(err error) *output.Fault {
	switch {
	case errors.Is(err, kerr.UnknownTopicOrPartition), errors.Is(err, kerr.InvalidTopicException), errors.Is(err, kerr.UnknownTopicID):
		return &output.Fault{Cause: "there is no such topic", Cure: "create it, or correct topic", Hold: true}
	case errors.Is(err, kerr.TopicAuthorizationFailed), errors.Is(err, kerr.ClusterAuthorizationFailed):
		return &output.Fault{Cause: "this user may not write", Cure: "allow it WRITE and DESCRIBE on the topic", Hold: true}
	case errors.Is(err, kerr.SaslAuthenticationFailed):
		return &output.Fault{Cause: "the login is refused", Cure: "correct sasl.username and sasl.password", Hold: true}
	case errors.Is(err, kerr.UnsupportedSaslMechanism), errors.Is(err, kerr.IllegalSaslState):
		return &output.Fault{Cause: "the broker does not know this way to log in", Cure: "correct sasl.mechanism", Hold: true}
	}
	return nil
}

// fault says why records were not taken: by what the broker answered, or else by
// why none could be reached.
func (s *Sink) fault(err error) *output.Fault {
	if f := held(err); f != nil {
		f.Cause = "topic " + s.cfg.Topic + ": " + f.Cause
		return f
	}
	at, trial := s.trials.last()
	if trial != nil {
		if f := held(trial); f != nil {
			f.Cause = at + ": " + f.Cause
			return f
		}
		return transport.Fault(at, trial)
	}
	var k *kerr.Error
	if errors.As(err, &k) {
		return &output.Fault{Cause: "topic " + s.cfg.Topic + ": the broker answers " + k.Message}
	}
	return &output.Fault{Cause: strings.Join(s.cfg.Brokers, ", ") + " did not acknowledge in time"}
}
