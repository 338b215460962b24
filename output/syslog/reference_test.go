package syslog

import (
	"testing"
	"time"

	"cleartap/output"
	"cleartap/output/format"
	"cleartap/output/format/formattest"
)

// The examples of the reference are what is sent.
func TestReferenceShowsWhatIsSent(t *testing.T) {
	a := formattest.Sample()
	r := output.NewRecord(&a)
	all := map[string]string{}
	for name, c := range map[string]Config{
		"rfc5424 native": {}, "rfc5424 json": {Format: format.JSON, CEE: true}, "rfc3164 cef": {Protocol: RFC3164, Format: format.CEF}, "rfc3164 native": {Protocol: RFC3164},
		"local native": {Protocol: Local},
	} {
		c = c.withDefaults()
		e := encoder{cfg: &c, host: "-", pid: "4711", zone: time.UTC}
		m, v := e.message(&r)
		if v.Outcome == output.Dead {
			t.Fatalf("%s: %v", name, v)
		}
		all[name] = string(m)
	}
	formattest.Reference(t, all)
}
