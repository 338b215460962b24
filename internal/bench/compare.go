package main

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"

	"github.com/urfave/cli/v2"

	"cleartap/internal/trafficgen"
)

// mailFilter is tcpdump's filter of the ports that cleartap calls mail.
const mailFilter = "tcp and (port 24 or port 25 or port 26 or port 110 or port 119 or port 143 or port 465 or port 563 or port 587 or port 993 or port 995 or port 2525 or port 4190)"

func compareCommand() *cli.Command {
	return &cli.Command{
		Name: "compare", Usage: "measure everything and write the report",
		Flags: []cli.Flag{
			&cli.StringFlag{Name: "dir", Required: true, Usage: "where the captures lie or go (10 GB for the full size)"},
			&cli.StringFlag{Name: "cleartap", Required: true, Usage: "the binary to measure"},
			&cli.StringFlag{Name: "report", Usage: "write the report to this file instead of standard output"},
			&cli.IntFlag{Name: "runs", Value: 5},
			&cli.Float64Flag{Name: "scale", Value: 1, Usage: "size of the captures; 1 is the size that the targets name"},
			&cli.Uint64Flag{Name: "seed", Value: 12},
			&cli.StringSliceFlag{Name: "only", Usage: "only these parts (repeatable)"},
		},
		Action: func(c *cli.Context) error {
			b := &bench{dir: c.String("dir"), bin: c.String("cleartap"), runs: c.Int("runs"), scale: c.Float64("scale"),
				seed: c.Uint64("seed"), only: c.StringSlice("only")}
			if err := b.all(); err != nil {
				return err
			}
			if path := c.String("report"); path != "" {
				return os.WriteFile(path, []byte(b.report()), 0o644)
			}
			_, err := fmt.Print(b.report())
			return err
		},
	}
}

// bench is one session of measuring.
type bench struct {
	dir, bin string
	runs     int
	scale    float64
	seed     uint64
	only     []string
	truths   map[string]trafficgen.Truth
	parts    []part
}

// part is a section of the report.
type part struct {
	title, text string
	head        []string
	rows        [][]string
	commands    []string
}

func (p *part) row(cells ...any) {
	r := make([]string, len(cells))
	for i, c := range cells {
		r[i] = fmt.Sprint(c)
	}
	p.rows = append(p.rows, r)
}

// all measures part after part.
func (b *bench) all() error {
	b.truths = map[string]trafficgen.Truth{}
	steps := []struct {
		name string
		do   func() (part, error)
	}{
		{"peers", b.peers}, {"slow", b.slowPeers}, {"formats", b.formats}, {"printing", b.printing},
		{"memory", b.memory}, {"pauses", b.pauses}, {"growth", b.growth}, {"truth", b.truth},
	}
	for _, s := range steps {
		if !b.wanted(s.name) {
			continue
		}
		fmt.Fprintln(os.Stderr, "bench:", s.name)
		p, err := s.do()
		if err != nil {
			return fmt.Errorf("%s: %w", s.name, err)
		}
		b.parts = append(b.parts, p)
	}
	return nil
}

func (b *bench) wanted(name string) bool {
	for _, o := range b.only {
		if o == name {
			return true
		}
	}
	return len(b.only) == 0
}

// options are the options of a named capture at this session's scale.
func (b *bench) options(p trafficgen.Profile, bytes float64) trafficgen.Options {
	o := trafficgen.Defaults(p)
	o.Seed, o.Bytes = b.seed, int64(bytes*b.scale)
	switch p {
	case trafficgen.Mix:
		o.Conc = 400
	case trafficgen.Logins:
		o.Flows = int(320_000 * b.scale)
		o.Bytes = 0
	case trafficgen.Flood, trafficgen.Midflood:
		o.Flows = int(2_000_000 * b.scale)
		o.Conc = 1 << 30
	}
	return o
}

// capture makes a capture unless it lies there already, and reads it once, so
// that the page cache holds it.
func (b *bench) capture(name string, o trafficgen.Options) (string, error) {
	path := filepath.Join(b.dir, fmt.Sprintf("%s-%d-%g.pcap", name, b.seed, b.scale))
	truth, err := readTruth(path)
	if err != nil {
		if truth, err = writeCapture(path, o); err != nil {
			return "", err
		}
	}
	b.truths[path] = truth
	return path, exec.Command("cat", path).Run()
}

func (b *bench) scan(name, path string, flags ...string) *subject {
	return &subject{name: name, command: append(append([]string{b.bin, "scan", "-q"}, flags...), path)}
}

func tcpdump(path string) *subject {
	return &subject{name: "tcpdump", command: []string{"tcpdump", "-r", path, "-w", "/dev/null", mailFilter}}
}

func dsniff(path string) *subject {
	return &subject{name: "dsniff", command: []string{"dsniff", "-n", "-p", path}}
}

func seconds(s *subject) string { return fmt.Sprintf("%.3f", s.cpu().Seconds()) }

func verdict(ok bool) string {
	if ok {
		return "met"
	}
	return "missed"
}

// have reports whether a program is installed.
func have(name string) bool {
	_, err := exec.LookPath(name)
	return err == nil
}
