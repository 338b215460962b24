package main

import (
	"fmt"
	"reflect"
	"strings"

	"cleartap/output"
	"cleartap/output/health"
)

// field is one field of a document.
type field struct {
	path   string
	kind   reflect.Kind // of its values
	list   bool         // it may have several
	alert  bool         // alerts have it
	health bool         // health records have it
}

// documents walks through both kinds of document, in the order in which they are written.
func documents() ([]field, error) {
	var all []field
	at := map[string]int{}
	for _, d := range []struct {
		doc   reflect.Type
		alert bool
	}{{reflect.TypeFor[output.Alert](), true}, {reflect.TypeFor[health.Record](), false}} {
		var list []field
		if err := walk(d.doc, "", false, &list); err != nil {
			return nil, err
		}
		for _, f := range list {
			i, ok := at[f.path]
			if !ok {
				i = len(all)
				at[f.path] = i
				all = append(all, f)
			}
			all[i].alert = all[i].alert || d.alert
			all[i].health = all[i].health || !d.alert
		}
	}
	return all, nil
}

// walk appends the leaves below a type.
func walk(t reflect.Type, path string, list bool, out *[]field) error {
	switch t.Kind() {
	case reflect.Pointer:
		return walk(t.Elem(), path, list, out)
	case reflect.Slice:
		return walk(t.Elem(), path, true, out)
	case reflect.Struct:
		for i := range t.NumField() {
			f := t.Field(i)
			name, _, _ := strings.Cut(f.Tag.Get("json"), ",")
			if name == "" || name == "-" {
				return fmt.Errorf("%s.%s has no name in JSON", t, f.Name)
			}
			below := name
			if path != "" {
				below = path + "." + name
			}
			if err := walk(f.Type, below, list, out); err != nil {
				return err
			}
		}
		return nil
	case reflect.Map, reflect.Interface, reflect.Func, reflect.Chan:
		return fmt.Errorf("%s: a %s has no fields that could be listed", path, t.Kind())
	}
	*out = append(*out, field{path: path, kind: t.Kind(), list: list})
	return nil
}
