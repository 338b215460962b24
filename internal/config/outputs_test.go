package config

import (
	"strings"
	"testing"

	"cleartap/output/syslog"
)

// Every mistake in an output is told with the place it stands in.
func TestOutputFaults(t *testing.T) {
	for text, want := range map[string]string{
		"{type: syslog}":                                                                 "url: \"\": want udp://",
		"{type: syslog, url: 'http://h:1'}":                                              "want udp://HOST:PORT",
		"{type: syslog, url: 'tcp://h:1/path'}":                                          "want udp://HOST:PORT",
		"{type: syslog, url: 'tcp://u:p@h:1'}":                                           "want udp://HOST:PORT",
		"{type: syslog, url: 'unix:log'}":                                                "want udp://HOST:PORT",
		"{type: syslog, url: 'tcp://h', format: xml}":                                    "format: \"xml\"",
		"{type: syslog, url: 'tcp://h', format: ocsf}":                                   "format: ocsf is for files",
		"{type: syslog, url: 'tcp://h', facility: local8}":                               "facility: \"local8\"",
		"{type: syslog, url: 'tcp://h', framing: nul}":                                   "framing: \"nul\"",
		"{type: syslog, url: 'udp://h', framing: lf}":                                    "framing: lf is for tcp",
		"{type: syslog, url: 'tcp://h', protocol: rfc1}":                                 "protocol: \"rfc1\"",
		"{type: syslog, url: 'tcp://h', severities: {low: bad}}":                         "severities.low: \"bad\"",
		"{type: syslog, url: 'tcp://h', max_size: 100}":                                  "max_size: 100",
		"{type: syslog, url: 'tcp://h', timeout: 1ms}":                                   "timeout: 1ms",
		"{type: syslog, url: 'tcp://h', cee: true}":                                      "cee: it marks JSON",
		"{type: syslog, url: 'tcp://h', tls: {ca: x}}":                                   "tls: the address is of tcp",
		"{type: syslog, url: 'tls://h', tls: {certificate: x}}":                          "a certificate needs its key",
		"{type: syslog, url: 'tls://h', tls: {fingerprint: x}}":                          "unknown key \"fingerprint\", did you mean \"fingerprints\"?",
		"{type: syslog, urls: x}":                                                        "did you mean \"url\"?",
		"{type: kafka}":                                                                  "brokers: nothing given",
		"{type: kafka, brokers: h, topic: t}":                                            "brokers: \"h\"",
		"{type: kafka, brokers: 'h:1', topic: ''}":                                       "topic: \"\"",
		"{type: kafka, brokers: 'h:1', topic: t, key: x}":                                "key: \"x\"",
		"{type: kafka, brokers: 'h:1', topic: t, format: cef}":                           "format: cef: want json",
		"{type: kafka, brokers: 'h:1', topic: t, tls: {ca: x}}":                          "want tls.enabled: true",
		"{type: kafka, brokers: 'h:1', topic: t, sasl: {mechanism: x}}":                  "sasl.mechanism: \"X\"",
		"{type: kafka, brokers: 'h:1', topic: t, sasl: {mechanism: plain, username: u}}": "sasl.password: nothing given",
		"{type: file, path: x, format: xml}":                                             "format: \"xml\"",
		"{type: file, path: x, rotate: {every: 1s}}":                                     "rotate.every: 1s",
		"{type: file, path: x, rotate: {size: 1}}":                                       "rotate.size: 1",
		"{type: sylog, url: x}":                                                          "did you mean \"syslog\"?",
	} {
		_, err := load(t, "outputs:\n  - "+text+"\n", nil)
		if err == nil || !strings.Contains(err.Error(), want) || !strings.Contains(err.Error(), "c.yaml:2") {
			t.Errorf("%s: want %q, got %v", text, want, err)
		}
	}
}

func TestSyslogOfTheCommandLine(t *testing.T) {
	for text, want := range map[string]struct {
		t    syslog.Transport
		p    syslog.Protocol
		addr string
	}{
		"udp://h":                   {syslog.UDP, syslog.RFC5424, "h:514"},
		"tcp://[2001:db8::1]:601":   {syslog.TCP, syslog.RFC5424, "[2001:db8::1]:601"},
		"tls://h":                   {syslog.TLS, syslog.RFC5424, "h:6514"},
		"unix:/dev/log":             {syslog.Unix, syslog.Local, "/dev/log"},
		"unix:///dev/log":           {syslog.Unix, syslog.Local, "/dev/log"},
		"tcp://h?protocol=rfc3164":  {syslog.TCP, syslog.RFC3164, "h:514"},
		"unix:/s?protocol=rfc5424":  {syslog.Unix, syslog.RFC5424, "/s"},
		"tls://h?tls.ca=/c%20a.pem": {syslog.TLS, syslog.RFC5424, "h:6514"},
	} {
		s, err := ParseSyslog(text)
		if err != nil {
			t.Errorf("%s: %v", text, err)
			continue
		}
		c, errs := s.Sink()
		if len(errs) > 0 || len(s.Validate()) > 0 || c.Transport != want.t || c.Protocol != want.p || c.Address != want.addr {
			t.Errorf("%s: %+v, %v, %v", text, c, errs, s.Validate())
		}
	}
	for text, want := range map[string]string{
		"tcp://h?formt=cef": "did you mean \"format\"?", "tcp://h?url=x": "unknown setting \"url\"", "tcp://h?health=maybe": "health: \"maybe\"", "tcp://h?%zz": "want NAME=VALUE",
	} {
		if _, err := ParseSyslog(text); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: want %q, got %v", text, want, err)
		}
	}
}

func TestKafkaOfTheCommandLine(t *testing.T) {
	t.Setenv(KafkaPassword, "secret")
	k, err := ParseKafka("k1,k2:9093,[2001:db8::1]/alerts?key=source&tls.enabled=true&sasl.mechanism=scram-sha-512&sasl.username=u")
	if err != nil || strings.Join(k.Brokers, " ") != "k1:9092 k2:9093 [2001:db8::1]:9092" || k.Topic != "alerts" || len(k.Validate()) != 0 {
		t.Fatalf("%+v, %v, %v", k, err, k.Validate())
	}
	c, _ := k.Sink()
	if p, err := c.Login.Password(); err != nil || p != "secret" {
		t.Errorf("password %q, %v", p, err)
	}
	a := k.Access()
	if len(a.Ports) != 2 {
		t.Errorf("ports %v", a.Ports)
	}
	for text, want := range map[string]string{
		"k1:9092": "want BROKER:PORT/TOPIC", "/t": "want BROKER:PORT/TOPIC", "k/t?sasl.password=x": "use the environment or a file", "k/t?topic=x": "unknown setting",
	} {
		if _, err := ParseKafka(text); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: want %q, got %v", text, want, err)
		}
	}
}
