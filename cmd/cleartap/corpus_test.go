package main

import (
	"bufio"
	"bytes"
	"context"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"

	"cleartap/output"
	"cleartap/output/table"
)

// TestCorpus scores a scan of each folder in $CLEARTAP_CORPUS, event by event.
// Such a folder holds files/, truth.jsonl with what is in them, and perhaps
// partials.jsonl with attempts that may be reported or not.
func TestCorpus(t *testing.T) {
	folders := filepath.SplitList(os.Getenv("CLEARTAP_CORPUS"))
	if len(folders) == 0 {
		t.Skip("CLEARTAP_CORPUS names no folder of captures with truth: nothing is scored")
	}
	for _, dir := range folders {
		t.Run(filepath.Base(dir), func(t *testing.T) { scoreFolder(t, dir) })
	}
}

// event is a line of truth.jsonl.
type event struct {
	File           string          `json:"file"`
	Proto          string          `json:"proto"`
	Mechanism      string          `json:"mechanism"`
	ClientIP       string          `json:"client_ip"`
	ClientPort     int             `json:"client_port"`
	ServerIP       string          `json:"server_ip"`
	ServerPort     int             `json:"server_port"`
	Username       string          `json:"username"`
	UsernameOnWire string          `json:"username_on_wire"`
	UsernameAlt    words           `json:"username_alt"`
	Outcome        string          `json:"outcome"`
	OutcomeAlt     words           `json:"outcome_alt"`
	Secret         string          `json:"secret"`
	SecretAlt      words           `json:"secret_alt"`
	SecretEncoded  string          `json:"secret_encoded"`
	Optional       bool            `json:"optional"`
	Events         json.RawMessage `json:"events"` // present: a file without events, or null: any subset is right
	reported       bool
}

// words is a string, or a list of them.
type words []string

func (w *words) UnmarshalJSON(b []byte) error {
	if len(b) > 0 && b[0] == '[' {
		return json.Unmarshal(b, (*[]string)(w))
	}
	*w = words{""}
	return json.Unmarshal(b, &(*w)[0])
}

func readLines[T any](t *testing.T, path string) []*T {
	t.Helper()
	f, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	var out []*T
	lines := bufio.NewScanner(f)
	for lines.Buffer(nil, 1<<20); lines.Scan(); {
		v := new(T)
		if err := json.Unmarshal(lines.Bytes(), v); err != nil {
			t.Fatalf("%s: %v", path, err)
		}
		out = append(out, v)
	}
	if err := lines.Err(); err != nil {
		t.Fatal(err)
	}
	return out
}

// flowKey is what an alert and an event must have in common.
type flowKey struct {
	file, proto, mechanism, clientIP string
	clientPort                       int
	serverIP                         string
	serverPort                       int
}

func (e *event) key() flowKey {
	return flowKey{e.File, e.Proto, mechanism(e.Mechanism), e.ClientIP, e.ClientPort, e.ServerIP, e.ServerPort}
}

func mechanism(m string) string {
	if m = strings.ToUpper(m); m == "USER" || m == "PASS" {
		return "USER/PASS"
	}
	return m
}

func alertKey(a *output.Alert) flowKey {
	return flowKey{filepath.Base(a.Log.File.Path), a.Network.Protocol, mechanism(a.Cleartap.Auth.Mechanism), a.Source.IP, a.Source.Port, a.Destination.IP, a.Destination.Port}
}

// matches reports whether user and outcome of an alert are those of the event.
func (e *event) matches(a *output.Alert) bool {
	outcomes := append([]string{e.Outcome}, e.OutcomeAlt...)
	if e.Outcome == "" {
		outcomes[0] = "unknown"
	}
	users := []string{shown(e.Username)}
	for _, u := range append([]string{e.UsernameOnWire}, e.UsernameAlt...) {
		if u != "" {
			users = append(users, shown(u))
		}
	}
	return slices.Contains(outcomes, a.Event.Outcome) && slices.Contains(users, a.User.Name)
}

// shown is a user name as an alert shows it.
func shown(name string) string {
	r := slices.DeleteFunc([]rune(name), func(r rune) bool { return r < ' ' || r >= 0x7f && r <= 0x9f })
	return string(r[:min(len(r), 256)])
}

func scoreFolder(t *testing.T, dir string) {
	var out, errs bytes.Buffer
	args := []string{"cleartap", "scan", "--format", "jsonl", "--usernames", "full", filepath.Join(dir, "files")}
	code := run(context.Background(), args, strings.NewReader(""), &out, &errs)
	if code != exitDone && code != exitPartial {
		t.Fatalf("exit code %d: %s", code, errs.String())
	}
	truth := readLines[event](t, filepath.Join(dir, "truth.jsonl"))
	byFlow, loose := map[flowKey][]*event{}, map[string]bool{}
	for _, e := range truth {
		switch string(e.Events) {
		case "":
			byFlow[e.key()] = append(byFlow[e.key()], e)
		case "null":
			loose[e.File] = true
		}
	}
	partial := readPartials(t, dir)
	found, wrong := 0, 0
	var spoken bytes.Buffer // the alerts without the words of our own lists: "password" is a secret of some, and a class
	for _, line := range bytes.Split(bytes.TrimSpace(out.Bytes()), []byte("\n")) {
		a := new(output.Alert)
		if err := json.Unmarshal(line, a); err != nil {
			t.Fatal(err)
		}
		own := *a
		own.Rule, own.Threat, own.Cleartap.Auth.Class = output.Rule{}, output.Threat{}, ""
		spoken.Write(own.AppendJSON(nil))
		if !strings.HasPrefix(a.Rule.ID, "CT-CRED") {
			continue
		}
		k := alertKey(a)
		if e := claim(byFlow[k], a); e != nil {
			e.reported = true
			found++
		} else if !loose[k.file] && !partial[flowKey{file: k.file, proto: k.proto, clientIP: k.clientIP, clientPort: k.clientPort}] {
			wrong++
			t.Errorf("false: %+v, outcome %s, frame %d", k, a.Event.Outcome, a.Cleartap.Capture.Frame)
		}
	}
	missed := 0
	for _, e := range truth {
		if e.Events == nil && !e.reported && !e.Optional {
			missed++
			t.Errorf("missed: %+v, outcome %s", e.key(), e.Outcome)
		}
	}
	if found == 0 {
		t.Error("nothing was found at all")
	}
	t.Logf("found %d, missed %d, false %d", found, missed, wrong)
	searchLeaks(t, truth, spoken.Bytes())
	searchLeaks(t, truth, errs.Bytes())
	scoreAttacks(t, dir, out.Bytes())
}

// attacks are the captures of such folders in which somebody guesses, and what is to
// be told of it, once.
var attacks = map[string]string{
	"imap_bruteforce_1conn.pcap":         "CT-AUTH-005 30 of 31, 1 account",
	"smtp_spray_15conn.pcap":             "CT-AUTH-002 15 of 15, 15 accounts",
	"guessing-imap-60-then-success.pcap": "CT-AUTH-005 60 of 61, 1 account",
}

// scoreAttacks looks for one record of each attack of a folder, and for none elsewhere.
func scoreAttacks(t *testing.T, dir string, out []byte) {
	want, got := map[string]string{}, map[string]string{}
	for name, attack := range attacks {
		if _, err := os.Stat(filepath.Join(dir, "files", name)); err == nil {
			want[name] = attack
		}
	}
	for _, line := range bytes.Split(bytes.TrimSpace(out), []byte("\n")) {
		var a output.Alert
		if err := json.Unmarshal(line, &a); err != nil {
			t.Fatal(err)
		}
		if k := a.Cleartap.Attack; k.ID != "" {
			got[filepath.Base(a.Log.File.Path)] += fmt.Sprintf("%s %d of %d, %s", a.Rule.ID, k.Failures, k.Attempts, table.Count(uint64(k.Accounts), "account"))
		}
	}
	if !maps.Equal(got, want) {
		t.Errorf("attacks: %v, want %v", got, want)
	}
}

func claim(events []*event, a *output.Alert) *event {
	for _, e := range events {
		if !e.reported && e.matches(a) {
			return e
		}
	}
	return nil
}

func readPartials(t *testing.T, dir string) map[flowKey]bool {
	out := map[flowKey]bool{}
	path := filepath.Join(dir, "partials.jsonl")
	if _, err := os.Stat(path); err != nil {
		return out
	}
	for _, e := range readLines[event](t, path) {
		out[flowKey{file: e.File, proto: e.Proto, clientIP: e.ClientIP, clientPort: e.ClientPort}] = true
	}
	return out
}

// searchLeaks looks for each secret of the truth, plain and as base64.
func searchLeaks(t *testing.T, truth []*event, text []byte) {
	t.Helper()
	var public strings.Builder // what may rightly be printed; a secret that is part of it proves nothing
	for _, e := range truth {
		public.WriteString(strings.Join(append([]string{e.Username, e.File, e.Mechanism}, e.UsernameAlt...), " ") + " ")
	}
	for _, e := range truth {
		var forms []string
		for _, s := range append([]string{e.Secret}, e.SecretAlt...) {
			if utf8.RuneCountInString(s) >= 6 && strings.Trim(s, "0123456789") != "" && !strings.Contains(public.String(), s) {
				forms = append(forms, s)
				forms = append(forms, base64Forms(s)...)
			}
		}
		if len(e.SecretEncoded) >= 8 {
			forms = append(forms, e.SecretEncoded)
		}
		for _, f := range forms {
			if bytes.Contains(text, []byte(f)) {
				t.Errorf("a secret of %s is in the output", e.File)
				break
			}
		}
	}
}

// base64Forms are the parts of base64 text that any encoding holding s must
// contain, at the three alignments.
func base64Forms(s string) []string {
	var out []string
	for pad := range 3 {
		e := base64.StdEncoding.EncodeToString(append(make([]byte, pad), s...))
		if f := e[(pad*8+5)/6 : (len(s)+pad)*8/6]; len(f) >= 8 {
			out = append(out, f)
		}
	}
	return out
}
