// Package leef writes an alert in IBM's Log Event Extended Format, 1.0 or 2.0. Its
// one job is the encoding; its invariant: a strict parser reads back the fields
// that were written, no more and no others. LEEF has no escapes: what would end a
// value is replaced by U+FFFD.
package leef

import (
	"cmp"
	"strconv"
	"strings"
	"time"

	"cleartap/output"
	"cleartap/output/format/oneline"
)

// Append1 appends the alert as one LEEF 1.0 record, whose fields are parted by
// tabs, without a line end.
func Append1(dst []byte, a *output.Alert) []byte {
	return appendFields(appendHeader(dst, "1.0", a), a, '\t')
}

// Delimiter parts the fields of LEEF 2.0. Tabs do not get through receivers that
// make control characters visible, as rsyslog does.
const Delimiter = '^'

// Append2 appends the alert as one LEEF 2.0 record, without a line end.
func Append2(dst []byte, a *output.Alert) []byte {
	dst = append(appendHeader(dst, "2.0", a), Delimiter, '|')
	return appendFields(dst, a, Delimiter)
}

const replacement = "\uFFFD"

func appendHeader(dst []byte, version string, a *output.Alert) []byte {
	dst = append(append(dst, "LEEF:"...), version...)
	for _, s := range [...]string{"cleartap", "cleartap", cmp.Or(a.Observer.Version, "unknown"), a.Rule.ID} {
		dst = append(dst, '|')
		dst = append(dst, strings.ReplaceAll(oneline.Text(s), "|", replacement)...)
	}
	return append(dst, '|')
}

func appendFields(dst []byte, a *output.Alert, delimiter byte) []byte {
	n := len(dst)
	for _, f := range fields(a) {
		if f.value == "" {
			continue
		}
		if len(dst) > n {
			dst = append(dst, delimiter)
		}
		dst = append(append(dst, f.key...), '=')
		value := oneline.Text(f.value)
		if delimiter == '\t' { // no value holds one, but rsyslog makes this of those between them
			value = strings.ReplaceAll(value, "#011", replacement+"011")
		} else {
			value = strings.ReplaceAll(value, string(rune(delimiter)), replacement)
		}
		dst = append(dst, value...)
	}
	return dst
}

type field struct{ key, value string }

// fields are the attributes: first those that LEEF knows, then ours.
func fields(a *output.Alert) []field {
	auth := &a.Cleartap.Auth
	return []field{
		{"eventId", a.Event.ID}, {"devTime", when(a.Timestamp)}, {"devTimeFormat", timeFormat(a.Timestamp)},
		{"src", address(&a.Source)}, {"srcPort", number(a.Source.Port)}, {"dst", address(&a.Destination)}, {"dstPort", number(a.Destination.Port)},
		{"usrName", a.User.Name}, {"outcome", a.Event.Outcome}, {"sev", strconv.Itoa(severity(a.Event.Severity))}, {"severity", a.Cleartap.Severity},
		{"cat", a.Rule.Category}, {"proto", strings.ToUpper(a.Network.Transport)}, {"app", strings.ToUpper(a.Network.Protocol)},
		{"mechanism", auth.Mechanism}, {"command", auth.Command}, {"result", auth.Result}, {"replyCode", auth.ReplyCode},
		{"authzid", auth.Authzid}, {"realm", auth.Realm}, {"count", number(a.Cleartap.Count)},
		{"ruleName", a.Rule.Name}, {"communityId", a.Network.CommunityID}, {"direction", a.Network.Direction}, {"vlan", a.Network.VLAN.ID},
		{"attackId", a.Cleartap.Attack.ID}, {"attackState", a.Cleartap.Attack.State}, {"attempts", number(a.Cleartap.Attack.Attempts)}, {"failures", number(a.Cleartap.Attack.Failures)},
		{"sensor", a.Observer.Name}, {"interface", a.Observer.Ingress.Interface.Name}, {"file", a.Log.File.Path}, {"trimmed", yes(a.Cleartap.Trimmed)},
		{"msg", a.Message},
	}
}

func address(e *output.Endpoint) string {
	if e.IP == "" {
		return e.Address
	}
	return e.IP
}

// severity is event.severity on a scale from 1 to 10.
func severity(n int) int {
	for _, step := range [...][2]int{{99, 10}, {73, 8}, {47, 5}, {21, 3}} {
		if n >= step[0] {
			return step[1]
		}
	}
	return 1
}

// devTime in Go's and in Java's words.
const (
	layout     = "Jan 02 2006 15:04:05.000 MST"
	javaLayout = "MMM dd yyyy HH:mm:ss.SSS zzz"
)

func when(t string) string {
	at, err := time.Parse(time.RFC3339Nano, t)
	if err != nil {
		return ""
	}
	return at.UTC().Format(layout)
}

func timeFormat(t string) string {
	if when(t) == "" {
		return ""
	}
	return javaLayout
}

func number(n int) string {
	if n == 0 {
		return ""
	}
	return strconv.Itoa(n)
}

func yes(b bool) string {
	if !b {
		return ""
	}
	return "true"
}
