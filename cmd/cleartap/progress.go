package main

import (
	"fmt"
	"io"
	"time"

	"github.com/schollz/progressbar/v3"

	"cleartap/output/table"
)

// progress tells how far a scan is: a line that is redrawn on a terminal, or a
// line every ten seconds.
type progress struct {
	w      io.Writer
	bar    *progressbar.ProgressBar // nil: no terminal
	plain  bool
	total  int64 // bytes of all inputs, -1 when not known
	start  time.Time
	last   time.Time // of the last plain line
	logins int
}

// plainEvery is how often a plain line is written.
const plainEvery = 10 * time.Second

// newProgress makes the display that was asked for; nil shows nothing.
func newProgress(o *options, total int64, w io.Writer) *progress {
	p := &progress{w: w, total: total, start: time.Now(), last: time.Now()}
	switch {
	case o.quiet || o.progress == "off":
		return nil
	case o.progress == "plain":
		p.plain = true
	case isTerminal(w):
		p.bar = progressbar.NewOptions64(total, progressbar.OptionSetWriter(w), progressbar.OptionShowBytes(true),
			progressbar.OptionShowTotalBytes(true), progressbar.OptionSetWidth(20),
			progressbar.OptionSetPredictTime(true), progressbar.OptionSetDescription("reading"))
	default:
		return nil
	}
	return p
}

// show tells that so many bytes were read and logins found.
func (p *progress) show(bytes int64, logins int) {
	switch {
	case p == nil:
	case p.bar != nil:
		if p.total >= 0 {
			bytes = min(bytes, p.total)
		}
		if logins != p.logins {
			p.logins = logins
			p.bar.Describe("reading, " + table.Count(uint64(logins), "login"))
		}
		_ = p.bar.Set64(bytes) // a display that fails is no reason to stop
	case time.Since(p.last) >= plainEvery:
		p.last = time.Now()
		p.line(bytes, logins)
	}
}

// line writes a plain line.
func (p *progress) line(bytes int64, logins int) {
	rate := float64(bytes) / time.Since(p.start).Seconds()
	of, left := "", ""
	if p.total > 0 {
		of = fmt.Sprintf(" of %s (%d %%)", table.Size(uint64(p.total)), 100*bytes/p.total)
		if rate > 0 && bytes <= p.total {
			left = fmt.Sprintf(", %s left", time.Duration(float64(p.total-bytes)/rate*1e9).Round(time.Second))
		}
	}
	fmt.Fprintf(p.w, "read %s%s, %s/s%s, %s\n", table.Size(uint64(bytes)), of, table.Size(uint64(rate)), left, table.Count(uint64(logins), "login"))
}

// hide takes the line off the terminal, so that something else can be written.
func (p *progress) hide() {
	if p != nil && p.bar != nil {
		_ = p.bar.Clear()
	}
}

// end shows the end: all of it, unless the scan was stopped.
func (p *progress) end(bytes int64, logins int, whole bool) {
	switch {
	case p == nil:
	case p.bar != nil && whole:
		_ = p.bar.Finish()
		fmt.Fprintln(p.w)
	case p.bar != nil:
		p.hide()
	case p.plain && whole && p.total > 0:
		p.line(p.total, logins)
	case p.plain:
		p.line(bytes, logins)
	}
}
