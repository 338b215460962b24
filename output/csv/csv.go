// Package csv writes alerts as comma-separated values (RFC 4180) for
// spreadsheets. Its invariant: no cell begins with what a spreadsheet takes for
// a formula, in none of its lines.
package csv

import (
	"encoding/csv"
	"io"
	"strconv"
	"strings"

	"cleartap/output"
)

// header names the columns, in the order of record.
var header = []string{"time", "severity", "rule", "protocol", "command", "mechanism", "class", "user", "result", "client", "client_port", "server",
	"server_port", "direction", "reply_code", "attempt", "file", "frame", "id", "message"}

// Writer writes alerts as CSV with one line of column names. It buffers; see Flush.
type Writer struct {
	w     *csv.Writer
	cells []string
	begun bool
}

// New gives a writer of CSV to w.
func New(w io.Writer) *Writer { return &Writer{w: csv.NewWriter(w)} }

// Write writes one alert. The error is that of the writer underneath, which
// may be told one call late.
func (w *Writer) Write(a *output.Alert) error {
	if err := w.begin(); err != nil {
		return err
	}
	w.cells = appendRecord(w.cells[:0], a)
	for i, c := range w.cells {
		w.cells[i] = guard(visible(c))
	}
	return w.w.Write(w.cells)
}

func (w *Writer) begin() error {
	if w.begun {
		return nil
	}
	w.begun = true
	return w.w.Write(header)
}

// Flush hands over what is buffered, the column names at least.
func (w *Writer) Flush() error {
	if err := w.begin(); err != nil {
		return err
	}
	w.w.Flush()
	return w.w.Error()
}

func appendRecord(dst []string, a *output.Alert) []string {
	auth := &a.Cleartap.Auth
	return append(dst, a.Timestamp, a.Cleartap.Severity, a.Rule.ID, a.Network.Protocol, auth.Command, auth.Mechanism, auth.Class, a.User.Name,
		auth.Result, a.Source.Address, number(a.Source.Port), a.Destination.Address, number(a.Destination.Port), a.Network.Direction,
		auth.ReplyCode, number(auth.Attempt), a.Log.File.Path, number(int(a.Cleartap.Capture.Frame)), a.Event.ID, a.Message)
}

func number(n int) string {
	if n == 0 {
		return ""
	}
	return strconv.Itoa(n)
}

// guard puts an apostrophe in front of each line of a cell that a spreadsheet
// might run as a formula (OWASP, CSV Injection).
func guard(cell string) string {
	if !strings.ContainsAny(cell, "=+-@\t\r\n") && !strings.ContainsFunc(cell, wideFormula) {
		return cell
	}
	lines := strings.FieldsFunc(cell, func(r rune) bool { return r == '\n' || r == '\r' })
	for i, l := range lines {
		if risky(l) {
			lines[i] = "'" + l
		}
	}
	if len(lines) == 0 {
		return ""
	}
	return strings.Join(lines, " ")
}

// risky reports whether the first character of a line that is no blank begins a formula.
func risky(line string) bool {
	if strings.HasPrefix(line, "\t") {
		return true
	}
	line = strings.TrimLeftFunc(line, blank)
	if line == "" {
		return false
	}
	return strings.ContainsRune("=+-@", rune(line[0])) || strings.IndexFunc(line, wideFormula) == 0
}

// wideFormula reports the full-width forms that some spreadsheets read as the plain ones.
func wideFormula(r rune) bool { return r == '＝' || r == '＋' || r == '－' || r == '＠' }

// blank is what spreadsheets skip, and what nobody sees.
func blank(r rune) bool {
	return r <= ' ' || r == 0x85 || r == 0xA0 || r == 0x1680 || r >= 0x2000 && r <= 0x200F || r >= 0x2028 && r <= 0x202F || r >= 0x205F && r <= 0x206F || r == 0x3000 || r == 0xFEFF
}
