package config

import (
	"fmt"
	"net/url"
	"reflect"
	"slices"
	"strings"
)

// prefixed puts the name of a setting in front of what is wrong with it.
func prefixed(name string, err error) error { return fmt.Errorf("%s: %w", name, err) }

// ParseSyslog reads an output of the command line: a URL and, behind a question
// mark, settings by their names: tls://log.example.org:6514?format=cef&tls.ca=FILE.
func ParseSyslog(text string) (*Syslog, error) {
	s := newSyslog().(*Syslog)
	address, query, _ := strings.Cut(text, "?")
	s.URL = address
	return s, setAll(s, query, "url")
}

// ParseKafka reads an output of the command line: BROKER,BROKER/TOPIC and, behind a
// question mark, settings by their names. Brokers without a port listen at 9092.
func ParseKafka(text string) (*Kafka, error) {
	k := newKafka().(*Kafka)
	place, query, _ := strings.Cut(text, "?")
	brokers, topic, ok := strings.Cut(strings.TrimPrefix(place, "kafka://"), "/")
	if !ok || brokers == "" || topic == "" {
		return nil, fmt.Errorf("%q: want BROKER:PORT/TOPIC, brokers with commas between them", place)
	}
	k.Topic = topic
	for b := range strings.SplitSeq(brokers, ",") {
		if i := strings.LastIndexByte(b, ':'); i < 0 || strings.HasSuffix(b, "]") {
			b += ":9092"
		}
		k.Brokers = append(k.Brokers, b)
	}
	return k, setAll(k, query, "brokers", "topic")
}

// setAll sets what a query says, but for the settings in taken. Secrets are refused:
// others can see a command line.
func setAll(spec Spec, query string, taken ...string) error {
	all, err := url.ParseQuery(query)
	if err != nil {
		return fmt.Errorf("%q: want NAME=VALUE with & between them", query)
	}
	of := map[string]reflect.Value{}
	var names []string
	var walk func(v reflect.Value, path string)
	walk = func(v reflect.Value, path string) {
		list, members := fields(v)
		for _, n := range list {
			switch at := join(path, n); {
			case slices.Contains(taken, at):
			case structured(members[n].Type()):
				walk(members[n], at)
			default:
				of[at] = members[n]
				names = append(names, at)
			}
		}
	}
	walk(reflect.ValueOf(spec).Elem(), "")
	for name, values := range all {
		v, ok := of[name]
		switch {
		case !ok:
			return fmt.Errorf("unknown setting %q%s", name, Nearest(name, names))
		case v.Type() == reflect.TypeFor[Secret]():
			return fmt.Errorf("%s: secrets are no part of a command line, which others can see: use the environment or a file", name)
		}
		if err := set(v, values[len(values)-1]); err != nil {
			return prefixed(name, err)
		}
	}
	return nil
}
