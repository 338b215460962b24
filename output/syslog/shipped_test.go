package syslog

import (
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"go.yaml.in/yaml/v3"

	"cleartap/output"
	"cleartap/output/format"
	"cleartap/output/format/formattest"
)

// The pattern that we ship for Logstash finds the alert in a message, whole. Logstash
// itself cannot run here: its patterns are written out.
func TestShippedLogstashFindsTheAlert(t *testing.T) {
	text, err := os.ReadFile("../../deploy/logstash/cleartap.conf")
	if err != nil {
		t.Fatal(err)
	}
	m := regexp.MustCompile(`"message" => "(\^.*\$)"`).FindSubmatch(text)
	if m == nil {
		t.Fatal("no pattern")
	}
	pattern := strings.ReplaceAll(string(m[1]), "%{POSINT}", `[1-9][0-9]*`)
	find := regexp.MustCompile(regexp.MustCompile(`%\{GREEDYDATA:[^}]*\}`).ReplaceAllString(pattern, `(.*)`))
	a := formattest.Sample()
	r := output.NewRecord(&a)
	for _, cee := range []bool{false, true} {
		c := Config{Transport: TCP, Format: format.JSON, CEE: cee}.withDefaults()
		e := encoder{cfg: &c, host: "-", pid: "4711", zone: time.UTC}
		message, _ := e.message(&r)
		if got := find.FindSubmatch(message); got == nil || string(got[1]) != string(r.JSON) {
			t.Errorf("cookie %v: %q", cee, message)
		}
	}
}

// What we ship for Vector is YAML whose parts name each other. Vector itself cannot run here.
func TestShippedVectorIsOfOnePiece(t *testing.T) {
	text, err := os.ReadFile("../../deploy/vector/cleartap.yaml")
	if err != nil {
		t.Fatal(err)
	}
	type part struct {
		Type   string
		Inputs []string
	}
	var all struct{ Sources, Transforms, Sinks map[string]part }
	if err := yaml.Unmarshal(text, &all); err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, kind := range []map[string]part{all.Sources, all.Transforms} {
		for name := range kind {
			names = append(names, name)
		}
	}
	for _, kind := range []map[string]part{all.Transforms, all.Sinks} {
		for name, p := range kind {
			for _, in := range p.Inputs {
				if !slices.Contains(names, in) {
					t.Errorf("%s takes from %s, which is not there", name, in)
				}
			}
			if p.Type == "" || len(p.Inputs) == 0 {
				t.Errorf("%s: %+v", name, p)
			}
		}
	}
	if len(all.Sources) == 0 || len(all.Sinks) == 0 {
		t.Errorf("%+v", all)
	}
}
