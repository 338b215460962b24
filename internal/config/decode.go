package config

import (
	"encoding"
	"fmt"
	"reflect"
	"strconv"
	"strings"

	"go.yaml.in/yaml/v3"
)

// decoder lays a YAML document over a configuration. It goes on after a fault, so
// that all of them are told at once.
type decoder struct {
	file    string
	errs    []error
	wrong   []string // paths of values that could not be read
	origins Origins
}

func (d *decoder) fail(n *yaml.Node, path, format string, args ...any) {
	text := fmt.Sprintf(format, args...)
	if path != "" {
		text = path + ": " + text
	}
	d.errs = append(d.errs, fmt.Errorf("%s:%d: %s", d.file, n.Line, text))
}

// lost is fail of a value that could not be read.
func (d *decoder) lost(n *yaml.Node, path, format string, args ...any) {
	d.wrong = append(d.wrong, path)
	d.fail(n, path, format, args...)
}

// join makes the path of a part.
func join(path, key string) string {
	if path == "" {
		return key
	}
	return path + "." + key
}

var textType = reflect.TypeFor[encoding.TextUnmarshaler]()

// into lays n over v.
func (d *decoder) into(n *yaml.Node, v reflect.Value, path string) {
	switch {
	case n.Kind == yaml.AliasNode:
		d.lost(n, path, "aliases (*name) are not supported: write it out")
	case n.Tag == "!!null":
		// nothing was given: the default stays
	case v.Addr().Type().Implements(textType):
		d.scalar(n, v, path)
	case v.Type() == reflect.TypeFor[Output]():
		d.output(n, v, path)
	case v.Kind() == reflect.Struct:
		d.mapping(n, v, path, nil)
	case v.Kind() == reflect.Slice:
		d.list(n, v, path)
	default:
		d.scalar(n, v, path)
	}
}

// fields maps the keys of a struct to its fields.
func fields(v reflect.Value) (names []string, of map[string]reflect.Value) {
	of = map[string]reflect.Value{}
	for i := range v.NumField() {
		name := v.Type().Field(i).Tag.Get("yaml")
		if name == "" || name == "-" {
			continue
		}
		names = append(names, name)
		of[name] = v.Field(i)
	}
	return names, of
}

// mapping fills a struct. also are keys that somebody else has read.
func (d *decoder) mapping(n *yaml.Node, v reflect.Value, path string, also []string) {
	if n.Kind != yaml.MappingNode {
		d.lost(n, path, "want keys with values below it, such as %s", example(v))
		return
	}
	names, of := fields(v)
	seen := map[string]int{}
	for i := 0; i+1 < len(n.Content); i += 2 {
		key, value := n.Content[i], n.Content[i+1]
		if line := seen[key.Value]; line != 0 {
			d.fail(key, path, "%q is given a second time; the first is in line %d", key.Value, line)
			continue
		}
		seen[key.Value] = key.Line
		switch f, ok := of[key.Value]; {
		case ok:
			d.into(value, f, join(path, key.Value))
		case contains(also, key.Value):
		default:
			d.fail(key, path, "unknown key %q%s", key.Value, Nearest(key.Value, append(names, also...)))
		}
	}
}

func contains(list []string, s string) bool {
	for _, x := range list {
		if x == s {
			return true
		}
	}
	return false
}

func example(v reflect.Value) string {
	names, _ := fields(v)
	if len(names) == 0 {
		return "none"
	}
	return names[0] + ":"
}

// list fills a slice. One value alone is a list of one.
func (d *decoder) list(n *yaml.Node, v reflect.Value, path string) {
	items := n.Content
	switch n.Kind {
	case yaml.ScalarNode:
		items = []*yaml.Node{n}
		if structured(v.Type().Elem()) {
			d.lost(n, path, "want a list, each item behind a dash")
			return
		}
	case yaml.MappingNode:
		d.lost(n, path, "want a list, each item behind a dash")
		return
	}
	d.note(path, n)
	v.Set(reflect.MakeSlice(v.Type(), len(items), len(items)))
	for i, item := range items {
		if item.Tag == "!!null" {
			d.lost(item, path, "an empty item")
			continue
		}
		d.into(item, v.Index(i), fmt.Sprintf("%s[%d]", path, i))
	}
}

// structured reports whether values of a type have keys.
func structured(t reflect.Type) bool {
	return t.Kind() == reflect.Struct && !reflect.PointerTo(t).Implements(textType)
}

func (d *decoder) scalar(n *yaml.Node, v reflect.Value, path string) {
	if n.Kind != yaml.ScalarNode {
		d.lost(n, path, "want one value, not a list or keys")
		return
	}
	d.note(path, n)
	if err := set(v, n.Value); err != nil {
		d.lost(n, path, "%s", err)
	}
}

func (d *decoder) note(path string, n *yaml.Node) {
	d.origins[path] = fmt.Sprintf("%s:%d", d.file, n.Line)
}

// output reads an entry of outputs: first its type, then what the type has.
func (d *decoder) output(n *yaml.Node, v reflect.Value, path string) {
	out := v.Addr().Interface().(*Output)
	if n.Kind != yaml.MappingNode {
		d.lost(n, path, "want type: and its fields")
		return
	}
	for i := 0; i+1 < len(n.Content); i += 2 {
		switch value := n.Content[i+1]; n.Content[i].Value {
		case "type":
			out.Type = value.Value
			d.note(path+".type", value)
		case "name":
			out.Name = value.Value
			d.note(path+".name", value)
		}
	}
	if out.Type == "" {
		d.lost(n, path, "no type: want one of %s", strings.Join(KindNames(), ", "))
		return
	}
	spec, err := newSpec(out.Type)
	if err != nil {
		d.lost(n, path, "%s", err)
		return
	}
	out.Spec = spec
	if out.Name == "" {
		out.Name = out.Type
	}
	d.note(path, n)
	d.mapping(n, reflect.ValueOf(spec).Elem(), path, []string{"type", "name"})
}

// set reads text into a value that has no keys. A list is written with commas.
func set(v reflect.Value, text string) error {
	if u, ok := v.Addr().Interface().(encoding.TextUnmarshaler); ok {
		return u.UnmarshalText([]byte(text))
	}
	switch v.Kind() {
	case reflect.String:
		v.SetString(text)
	case reflect.Bool:
		return setBool(v, text)
	case reflect.Int:
		i, err := strconv.Atoi(text)
		if err != nil {
			return fmt.Errorf("%q: want a whole number", text)
		}
		v.SetInt(int64(i))
	case reflect.Slice:
		return setList(v, text)
	default:
		return fmt.Errorf("cannot be set by text")
	}
	return nil
}

func setBool(v reflect.Value, text string) error {
	switch strings.ToLower(text) {
	case "true", "yes", "on", "1":
		v.SetBool(true)
	case "false", "no", "off", "0":
		v.SetBool(false)
	default:
		return fmt.Errorf("%q: want true or false", text)
	}
	return nil
}

func setList(v reflect.Value, text string) error {
	if structured(v.Type().Elem()) {
		return fmt.Errorf("can only be set in the file")
	}
	var parts []string
	if strings.TrimSpace(text) != "" {
		parts = strings.Split(text, ",")
	}
	list := reflect.MakeSlice(v.Type(), len(parts), len(parts))
	for i, p := range parts {
		if err := set(list.Index(i), strings.TrimSpace(p)); err != nil {
			return err
		}
	}
	v.Set(list)
	return nil
}
