package main

import (
	"bytes"
	"encoding/json"
	"strconv"
)

// The saved objects of Kibana are made here, for their inner documents are JSON in
// strings. They are made of the types visualization (legacy aggregations), which every
// Kibana of version 8 reads and migrates.

// viewID is the id of the data view.
const viewID = "cleartap-alerts"

// savedObject is one line of an export of Kibana.
type savedObject struct {
	ID          string      `json:"id"`
	Type        string      `json:"type"`
	Core        string      `json:"coreMigrationVersion"`
	TypeVersion string      `json:"typeMigrationVersion"`
	Attributes  tree        `json:"attributes"`
	References  []reference `json:"references"`
	Managed     bool        `json:"managed"`
}

type reference struct {
	ID   string `json:"id"`
	Name string `json:"name"`
	Type string `json:"type"`
}

// panel is one picture of the dashboard.
type panel struct {
	id, title, kind    string
	field              string // of its buckets; empty: over time
	split              string // of its series, over time
	x, y, width, depth int
}

var panels = []panel{
	{"cleartap-over-time", "Cleartext logins over time, by severity", "histogram", "", "cleartap.severity", 0, 0, 48, 12},
	{"cleartap-accounts", "Accounts", "table", "user.name", "", 0, 12, 24, 14},
	{"cleartap-servers", "Servers", "table", "destination.ip", "", 24, 12, 24, 14},
	{"cleartap-clients", "Clients", "table", "source.ip", "", 0, 26, 24, 14},
	{"cleartap-rules", "Rules", "table", "rule.name", "", 24, 26, 24, 14},
	{"cleartap-mechanisms", "Mechanisms", "pie", "cleartap.auth.mechanism", "", 0, 40, 16, 12},
	{"cleartap-outcomes", "Did the login succeed?", "pie", "cleartap.auth.result", "", 16, 40, 16, 12},
	{"cleartap-protocols", "Protocols", "pie", "network.protocol", "", 32, 40, 16, 12},
}

// columns are those of the table of alerts.
var columns = []string{"rule.name", "cleartap.severity", "user.name", "source.ip", "destination.ip", "network.protocol", "cleartap.auth.mechanism", "event.outcome", "observer.name"}

// search is what panels look at.
func search(index bool) string {
	s := tree{"query": tree{"query": `event.kind : "alert" and not tags : "test"`, "language": "kuery"}, "filter": []any{}}
	if index {
		s["indexRefName"] = "kibanaSavedObjectMeta.searchSourceJSON.index"
	}
	return compact(s)
}

func compact(v any) string {
	b, err := json.Marshal(v)
	if err != nil {
		panic("fields: " + err.Error()) // trees of strings can be written
	}
	return string(b)
}

func (p *panel) visualization() savedObject {
	aggs := []any{tree{"id": "1", "enabled": true, "type": "count", "schema": "metric", "params": tree{}}}
	terms := func(id, field, schema string, size int) tree {
		return tree{"id": id, "enabled": true, "type": "terms", "schema": schema, "params": tree{"field": field, "orderBy": "1", "order": "desc", "size": size, "otherBucket": false, "missingBucket": false}}
	}
	switch p.kind {
	case "histogram":
		aggs = append(aggs, tree{"id": "2", "enabled": true, "type": "date_histogram", "schema": "segment", "params": tree{"field": "@timestamp", "interval": "auto", "min_doc_count": 1}},
			terms("3", p.split, "group", 5))
	case "table":
		aggs = append(aggs, terms("2", p.field, "bucket", 20))
	default:
		aggs = append(aggs, terms("2", p.field, "segment", 10))
	}
	return savedObject{
		ID: p.id, Type: "visualization", Core: "8.8.0", TypeVersion: "8.5.0",
		Attributes: tree{
			"title": "cleartap: " + p.title, "description": "", "version": 1, "uiStateJSON": "{}",
			"visState":              compact(tree{"title": "cleartap: " + p.title, "type": p.kind, "aggs": aggs, "params": tree{"addLegend": true, "addTooltip": true, "legendPosition": "right", "perPage": 20}}),
			"kibanaSavedObjectMeta": tree{"searchSourceJSON": search(true)},
		},
		References: []reference{{viewID, "kibanaSavedObjectMeta.searchSourceJSON.index", "index-pattern"}},
	}
}

// dashboard makes the saved objects, one a line: the data view, a search, the
// pictures, the dashboard.
func dashboard() []byte {
	objects := []savedObject{
		{ID: viewID, Type: "index-pattern", Core: "8.8.0", TypeVersion: "8.0.0", References: []reference{},
			Attributes: tree{"title": "logs-cleartap.alert-*", "name": "cleartap alerts", "timeFieldName": "@timestamp"}},
		{ID: "cleartap-latest", Type: "search", Core: "8.8.0", TypeVersion: "8.0.0", References: []reference{{viewID, "kibanaSavedObjectMeta.searchSourceJSON.index", "index-pattern"}},
			Attributes: tree{"title": "cleartap: latest alerts", "description": "", "columns": columns, "sort": [][]string{{"@timestamp", "desc"}}, "version": 1, "grid": tree{}, "hideChart": true,
				"kibanaSavedObjectMeta": tree{"searchSourceJSON": search(true)}}},
	}
	var layout []any
	var refs []reference
	place := func(n int, kind, id string, x, y, w, h int) {
		name := "panel_" + strconv.Itoa(n)
		layout = append(layout, tree{"version": "8.8.0", "type": kind, "panelIndex": strconv.Itoa(n), "panelRefName": name,
			"gridData": tree{"x": x, "y": y, "w": w, "h": h, "i": strconv.Itoa(n)}, "embeddableConfig": tree{"enhancements": tree{}}})
		refs = append(refs, reference{id, name, kind})
	}
	for i := range panels {
		p := &panels[i]
		objects = append(objects, p.visualization())
		place(i+1, "visualization", p.id, p.x, p.y, p.width, p.depth)
	}
	place(len(panels)+1, "search", "cleartap-latest", 0, 52, 48, 20)
	objects = append(objects, savedObject{ID: "cleartap-overview", Type: "dashboard", Core: "8.8.0", TypeVersion: "8.7.0", References: refs,
		Attributes: tree{"title": "cleartap: cleartext mail logins", "description": "Mail logins without TLS, who made them, and where.", "version": 1, "timeRestore": true,
			"timeFrom": "now-7d", "timeTo": "now", "panelsJSON": compact(layout), "optionsJSON": compact(tree{"useMargins": true, "hidePanelTitles": false}),
			"kibanaSavedObjectMeta": tree{"searchSourceJSON": compact(tree{"query": tree{"query": "", "language": "kuery"}, "filter": []any{}})}}})
	var b bytes.Buffer
	for _, o := range objects {
		b.WriteString(compact(o) + "\n")
	}
	b.WriteString(compact(tree{"excludedObjects": []any{}, "excludedObjectsCount": 0, "exportedCount": len(objects), "missingRefCount": 0, "missingReferences": []any{}}) + "\n")
	return b.Bytes()
}
