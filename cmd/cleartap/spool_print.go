package main

import (
	"bufio"
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"text/tabwriter"
	"time"
	"unicode/utf16"
	"unicode/utf8"

	"github.com/urfave/cli/v2"

	"cleartap/internal/config"
	"cleartap/output/spool"
	"cleartap/output/table"
)

// printSpool prints a report, with each segment when all is asked for.
func printSpool(c *cli.Context, std *streams, r *spool.Report, all bool) error {
	if c.Bool("json") {
		return printJSON(std, r)
	}
	state := "no sensor uses it"
	if r.Running {
		state = "in use"
	}
	fmt.Fprintf(std.out, "%s: %s\n", printable(r.Dir), state)
	fmt.Fprintf(std.out, "%s in %s, %d bytes", count(r.Records, "record"), count(len(r.Segments), "segment"), r.Bytes)
	if !r.Oldest.IsZero() {
		fmt.Fprintf(std.out, ", the oldest of %s", r.Oldest.UTC().Format(time.RFC3339))
	}
	fmt.Fprintln(std.out)
	if r.Damaged > 0 {
		fmt.Fprintf(std.out, "%s damaged or missing\n", table.Count(r.Damaged, "record"))
	}
	if r.QuarantineFiles > 0 {
		fmt.Fprintf(std.out, "%s in %s/quarantine (%d bytes)\n", count(r.QuarantineFiles, "damaged piece"), printable(r.Dir), r.QuarantineBytes)
	}
	for _, name := range r.Strange {
		fmt.Fprintf(std.out, "%s is not a file of the spool\n", printable(strconv.Quote(name)))
	}
	w := tabwriter.NewWriter(std.out, 0, 8, 2, ' ', 0)
	if len(r.Readers) > 0 {
		fmt.Fprintln(w, "\nOUTPUT\tDONE WITH\tWAITING\tDEAD LETTERS")
	}
	for _, p := range r.Readers {
		fmt.Fprintf(w, "%s\t%d\t%d\t%d\n", p.Name, p.Done, p.Waiting, p.Dead)
	}
	if all && len(r.Segments) > 0 {
		printSegments(w, r)
	}
	return w.Flush()
}

func printSegments(w *tabwriter.Writer, r *spool.Report) {
	fmt.Fprintln(w, "\nSEGMENT\tSTATE\tRECORDS\tFROM\tTO\tDAMAGED\tPIECES")
	for _, g := range r.Segments {
		var pieces []string
		for _, p := range g.Pieces {
			if p.To > p.From {
				pieces = append(pieces, fmt.Sprintf("%d-%d", p.From, p.To-1))
			}
		}
		const most = 4
		if n := len(pieces); n > most {
			pieces = append(pieces[:most], fmt.Sprintf("and %d more", n-most))
		}
		fmt.Fprintf(w, "%s\t%s\t%d\t%d\t%d\t%d\t%s\n", g.Name, g.State, g.Records, g.First, g.Last, g.Damaged, strings.Join(pieces, " "))
	}
}

func printJSON(std *streams, v any) error {
	e := json.NewEncoder(std.out)
	e.SetIndent("", "  ")
	return e.Encode(v)
}

// spoolNumber reads --from.
func spoolNumber(c *cli.Context) (uint64, error) {
	if !c.IsSet("from") {
		return 0, nil
	}
	n, err := strconv.ParseUint(c.String("from"), 10, 62)
	if err != nil {
		return 0, usage("--from %q: want the number of a record", c.String("from"))
	}
	return n, nil
}

// spoolDump prints alerts as they are, but that what could steer a terminal is
// escaped, which changes nothing for a reader of JSON.
func spoolDump(c *cli.Context, std *streams, dir string) error {
	from, err := spoolNumber(c)
	if err != nil {
		return err
	}
	w := bufio.NewWriter(std.out)
	bad := 0
	err = spool.Dump(dir, from, func(r spool.Record) error {
		if !json.Valid(r.Payload) {
			bad++
			return nil
		}
		if _, err := w.Write(steady(r.Payload)); err != nil {
			return err
		}
		return w.WriteByte('\n')
	})
	if ferr := w.Flush(); ferr != nil {
		return ferr
	}
	if err != nil {
		return spoolFault(err)
	}
	if bad > 0 {
		return &outcome{exitPartial, fmt.Sprintf("%s: %d records are no JSON: left out", dir, bad)}
	}
	r, err := spool.Verify(dir) // damaged records were passed over
	if err != nil {
		return spoolFault(err)
	}
	if r.Running { // the end of the last segment may be under way
		return nil
	}
	return spoolSound(r)
}

// steady escapes what is not to be printed in a line of JSON.
func steady(p []byte) []byte {
	plain := func(c byte) bool { return c >= 0x20 && c < 0x7f }
	if !slices.ContainsFunc(p, func(c byte) bool { return !plain(c) }) {
		return p
	}
	var out []byte
	for len(p) > 0 {
		r, n := utf8.DecodeRune(p)
		switch {
		case r < 0x20: // between tokens only
			out = append(out, ' ')
		case strconv.IsPrint(r):
			out = append(out, p[:n]...)
		case r > 0xffff:
			high, low := utf16.EncodeRune(r)
			out = fmt.Appendf(out, `\u%04x\u%04x`, high, low)
		default:
			out = fmt.Appendf(out, `\u%04x`, r)
		}
		p = p[n:]
	}
	return out
}

// spoolDead lists dead letters.
func spoolDead(c *cli.Context, std *streams, dir string) error {
	r, err := spool.Verify(dir)
	if err != nil {
		return spoolFault(err)
	}
	var sinks []string
	for _, p := range r.Readers {
		sinks = append(sinks, p.Name)
	}
	if name := c.String("sink"); name != "" {
		if !slices.Contains(sinks, name) {
			return usage("--sink %q: the spool has none of that name%s", name, config.Nearest(name, sinks))
		}
		sinks = []string{name}
	}
	w := tabwriter.NewWriter(std.out, 0, 8, 2, ' ', 0)
	for _, name := range sinks {
		err := spool.Letters(dir, name, func(l spool.Letter) error {
			if c.Bool("json") {
				return json.NewEncoder(w).Encode(struct {
					Sink string `json:"sink"`
					spool.Letter
				}{name, l})
			}
			_, err := fmt.Fprintf(w, "%s\t%s\t%s\t%s\t%s\n", name, l.Time.UTC().Format(time.RFC3339), l.ID, l.Status, l.Kind)
			return err
		})
		if err != nil {
			return spoolFault(err)
		}
	}
	return w.Flush()
}
