package syslog

import (
	"os"
	"strconv"
	"strings"
	"time"

	"cleartap/output"
	"cleartap/output/format"
	"cleartap/output/format/native"
	"cleartap/output/format/oneline"
)

// encoder makes messages of records. It is used by one goroutine at a time.
type encoder struct {
	cfg  *Config
	host string // of this host
	pid  string
	zone *time.Location // of RFC 3164, which has no zone: that of this host
}

func newEncoder(c *Config) encoder {
	return encoder{cfg: c, host: hostName(), pid: strconv.Itoa(os.Getpid()), zone: time.Local}
}

// cookie marks JSON in syslog.
const cookie = "@cee: "

// healthSize is how long a message with a health record may be at least: it has
// nothing that could be left out.
const healthSize = 8192

const healthDataset = "cleartap.health"

// message makes the message of a record. A nil message without a verdict other
// than Done means that the receiver is not meant to get it.
func (e *encoder) message(r *output.Record) ([]byte, output.Verdict) {
	var a output.Alert
	if r.Alert(&a) != nil {
		return nil, output.Verdict{Outcome: output.Dead, Status: "unreadable", Kind: "no_document"}
	}
	limit := e.cfg.MaxSize
	if r.Dataset == healthDataset {
		if !e.cfg.Health {
			return nil, output.Verdict{Outcome: output.Done}
		}
		limit = max(limit, healthSize)
	}
	if e.cfg.Format == format.JSON {
		if m := append(e.start(nil, &a), oneline.JSON(r.JSON)...); len(m) <= limit { // fields that this program does not know stay
			return m, output.Verdict{}
		}
	}
	m, ok := []byte(nil), false
	if r.Dataset != healthDataset {
		m, ok = format.Fit(nil, &a, limit, e.append)
	}
	if !ok {
		return nil, output.Verdict{Outcome: output.Dead, Status: "too_long", Kind: "max_size"}
	}
	return m, output.Verdict{}
}

// append appends the whole message of an alert.
func (e *encoder) append(dst []byte, a *output.Alert) []byte {
	dst = e.start(dst, a)
	switch {
	case e.cfg.Format == format.Native && e.cfg.Protocol == RFC5424:
		return native.AppendMessage(dst, a)
	case e.cfg.Format == format.JSON || e.cfg.Format == format.EVE:
		return append(dst, oneline.JSON(e.cfg.Format.Append(nil, a))...)
	}
	return e.cfg.Format.Append(dst, a)
}

// start appends all that stands in front of an alert in its format.
func (e *encoder) start(dst []byte, a *output.Alert) []byte {
	dst = append(dst, '<')
	dst = strconv.AppendInt(dst, int64(e.cfg.Facility.number()*8+e.cfg.Severities.of(a)), 10)
	dst = append(dst, '>')
	if e.cfg.Protocol == RFC5424 {
		dst = e.header5424(dst, a)
	} else {
		dst = e.header3164(dst, a)
	}
	if e.cfg.CEE {
		dst = append(dst, cookie...)
	}
	return dst
}

// header5424 appends the header of RFC 5424 section 6 from the version on, and
// the structured data.
func (e *encoder) header5424(dst []byte, a *output.Alert) []byte {
	dst = append(dst, "1 "...)
	if t, err := time.Parse(time.RFC3339Nano, a.Timestamp); err == nil {
		dst = t.UTC().AppendFormat(dst, "2006-01-02T15:04:05.000000Z")
	} else {
		dst = append(dst, '-')
	}
	kind := a.Rule.ID
	if kind == "" {
		kind = a.Event.Kind
	}
	for _, word := range [...]string{e.hostOf(a), e.cfg.App, e.pid, wordOf(kind, 32)} {
		dst = append(append(dst, ' '), word...)
	}
	dst = append(dst, ' ')
	if e.cfg.Format == format.Native {
		dst = native.AppendData(dst, a, e.cfg.SDID)
		if a.Message == "" {
			return dst
		}
		return append(dst, ' ')
	}
	return append(dst, "- "...)
}

// header3164 appends the header of RFC 3164 section 4.1 from the time on, on a
// local socket without the host. CEF and LEEF stand where the tag would be.
func (e *encoder) header3164(dst []byte, a *output.Alert) []byte {
	t, err := time.Parse(time.RFC3339Nano, a.Timestamp)
	if err != nil {
		t = time.Unix(0, 0)
	}
	dst = t.In(e.zone).AppendFormat(dst, time.Stamp+" ")
	if e.cfg.Protocol == RFC3164 {
		dst = append(append(dst, e.hostOf(a)...), ' ')
		switch e.cfg.Format {
		case format.CEF, format.LEEF1, format.LEEF2:
			return dst
		}
	}
	dst = append(dst, wordOf(e.cfg.App, 32)...)
	return append(append(append(dst, '['), e.pid...), "]: "...)
}

func (e *encoder) hostOf(a *output.Alert) string {
	if e.cfg.Host != "" {
		return e.cfg.Host
	}
	if name := hostWord(a.Observer.Name); name != "" {
		return name
	}
	return e.host
}

// hostWord makes a name of a host, empty if nothing is left of it: receivers of RFC
// 3164 take what has other characters, or ends in one, for the tag.
func hostWord(s string) string {
	b := []byte(s[:min(len(s), 255)])
	for i, c := range b {
		letter := c|0x20 >= 'a' && c|0x20 <= 'z'
		if !letter && (c < '0' || c > '9') && c != '.' {
			b[i] = '-'
		}
	}
	return strings.Trim(string(b), "-.")
}

// wordOf makes a word of the header: printable ASCII without blanks, up to n
// bytes; "-" if there is nothing.
func wordOf(s string, n int) string {
	if isWord(s, n) {
		return s
	}
	b := []byte(s[:min(len(s), n)])
	for i, c := range b {
		if c < '!' || c > '~' {
			b[i] = '_'
		}
	}
	if len(b) == 0 {
		return "-"
	}
	return string(b)
}
