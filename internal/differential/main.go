// Command differential compares cleartap with tshark's credentials tap on every
// capture of some folders, and writes the differences as a table. Its
// invariant: a login that tshark names and cleartap does not is a failure unless
// the list of reasons explains it.
package main

import (
	"errors"
	"flag"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"sort"
	"strings"
)

func main() {
	binary := flag.String("cleartap", "", "the binary to compare")
	report := flag.String("report", "", "write the table to this file instead of standard output")
	inventories := flag.Bool("servers", false, "compare banners and versions of TLS instead of logins")
	reasons := flag.String("reasons", "internal/differential/reasons.tsv", "why a difference is right: capture, packet, reason")
	flag.Parse()
	do := run
	if *inventories {
		do = runServers
	}
	if err := do(*binary, *report, *reasons, flag.Args()); err != nil {
		fmt.Fprintln(os.Stderr, "differential:", err)
		os.Exit(1)
	}
}

func run(binary, report, reasonsFile string, folders []string) error {
	if binary == "" || len(folders) == 0 {
		return errors.New("usage: differential -cleartap BINARY FOLDER")
	}
	reasons, err := readReasons(reasonsFile)
	if err != nil {
		return err
	}
	files, err := captures(folders)
	if err != nil {
		return err
	}
	r := &result{files: len(files), reasons: reasons}
	for _, f := range files {
		if err := r.compare(binary, f); err != nil {
			return fmt.Errorf("%s: %w", filepath.Base(f), err)
		}
	}
	text := r.table()
	if report == "" {
		fmt.Print(text)
	} else if err := os.WriteFile(report, []byte(text), 0o644); err != nil {
		return err
	}
	if r.unexplained > 0 {
		return fmt.Errorf("%d logins that tshark names are missing without a reason", r.unexplained)
	}
	return nil
}

// runServers compares what the two tell of servers.
func runServers(binary, report, reasonsFile string, folders []string) error {
	if binary == "" || len(folders) == 0 {
		return errors.New("usage: differential -servers -cleartap BINARY FOLDER")
	}
	reasons, err := readReasons(reasonsFile)
	if err != nil {
		return err
	}
	files, err := captures(folders)
	if err != nil {
		return err
	}
	r := &servers{files: len(files), reasons: reasons, only: map[string]int{}}
	for _, f := range files {
		if err := r.compare(binary, f); err != nil {
			return fmt.Errorf("%s: %w", filepath.Base(f), err)
		}
	}
	if report == "" {
		fmt.Print(r.table())
	} else if err := os.WriteFile(report, []byte(r.table()), 0o644); err != nil {
		return err
	}
	if r.unexplained > 0 {
		return fmt.Errorf("%d differences about servers have no reason", r.unexplained)
	}
	return nil
}

// captures lists the files of the folders that tshark can read.
func captures(folders []string) ([]string, error) {
	var files []string
	for _, folder := range folders {
		err := filepath.WalkDir(folder, func(path string, d fs.DirEntry, err error) error {
			if err != nil || d.IsDir() {
				return err
			}
			switch filepath.Ext(strings.TrimSuffix(strings.TrimSuffix(path, ".gz"), ".zst")) {
			case ".pcap", ".pcapng", ".cap", ".dmp", ".pcap_":
				files = append(files, path)
			}
			return nil
		})
		if err != nil {
			return nil, err
		}
	}
	sort.Strings(files)
	return files, nil
}

// readReasons reads lines "capture TAB packet TAB reason"; # begins a comment.
func readReasons(path string) (map[string]string, error) {
	b, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	reasons := map[string]string{}
	for i, line := range strings.Split(string(b), "\n") {
		if line == "" || line[0] == '#' {
			continue
		}
		cells := strings.SplitN(line, "\t", 3)
		if len(cells) != 3 {
			return nil, fmt.Errorf("%s:%d: want capture, packet and reason, separated by tabs", path, i+1)
		}
		reasons[cells[0]+" "+cells[1]] = cells[2]
	}
	return reasons, nil
}
