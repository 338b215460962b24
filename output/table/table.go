// Package table shows alerts to people: a table of logins and a summary. Its
// invariant: no byte reaches the terminal that could steer it or reorder its
// text; whatever a name holds, a row is one line.
package table

import (
	"bufio"
	"io"
	"net"
	"strconv"
	"strings"

	"github.com/rivo/uniseg"

	"cleartap/output"
)

// learn is how many rows are held back to learn the widths of the columns from.
const learn = 200

// maxCell is the width of a cell at most, in columns of the terminal.
const maxCell = 48

const columns = 8

type row [columns]string

var header = row{"TIME (UTC)", "CLIENT", "SERVER", "PROTOCOL", "MECHANISM", "USER", "RESULT", "SEVERITY"}

// severityColumn is the one that is coloured.
const severityColumn = columns - 1

// Writer writes alerts as rows. It holds back the first ones, so that the
// columns fit; from then on rows appear as they come. See Flush.
type Writer struct {
	w      *bufio.Writer
	colour bool
	held   []row
	widths [columns]int
	line   []byte
	begun  bool
}

// New gives a writer of a table to w, in colour if told so.
func New(w io.Writer, colour bool) *Writer {
	return &Writer{w: bufio.NewWriter(w), colour: colour}
}

// Write writes one alert. The error is that of the writer underneath, which
// may be told one call late.
func (w *Writer) Write(a *output.Alert) error {
	r := cells(a)
	for i, c := range r {
		r[i] = cut(Clean(c), maxCell)
		w.widths[i] = max(w.widths[i], uniseg.StringWidth(r[i]))
	}
	if !w.begun && len(w.held) < learn {
		for i, c := range r {
			r[i] = strings.Clone(c) // a's texts are valid during the call
		}
		w.held = append(w.held, r)
		return nil
	}
	w.release()
	return w.print(&r)
}

// Flush writes what was held back. A table without a row has no header either.
func (w *Writer) Flush() error {
	w.release()
	return w.w.Flush()
}

func (w *Writer) release() {
	if w.begun || len(w.held) == 0 {
		return
	}
	w.begun = true
	for i, h := range header {
		w.widths[i] = max(w.widths[i], len(h))
	}
	h := header
	_ = w.print(&h) // a bufio.Writer keeps its error
	for i := range w.held {
		_ = w.print(&w.held[i])
	}
	w.held = nil
}

func (w *Writer) print(r *row) error {
	line := w.line[:0]
	for i, c := range r {
		if i > 0 {
			line = append(line, "  "...)
		}
		on, off := "", ""
		if w.colour && i == severityColumn {
			on, off = Colour(c)
		}
		line = append(append(append(line, on...), c...), off...)
		if i < columns-1 {
			for range w.widths[i] - uniseg.StringWidth(c) {
				line = append(line, ' ')
			}
		}
	}
	line = append(line, '\n')
	w.line = line
	_, err := w.w.Write(w.line)
	return err
}

// Colour gives the escape sequences before and after a severity's word.
func Colour(severity string) (on, off string) {
	switch severity {
	case "critical":
		return "\x1b[1;31m", "\x1b[0m"
	case "high":
		return "\x1b[31m", "\x1b[0m"
	case "medium":
		return "\x1b[33m", "\x1b[0m"
	case "low":
		return "\x1b[36m", "\x1b[0m"
	}
	return "", ""
}

func cells(a *output.Alert) row {
	auth := &a.Cleartap.Auth
	mechanism, result := auth.Mechanism, auth.Result
	if mechanism == "" { // no login
		mechanism, result = a.Rule.ID, a.Rule.Name
	}
	user := several(a.User.Name, a.Cleartap.Attack.Accounts, "accounts")
	client, server := several(hostPort(&a.Source), a.Cleartap.Attack.Sources, "addresses"), several(hostPort(&a.Destination), 0, "")
	return row{clock(a.Timestamp), client, server, a.Network.Protocol, mechanism, user, result, a.Cleartap.Severity}
}

// clock makes 2026-11-22 10:00:00 of 2026-11-22T10:00:00.123456Z.
func clock(t string) string {
	if len(t) < 19 {
		return t
	}
	return t[:10] + " " + t[11:19]
}

func hostPort(e *output.Endpoint) string {
	if e.Port == 0 {
		return e.Address
	}
	return net.JoinHostPort(e.Address, strconv.Itoa(e.Port))
}

// several says how many there are where it is not one.
func several(one string, n int, things string) string {
	switch {
	case one != "":
		return one
	case n > 1:
		return strconv.Itoa(n) + " " + things
	}
	return "-"
}
