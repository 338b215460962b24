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
	fmt.Fprintf(&w, "- machine: %s, %d processors, Linux %s, %s\n", cpuModel(), runtime.NumCPU(), lineWith("", "uname", "-r"), runtime.Version())
	fmt.Fprintf(&w, "- captures: `go run ./internal/bench generate` with seed %d, scale %g of the full size; page cache warm\n", b.seed, b.scale)
	fmt.Fprintf(&w, "- figures: medians of %d runs in turns after one that does not count; CPU is user and system time of the whole process\n", b.runs)
	for _, v := range []struct{ program, flag, sign string }{
		{"tcpdump", "--version", "tcpdump version"}, {"tshark", "--version", "TShark"}, {"dsniff", "-h", "Version"}, {"suricata", "-V", "Suricata"},
	} {
		if have(v.program) {
			fmt.Fprintf(&w, "- %s: %s\n", v.program, lineWith(v.sign, v.program, v.flag))
		} else {
			fmt.Fprintf(&w, "- %s: not installed\n", v.program)
		}
	}
	w.WriteString("\n" + reading)
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

// reading helps to read the figures. It holds whatever they are.
const reading = `Of a capture in the page cache, most of what cleartap takes for mix and mail is the kernel's copying of the file, which cat shows too.
Logins is the worst case: every packet belongs to a login, and each login is read, counted in the signals (who guesses?) and in
the inventory (which server?), with ` + "`--format none`" + ` as well; tcpdump's filter and dsniff do nothing of the kind. Two thirds of the time go into packets
and dialogues, a quarter into signals and inventory.
`

// lineWith gives the first line of what a command says that has a word.
func lineWith(sign string, command ...string) string {
	out, _ := exec.Command(command[0], command[1:]...).CombinedOutput() //nolint:gosec // a fixed list
	for _, line := range strings.Split(string(out), "\n") {
		if strings.Contains(line, sign) {
			return strings.TrimSpace(line)
		}
	}
	return "version not told"
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
