package format_test

import (
	"bufio"
	"bytes"
	"encoding/json"
	"math/rand/v2"
	"os"
	"os/exec"
	"strings"
	"testing"

	"cleartap/internal/testenv"
	"cleartap/output"
	"cleartap/output/format"
	"cleartap/output/format/formattest"
	"cleartap/output/format/oneline"
)

// python gives an interpreter that has the parsers.
func python(t *testing.T) string {
	t.Helper()
	interpreter, err := testenv.Python("format-parsers-1", "pycef==1.11", "py-ocsf-models==0.10.0")
	if err != nil {
		t.Fatal(err)
	}
	return interpreter
}

// Other people's parsers of CEF and OCSF understand hostile alerts. It takes packages
// of Python from the network, so it runs with CLEARTAP_PROVE alone.
func TestOtherPeoplesParsers(t *testing.T) {
	if os.Getenv("CLEARTAP_PROVE") == "" {
		t.Log("left out without CLEARTAP_PROVE: it takes packages of Python")
		return
	}
	r := rand.New(rand.NewPCG(11, 11))
	alerts := []output.Alert{formattest.Sample()}
	for range 2000 {
		a := formattest.Hostile(r)
		a.Rule.Name, a.Observer.Version = alerts[0].Rule.Name, alerts[0].Observer.Version // pycef knows no escapes in the header
		alerts = append(alerts, a)
	}
	var in bytes.Buffer
	out := json.NewEncoder(&in)
	for i := range alerts {
		for kind, f := range map[string]format.Format{"cef": format.CEF, "ocsf": format.OCSF} {
			if err := out.Encode(map[string]string{"kind": kind, "text": string(f.Append(nil, &alerts[i]))}); err != nil {
				t.Fatal(err)
			}
		}
	}
	lines := strings.Split(strings.TrimSpace(in.String()), "\n")
	cmd := exec.Command(python(t), "testdata/parse.py") //nolint:gosec // our own script
	cmd.Stdin = &in
	var faults bytes.Buffer
	cmd.Stderr = &faults
	answer, err := cmd.Output()
	if err != nil {
		t.Fatalf("%v\n%s", err, faults.String())
	}
	n := 0
	for answers := bufio.NewScanner(bytes.NewReader(answer)); answers.Scan(); n++ {
		var got struct {
			ID, User, Rule string
			Keys           []string
		}
		if err := json.Unmarshal(answers.Bytes(), &got); err != nil {
			t.Fatal(err)
		}
		a := &alerts[n/2]
		if got.ID != a.Event.ID || got.Rule != a.Rule.ID {
			t.Fatalf("%s of %s", answers.Bytes(), lines[n])
		}
		user := strings.NewReplacer(`\\`, `\`, `\=`, `=`).Replace(got.User) // it does not do so itself
		if len(got.Keys) > 0 && strings.TrimSpace(user) != strings.TrimSpace(oneline.Text(a.User.Name)) {
			t.Errorf("user %q of %q: %s", user, a.User.Name, lines[n])
		}
	}
	if n != len(lines) {
		t.Errorf("%d answers to %d records", n, len(lines))
	}
}
