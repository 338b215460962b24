package main

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"reflect"
	"time"

	"cleartap/internal/config"
)

// doubts tells what is not wrong in a configuration, but perhaps not what was meant, and
// what is wrong about files and variables of secrets, which are read at the start only.
func doubts(l *config.Loaded, now time.Time) (faults, warnings []string) {
	for i, e := range l.Exceptions {
		if e.Until.Over(now) {
			warnings = append(warnings, fmt.Sprintf("exceptions[%d] has ended on %s and silences nothing any more: %s", i, e.Until.Format(time.DateOnly), e.Reason))
		}
	}
	for i := range l.Outputs {
		path := fmt.Sprintf("outputs[%d]", i)
		if f, ok := l.Outputs[i].Spec.(*config.File); ok {
			warnings = append(warnings, endingDoubts(l, path, f)...)
		}
		for _, s := range secretsOf(reflect.ValueOf(l.Outputs[i].Spec)) {
			fault, warning := secretDoubt(s)
			faults, warnings = add(faults, path, fault), add(warnings, path, warning)
		}
	}
	return faults, warnings
}

func add(list []string, path, text string) []string {
	if text == "" {
		return list
	}
	return append(list, path+": "+text)
}

// endingDoubts compares the ending of a file with the format that is written.
func endingDoubts(l *config.Loaded, path string, f *config.File) []string {
	of := formatOf(f.Path)
	switch _, given := l.Origins[path+".format"]; {
	case of == "" && !given:
		return []string{fmt.Sprintf("%s: the ending of %s tells no format: JSON lines will be written; say format: %s if that is meant", path, f.Path, f.Format)}
	case of != "" && of != f.Format:
		return []string{fmt.Sprintf("%s: %s ends like a file of %s, but the format is %s: set format:", path, f.Path, of, f.Format)}
	}
	return nil
}

// secretsOf finds the secrets of an output.
func secretsOf(v reflect.Value) (all []config.Secret) {
	for v.Kind() == reflect.Pointer || v.Kind() == reflect.Interface {
		v = v.Elem()
	}
	if v.Kind() != reflect.Struct {
		return nil
	}
	if s, ok := v.Interface().(config.Secret); ok {
		return []config.Secret{s}
	}
	for i := range v.NumField() {
		if v.Type().Field(i).IsExported() {
			all = append(all, secretsOf(v.Field(i))...)
		}
	}
	return all
}

// secretDoubt says what keeps a secret from being read: a file that is not there is a
// fault; one that belongs to the sensor's user may well be closed to who checks.
func secretDoubt(s config.Secret) (fault, warning string) {
	if !s.Set() {
		return "", ""
	}
	file := s.File()
	if file == "" {
		if _, err := s.Read(); err != nil {
			warning = err.Error() + ": set it where the sensor runs"
		}
		return "", warning
	}
	f, err := os.Open(file)
	switch {
	case err == nil:
		_ = f.Close() // it was only tried
	case errors.Is(err, fs.ErrPermission):
		warning = fmt.Sprintf("%s: permission denied for the user who checks: the sensor's user must be able to read it", s)
	default:
		fault = fmt.Sprintf("%s: %s", s, reason(err))
	}
	return fault, warning
}
