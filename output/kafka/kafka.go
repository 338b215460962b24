// Package kafka sends records to a topic of Apache Kafka. Its one job is to produce;
// its invariant: a record is acknowledged when all in-sync replicas have it, and an
// idempotent producer keeps what it sends again by itself from being stored twice.
// What a sensor sends again, after a fault or a restart, may be there twice, with
// the same event.id.
package kafka

import (
	"errors"
	"fmt"
	"net"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"cleartap/output/format"
	"cleartap/output/transport"
)

// Key is what a record is keyed, and so partitioned, by.
type Key uint8

// The keys. ByID is the zero value; BySource keeps alerts about one client in order.
const (
	ByID Key = iota
	BySource
)

var keys = [...]string{"id", "source"}

// String is the name of the key.
func (k Key) String() string {
	if int(k) < len(keys) {
		return keys[k]
	}
	return "unknown"
}

// ParseKey finds a key by its name.
func ParseKey(name string) (Key, error) {
	if i := slices.Index(keys[:], name); i >= 0 {
		return Key(i), nil
	}
	return 0, fmt.Errorf("%q: want id or source", name)
}

// Mechanisms are the ways to log in (SASL).
func Mechanisms() []string { return []string{"PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512"} }

// Config is where and how to send. Zero values are the documented defaults.
type Config struct {
	Brokers []string // HOST:PORT of those to ask first
	Topic   string
	Key     Key
	Format  format.Format // JSON, EVE or OCSF
	Health  bool          // health records too; with format JSON
	Timeout time.Duration // for an acknowledgement; 10 s
	Secure  bool          // speak TLS
	TLS     transport.TLS
	Login   Login
	Version string // of this program, for the broker's metrics
}

// Login is how to log in. The zero value does not.
type Login struct {
	Mechanism string // of Mechanisms
	Username  string
	Password  func() (string, error) // asked at each connection
}

const defaultTimeout = 10 * time.Second

// topicName is what Kafka allows, and mostTopic how long it may be.
var topicName = regexp.MustCompile(`^[a-zA-Z0-9._-]+$`)

const mostTopic = 249

// Validate tells all that is wrong, with the name of the setting in front.
func (c *Config) Validate() []error {
	var errs []error
	fault := func(format string, args ...any) { errs = append(errs, fmt.Errorf(format, args...)) }
	if len(c.Brokers) == 0 {
		fault("brokers: nothing given: want HOST:PORT of one broker or more")
	}
	for _, b := range c.Brokers {
		host, port, err := net.SplitHostPort(b)
		if n, perr := strconv.ParseUint(port, 10, 16); err != nil || host == "" || perr != nil || n == 0 {
			fault("brokers: %q: want HOST:PORT, an IPv6 address in brackets", b)
		}
	}
	if !topicName.MatchString(c.Topic) || len(c.Topic) > mostTopic || c.Topic == "." || c.Topic == ".." {
		fault("topic: %q: want 1 to 249 letters, digits, dots, underscores and dashes", c.Topic)
	}
	switch c.Format {
	case format.JSON, format.EVE, format.OCSF:
	default:
		fault("format: %s: want json, eve or ocsf", c.Format)
	}
	if c.Health && c.Format != format.JSON {
		fault("health: health records are JSON: want format json, not %s", c.Format)
	}
	if c.Timeout != 0 && (c.Timeout < time.Second || c.Timeout > 5*time.Minute) {
		fault("timeout: %v: want 1s to 5m", c.Timeout)
	}
	if !c.Secure && !c.TLS.Zero() {
		errs = append(errs, errors.New("tls: settings of TLS, and it is off: want tls.enabled: true"))
	}
	errs = append(errs, c.TLS.Validate()...)
	return append(errs, c.Login.validate()...)
}

func (l *Login) validate() []error {
	var errs []error
	if l.Mechanism == "" {
		if l.Username != "" || l.Password != nil {
			errs = append(errs, errors.New("sasl.mechanism: nothing given: want "+strings.Join(Mechanisms(), ", ")))
		}
		return errs
	}
	if !slices.Contains(Mechanisms(), l.Mechanism) {
		errs = append(errs, fmt.Errorf("sasl.mechanism: %q: want %s", l.Mechanism, strings.Join(Mechanisms(), ", ")))
	}
	if l.Username == "" {
		errs = append(errs, errors.New("sasl.username: nothing given"))
	}
	if l.Password == nil {
		errs = append(errs, errors.New("sasl.password: nothing given"))
	}
	return errs
}

// InClear reports whether a password would cross the network without TLS.
func (c *Config) InClear() bool { return !c.Secure && c.Login.Mechanism == "PLAIN" }
