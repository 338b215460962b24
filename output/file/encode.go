package file

import (
	"bytes"

	"cleartap/output"
	"cleartap/output/csv"
	"cleartap/output/format/eve"
	"cleartap/output/format/ocsf"
)

// encoder makes lines of records.
type encoder struct {
	cfg   *Config
	buf   bytes.Buffer
	cells *csv.Writer
	bare  bool // csv: the names stand in the file already
}

// begin begins with no lines; top says that they will be the first of a file.
func (e *encoder) begin(top bool) {
	e.buf.Reset()
	e.cells, e.bare = nil, !top
}

const healthDataset = "cleartap.health"

// add adds the line of a record, if the file is meant to have it. False: the record
// cannot be read.
func (e *encoder) add(r *output.Record) bool {
	if r.Dataset == healthDataset {
		if e.cfg.Health && e.cfg.Format == JSONL {
			e.line(r.JSON)
		}
		return true
	}
	var a output.Alert
	if r.Alert(&a) != nil {
		return false
	}
	switch e.cfg.Format {
	case CSV:
		return e.values(&a)
	case EVE:
		e.line(eve.Append(nil, &a))
	case OCSF:
		e.line(ocsf.Append(nil, &a))
	default:
		e.line(r.JSON)
	}
	return true
}

func (e *encoder) line(b []byte) {
	e.buf.Write(b)
	e.buf.WriteByte('\n')
}

// values adds a line of values, below the names if it is the first one.
func (e *encoder) values(a *output.Alert) bool {
	n := e.buf.Len()
	if e.cells == nil {
		e.cells = csv.New(&e.buf)
	}
	if e.cells.Write(a) != nil || e.cells.Flush() != nil {
		return false
	}
	if e.bare {
		e.bare = false
		all := e.buf.Bytes()[n:]
		rest := append([]byte(nil), all[bytes.IndexByte(all, '\n')+1:]...)
		e.buf.Truncate(n)
		e.buf.Write(rest)
	}
	return true
}
