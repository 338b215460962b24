// Package cef writes an alert in ArcSight's Common Event Format, version 0. Its one
// job is the encoding; its invariant: a strict parser reads back the fields that
// were written, no more and no others, whatever a value holds.
package cef

import (
	"cmp"
	"strconv"
	"strings"
	"time"

	"cleartap/output"
	"cleartap/output/format/oneline"
)

// Append appends the alert as one CEF record, without a line end.
func Append(dst []byte, a *output.Alert) []byte {
	dst = append(dst, "CEF:0"...)
	for _, s := range [...]string{"cleartap", "cleartap", cmp.Or(a.Observer.Version, "unknown"), a.Rule.ID, cmp.Or(a.Rule.Name, a.Rule.ID), strconv.Itoa(severity(a.Event.Severity))} {
		dst = append(dst, '|')
		dst = appendEscaped(dst, s, '|')
	}
	dst = append(dst, '|')
	n := len(dst)
	for _, f := range fields(a) {
		if f.value == "" {
			continue
		}
		if len(dst) > n {
			dst = append(dst, ' ')
		}
		dst = append(append(dst, f.key...), '=')
		dst = appendEscaped(dst, f.value, '=')
	}
	return dst
}

// appendEscaped appends a value. A bar is escaped in the header only, an equals
// sign in the extension only. Line ends, which have an escape, cannot be there.
func appendEscaped(dst []byte, s string, sign byte) []byte {
	for _, c := range []byte(oneline.Text(s)) {
		if c == '\\' || c == sign {
			dst = append(dst, '\\')
		}
		dst = append(dst, c)
	}
	return dst
}

type field struct{ key, value string }

// fields are the extension, by the names of the CEF dictionary.
func fields(a *output.Alert) []field {
	auth := &a.Cleartap.Auth
	all := []field{
		{"externalId", a.Event.ID}, {"rt", millis(a.Timestamp)},
	}
	all = append(all, address("src", "c6a2", "Source IPv6 Address", &a.Source)...)
	all = append(all, field{"spt", number(a.Source.Port)})
	all = append(all, address("dst", "c6a3", "Destination IPv6 Address", &a.Destination)...)
	all = append(all, field{"dpt", number(a.Destination.Port)}, field{"duser", a.User.Name}, field{"outcome", a.Event.Outcome},
		field{"proto", strings.ToUpper(a.Network.Transport)}, field{"app", strings.ToUpper(a.Network.Protocol)}, field{"act", "allowed"}, field{"cat", a.Rule.Category},
		field{"cnt", number(a.Cleartap.Count)}, field{"reason", auth.ReplyCode}, field{"dvchost", a.Observer.Name},
		field{"deviceInboundInterface", a.Observer.Ingress.Interface.Name}, field{"start", millis(a.Event.Start)}, field{"end", millis(a.Event.End)},
		field{"filePath", a.Log.File.Path})
	all = append(all, attack(&a.Cleartap.Attack)...)
	for i, custom := range [...]field{
		{"Mechanism", auth.Mechanism}, {"Result", auth.Result}, {"Authorization identity", auth.Authzid},
		{"Community ID", a.Network.CommunityID}, {"Trimmed", yes(a.Cleartap.Trimmed)}, {"Severity", a.Cleartap.Severity},
	} {
		if custom.value != "" {
			key := "cs" + strconv.Itoa(i+1)
			all = append(all, field{key, custom.value}, field{key + "Label", custom.key})
		}
	}
	return append(all, field{"msg", first(a.Message, 1023)})
}

// attack gives the figures of many logins that belong together.
func attack(x *output.Attack) []field {
	if x.ID == "" {
		return nil
	}
	return []field{{"flexString1", x.ID}, {"flexString1Label", "Attack"}, {"cn1", strconv.Itoa(x.Attempts)}, {"cn1Label", "Attempts"},
		{"cn2", strconv.Itoa(x.Failures)}, {"cn2Label", "Failures"}}
}

// address gives an address by the key that its kind has: the dictionary has src and
// dst for IPv4 alone. A pseudonym is a host's name.
func address(v4, v6, label string, e *output.Endpoint) []field {
	switch {
	case e.IP == "":
		return []field{{map[string]string{"src": "shost", "dst": "dhost"}[v4], e.Address}}
	case strings.Contains(e.IP, ":"):
		return []field{{v6, e.IP}, {v6 + "Label", label}}
	}
	return []field{{v4, e.IP}}
}

// severity is event.severity on a scale from 0 to 10.
func severity(n int) int {
	for _, step := range [...][2]int{{99, 10}, {73, 8}, {47, 5}, {21, 3}} {
		if n >= step[0] {
			return step[1]
		}
	}
	return 0
}

// millis is a point in time in milliseconds since 1970, empty if there is none.
func millis(t string) string {
	at, err := time.Parse(time.RFC3339Nano, t)
	if err != nil {
		return ""
	}
	return strconv.FormatInt(at.UnixMilli(), 10)
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

// first gives at most n characters.
func first(s string, n int) string {
	for i := range s {
		if n--; n < 0 {
			return s[:i]
		}
	}
	return s
}
