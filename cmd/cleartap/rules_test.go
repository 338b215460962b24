package main

import (
	"encoding/json"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"cleartap/deploy"
	"cleartap/internal/testenv"
	"cleartap/output/elasticsearch/testnode"
)

// shippedQueries asks a real node, in which the alerts of a scan are, what the rules and
// pictures that we ship would ask it: each finds the alerts that it is about.
func shippedQueries(t *testing.T, n *testnode.Node) {
	count := func(query string) int {
		t.Helper()
		var c struct{ Count int }
		body, err := json.Marshal(map[string]any{"query": map[string]any{"query_string": map[string]any{"query": query}}})
		if err == nil {
			err = n.Do("POST", "/logs-cleartap.alert-default/_count", string(body), &c)
		}
		if err != nil {
			t.Fatalf("%s: %v", query, err)
		}
		return c.Count
	}
	real := `event.kind:alert AND event.module:cleartap AND NOT tags:test`
	for line := range strings.Lines(string(deployed(t, "elastic-rules/cleartap.ndjson"))) {
		var r struct {
			Name, Query string
			Threshold   struct {
				Field       []string
				Cardinality []struct{ Field string }
			}
		}
		if err := json.Unmarshal([]byte(line), &r); err != nil {
			t.Fatal(err)
		}
		want := real
		if len(r.Threshold.Field) > 0 {
			want += " AND event.outcome:success"
			buckets(t, n, map[string]any{"terms": map[string]any{"field": r.Threshold.Field[0]}})
			for _, c := range r.Threshold.Cardinality {
				aggregate(t, n, map[string]any{"cardinality": map[string]any{"field": c.Field}})
			}
		}
		if got := count(lucene(r.Query)); got != count(want) || got == 0 {
			t.Errorf("%s finds %d alerts, want %d", r.Name, got, count(want))
		}
	}
	pictures := 0
	for line := range strings.Lines(string(deployed(t, "kibana/cleartap.ndjson"))) {
		var o struct {
			ID, Type   string
			Attributes struct {
				VisState string
			}
		}
		var vis struct {
			Aggs []struct {
				Type, Schema string
				Params       struct{ Field string }
			}
		}
		if err := json.Unmarshal([]byte(line), &o); err != nil {
			t.Fatal(err)
		}
		if o.Type != "visualization" {
			continue
		}
		if err := json.Unmarshal([]byte(o.Attributes.VisState), &vis); err != nil {
			t.Fatal(err)
		}
		for _, a := range vis.Aggs {
			switch a.Type {
			case "terms":
				buckets(t, n, map[string]any{"terms": map[string]any{"field": a.Params.Field}})
			case "date_histogram":
				buckets(t, n, map[string]any{"date_histogram": map[string]any{"field": a.Params.Field, "calendar_interval": "month", "min_doc_count": 1}})
			}
		}
		pictures++
	}
	if pictures < 5 {
		t.Errorf("%d pictures", pictures)
	}
	sigma(t, map[string]string{
		"Password Sent Without TLS":                          `event.kind:alert AND (cleartap.auth.class:password OR cleartap.auth.class:token) AND NOT tags:test`,
		"Mail Login Without TLS":                             `event.kind:alert AND event.action:"cleartext-login" AND event.outcome:success AND NOT tags:test`,
		"Credential Sent To A Server That Refuses Cleartext": `event.kind:alert AND cleartap.auth.result:refused_insecure`,
	}, count)
}

func deployed(t *testing.T, name string) []byte {
	t.Helper()
	text, err := deploy.Files.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	return text
}

// lucene writes a query of Kibana's language, of what we use of it, in that of the node.
func lucene(kql string) string {
	return strings.NewReplacer(" : ", ":", " and ", " AND ", " or ", " OR ", "not ", "NOT ").Replace(kql)
}

// aggregate asks for an aggregation, and gives the answer.
func aggregate(t *testing.T, n *testnode.Node, what map[string]any) json.RawMessage {
	t.Helper()
	var answer struct {
		Aggregations struct{ A json.RawMessage }
	}
	body, err := json.Marshal(map[string]any{"size": 0, "aggs": map[string]any{"a": what}})
	if err == nil {
		err = n.Do("POST", "/logs-cleartap.alert-default/_search", string(body), &answer)
	}
	if err != nil {
		t.Fatalf("%v: %v", what, err)
	}
	return answer.Aggregations.A
}

// buckets asks for an aggregation that must have some.
func buckets(t *testing.T, n *testnode.Node, what map[string]any) {
	t.Helper()
	var a struct{ Buckets []json.RawMessage }
	if err := json.Unmarshal(aggregate(t, n, what), &a); err != nil || len(a.Buckets) == 0 {
		t.Errorf("%v has no buckets (%v)", what, err)
	}
}

// sigma has pySigma check the rules and write them as queries of Elasticsearch, which
// find what the queries in want find. It takes packages of Python from the network, so
// it runs with CLEARTAP_PROVE alone.
func sigma(t *testing.T, want map[string]string, count func(string) int) {
	if os.Getenv("CLEARTAP_PROVE") == "" {
		t.Log("Sigma left out without CLEARTAP_PROVE: it takes packages of Python")
		return
	}
	dir := t.TempDir()
	names, err := fs.Glob(deploy.Files, "sigma/*.yml")
	if err != nil || len(names) != len(want) {
		t.Fatal(names, err)
	}
	for _, name := range names {
		if err := os.WriteFile(filepath.Join(dir, filepath.Base(name)), deployed(t, name), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	out, err := exec.Command(sigmaPython(t), "testdata/check_sigma.py", dir).CombinedOutput() //nolint:gosec // our own script
	if err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	var report struct {
		Validators int
		Issues     []string
		Queries    map[string]string
	}
	if err := json.Unmarshal(out, &report); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	if len(report.Issues) > 0 || report.Validators < 25 || len(report.Queries) != len(want) {
		t.Errorf("%+v", report)
	}
	for title, query := range report.Queries {
		t.Logf("%s: %d alerts: %s", title, count(query), query)
		if got := count(query); got != count(want[title]) || got == 0 {
			t.Errorf("%s finds %d alerts, want %d", title, got, count(want[title]))
		}
	}
}

// sigmaPython gives an interpreter that has pySigma.
func sigmaPython(t *testing.T) string {
	t.Helper()
	interpreter, err := testenv.Python("sigma-1", "pysigma==1.5.1", "pysigma-backend-elasticsearch==2.1.1")
	if err != nil {
		t.Fatal(err)
	}
	return interpreter
}
