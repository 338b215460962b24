package config

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"cleartap/internal/privilege"
	"cleartap/output/file"
)

// Output is one entry of outputs: its type says which fields it has. What a type
// is like is told by a Kind.
type Output struct {
	Type string
	Name string // unique; the type when it was not given
	Spec Spec   // the fields of the type
}

// Spec is the configuration of an output of some type: a pointer to a struct whose
// fields have yaml tags. Its zero value needs no defaults: New of the Kind sets them.
type Spec interface {
	// Validate returns what is wrong, with the field's name in front.
	Validate() []error
	// Access says what the output needs beyond its fields, for the sandbox.
	Access() Access
}

// Access is what a part of the program must reach when rights are given up.
type Access = privilege.Access

// Kind is a type of output.
type Kind struct {
	Type string
	New  func() Spec // with the defaults set
}

// Kinds is the list of all types of output. A new one is a line here.
func Kinds() []Kind {
	return []Kind{
		{"file", newFile},
		{"elasticsearch", newElasticsearch},
		{"syslog", newSyslog},
		{"kafka", newKafka},
	}
}

// KindNames lists the types.
func KindNames() []string {
	var names []string
	for _, k := range Kinds() {
		names = append(names, k.Type)
	}
	return names
}

// newSpec makes the configuration of an output of a type.
func newSpec(name string) (Spec, error) {
	i := slices.IndexFunc(Kinds(), func(k Kind) bool { return k.Type == name })
	if i < 0 {
		return nil, fmt.Errorf("unknown type %q: want %s%s", name, strings.Join(KindNames(), ", "), Nearest(name, KindNames()))
	}
	return Kinds()[i].New(), nil
}

// File writes alerts and health records into a file of its own.
type File struct {
	Path   string `yaml:"path"`
	Format string `yaml:"format"` // jsonl, csv, eve or ocsf
	Health bool   `yaml:"health"` // health records too, in JSON lines
	Rotate Rotate `yaml:"rotate"`
}

// Rotate says when a file is begun anew.
type Rotate struct {
	Size  Size     `yaml:"size"`  // 0: any
	Every Duration `yaml:"every"` // 0: never
	Keep  int      `yaml:"keep"`  // how many old ones stay
}

func newFile() Spec {
	return &File{Format: "jsonl", Health: true, Rotate: Rotate{Size: 100 << 20, Keep: 10}}
}

// Sink is the configuration of the sink.
func (f *File) Sink() (file.Config, error) {
	form, err := file.ParseFormat(f.Format)
	if err != nil {
		err = prefixed("format", err)
	}
	return file.Config{Path: f.Path, Format: form, Health: f.Health, Size: int64(f.Rotate.Size), Every: time.Duration(f.Rotate.Every), Keep: f.Rotate.Keep}, err
}

// Validate implements Spec.
func (f *File) Validate() []error {
	c, err := f.Sink()
	errs := c.Validate()
	if err != nil {
		errs = append(errs, err)
	}
	return errs
}

// Access implements Spec.
func (f *File) Access() Access { return Access{Write: []string{folder(f.Path)}} }
