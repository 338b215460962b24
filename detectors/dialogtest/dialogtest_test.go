package dialogtest

import (
	"bytes"
	"encoding/base64"
	"strings"
	"testing"

	"cleartap/detectors"
	"cleartap/reassembly"
)

func TestParse(t *testing.T) {
	d, err := Parse("x", `# a comment
# secret: S3cr3t\sone
PORT 2525
S: +OK hi  # want PLAIN al\sice success reply=NO_[X] weak
C:= a\r\n\x41\0
C! hex:00 ff
C! base64:QUI=
GAP S 7
# want CONFLICT
CONFLICT C
CLOSE
# want-client LOGIN - realm=r
`)
	if err != nil {
		t.Fatal(err)
	}
	if d.port != 2525 || len(d.secrets) != 1 || d.secrets[0] != "S3cr3t one" || len(d.steps) != 7 || len(d.client) != 1 {
		t.Fatalf("port %d, %d secrets, %d steps", d.port, len(d.secrets), len(d.steps))
	}
	for i, want := range []string{"+OK hi\r\n", "a\r\nA\x00", "\x00\xff", "AB"} {
		if got := string(d.steps[i].bytes); got != want {
			t.Errorf("step %d is %q, want %q", i, got, want)
		}
	}
	w := d.steps[0].wants[0].fields
	if w["identity"] != "al ice" || w["reply"] != "NO [X]" || w["weak"] != "true" || w["sealed"] != "false" || w["result"] != "success" {
		t.Errorf("fields %v", w)
	}
	if s := d.steps[4]; s.kind != gap || s.dir != reassembly.ToClient || s.n != 7 || len(s.wants) != 1 {
		t.Errorf("gap %+v", s)
	}
	if w := d.client[0].fields; w["identity"] != "" || w["result"] != "unknown" || w["realm"] != "r" {
		t.Errorf("client alone: %v", w)
	}
}

func TestParseErrors(t *testing.T) {
	for _, text := range []string{"X: hello", "C! hello", "C! hex:0", "# want PLAIN a success", "C: x # want PLAIN", "C: x # want PLAIN a success frob", "C: x # want PLAIN a success frob=1"} {
		if _, err := Parse("x", text); err == nil {
			t.Errorf("%q is accepted", text)
		}
	}
}

func TestMisses(t *testing.T) {
	w, err := parseWant("PLAIN alice success reply=235 nosecret", false)
	if err != nil {
		t.Fatal(err)
	}
	o := detectors.Observation{Kind: detectors.Login, Result: detectors.Success, Reply: "235",
		Attempt: detectors.Attempt{Mechanism: detectors.MechPlain, Identity: "alice"}}
	if m := w.misses(&o); len(m) != 0 {
		t.Errorf("misses %q", m)
	}
	o.Reply, o.Attempt.Weak, o.Attempt.Identity = "535", true, "bob"
	if m := w.misses(&o); len(m) != 3 {
		t.Errorf("misses %q", m)
	}
	if m := w.unsettled().fields; m["result"] != "unknown" || m["reply"] != "" || m["identity"] != "alice" {
		t.Errorf("unsettled %v", m)
	}
}

func TestLeaks(t *testing.T) {
	const secret = "S3cr3t-Canary+/?"
	for _, prefix := range []string{"", "a", "ab", "abc"} {
		text := "x " + base64.StdEncoding.EncodeToString([]byte(prefix+secret+"tail")) + " y"
		if Leaks(text, secret) == "" {
			t.Errorf("base64 behind %d bytes is not found", len(prefix))
		}
		if Leaks("x "+base64.URLEncoding.EncodeToString([]byte(prefix+secret+"tail")), secret) == "" {
			t.Errorf("URL-safe base64 behind %d bytes is not found", len(prefix))
		}
	}
	wide := strings.Join(strings.Split(secret, ""), "\x00") + "\x00"
	for _, text := range []string{"x" + secret, "5333637233742d43616e6172792b2f3f", "5333637233742D43616E6172792B2F3F", wide, "S3cr3t-Canary%2B%2F%3F"} {
		if Leaks(text, secret) == "" {
			t.Errorf("%q is not found out", text)
		}
	}
	if form := Leaks("S3cr3t-Canar", secret); form != "" {
		t.Errorf("found %s where nothing is", form)
	}
}

// What Script writes is what a fuzz target reads.
func TestScript(t *testing.T) {
	d, err := Parse("x", "MIDSTREAM\nC: a\nS:= b\\nc\nS: d\nGAP C 3\nC:= \\r\n")
	if err != nil {
		t.Fatal(err)
	}
	back := scripted(d.Script())
	var got, want [2]bytes.Buffer
	for i := range d.steps {
		want[d.steps[i].dir].Write(d.steps[i].bytes)
	}
	gaps := 0
	for i := range back.steps {
		if s := &back.steps[i]; s.kind == gap {
			gaps += s.n
		} else {
			got[s.dir].Write(s.bytes)
		}
	}
	if !back.mid || gaps != 3 || got[0].String() != want[0].String() || got[1].String() != want[1].String() {
		t.Errorf("mid %t, gaps %d, %q and %q, want %q and %q", back.mid, gaps, &got[0], &got[1], &want[0], &want[1])
	}
}
