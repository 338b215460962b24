package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"reflect"
	"strings"
)

// tree is a JSON object that keeps nothing but its members; they come out sorted.
type tree map[string]any

// at gives the object below a dotted name, made if it is not there.
func (t tree) at(path []string, inside string) tree {
	here := t
	for _, name := range path {
		next, ok := here[name].(tree)
		if !ok {
			next = tree{inside: tree{}}
			here[name] = next
		}
		here = next[inside].(tree)
	}
	return here
}

func split(path string) (above []string, name string) {
	parts := strings.Split(path, ".")
	return parts[:len(parts)-1], parts[len(parts)-1]
}

func render(v any) []byte {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	e.SetIndent("", "  ")
	if err := e.Encode(v); err != nil {
		panic("fields: " + err.Error()) // trees of strings can be written
	}
	return b.Bytes()
}

// mapping is the component template of the mapping.
func mapping(list []describedField) []byte {
	properties := tree{}
	for _, f := range list {
		above, name := split(f.path)
		as := tree{"type": f.es}
		if f.es == "keyword" {
			as["ignore_above"] = 1024
		}
		properties.at(above, "properties")[name] = as
	}
	return render(tree{
		"template": tree{"mappings": tree{"dynamic": false, "date_detection": false, "properties": properties}},
		"_meta":    tree{"description": "Fields of cleartap's alerts and health records; made by internal/fields.", "managed_by": "cleartap"},
		"version":  TemplateVersion,
	})
}

// TemplateVersion grows with each change of the templates that is released.
const TemplateVersion = 1

// schema is the JSON schema of an alert.
func schema(list []describedField) []byte {
	properties := tree{}
	for _, f := range list {
		if !f.alert {
			continue
		}
		above, name := split(f.path)
		as := tree{"type": jsonType(f.kind), "description": f.text}
		if f.list && !strings.HasPrefix(f.path, "threat.technique.") {
			as = tree{"type": "array", "items": tree{"type": jsonType(f.kind)}, "description": f.text}
		}
		properties.at(above, "properties")[name] = as
	}
	objects(properties)
	techniques(properties)
	return render(tree{
		"$schema": "https://json-schema.org/draft/2020-12/schema", "title": "Alert of cleartap", "type": "object",
		"description": "One alert: a line of JSON lines, a document of Elasticsearch. A field that is not known is absent. Made by internal/fields.",
		"required":    []string{"@timestamp", "ecs", "event", "rule", "observer", "cleartap"},
		"properties":  properties,
	})
}

// objects gives what has properties its type.
func objects(t tree) {
	for _, v := range t {
		if below, ok := v.(tree); ok {
			if p, ok := below["properties"].(tree); ok {
				below["type"] = "object"
				objects(p)
			}
		}
	}
}

// techniques makes lists of what are lists of objects.
func techniques(properties tree) {
	threat := properties.at([]string{"threat"}, "properties")
	technique := threat["technique"].(tree)
	inner := technique["properties"].(tree)
	inner["subtechnique"] = tree{"type": "array", "items": inner["subtechnique"]}
	threat["technique"] = tree{"type": "array", "items": technique}
}

func jsonType(k reflect.Kind) string {
	switch k {
	case reflect.Bool:
		return "boolean"
	case reflect.String:
		return "string"
	case reflect.Float32, reflect.Float64:
		return "number"
	}
	return "integer"
}

// page is the reference page.
func page(list []describedField) []byte {
	var b bytes.Buffer
	b.WriteString(`# Fields

<!-- Made from the Go types by internal/fields: go generate ./internal/fields -->

Alerts and health records are JSON objects, one a line in files. Names outside ` + "`cleartap`" + ` are those of the Elastic Common Schema,
version 8.11; they are nested objects, so ` + "`event.id`" + ` is ` + "`{\"event\": {\"id\": …}}`" + `. A field that is not known is absent. The type is
that of the mapping that ` + "`cleartap setup elasticsearch`" + ` installs; *list* says that there may be several values.

No field holds a secret, anything made from one, its length, a line of the wire, or a server's text. ` + "`event.original`" + ` is never written.
`)
	section := func(title string, wanted func(describedField) bool) {
		fmt.Fprintf(&b, "\n## %s\n\n| field | type | says |\n|---|---|---|\n", title)
		for _, f := range list {
			if !wanted(f) {
				continue
			}
			kind := f.es
			if f.list {
				kind += ", list"
			}
			fmt.Fprintf(&b, "| `%s` | %s | %s |\n", f.path, kind, strings.ReplaceAll(f.text, "|", `\|`))
		}
	}
	section("Alerts", func(f describedField) bool { return f.alert })
	section("Health records", func(f describedField) bool { return f.health && !f.alert })
	b.WriteString("\nHealth records also have `@timestamp`, `ecs.version`, `message`, `event.kind`, `event.module`, `event.dataset`,\n`event.created` and the `observer` of alerts.\n")
	return b.Bytes()
}
