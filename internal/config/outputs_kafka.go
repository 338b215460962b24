package config

import (
	"net"
	"os"
	"slices"
	"strconv"
	"strings"
	"time"

	"cleartap/output/format"
	"cleartap/output/kafka"
)

// Kafka produces alerts to a topic.
type Kafka struct {
	Brokers []string `yaml:"brokers"` // HOST:PORT of those to ask first
	Topic   string   `yaml:"topic"`
	Key     string   `yaml:"key"`    // id or source
	Format  string   `yaml:"format"` // json, eve or ocsf
	Timeout Duration `yaml:"timeout"`
	Health  bool     `yaml:"health"`
	TLS     KafkaTLS `yaml:"tls"`
	SASL    SASL     `yaml:"sasl"`
}

// KafkaTLS says whether to speak TLS, and how.
type KafkaTLS struct {
	Enabled      bool     `yaml:"enabled"`
	CA           string   `yaml:"ca"`
	Certificate  string   `yaml:"certificate"`
	Key          string   `yaml:"key"`
	ServerName   string   `yaml:"server_name"`
	Fingerprints []string `yaml:"fingerprints"`
}

// SASL says how to log in.
type SASL struct {
	Mechanism string `yaml:"mechanism"` // PLAIN, SCRAM-SHA-256 or SCRAM-SHA-512; empty: no login
	Username  string `yaml:"username"`
	Password  Secret `yaml:"password"`
}

// The environment variables that hold the password of Kafka, or name the file of
// one. They count where the configuration gives none.
const (
	KafkaPassword     = "CLEARTAP_KAFKA_PASSWORD"
	KafkaPasswordFile = KafkaPassword + "_FILE"
)

func newKafka() Spec {
	return &Kafka{Key: "id", Format: "json", Timeout: Duration(10 * time.Second)}
}

// password is that of the login, from the environment if it is not given.
func (k *Kafka) password() Secret {
	switch {
	case k.SASL.Password.Set() || k.SASL.Mechanism == "":
		return k.SASL.Password
	case os.Getenv(KafkaPassword) != "":
		return Secret{"${env:" + KafkaPassword + "}"}
	case os.Getenv(KafkaPasswordFile) != "":
		return Secret{"${file:" + os.Getenv(KafkaPasswordFile) + "}"}
	}
	return Secret{}
}

// Sink is the configuration of the sink.
func (k *Kafka) Sink() (kafka.Config, []error) {
	t := TLSFiles{k.TLS.CA, k.TLS.Certificate, k.TLS.Key, k.TLS.ServerName, k.TLS.Fingerprints}
	c := kafka.Config{Brokers: k.Brokers, Topic: k.Topic, Health: k.Health, Timeout: time.Duration(k.Timeout), Secure: k.TLS.Enabled, TLS: t.transport(),
		Login: kafka.Login{Mechanism: strings.ToUpper(k.SASL.Mechanism), Username: k.SASL.Username}}
	if s := k.password(); s.Set() {
		c.Login.Password = s.Read
	}
	var errs []error
	var err error
	if c.Key, err = kafka.ParseKey(k.Key); err != nil {
		errs = append(errs, prefixed("key", err))
	}
	if c.Format, err = format.Parse(k.Format); err != nil {
		errs = append(errs, prefixed("format", err))
	}
	return c, errs
}

// Validate implements Spec.
func (k *Kafka) Validate() []error {
	c, errs := k.Sink()
	if len(errs) > 0 {
		return errs
	}
	return c.Validate()
}

// Access implements Spec. Brokers that name others on other ports need the sandbox
// to be off, or all ports here.
func (k *Kafka) Access() Access {
	c, _ := k.Sink() // it was validated
	a := Access{Read: c.TLS.Files()}
	if f := k.password().File(); f != "" {
		a.Read = append(a.Read, f)
	}
	for _, b := range k.Brokers {
		_, text, err := net.SplitHostPort(b)
		if port, perr := strconv.ParseUint(text, 10, 16); err == nil && perr == nil && !slices.Contains(a.Ports, uint16(port)) {
			a.Ports = append(a.Ports, uint16(port))
		}
	}
	return a
}
