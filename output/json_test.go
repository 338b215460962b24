package output

import (
	"bytes"
	"encoding/json"
	"math/rand/v2"
	"net/netip"
	"reflect"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"cleartap/detectors"
	"cleartap/internal/fuzzing"
)

// The class of passwords is the one string that is written in another form of the same value.
func TestTheClassOfPasswordsIsEscaped(t *testing.T) {
	a := Alert{Cleartap: Cleartap{Auth: Auth{Class: "password"}}}
	got := a.AppendJSON(nil)
	if bytes.Contains(got, []byte("password")) {
		t.Errorf("written as it is: %s", got)
	}
	var back Alert
	if err := json.Unmarshal(got, &back); err != nil || back.Cleartap.Auth.Class != "password" {
		t.Errorf("read back as %q, %v", back.Cleartap.Auth.Class, err)
	}
}

// The struct and its tags are the truth: the encoder must write what
// encoding/json would, for any alert at all.
func TestAppendJSONIsWhatEncodingJSONWrites(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	check := func(a *Alert) {
		t.Helper()
		want, err := json.Marshal(a)
		if err != nil {
			t.Fatal(err)
		}
		got := a.AppendJSON([]byte("kept"))
		if !bytes.HasPrefix(got, []byte("kept")) || !bytes.Equal(got[4:], want) {
			t.Fatalf("got  %s\nwant %s", got, want)
		}
		if !utf8.Valid(got) || bytes.ContainsAny(got, "<>&\n\r") {
			t.Fatalf("not safe: %q", got)
		}
	}
	check(&Alert{})
	for i := 0; i < 1000; i++ {
		var a Alert
		fill(r, reflect.ValueOf(&a).Elem(), r.Float64())
		check(&a)
	}
}

// Each field alone: a member that is written in the wrong case of its neighbours shows here.
func TestAppendJSONOfEachFieldAlone(t *testing.T) {
	var a Alert
	eachLeaf(reflect.ValueOf(&a).Elem(), func(v reflect.Value) {
		old := reflect.New(v.Type()).Elem()
		fill(rand.New(rand.NewPCG(3, 4)), v, 1)
		want, err := json.Marshal(&a)
		if err != nil {
			t.Fatal(err)
		}
		if got := a.AppendJSON(nil); !bytes.Equal(got, want) {
			t.Errorf("got  %s\nwant %s", got, want)
		}
		v.Set(old)
	})
}

// What is prepared for a rule must be what it would be without: for each of the catalogue,
// also where something of it was changed.
func TestAppendJSONOfEachRule(t *testing.T) {
	for _, rule := range detectors.Rules() {
		f := detectors.Finding{Rule: rule, Severity: rule.Floor()}
		f.Kind, f.Flow.Server = detectors.PlainPort, netip.MustParseAddrPort("192.0.2.25:143")
		for _, p := range []Policy{{}, {RuleBase: "https://example.org/<&>", SensorName: "s", Version: "1"}} {
			a := Redact(&f, Where{Path: "x.pcap"}, &p)
			if a.Rule.ID != rule.ID || a.Rule.Name != rule.Name || len(a.Threat.Technique) != len(rule.Techniques) || p.RuleBase != "" && !strings.HasSuffix(a.Rule.Reference, rule.ID+".md") {
				t.Errorf("%s: %+v, %+v", rule.ID, a.Rule, a.Threat)
			}
			eachLeaf(reflect.ValueOf(&a).Elem(), func(v reflect.Value) {
				old := reflect.ValueOf(v.Interface())
				fill(rand.New(rand.NewPCG(5, 6)), v, 1)
				want, err := json.Marshal(&a)
				if got := a.AppendJSON(nil); err != nil || !bytes.Equal(got, want) {
					t.Errorf("%s: got  %s\nwant %s", rule.ID, got, want)
				}
				v.Set(old)
			})
		}
	}
}

func eachLeaf(v reflect.Value, do func(reflect.Value)) {
	if v.Kind() == reflect.Pointer {
		v.Set(reflect.New(v.Type().Elem()))
		eachLeaf(v.Elem(), do)
		v.SetZero()
		return
	}
	if v.Kind() != reflect.Struct {
		do(v)
		return
	}
	for i := range v.NumField() {
		eachLeaf(v.Field(i), do)
	}
}

// fill sets each leaf of v with probability p.
func fill(r *rand.Rand, v reflect.Value, p float64) {
	switch v.Kind() {
	case reflect.Struct:
		for i := range v.NumField() {
			fill(r, v.Field(i), p)
		}
	case reflect.Pointer:
		if r.Float64() < p {
			v.Set(reflect.New(v.Type().Elem()))
			fill(r, v.Elem(), p)
		}
	case reflect.Slice:
		if r.Float64() >= p {
			return
		}
		n := 1 + r.IntN(3)
		v.Set(reflect.MakeSlice(v.Type(), n, n))
		for i := range n {
			fill(r, v.Index(i), p)
		}
	case reflect.String:
		if r.Float64() < p {
			v.SetString(nastyText(r))
		}
	case reflect.Int:
		if r.Float64() < p {
			v.SetInt(int64(r.Uint64() >> r.IntN(64)))
		}
	case reflect.Uint64:
		if r.Float64() < p {
			v.SetUint(r.Uint64() >> r.IntN(64))
		}
	case reflect.Bool:
		v.SetBool(r.Float64() < p)
	default:
		panic("a kind that the alert should not have: " + v.Kind().String())
	}
}

func nastyText(r *rand.Rand) string {
	parts := []string{"alice@example.org", "\x00", "\x1b[31m", "<script>", "&", "\u2028", "\u2029", "\xff", "\xed\xa0\x80", "é", "日本", "😀", `"`, `\`, "\t", "\r\n", "\x7f", "\u0085", "\u202e", "\xe2\x80"}
	var b []byte
	for range 1 + r.IntN(6) {
		b = append(b, parts[r.IntN(len(parts))]...)
	}
	return string(b)
}

func FuzzAppendString(f *testing.F) {
	for _, s := range []string{"", "alice", "\x00\x1f\x7f\xff", "a\u2028b\u2029c", "<&>", `"\`, "\xe2\x80", "😀"} {
		f.Add(s)
	}
	fuzzing.Begin()
	f.Fuzz(func(t *testing.T, s string) {
		want, err := json.Marshal(s)
		if err != nil {
			t.Fatal(err)
		}
		if got := appendString(nil, s); !bytes.Equal(got, want) {
			t.Fatalf("%q: got %s want %s", s, got, want)
		}
	})
}

// The alert of cleartap test output looks like any other and says that it is none.
func TestSynthetic(t *testing.T) {
	at := time.Date(2026, 11, 22, 10, 0, 0, 0, time.UTC)
	a, b := Synthetic(at, &Policy{}), Synthetic(at.Add(time.Millisecond), &Policy{})
	if a.Event.ID == b.Event.ID || a.Event.Severity != 0 || len(a.Tags) != 1 || a.Tags[0] != "test" || a.User.Name != "test@example.org" || a.Rule.ID != "CT-CRED-002" {
		t.Errorf("%+v", a)
	}
	r := NewRecord(&a)
	again, err := ParseRecord(r.JSON)
	if err != nil || again.ID != r.ID || again.ID != a.Event.ID || again.Dataset != "cleartap.alert" || again.Urgent {
		t.Errorf("%+v, %v", again, err)
	}
	var back Alert
	if err := r.Alert(&back); err != nil || !reflect.DeepEqual(a, back) {
		t.Errorf("read back as %+v, %v", back, err)
	}
}

func TestParseRecord(t *testing.T) {
	for _, doc := range []string{"", "{", `{"a":1}`, `[]`, `{"event":{"dataset":3}}`, `{"event":{"severity":"s3cret","dataset":"cleartap.alert"}}`} {
		if r, err := ParseRecord([]byte(doc)); err == nil || strings.Contains(err.Error(), "s3cret") {
			t.Errorf("%q became %+v, %v", doc, r, err)
		}
	}
	health := []byte(`{"@timestamp":"2026-11-22T10:00:00Z","event":{"kind":"metric","dataset":"cleartap.health"}}`)
	r, err := ParseRecord(health)
	again, _ := ParseRecord(health)
	if err != nil || len(r.ID) != 26 || r.ID != again.ID || r.Urgent {
		t.Errorf("a record without an id: %+v, %v", r, err)
	}
	if r, err := ParseRecord([]byte(`{"event":{"id":"x","dataset":"cleartap.alert","severity":73}}`)); err != nil || !r.Urgent || r.ID != "x" {
		t.Errorf("%+v, %v", r, err)
	}
}
