// Command fields derives from the Go types of alerts and health records what
// describes them elsewhere: the mapping of Elasticsearch, the JSON schema and the
// reference page. Its one job is to write these files; its invariant is that a
// field which a document has and ECS does not know, or nobody explained, is an
// error.
package main

import (
	"fmt"
	"os"
	"path/filepath"
)

//go:generate go run . ../..

func main() {
	if err := generate(os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, "fields:", err)
		os.Exit(1)
	}
}

// generate writes all files below the root of the source.
func generate(args []string) error {
	if len(args) != 1 {
		return fmt.Errorf("want the folder of the source")
	}
	made, err := files()
	if err != nil {
		return err
	}
	for name, text := range made {
		path := filepath.Join(args[0], filepath.FromSlash(name))
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil { //nolint:gosec // part of the source
			return err
		}
		if err := os.WriteFile(path, text, 0o644); err != nil { //nolint:gosec // part of the source
			return err
		}
	}
	return nil
}

// files gives the files by their names.
func files() (map[string][]byte, error) {
	list, err := described()
	if err != nil {
		return nil, err
	}
	return map[string][]byte{
		"deploy/elasticsearch/cleartap-mappings.json": mapping(list),
		"deploy/schema/alert.schema.json":             schema(list),
		"docs/reference/fields.md":                    page(list),
		"deploy/kibana/cleartap.ndjson":               dashboard(),
	}, nil
}
