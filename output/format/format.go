// Package format names the shapes that an alert can take for receivers that do not
// read our own JSON. Its one job is to choose an encoder and to make what it
// writes fit a transport; its invariant: a record is one line of valid UTF-8
// without C0 control characters, tabs of LEEF 1.0 aside, and whole: what does not
// fit loses fields, never its end.
package format

import (
	"fmt"
	"slices"
	"strings"

	"cleartap/output"
	"cleartap/output/format/cef"
	"cleartap/output/format/eve"
	"cleartap/output/format/leef"
	"cleartap/output/format/native"
	"cleartap/output/format/ocsf"
)

// Format is a shape of an alert.
type Format uint8

// The formats. Native is the zero value.
const (
	Native Format = iota // name="value" pairs, in RFC 5424 as structured data
	JSON                 // the alert as it is
	EVE                  // Suricata's EVE
	CEF                  // ArcSight's Common Event Format
	LEEF1                // IBM's Log Event Extended Format 1.0
	LEEF2                // the same, 2.0
	OCSF                 // a Detection Finding of OCSF
)

var names = [...]string{"native", "json", "eve", "cef", "leef1", "leef2", "ocsf"}

// Names lists the formats by name.
func Names() []string { return slices.Clone(names[:]) }

// String is the name of the format.
func (f Format) String() string {
	if int(f) < len(names) {
		return names[f]
	}
	return "unknown"
}

// Parse finds a format by its name. leef is leef2.
func Parse(name string) (Format, error) {
	if name == "leef" {
		return LEEF2, nil
	}
	i := slices.Index(names[:], name)
	if i < 0 {
		return 0, fmt.Errorf("%q: want %s or %s", name, strings.Join(names[:len(names)-1], ", "), names[len(names)-1])
	}
	return Format(i), nil
}

// Append appends the alert in this format, without a line end.
func (f Format) Append(dst []byte, a *output.Alert) []byte {
	switch f {
	case JSON:
		return a.AppendJSON(dst)
	case EVE:
		return eve.Append(dst, a)
	case CEF:
		return cef.Append(dst, a)
	case LEEF1:
		return leef.Append1(dst, a)
	case LEEF2:
		return leef.Append2(dst, a)
	case OCSF:
		return ocsf.Append(dst, a)
	}
	return native.Append(dst, a)
}
