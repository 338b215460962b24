package main

import (
	"bufio"
	_ "embed" // for the lists
	"errors"
	"fmt"
	"reflect"
	"strings"
)

//go:embed fields.txt
var texts string

//go:embed ecs.txt
var ecsNames string

// own is the object for what ECS has no name for.
const own = "cleartap."

// described is a field with what is known of it.
type describedField struct {
	field
	es   string // its type in Elasticsearch
	text string
}

// described joins the fields of the types with their texts and with ECS.
func described() ([]describedField, error) {
	list, err := documents()
	if err != nil {
		return nil, err
	}
	text, types, err := readTexts(texts)
	if err != nil {
		return nil, err
	}
	ecs := readECS(ecsNames)
	var out []describedField
	var errs []error
	for _, f := range list {
		d := describedField{field: f, text: text[f.path], es: types[f.path]}
		if d.text == "" {
			errs = append(errs, fmt.Errorf("%s has no line in fields.txt", f.path))
		}
		delete(text, f.path)
		if !strings.HasPrefix(f.path, own) {
			known, ok := ecs[f.path]
			if !ok {
				errs = append(errs, fmt.Errorf("%s is no field of ECS: our own fields go below cleartap", f.path))
			}
			d.es = known
		} else if d.es == "" {
			d.es = typeOf(f.kind)
		}
		out = append(out, d)
	}
	for path := range text {
		errs = append(errs, fmt.Errorf("fields.txt has a line for %s, which no document has", path))
	}
	return out, errors.Join(errs...)
}

// typeOf is the type in Elasticsearch of a Go kind.
func typeOf(k reflect.Kind) string {
	switch k {
	case reflect.Bool:
		return "boolean"
	case reflect.Float32, reflect.Float64:
		return "double"
	case reflect.String:
		return "keyword"
	}
	return "long"
}

// readTexts reads fields.txt.
func readTexts(file string) (text, types map[string]string, err error) {
	text, types = map[string]string{}, map[string]string{}
	lines := bufio.NewScanner(strings.NewReader(file))
	for lines.Scan() {
		line := lines.Text()
		if line == "" || line[0] == '#' {
			continue
		}
		path, says, ok := strings.Cut(line, ": ")
		if !ok || text[path] != "" {
			return nil, nil, fmt.Errorf("fields.txt: %q: want a name, a colon and a text, once", line)
		}
		if rest, ok := strings.CutPrefix(says, "("); ok {
			types[path], says, _ = strings.Cut(rest, ") ")
		}
		text[path] = says
	}
	return text, types, lines.Err()
}

// readECS reads ecs.txt: types of the free licence of Elasticsearch, and of every
// node, stand for those of others.
func readECS(file string) map[string]string {
	plain := map[string]string{"match_only_text": "text", "wildcard": "keyword", "constant_keyword": "keyword", "scaled_float": "double"}
	out := map[string]string{}
	for line := range strings.SplitSeq(file, "\n") {
		name, kind, ok := strings.Cut(line, " ")
		if !ok || name == "#" {
			continue
		}
		if p := plain[kind]; p != "" {
			kind = p
		}
		out[name] = kind
	}
	return out
}
