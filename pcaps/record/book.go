//go:build linux

package main

import (
	"bufio"
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"sort"
	"strings"
)

// book is what the recorder writes about the captures: truth.jsonl,
// secrets.txt and README.md. Lines about captures that are not recorded this
// time are kept.
type book struct {
	dir   string
	lines map[string][]json.RawMessage // by file
}

func openBook(dir string) (*book, error) {
	b := &book{dir: dir, lines: map[string][]json.RawMessage{}}
	text, err := os.ReadFile(filepath.Join(dir, "truth.jsonl"))
	if os.IsNotExist(err) {
		return b, os.MkdirAll(dir, 0o755)
	}
	if err != nil {
		return nil, err
	}
	for line := range strings.Lines(string(text)) {
		var row struct{ File string }
		if err := json.Unmarshal([]byte(line), &row); err != nil {
			return nil, fmt.Errorf("truth.jsonl: %w", err)
		}
		b.lines[row.File] = append(b.lines[row.File], json.RawMessage(strings.TrimSpace(line)))
	}
	return b, nil
}

// add writes a capture and notes its truth.
func (b *book) add(c recording) error {
	if err := save(filepath.Join(b.dir, c.file), c.form.encode(c.frames)); err != nil {
		return err
	}
	name := filepath.Base(c.file)
	b.lines[name] = nil
	for _, l := range c.logins {
		l.File = name
		if err := b.note(name, l); err != nil {
			return err
		}
	}
	if len(c.logins) == 0 {
		return b.note(name, silent{File: name})
	}
	return nil
}

func (b *book) note(name string, row any) error {
	var out bytes.Buffer
	enc := json.NewEncoder(&out)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(row); err != nil {
		return err
	}
	b.lines[name] = append(b.lines[name], bytes.TrimSpace(out.Bytes()))
	return nil
}

// close writes the papers.
func (b *book) close() error {
	var names []string
	for n := range b.lines {
		names = append(names, n)
	}
	sort.Strings(names)
	var truth bytes.Buffer
	secrets := map[string]bool{}
	for _, n := range names {
		for _, line := range b.lines[n] {
			truth.Write(line)
			truth.WriteByte('\n')
			var l login
			if err := json.Unmarshal(line, &l); err != nil {
				return err
			}
			if l.Secret != nil && *l.Secret != "" {
				secrets[*l.Secret] = true
			}
			if n == "bodies.pcap" || n == "pipelining.pcap" {
				secrets[decoy(l.User)] = true
			}
		}
	}
	if err := os.WriteFile(filepath.Join(b.dir, "truth.jsonl"), truth.Bytes(), 0o644); err != nil {
		return err
	}
	var list []string
	for s := range secrets {
		list = append(list, s)
	}
	sort.Strings(list)
	if err := os.WriteFile(filepath.Join(b.dir, "secrets.txt"), []byte(strings.Join(list, "\n")+"\n"), 0o644); err != nil {
		return err
	}
	return b.readme()
}

// readme writes README.md: its text, and a table of the captures.
func (b *book) readme() error {
	var table strings.Builder
	table.WriteString("| capture | what it shows | servers; clients | logins |\n|---|---|---|---|\n")
	for _, sc := range scenes() {
		for _, f := range sc.names() {
			n := 0
			for _, line := range b.lines[filepath.Base(f)] {
				if !bytes.Contains(line, []byte(`"events":0`)) {
					n++
				}
			}
			fmt.Fprintf(&table, "| %s | %s | %s | %d |\n", f, sc.shows, sc.how, n)
		}
	}
	f, err := os.Create(filepath.Join(b.dir, "README.md"))
	if err != nil {
		return err
	}
	w := bufio.NewWriter(f)
	fmt.Fprintf(w, readmeText, table.String())
	if err := w.Flush(); err != nil {
		return err
	}
	return f.Close()
}
