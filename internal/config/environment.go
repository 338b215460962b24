package config

import (
	"fmt"
	"slices"
	"strings"
)

// prefix is how the names of our environment variables begin.
const prefix = "CLEARTAP_"

// foreign are variables with our prefix that are no settings: CLEARTAP_CONFIG names the
// file, some hold secrets of outputs, the others are for tests.
var foreign = []string{"CLEARTAP_CONFIG", ElasticsearchKey, ElasticsearchKeyFile, KafkaPassword, KafkaPasswordFile, "CLEARTAP_CORPUS", "CLEARTAP_PROVE"}

// Variable is the environment variable of a setting: capture.ring is CLEARTAP_CAPTURE_RING.
func Variable(path string) string {
	return prefix + strings.ToUpper(strings.ReplaceAll(path, ".", "_"))
}

// environment lays the variables that begin with CLEARTAP_ over the configuration.
// An empty one sets nothing.
func (l *Loaded) environment(environ []string) []error {
	of := l.settings()
	var names []string
	for _, s := range of {
		names = append(names, Variable(s.path))
	}
	var errs []error
	for _, e := range environ {
		name, text, _ := strings.Cut(e, "=")
		if text == "" || !strings.HasPrefix(name, prefix) || slices.Contains(foreign, name) || strings.HasPrefix(name, prefix+"TEST_") {
			continue
		}
		i := slices.Index(names, name)
		if i < 0 {
			errs = append(errs, fmt.Errorf("environment: unknown variable %s%s", name, Nearest(name, names)))
			continue
		}
		if err := set(of[i].value, text); err != nil {
			l.wrong = append(l.wrong, of[i].path)
			errs = append(errs, fmt.Errorf("environment %s: %w", name, err))
			continue
		}
		l.Origins[of[i].path] = "environment " + name
	}
	return errs
}
