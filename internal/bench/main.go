// Command bench measures cleartap as a whole process beside its peers, in
// turns, and writes docs/benchmarks.md. It also writes the captures that it
// measures with. Its invariant: every figure is a median of runs of one
// session, and every comparison is a ratio of such medians.
package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"

	"github.com/urfave/cli/v2"

	"cleartap/internal/trafficgen"
)

func main() {
	app := &cli.App{
		Name:     "bench",
		Usage:    "measure cleartap beside its peers",
		Commands: []*cli.Command{generateCommand(), compareCommand()},
	}
	if err := app.Run(os.Args); err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
}

func generateCommand() *cli.Command {
	d := trafficgen.Defaults(trafficgen.Mix)
	return &cli.Command{
		Name: "generate", Usage: "write a capture, and its truth beside it (FILE.truth.json)", ArgsUsage: "FILE",
		Flags: []cli.Flag{
			&cli.StringFlag{Name: "profile", Value: string(d.Profile), Usage: "mix, mail, logins, flood or midflood"},
			&cli.Uint64Flag{Name: "seed", Value: d.Seed},
			&cli.Int64Flag{Name: "bytes", Value: d.Bytes, Usage: "no new flow begins once the capture is this long"},
			&cli.IntFlag{Name: "flows", Value: d.Flows, Usage: "flows of the floods, least flows of logins"},
			&cli.IntFlag{Name: "conc", Value: d.Conc, Usage: "mail flows at the same time"},
			&cli.IntFlag{Name: "oconc", Value: d.OtherConc, Usage: "other flows at the same time (mix)"},
			&cli.Float64Flag{Name: "ipv6", Value: d.IPv6},
			&cli.Float64Flag{Name: "vlan", Value: d.VLAN},
			&cli.Float64Flag{Name: "reorder", Value: d.Reorder},
			&cli.Float64Flag{Name: "rexmit", Value: d.Retransmit},
			&cli.Float64Flag{Name: "split", Value: d.Split},
			&cli.Float64Flag{Name: "wrap", Value: d.Wrap},
			&cli.Float64Flag{Name: "port2525", Value: d.Port2525},
		},
		Action: func(c *cli.Context) error {
			if c.NArg() != 1 {
				return errors.New("name one file to write")
			}
			o := trafficgen.Options{Profile: trafficgen.Profile(c.String("profile")), Seed: c.Uint64("seed"), Bytes: c.Int64("bytes"),
				Flows: c.Int("flows"), Conc: c.Int("conc"), OtherConc: c.Int("oconc"), IPv6: c.Float64("ipv6"), VLAN: c.Float64("vlan"),
				Reorder: c.Float64("reorder"), Retransmit: c.Float64("rexmit"), Split: c.Float64("split"), Wrap: c.Float64("wrap"),
				Port2525: c.Float64("port2525"), Rate: d.Rate}
			_, err := writeCapture(c.Args().First(), o)
			return err
		},
	}
}

// writeCapture writes a capture and its truth.
func writeCapture(path string, o trafficgen.Options) (trafficgen.Truth, error) {
	f, err := os.Create(path)
	if err != nil {
		return trafficgen.Truth{}, err
	}
	truth, err := trafficgen.Generate(f, o)
	if err = errors.Join(err, f.Close()); err != nil {
		return truth, fmt.Errorf("write %s: %w", path, err)
	}
	b, err := json.MarshalIndent(truth, "", "  ")
	if err != nil {
		return truth, err
	}
	return truth, os.WriteFile(path+".truth.json", append(b, '\n'), 0o644)
}
