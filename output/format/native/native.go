// Package native writes an alert as name="value" pairs: the structured data of
// RFC 5424, or text for a receiver that has none. Its one job is the encoding; its
// invariant: a strict parser reads back the pairs that were written, no more and
// no others, whatever a value holds.
package native

import (
	"strconv"
	"strings"

	"cleartap/output"
	"cleartap/output/format/oneline"
)

// DefaultSDID names our structured data. 32473 is the enterprise number for
// documentation (RFC 5612): cleartap has none of its own.
const DefaultSDID = "cleartap@32473"

// Append appends the alert as text: what happened, then all pairs.
func Append(dst []byte, a *output.Alert) []byte {
	if a.Message != "" {
		dst = append(AppendMessage(dst, a), ' ')
	}
	return append(dst, strings.TrimPrefix(string(appendPairs(nil, a)), " ")...)
}

// AppendMessage appends what happened, for people.
func AppendMessage(dst []byte, a *output.Alert) []byte {
	return append(dst, oneline.Text(a.Message)...)
}

// AppendData appends the alert as structured data (RFC 5424 section 6.3): the
// elements origin and id. id is an SD-ID.
func AppendData(dst []byte, a *output.Alert, id string) []byte {
	if a.Observer.Product != "" {
		dst = append(dst, "[origin"...)
		dst = appendPair(dst, "software", a.Observer.Product)
		dst = appendPair(dst, "swVersion", first(a.Observer.Version, 32))
		dst = append(dst, ']')
	}
	dst = append(append(dst, '['), id...)
	return append(appendPairs(dst, a), ']')
}

// appendPairs appends all that the alert tells, what matters most first: a
// receiver may cut off the end.
func appendPairs(dst []byte, a *output.Alert) []byte {
	auth, seen := &a.Cleartap.Auth, &a.Cleartap.Capture
	for _, p := range [...]struct{ name, value string }{
		{"event_id", a.Event.ID}, {"rule_id", a.Rule.ID}, {"severity", a.Cleartap.Severity}, {"time", a.Timestamp},
		{"source_ip", ip(&a.Source)}, {"source_port", number(a.Source.Port)},
		{"destination_ip", ip(&a.Destination)}, {"destination_port", number(a.Destination.Port)},
		{"user_name", a.User.Name}, {"outcome", a.Event.Outcome}, {"result", auth.Result},
		{"protocol", a.Network.Protocol}, {"mechanism", auth.Mechanism}, {"command", auth.Command},
		{"attempt", number(auth.Attempt)}, {"reply_code", auth.ReplyCode}, {"authzid", auth.Authzid}, {"realm", auth.Realm},
		{"count", number(a.Cleartap.Count)}, {"tags", strings.Join(a.Tags, ",")}, {"rule_name", a.Rule.Name}, {"rule_version", a.Rule.Version},
		{"rule_reference", a.Rule.Reference}, {"community_id", a.Network.CommunityID}, {"direction", a.Network.Direction}, {"vlan", a.Network.VLAN.ID},
		{"proxy_client_ip", a.Cleartap.Proxy.Client.IP}, {"proxy_client_port", number(a.Cleartap.Proxy.Client.Port)},
		{"observer_name", a.Observer.Name}, {"interface", a.Observer.Ingress.Interface.Name},
		{"file", a.Log.File.Path}, {"frame", number(int(seen.Frame))}, {"sides", number(seen.Sides)},
		{"midstream", yes(seen.Midstream)}, {"gap", yes(seen.Gap)}, {"start", a.Event.Start}, {"end", a.Event.End},
		{"trimmed", yes(a.Cleartap.Trimmed)},
	} {
		dst = appendPair(dst, p.name, p.value)
	}
	return appendMore(dst, a)
}

// appendMore appends what alerts of attacks, of TLS and of servers have.
func appendMore(dst []byte, a *output.Alert) []byte {
	x := &a.Cleartap.Attack
	for _, p := range [...]struct{ name, value string }{
		{"attack_id", x.ID}, {"attack_state", x.State}, {"attack_sources", number(x.Sources)}, {"attack_accounts", number(x.Accounts)},
		{"attack_attempts", number(x.Attempts)}, {"attack_failures", number(x.Failures)},
	} {
		dst = appendPair(dst, p.name, p.value)
	}
	if t := a.TLS; t != nil {
		dst = appendPair(appendPair(dst, "tls_version", t.Version), "tls_cipher", t.Cipher)
		dst = appendPair(dst, "tls_server_name", t.Client.ServerName)
	}
	if t := a.Cleartap.TLS; t != nil {
		dst = appendPair(appendPair(dst, "tls_problems", strings.Join(t.Problems, ",")), "tls_stripped", strings.Join(t.Stripped, ","))
		dst = appendPair(dst, "tls_injected", strings.Join(t.Injected, ","))
	}
	if v := a.Cleartap.Server; v != nil {
		dst = appendPair(appendPair(dst, "server_product", v.Product), "server_version", v.Version)
		dst = appendPair(dst, "server_grade", v.Grade)
	}
	return dst
}

// ip is an address as the alert shows it: a pseudonym is in address only.
func ip(e *output.Endpoint) string {
	if e.IP == "" {
		return e.Address
	}
	return e.IP
}

// appendPair appends a pair, unless the value is empty. The characters that RFC
// 5424 section 6.3.3 names are escaped.
func appendPair(dst []byte, name, value string) []byte {
	if value == "" {
		return dst
	}
	dst = append(append(append(dst, ' '), name...), '=', '"')
	for _, c := range []byte(oneline.Text(value)) {
		if c == '"' || c == '\\' || c == ']' {
			dst = append(dst, '\\')
		}
		dst = append(dst, c)
	}
	return append(dst, '"')
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
