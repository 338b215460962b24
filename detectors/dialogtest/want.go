package dialogtest

import (
	"fmt"
	"strings"

	"cleartap/detectors"
)

// want is an expectation: what an observation's fields must be.
type want struct {
	fields map[string]string
	text   string // as written, to be quoted when it fails
}

// flags are the words that stand by themselves in an expectation.
var flags = map[string]bool{"weak": true, "sealed": true, "gap": true, "ambiguous": true, "nosecret": true}

// keys are the words with a value.
var keys = map[string]bool{"cmd": true, "class": true, "authzid": true, "realm": true, "reply": true, "rule": true,
	"severity": true, "proxy": true, "protocol": true, "number": true}

// parseWant reads "MECHANISM identity result key=value ...".
func parseWant(s string, alone bool) (want, error) {
	w := want{fields: map[string]string{}, text: strings.TrimSpace(s)}
	words := strings.Fields(s)
	if len(words) == 1 && words[0] == "CONFLICT" {
		w.fields["kind"] = "conflict"
		return w, nil
	}
	names := []string{"mechanism", "identity", "result"}
	if alone {
		names = names[:2]
		w.fields["result"] = "unknown"
	}
	if len(words) < len(names) {
		return w, fmt.Errorf("an expectation needs %s", strings.Join(names, ", "))
	}
	w.fields["kind"] = "login"
	for i, name := range names {
		w.fields[name] = unescape(words[i])
	}
	if words[1] == "-" {
		w.fields["identity"] = ""
	}
	for flag := range flags {
		w.fields[flag] = "false"
	}
	for _, word := range words[len(names):] {
		key, value, ok := strings.Cut(word, "=")
		switch {
		case ok && keys[key]:
			w.fields[key] = strings.ReplaceAll(unescape(value), "_", " ")
			if key == "authzid" || key == "realm" {
				w.fields[key] = unescape(value)
			}
		case !ok && flags[key]:
			w.fields[key] = "true"
		default:
			return w, fmt.Errorf("unknown word in an expectation")
		}
	}
	return w, nil
}

// fieldsOf gives an observation's fields as an expectation names them.
func fieldsOf(o *detectors.Observation) map[string]string {
	a := &o.Attempt
	yes := func(b bool) string { return fmt.Sprint(b) }
	m := map[string]string{
		"kind": o.Kind.String(), "mechanism": string(a.Mechanism), "identity": a.Identity, "result": string(o.Result),
		"cmd": string(a.Command), "class": string(a.Class), "authzid": a.Authzid, "realm": a.Realm,
		"reply": string(o.Reply), "protocol": o.Protocol, "number": fmt.Sprint(o.Number),
		"weak": yes(a.Weak), "sealed": yes(a.Sealed), "gap": yes(o.Gap), "ambiguous": yes(o.Ambiguous),
		"nosecret": yes(!a.Secret.Seen()), "proxy": "",
	}
	if o.Proxy.IsValid() {
		m["proxy"] = o.Proxy.String()
	}
	if f, ok := detectors.Judge(o); ok {
		m["rule"], m["severity"] = f.Rule.ID, f.Severity.String()
	}
	return m
}

// misses names the fields in which an observation is not what was expected.
func (w want) misses(o *detectors.Observation) []string {
	var missing []string
	got := fieldsOf(o)
	for key, value := range w.fields {
		if got[key] != value {
			missing = append(missing, fmt.Sprintf("%s is %q, want %q", key, got[key], value))
		}
	}
	return missing
}

// unsettled is the expectation for a capture of the client's side alone.
func (w want) unsettled() want {
	u := want{text: w.text, fields: map[string]string{}}
	for key, value := range w.fields {
		switch key {
		case "reply", "rule", "severity", "number", "gap":
		case "result":
			u.fields[key] = string(detectors.Unknown)
		default:
			u.fields[key] = value
		}
	}
	return u
}
