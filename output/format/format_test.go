package format_test

import (
	"encoding/json"
	"maps"
	"math/rand/v2"
	"os"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/leodido/go-syslog/v4/rfc5424"

	"cleartap/internal/fuzzing"
	"cleartap/output"
	"cleartap/output/format"
	"cleartap/output/format/formattest"
	"cleartap/output/format/native"
	"cleartap/output/format/oneline"
)

// check parses what each format makes of an alert and holds it against the alert.
func check(t *testing.T, a *output.Alert) {
	t.Helper()
	for _, name := range format.Names() {
		checkOne(t, name, a)
	}
}

func checkOne(t *testing.T, name string, a *output.Alert) {
	t.Helper()
	f, err := format.Parse(name)
	if err != nil || f.String() != name {
		t.Fatal(name, f, err)
	}
	b := f.Append([]byte("kept"), a)
	text, ok := strings.CutPrefix(string(b), "kept")
	if !ok || !utf8.ValidString(text) {
		t.Fatalf("%s: not UTF-8, or what was there is gone: %q", name, b)
	}
	for _, c := range []byte(text) {
		if (c < ' ' || c == 0x7f) && !(c == '\t' && f == format.LEEF1) && f != format.JSON && f != format.EVE && f != format.OCSF || c < ' ' && c != '\t' {
			t.Fatalf("%s: a control character in %q", name, text)
		}
	}
	parse(t, f, text, a)
}

func parse(t *testing.T, f format.Format, text string, a *output.Alert) {
	t.Helper()
	tame := formattest.Tame(*a)
	plain := string(f.Append(nil, &tame))
	user := oneline.Text(a.User.Name)
	switch f {
	case format.CEF:
		got, err := formattest.ParseCEF(text)
		want, err2 := formattest.ParseCEF(plain)
		if err != nil || err2 != nil {
			t.Fatalf("%v, %v: %q", err, err2, text)
		}
		sameKeys(t, f, got.Fields, want.Fields, text)
		if got.Fields["duser"] != user || got.Fields["externalId"] != a.Event.ID || got.Header[3] != a.Rule.ID || got.Fields["filePath"] != oneline.Text(a.Log.File.Path) {
			t.Fatalf("CEF gives %q of %q", got, text)
		}
	case format.LEEF1, format.LEEF2:
		got, err := formattest.ParseLEEF(text)
		want, err2 := formattest.ParseLEEF(plain)
		if err != nil || err2 != nil {
			t.Fatalf("%v, %v: %q", err, err2, text)
		}
		sameKeys(t, f, got.Fields, want.Fields, text)
		if f == format.LEEF2 {
			user = strings.ReplaceAll(user, "^", "\ufffd")
		} else {
			user = strings.ReplaceAll(user, "#011", "\ufffd011")
		}
		if got.Fields["usrName"] != user || got.Fields["eventId"] != a.Event.ID || got.Header[3] != a.Rule.ID {
			t.Fatalf("LEEF gives %q of %q", got, text)
		}
	case format.JSON, format.EVE, format.OCSF:
		parseJSON(t, f, text, plain, a)
	}
}

// paths lists the members of a JSON value.
func paths(v any, at string, out map[string]string) {
	switch v := v.(type) {
	case map[string]any:
		for k, m := range v {
			paths(m, at+"."+k, out)
		}
	case []any:
		for _, m := range v {
			paths(m, at+"[]", out)
		}
	default:
		s, _ := v.(string)
		out[at] = s
	}
}

func parseJSON(t *testing.T, f format.Format, text, plain string, a *output.Alert) {
	t.Helper()
	got, want := map[string]string{}, map[string]string{}
	for _, one := range []struct {
		text string
		out  map[string]string
	}{{text, got}, {plain, want}} {
		var v any
		if err := json.Unmarshal([]byte(one.text), &v); err != nil {
			t.Fatalf("%s: %v: %q", f, err, one.text)
		}
		paths(v, "", one.out)
	}
	sameKeys(t, f, got, want, text)
	at := map[format.Format]string{format.JSON: ".user.name", format.EVE: ".cleartap.user", format.OCSF: ".evidences[].actor.user.name"}[f]
	if got[at] != strings.ToValidUTF8(each(a.User.Name), "") {
		t.Fatalf("%s: user %q of %q", f, got[at], a.User.Name)
	}
}

// each replaces each byte that is not UTF-8, as encoding/json does.
func each(s string) string {
	var b strings.Builder
	for _, r := range s {
		b.WriteRune(r)
	}
	return b.String()
}

func sameKeys(t *testing.T, f format.Format, got, want map[string]string, text string) {
	t.Helper()
	a, b := slices.Sorted(maps.Keys(got)), slices.Sorted(maps.Keys(want))
	if !slices.Equal(a, b) {
		t.Fatalf("%s: keys %q, not %q: %q", f, a, b, text)
	}
}

// Structured data goes through the parser of somebody else.
func checkData(t *testing.T, a *output.Alert) {
	t.Helper()
	read := func(a *output.Alert) map[string]map[string]string {
		line := append(native.AppendData([]byte("<134>1 - - - - - "), a, native.DefaultSDID), ' ')
		line = native.AppendMessage(line, a)
		m, err := rfc5424.NewParser().Parse(line)
		if err != nil {
			t.Fatalf("%v: %q", err, line)
		}
		return *m.(*rfc5424.SyslogMessage).StructuredData
	}
	tame := formattest.Tame(*a)
	got, want := read(a), read(&tame)
	if !slices.Equal(slices.Sorted(maps.Keys(got)), slices.Sorted(maps.Keys(want))) {
		t.Fatalf("elements %q", got)
	}
	sameKeys(t, format.Native, got[native.DefaultSDID], want[native.DefaultSDID], "structured data")
	pairs := got[native.DefaultSDID]
	if pairs["user_name"] != oneline.Text(a.User.Name) || pairs["event_id"] != a.Event.ID || pairs["rule_id"] != a.Rule.ID {
		t.Fatalf("structured data gives %q", pairs)
	}
}

func TestNoNameForgesAnything(t *testing.T) {
	r := rand.New(rand.NewPCG(7, 7))
	sample := formattest.Sample()
	check(t, &sample)
	checkData(t, &sample)
	rounds := 100
	if os.Getenv("CLEARTAP_PROVE") != "" {
		rounds = 1_000_000
	}
	for range rounds {
		a := formattest.Hostile(r)
		check(t, &a)
		checkData(t, &a)
	}
}

// FuzzFormats takes one format at a time, so that each input costs one.
func FuzzFormats(f *testing.F) {
	names := format.Names()
	r := rand.New(rand.NewPCG(1, 1))
	for i := range len(names) + 1 {
		f.Add(uint8(i), "alice", "message", "file.pcap", "")
		f.Add(uint8(i), `a"]=|\^`+"\t\n", ` duser=root\`, "\u202e", `\=`)
		for range 3 {
			f.Add(uint8(i), formattest.Name(r, 40), formattest.Name(r, 40), formattest.Name(r, 40), formattest.Name(r, 40))
		}
	}
	fuzzing.Begin()
	f.Fuzz(func(t *testing.T, which uint8, user, message, path, realm string) {
		a := formattest.Sample()
		a.User.Name, a.Message, a.Log.File.Path, a.Cleartap.Auth.Realm = user, message, path, realm
		if i := int(which) % (len(names) + 1); i < len(names) {
			checkOne(t, names[i], &a)
		} else {
			checkData(t, &a)
		}
	})
}

// Whatever the limit, an alert fits or is said not to; it is whole, and never
// loses what it must keep. From 1024 bytes on every alert fits, as OCSF, of which
// much is the same in every record, from 2048 on.
func TestAlertsFitEveryLimit(t *testing.T) {
	alerts := []output.Alert{formattest.Sample(), formattest.Full()}
	r := rand.New(rand.NewPCG(5, 5))
	for range 4 {
		alerts = append(alerts, formattest.Hostile(r))
	}
	for _, name := range format.Names() {
		f, _ := format.Parse(name)
		enough := 1024
		if f == format.OCSF {
			enough = 2048
		}
		for i := range alerts {
			a := &alerts[i]
			whole := len(f.Append(nil, a))
			for _, limit := range []int{64, 700, 1024, 1400, 2048, 8192} {
				b, ok := format.Fit([]byte("kept"), a, limit, f.Append)
				text := strings.TrimPrefix(string(b), "kept")
				switch {
				case !ok && (limit >= enough || text != ""):
					t.Fatalf("%s: alert %d of %d bytes does not fit into %d", f, i, whole, limit)
				case ok && len(text) > limit:
					t.Fatalf("%s: %d bytes, not %d", f, len(text), limit)
				case ok && (whole <= limit) != (text == string(f.Append(nil, a))):
					t.Fatalf("%s: alert %d was trimmed or not", f, i)
				case ok && whole > limit:
					trimmed(t, f, text, a)
				}
			}
		}
	}
}

func trimmed(t *testing.T, f format.Format, text string, a *output.Alert) {
	t.Helper()
	var v any
	switch f {
	case format.JSON, format.EVE, format.OCSF:
		if err := json.Unmarshal([]byte(text), &v); err != nil {
			t.Fatalf("%s: %v in %q", f, err, text)
		}
	case format.CEF:
		if _, err := formattest.ParseCEF(text); err != nil {
			t.Fatal(err)
		}
	case format.LEEF1, format.LEEF2:
		if _, err := formattest.ParseLEEF(text); err != nil {
			t.Fatal(err)
		}
	}
	for _, s := range []string{a.Event.ID, a.Rule.ID, a.Destination.IP, "40001", "success", "rimmed"} {
		if !strings.Contains(text, s) {
			t.Fatalf("%s lost %q: %q", f, s, text)
		}
	}
}
