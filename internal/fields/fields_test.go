package main

import (
	"bytes"
	"encoding/json"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"go.yaml.in/yaml/v3"

	"cleartap/deploy"
)

// The files in the source are those that the types make.
func TestFilesAreUpToDate(t *testing.T) {
	made, err := files()
	if err != nil {
		t.Fatalf("%v\n(a field needs a line in fields.txt; then: go generate ./internal/fields)", err)
	}
	for name, want := range made {
		got, err := os.ReadFile(filepath.Join("..", "..", filepath.FromSlash(name)))
		if err != nil || !bytes.Equal(got, want) {
			t.Errorf("%s is not what the types make (%v): go generate ./internal/fields", name, err)
		}
	}
}

// mapped gives the fields of the mapping with their types.
func mapped(t *testing.T) map[string]string {
	t.Helper()
	text, err := deploy.Files.ReadFile("elasticsearch/cleartap-mappings.json")
	if err != nil {
		t.Fatal(err)
	}
	type object struct {
		Type       string            `json:"type"`
		Properties map[string]object `json:"properties"`
	}
	var doc struct {
		Template struct {
			Mappings object `json:"mappings"`
		} `json:"template"`
	}
	if err := json.Unmarshal(text, &doc); err != nil {
		t.Fatal(err)
	}
	out := map[string]string{}
	var walk func(string, object)
	walk = func(path string, o object) {
		if len(o.Properties) == 0 {
			out[path] = o.Type
		}
		for name, below := range o.Properties {
			walk(strings.TrimPrefix(path+"."+name, "."), below)
		}
	}
	walk("", doc.Template.Mappings)
	return out
}

func TestMapping(t *testing.T) {
	m := mapped(t)
	for field, want := range map[string]string{
		"@timestamp": "date", "event.id": "keyword", "event.severity": "long", "source.ip": "ip", "message": "text", "tags": "keyword",
		"cleartap.proxy.client.ip": "ip", "cleartap.capture.midstream": "boolean", "cleartap.health.uptime": "double", "user.name": "keyword",
	} {
		if m[field] != want {
			t.Errorf("%s is mapped as %q, want %q", field, m[field], want)
		}
	}
	if len(m) < 100 {
		t.Errorf("%d fields are mapped", len(m))
	}
}

// word finds the fields of a query of KQL.
var word = regexp.MustCompile(`([a-z@][a-z_.]*)\s*:`)

// known checks that fields are in the mapping, and can be counted by if they must be.
func known(t *testing.T, where string, m map[string]string, counted bool, fields ...string) {
	t.Helper()
	for _, f := range fields {
		switch m[f] {
		case "":
			t.Errorf("%s: the field %q is not mapped", where, f)
		case "text":
			if counted {
				t.Errorf("%s: the field %q is text, which cannot be counted by", where, f)
			}
		}
	}
}

// The saved objects of Kibana name fields that exist, and each other. That Kibana
// takes them is not tested: it cannot run here.
func TestDashboard(t *testing.T) {
	m := mapped(t)
	text, err := deploy.Files.ReadFile("kibana/cleartap.ndjson")
	if err != nil {
		t.Fatal(err)
	}
	lines := strings.Split(strings.TrimSpace(string(text)), "\n")
	ids := map[string]bool{}
	var refs []reference
	for _, line := range lines[:len(lines)-1] {
		var o savedObject
		if err := json.Unmarshal([]byte(line), &o); err != nil {
			t.Fatal(err)
		}
		if ids[o.Type+"/"+o.ID] {
			t.Errorf("%s/%s is there twice", o.Type, o.ID)
		}
		ids[o.Type+"/"+o.ID] = true
		refs = append(refs, o.References...)
		inner(t, m, &o)
	}
	for _, r := range refs {
		if !ids[r.Type+"/"+r.ID] {
			t.Errorf("a reference to %s/%s, which is not there", r.Type, r.ID)
		}
	}
	var end struct {
		Exported int `json:"exportedCount"`
	}
	if err := json.Unmarshal([]byte(lines[len(lines)-1]), &end); err != nil || end.Exported != len(lines)-1 {
		t.Errorf("the last line says %d objects, there are %d (%v)", end.Exported, len(lines)-1, err)
	}
}

// inner looks into the JSON that stands in strings.
func inner(t *testing.T, m map[string]string, o *savedObject) {
	t.Helper()
	text := func(name string) string { s, _ := o.Attributes[name].(string); return s }
	for _, name := range []string{"panelsJSON", "optionsJSON", "visState", "uiStateJSON"} {
		if s := text(name); s != "" && !json.Valid([]byte(s)) {
			t.Errorf("%s: %s is no JSON", o.ID, name)
		}
	}
	var vis struct {
		Aggs []struct {
			Params struct{ Field string }
		}
	}
	if s := text("visState"); s != "" {
		if err := json.Unmarshal([]byte(s), &vis); err != nil || len(vis.Aggs) < 2 {
			t.Errorf("%s: %v", o.ID, err)
		}
		for _, a := range vis.Aggs[1:] {
			known(t, o.ID, m, true, a.Params.Field)
		}
	}
	meta, _ := o.Attributes["kibanaSavedObjectMeta"].(map[string]any)
	source, _ := meta["searchSourceJSON"].(string)
	var search struct{ Query struct{ Query string } }
	if source != "" {
		if err := json.Unmarshal([]byte(source), &search); err != nil {
			t.Errorf("%s: %v", o.ID, err)
		}
	}
	for _, f := range word.FindAllStringSubmatch(search.Query.Query, -1) {
		known(t, o.ID, m, false, f[1])
	}
	list, _ := o.Attributes["columns"].([]any)
	for _, c := range list {
		known(t, o.ID, m, false, c.(string))
	}
	if o.Type == "index-pattern" {
		known(t, o.ID, m, false, text("timeFieldName"))
	}
}

// Elastic's detection rules name fields that exist.
func TestElasticRules(t *testing.T) {
	m := mapped(t)
	text, err := deploy.Files.ReadFile("elastic-rules/cleartap.ndjson")
	if err != nil {
		t.Fatal(err)
	}
	ids := map[string]bool{}
	for line := range strings.Lines(string(text)) {
		var r struct {
			ID       string `json:"rule_id"`
			Name     string
			Type     string
			Query    string
			Index    []string
			Severity string
			Risk     int                                       `json:"risk_score"`
			Override string                                    `json:"rule_name_override"`
			Mapping  []struct{ Field, Value, Severity string } `json:"severity_mapping"`
			Threat   []struct {
				Technique []struct{ ID string }
			}
			Threshold struct {
				Field       []string
				Cardinality []struct{ Field string }
			}
		}
		if err := json.Unmarshal([]byte(line), &r); err != nil {
			t.Fatal(err)
		}
		if len(r.ID) != 36 || ids[r.ID] || r.Name == "" || r.Risk == 0 || len(r.Threat) == 0 || len(r.Index) != 1 || r.Index[0] != "logs-cleartap.alert-*" {
			t.Errorf("%+v", r)
		}
		ids[r.ID] = true
		for _, f := range word.FindAllStringSubmatch(r.Query, -1) {
			known(t, r.Name, m, false, f[1])
		}
		for _, s := range r.Mapping {
			known(t, r.Name, m, false, s.Field)
		}
		known(t, r.Name, m, true, r.Threshold.Field...)
		for _, c := range r.Threshold.Cardinality {
			known(t, r.Name, m, true, c.Field)
		}
		if r.Override != "" {
			known(t, r.Name, m, false, r.Override)
		}
	}
	if len(ids) != 2 {
		t.Errorf("%d rules", len(ids))
	}
}

// The rules of Sigma have what the specification asks for, and name fields that exist.
func TestSigmaRules(t *testing.T) {
	m := mapped(t)
	files, err := fs.Glob(deploy.Files, "sigma/*.yml")
	if err != nil || len(files) < 3 {
		t.Fatal(files, err)
	}
	ids := map[string]bool{}
	for _, name := range files {
		text, err := deploy.Files.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		var r struct {
			Title, ID, Status, Description, Level string
			Tags                                  []string
			Logsource                             struct{ Product, Service string }
			Detection                             map[string]yaml.Node
		}
		if err := yaml.Unmarshal(text, &r); err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		if r.Title == "" || len(r.ID) != 36 || ids[r.ID] || r.Level == "" || r.Logsource.Product != "cleartap" || r.Logsource.Service != "alert" || len(r.Tags) == 0 {
			t.Errorf("%s: %+v", name, r)
		}
		ids[r.ID] = true
		condition := r.Detection["condition"]
		for part, node := range r.Detection {
			if part == "condition" {
				continue
			}
			if !strings.Contains(condition.Value, part) {
				t.Errorf("%s: the condition does not use %s", name, part)
			}
			for i := 0; i < len(node.Content); i += 2 {
				known(t, name, m, false, strings.Split(node.Content[i].Value, "|")[0])
			}
		}
	}
}

// A field that ECS does not have, or that nobody explained, is found.
func TestStrangeFieldsAreFound(t *testing.T) {
	if _, _, err := readTexts("a.b no colon\n"); err == nil {
		t.Error("a line without a colon was taken")
	}
	if _, _, err := readTexts("a: x\na: y\n"); err == nil {
		t.Error("a field was explained twice")
	}
	if e := readECS(ecsNames); e["event.id"] != "keyword" || e["message"] != "text" || e["cleartap.count"] != "" || len(e) < 1000 {
		t.Errorf("ecs.txt is read wrongly: %d fields", len(e))
	}
}
