package kafka

import (
	"strings"
	"testing"
	"time"

	"cleartap/output"
	"cleartap/output/format"
	"cleartap/output/transport"
)

func TestWrongSettings(t *testing.T) {
	good := Config{Brokers: []string{"h:9092"}, Topic: "alerts", Format: format.JSON}
	if errs := good.Validate(); len(errs) != 0 {
		t.Fatal(errs)
	}
	secret := func() (string, error) { return "", nil }
	for want, change := range map[string]func(c *Config){
		"brokers: nothing":       func(c *Config) { c.Brokers = nil },
		"brokers: \"h\"":         func(c *Config) { c.Brokers = []string{"h"} },
		"topic":                  func(c *Config) { c.Topic = "a b" },
		"topic: ":                func(c *Config) { c.Topic = strings.Repeat("a", mostTopic+1) },
		"format":                 func(c *Config) { c.Format = format.CEF },
		"health":                 func(c *Config) { c.Format, c.Health = format.EVE, true },
		"timeout":                func(c *Config) { c.Timeout = time.Millisecond },
		"want tls.enabled":       func(c *Config) { c.TLS = transport.TLS{CA: "x"} },
		"needs its key":          func(c *Config) { c.Secure, c.TLS = true, transport.TLS{Certificate: "x"} },
		"sasl.mechanism: nothin": func(c *Config) { c.Login.Username = "u" },
		"sasl.mechanism: \"X\"":  func(c *Config) { c.Login = Login{"X", "u", secret} },
		"sasl.username":          func(c *Config) { c.Login = Login{"PLAIN", "", secret} },
		"sasl.password":          func(c *Config) { c.Login = Login{"PLAIN", "u", nil} },
	} {
		c := good
		change(&c)
		if _, err := New(c); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("want %q: got %v", want, err)
		}
	}
	longest := good
	longest.Topic = strings.Repeat("a", mostTopic)
	if errs := longest.Validate(); len(errs) != 0 {
		t.Error(errs)
	}
	if c := (Config{Login: Login{Mechanism: "PLAIN"}}); !c.InClear() {
		t.Error("a password in clear")
	}
	for _, name := range []string{"id", "source"} {
		if k, err := ParseKey(name); err != nil || k.String() != name {
			t.Error(name, k, err)
		}
	}
	if _, err := ParseKey("x"); err == nil {
		t.Error("x")
	}
}

func TestMessages(t *testing.T) {
	health := output.Record{ID: "h", Dataset: "cleartap.health", JSON: []byte("{}")}
	c := Config{Format: format.JSON}
	if m, v := c.message(&health); m != nil || v.Outcome != output.Done {
		t.Errorf("%v, %v", m, v)
	}
	c.Health = true
	if m, _ := c.message(&health); m == nil || string(m.Value) != "{}" {
		t.Errorf("%v", m)
	}
	c.Key = BySource
	if m, v := c.message(&output.Record{JSON: []byte("no")}); m != nil || v.Outcome != output.Dead {
		t.Errorf("%v, %v", m, v)
	}
}
