package config

import (
	"encoding"
	"fmt"
	"io"
	"reflect"
	"strconv"
	"strings"
	"unicode/utf8"
)

// Show writes the configuration as it is in force, as YAML that can be read back;
// behind each value stands where it came from. Secrets are stars.
func (l *Loaded) Show(w io.Writer) error {
	p := &printer{origins: l.Origins}
	p.structure(reflect.ValueOf(&l.Config).Elem(), "", 0)
	_, err := io.WriteString(w, p.b.String())
	return err
}

// Differences names the settings that differ from those of o, lists with keys by
// their whole name.
func (l *Loaded) Differences(o *Loaded) []string {
	var out []string
	mine, others := l.settings(), o.settings()
	for i, s := range mine {
		if Text(s.value.Interface()) != Text(others[i].value.Interface()) {
			out = append(out, s.path)
		}
	}
	return out
}

// Given gives the texts of a setting that is no default, as a flag would take them:
// one, or one for each item of a list.
func (l *Loaded) Given(path string) []string {
	if l.Origins[path] == "" {
		return nil
	}
	for _, s := range l.settings() {
		if s.path != path {
			continue
		}
		if s.value.Kind() != reflect.Slice {
			return []string{bare(s.value)}
		}
		var out []string
		for i := range s.value.Len() {
			out = append(out, bare(s.value.Index(i)))
		}
		return out
	}
	return nil
}

// bare is the text of a value without quotes.
func bare(v reflect.Value) string {
	if m, ok := v.Interface().(encoding.TextMarshaler); ok {
		if b, err := m.MarshalText(); err == nil {
			return string(b)
		}
	}
	return fmt.Sprint(v.Interface())
}

// printer writes values with their origins.
type printer struct {
	b       strings.Builder
	origins Origins
}

// originColumn is where origins begin, unless the value is longer.
const originColumn = 44

func (p *printer) line(depth int, text, path string) {
	line := strings.Repeat("  ", depth) + text
	p.b.WriteString(line)
	if path != "" {
		origin := p.origins[path]
		if origin == "" {
			origin = "default"
		}
		fmt.Fprintf(&p.b, "%s  # %s", strings.Repeat(" ", max(0, originColumn-utf8.RuneCountInString(line))), origin)
	}
	p.b.WriteByte('\n')
}

func (p *printer) structure(v reflect.Value, path string, depth int) {
	names, of := fields(v)
	for _, name := range names {
		p.member(name, of[name], join(path, name), depth)
	}
}

func (p *printer) member(name string, v reflect.Value, path string, depth int) {
	switch {
	case structured(v.Type()):
		p.line(depth, name+":", "")
		p.structure(v, path, depth+1)
	case v.Kind() == reflect.Slice && structured(v.Type().Elem()):
		if v.Len() == 0 {
			p.line(depth, name+": []", path)
			return
		}
		p.line(depth, name+":", "")
		for i := range v.Len() {
			p.item(v.Index(i), fmt.Sprintf("%s[%d]", path, i), depth+1)
		}
	default:
		p.line(depth, name+": "+Text(v.Interface()), path)
	}
}

// item writes an item of a list that has keys.
func (p *printer) item(v reflect.Value, path string, depth int) {
	p.line(depth, "-", "")
	if o, ok := v.Interface().(Output); ok {
		p.line(depth+1, "type: "+quote(o.Type), path+".type")
		p.line(depth+1, "name: "+quote(o.Name), path+".name")
		if o.Spec == nil {
			return
		}
		v = reflect.ValueOf(o.Spec).Elem()
	}
	p.structure(v, path, depth+1)
}

// Text writes a value without keys as YAML does.
func Text(v any) string {
	if m, ok := v.(encoding.TextMarshaler); ok {
		b, err := m.MarshalText()
		if err != nil {
			return `""`
		}
		return quote(string(b))
	}
	switch r := reflect.ValueOf(v); r.Kind() {
	case reflect.Slice:
		var parts []string
		for i := range r.Len() {
			parts = append(parts, Text(r.Index(i).Interface()))
		}
		return "[" + strings.Join(parts, ", ") + "]"
	case reflect.String:
		return quote(r.String())
	default:
		return fmt.Sprint(v)
	}
}

// quote puts quotes around what YAML would not read back as the same text.
func quote(s string) string {
	plain := s != ""
	for i, r := range s {
		switch {
		case r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r == '/' || r == '_':
		case i > 0 && (r >= '0' && r <= '9' || strings.ContainsRune(".+-", r)):
		case r >= '0' && r <= '9':
		default:
			plain = false
		}
	}
	switch strings.ToLower(s) {
	case "true", "false", "yes", "no", "on", "off", "null", "y", "n":
		plain = false
	}
	if plain {
		return s
	}
	return strconv.Quote(s)
}
