package config

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"reflect"
	"runtime"
	"slices"
	"strings"
	"time"

	"go.yaml.in/yaml/v3"
)

// DefaultPath is where a live sensor looks for its configuration when none is named.
const DefaultPath = "/etc/cleartap/cleartap.yaml"

// Origins says where each setting that is not a default came from, by its path:
// "FILE:LINE", "environment NAME" or "flag --NAME".
type Origins map[string]string

// Flag is one setting given on the command line.
type Flag struct {
	Name string // without dashes
	Path string // of the setting, such as capture.ring
	Text string // for lists, items with commas between them
}

// Loaded is a configuration and where it came from.
type Loaded struct {
	Config
	Path    string // of the file, empty if there was none
	Origins Origins

	wrong []string // paths of settings that could not be read: what stands there is not what was meant
}

// Default gives the configuration when nothing is said.
func Default() Config {
	return Config{
		Capture:   Capture{Method: "afpacket", Ring: 64 << 20, BlockTimeout: Duration(10 * time.Millisecond), Promiscuous: true, Ports: "mail", Tunnels: true},
		Limits:    Limits{Memory: 256 << 20, Queue: 16384},
		Detect:    Detect{OutcomeWait: Duration(10 * time.Second)},
		Signals:   defaultSignals(),
		Inventory: Inventory{Save: Duration(time.Minute)},
		Privacy:   Privacy{Usernames: "auto", Clients: "full"},
		Alerts:    Alerts{Suppress: Duration(time.Hour), Rate: 100},
		Spool:     Spool{Dir: "/var/lib/cleartap/spool", MaxSize: 1 << 30, OnFull: "drop_newest", Sync: Duration(50 * time.Millisecond)},
		Health:    Health{Interval: Duration(time.Minute)},
		Process:   Process{Sandbox: "auto", Nice: -10},
		Log:       Log{Level: "info", Format: "text"},
	}
}

// Load reads the file at path, if path is not empty, then the environment, then
// flags. All faults are told at once.
func Load(path string, environ []string, flags []Flag) (*Loaded, error) {
	l := &Loaded{Config: Default(), Path: path, Origins: Origins{}}
	var errs []error
	if path != "" {
		var read bool
		if read, errs = l.file(path); !read { // what it would have said is not known
			return l, errors.Join(errs...)
		}
	}
	errs = append(errs, l.environment(environ)...)
	errs = append(errs, l.flags(flags)...)
	return l, errors.Join(append(errs, l.Validate()...)...)
}

// file lays a file over the configuration, and reports whether it could be read at all.
func (l *Loaded) file(path string) (read bool, errs []error) {
	text, err := readFile(path)
	if err != nil {
		return false, []error{err}
	}
	return l.parse(path, text)
}

func (l *Loaded) parse(name string, text []byte) (read bool, errs []error) {
	dec := yaml.NewDecoder(bytes.NewReader(text))
	var doc, more yaml.Node
	if err := dec.Decode(&doc); errors.Is(err, io.EOF) {
		return true, nil // an empty file says nothing
	} else if err != nil {
		return false, []error{fmt.Errorf("%s: %s", name, yamlFault(err))}
	}
	if err := dec.Decode(&more); !errors.Is(err, io.EOF) {
		return false, []error{fmt.Errorf("%s: more than one document (---)", name)}
	}
	d := &decoder{file: name, origins: l.Origins}
	d.into(doc.Content[0], reflect.ValueOf(&l.Config).Elem(), "")
	l.wrong = append(l.wrong, d.wrong...)
	return true, d.errs
}

// yamlFault is a parser's message in our words.
func yamlFault(err error) string {
	return strings.TrimPrefix(err.Error(), "yaml: ")
}

// maxFile is the largest configuration that is read, in bytes.
const maxFile = 1 << 20

// readFile reads a configuration, which nobody else may be able to change.
func readFile(path string) ([]byte, error) {
	f, err := os.Open(path)
	if err != nil {
		if errors.Is(err, fs.ErrNotExist) {
			return nil, fmt.Errorf("%s: no such file; cleartap config init prints one to begin with", path)
		}
		if errors.Is(err, fs.ErrPermission) {
			return nil, fmt.Errorf("%s: permission denied: run it as a user who may read the file, such as with sudo", path)
		}
		return nil, err
	}
	defer f.Close()
	st, err := f.Stat()
	switch {
	case err != nil:
		return nil, err
	case st.IsDir():
		return nil, fmt.Errorf("%s: is a folder", path)
	case runtime.GOOS != "windows" && st.Mode().IsRegular() && st.Mode().Perm()&0o002 != 0:
		return nil, fmt.Errorf("%s: anybody may change the file (mode %04o): chmod o-w %s", path, st.Mode().Perm(), path)
	}
	text, err := io.ReadAll(io.LimitReader(f, maxFile+1))
	if err == nil && len(text) > maxFile {
		err = fmt.Errorf("%s: more than %d bytes: this is no configuration", path, maxFile)
	}
	return text, err
}

// flags lays the command line over the configuration.
func (l *Loaded) flags(flags []Flag) []error {
	of := l.settings()
	var errs []error
	for _, f := range flags {
		i := slices.IndexFunc(of, func(s setting) bool { return s.path == f.Path })
		if i < 0 {
			errs = append(errs, fmt.Errorf("--%s sets %s, which there is not", f.Name, f.Path))
			continue
		}
		if err := set(of[i].value, f.Text); err != nil {
			l.wrong = append(l.wrong, f.Path)
			errs = append(errs, fmt.Errorf("--%s: %w", f.Name, err))
			continue
		}
		l.Origins[f.Path] = "flag --" + f.Name
	}
	return errs
}

// setting is one value that text can set.
type setting struct {
	path  string
	value reflect.Value
}

// settings lists all values that text can set, lists with keys aside.
func (l *Loaded) settings() []setting {
	var out []setting
	var walk func(v reflect.Value, path string)
	walk = func(v reflect.Value, path string) {
		if structured(v.Type()) {
			names, of := fields(v)
			for _, n := range names {
				walk(of[n], join(path, n))
			}
			return
		}
		if v.Kind() == reflect.Slice && structured(v.Type().Elem()) {
			return
		}
		out = append(out, setting{path, v})
	}
	walk(reflect.ValueOf(&l.Config).Elem(), "")
	return out
}
