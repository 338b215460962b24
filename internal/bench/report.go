package main

import (
	"fmt"
	"os"
	"os/exec"
	"runtime"
	"strings"
)

// report writes everything as Markdown.
func (b *bench) report() string {
	var w strings.Builder
	w.WriteString("# Benchmarks\n\nWritten by `make bench`; run it to get the figures of your own machine. Compare the ratios: absolute times are those of one machine.\n\n")
	fmt.Fprintf(&w, "- machine: %s, %d processors, Linux %s, %s\n", cpuModel(), runtime.NumCPU(), firstLine("uname", "-r"), runtime.Version())
	fmt.Fprintf(&w, "- captures: `go run ./internal/bench generate` with seed %d, scale %g of the full size; page cache warm\n", b.seed, b.scale)
	fmt.Fprintf(&w, "- figures: medians of %d runs in turns after one that does not count; CPU is user and system time of the whole process\n", b.runs)
	for _, v := range [][]string{{"tcpdump", "--version"}, {"tshark", "--version"}, {"dsniff", "-h"}, {"suricata", "-V"}} {
		if have(v[0]) {
			fmt.Fprintf(&w, "- %s\n", firstLine(v...))
		} else {
			fmt.Fprintf(&w, "- %s: not installed\n", v[0])
		}
	}
	for _, p := range b.parts {
		fmt.Fprintf(&w, "\n## %s\n\n%s\n\n", p.title, p.text)
		table(&w, p.head, p.rows)
		if len(p.commands) > 0 {
			w.WriteString("\n```\n" + b.anonymous(strings.Join(p.commands, "\n")) + "\n```\n")
		}
	}
	return w.String()
}

// anonymous takes the paths of this machine out of the commands.
func (b *bench) anonymous(s string) string {
	s = strings.ReplaceAll(s, b.dir+"/", "")
	return strings.ReplaceAll(s, b.bin, "cleartap")
}

func table(w *strings.Builder, head []string, rows [][]string) {
	line := func(cells []string) { w.WriteString("| " + strings.Join(cells, " | ") + " |\n") }
	line(head)
	w.WriteString(strings.Repeat("|---", len(head)) + "|\n")
	for _, r := range rows {
		line(r)
	}
}

func firstLine(command ...string) string {
	out, _ := exec.Command(command[0], command[1:]...).CombinedOutput()
	line, _, _ := strings.Cut(strings.TrimSpace(string(out)), "\n")
	return line
}

func cpuModel() string {
	b, err := os.ReadFile("/proc/cpuinfo")
	if err != nil {
		return runtime.GOARCH
	}
	for _, l := range strings.Split(string(b), "\n") {
		if k, v, ok := strings.Cut(l, ":"); ok && strings.TrimSpace(k) == "model name" {
			return strings.TrimSpace(v)
		}
	}
	return runtime.GOARCH
}
