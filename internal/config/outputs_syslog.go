package config

import (
	"errors"
	"fmt"
	"net"
	"net/url"
	"strconv"
	"strings"
	"time"

	"cleartap/output/format"
	"cleartap/output/format/native"
	"cleartap/output/syslog"
	"cleartap/output/transport"
)

// Syslog sends alerts to a syslog receiver.
type Syslog struct {
	URL        string     `yaml:"url"`      // udp://HOST:PORT, tcp://HOST:PORT, tls://HOST:PORT or unix:PATH
	Protocol   string     `yaml:"protocol"` // auto, rfc5424, rfc3164 or local
	Framing    string     `yaml:"framing"`  // octets or lf
	Format     string     `yaml:"format"`
	CEE        bool       `yaml:"cee"`
	Facility   string     `yaml:"facility"`
	Severities Severities `yaml:"severities"`
	App        string     `yaml:"app"`
	Host       string     `yaml:"host"` // empty: sensor.name
	SDID       string     `yaml:"sd_id"`
	MaxSize    Size       `yaml:"max_size"` // 0: by transport
	Rate       int        `yaml:"rate"`     // messages a second over udp
	Timeout    Duration   `yaml:"timeout"`
	Health     bool       `yaml:"health"`
	TLS        TLSFiles   `yaml:"tls"`
}

// Severities maps severities of alerts to those of syslog.
type Severities struct {
	Critical string `yaml:"critical"`
	High     string `yaml:"high"`
	Medium   string `yaml:"medium"`
	Low      string `yaml:"low"`
	Info     string `yaml:"info"`
}

// TLSFiles says whom to trust and who we are.
type TLSFiles struct {
	CA           string   `yaml:"ca"`
	Certificate  string   `yaml:"certificate"`
	Key          string   `yaml:"key"`
	ServerName   string   `yaml:"server_name"`
	Fingerprints []string `yaml:"fingerprints"`
}

func (t *TLSFiles) transport() transport.TLS {
	return transport.TLS{CA: t.CA, Certificate: t.Certificate, Key: t.Key, ServerName: t.ServerName, Fingerprints: t.Fingerprints}
}

func newSyslog() Spec {
	return &Syslog{Protocol: "auto", Framing: "octets", Format: "native", Facility: "local5", App: "cleartap", SDID: native.DefaultSDID,
		Severities: Severities{"crit", "err", "warning", "notice", "info"}, Rate: 5000, Timeout: Duration(10 * time.Second)}
}

// Sink is the configuration of the sink.
func (s *Syslog) Sink() (syslog.Config, []error) {
	c := syslog.Config{
		CEE: s.CEE, App: s.App, Host: s.Host, SDID: s.SDID, MaxSize: int(s.MaxSize), Rate: s.Rate, Timeout: time.Duration(s.Timeout), Health: s.Health, TLS: s.TLS.transport(),
	}
	var errs []error
	note := func(name string, err error) {
		if err != nil {
			errs = append(errs, fmt.Errorf("%s: %w", name, err))
		}
	}
	var err error
	c.Transport, c.Address, err = syslogAddress(s.URL)
	note("url", err)
	c.Format, err = format.Parse(s.Format)
	note("format", err)
	c.Facility, err = syslog.ParseFacility(s.Facility)
	note("facility", err)
	note("framing", oneOf(s.Framing, "octets", "lf"))
	if s.Framing == "lf" {
		c.Framing = syslog.Lines
	}
	note("protocol", oneOf(s.Protocol, "auto", "rfc5424", "rfc3164", "local"))
	c.Protocol = map[string]syslog.Protocol{"rfc3164": syslog.RFC3164, "local": syslog.Local}[s.Protocol]
	if s.Protocol == "auto" && c.Transport == syslog.Unix {
		c.Protocol = syslog.Local
	}
	for _, m := range []struct {
		name, text string
		to         *syslog.Severity
	}{
		{"critical", s.Severities.Critical, &c.Severities.Critical}, {"high", s.Severities.High, &c.Severities.High},
		{"medium", s.Severities.Medium, &c.Severities.Medium}, {"low", s.Severities.Low, &c.Severities.Low}, {"info", s.Severities.Info, &c.Severities.Info},
	} {
		*m.to, err = syslog.ParseSeverity(m.text)
		note("severities."+m.name, err)
	}
	return c, errs
}

var errSyslogURL = errors.New("want udp://HOST:PORT, tcp://HOST:PORT, tls://HOST:PORT or unix:/PATH")

// syslogAddress reads a URL. Ports that are not given are 514, of tls 6514.
func syslogAddress(text string) (syslog.Transport, string, error) {
	u, err := url.Parse(text)
	if err != nil || u.User != nil || u.RawQuery != "" || u.Fragment != "" {
		return 0, "", fmt.Errorf("%q: %w", text, errSyslogURL)
	}
	t, port := syslog.UDP, "514"
	switch u.Scheme {
	case "udp":
	case "tcp":
		t = syslog.TCP
	case "tls":
		t, port = syslog.TLS, "6514"
	case "unix":
		if path := u.Opaque + u.Path; u.Host == "" && strings.HasPrefix(path, "/") {
			return syslog.Unix, path, nil
		}
		return 0, "", fmt.Errorf("%q: %w", text, errSyslogURL)
	default:
		return 0, "", fmt.Errorf("%q: %w", text, errSyslogURL)
	}
	if u.Hostname() == "" || u.Path != "" && u.Path != "/" {
		return 0, "", fmt.Errorf("%q: %w", text, errSyslogURL)
	}
	if u.Port() != "" {
		port = u.Port()
	}
	return t, net.JoinHostPort(u.Hostname(), port), nil
}

// Validate implements Spec.
func (s *Syslog) Validate() []error {
	c, errs := s.Sink()
	if len(errs) > 0 {
		return errs
	}
	if t := time.Duration(s.Timeout); t < time.Second || t > 5*time.Minute {
		errs = append(errs, fmt.Errorf("timeout: %v: want 1s to 5m", t))
	}
	return append(errs, c.Validate()...)
}

// Access implements Spec.
func (s *Syslog) Access() Access {
	c, _ := s.Sink() // it was validated
	a := Access{Read: c.TLS.Files()}
	if _, text, err := net.SplitHostPort(c.Address); err == nil && (c.Transport == syslog.TCP || c.Transport == syslog.TLS) {
		if port, err := strconv.ParseUint(text, 10, 16); err == nil {
			a.Ports = append(a.Ports, uint16(port))
		}
	}
	return a
}
